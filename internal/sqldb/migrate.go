package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"modernc.org/sqlite"
)

// NewerError tells that a database was migrated by a later program than this.
type NewerError struct {
	Owner          string // whose tables
	Found, Highest int    // version in the database, highest this program knows
}

// Error names the owner and both versions.
func (e *NewerError) Error() string {
	return fmt.Sprintf("tables of %q are at version %d, newer than version %d of this program", e.Owner, e.Found, e.Highest)
}

// Migrate brings the tables of one owner up to date: it runs the steps that the
// ledger does not count yet, all in one transaction. Steps are only ever added
// at the end; each may hold several statements, and no arguments. Where the engines
// need different texts, step number n does the same in both. A database that is
// further than steps go is refused with a *NewerError and left alone. Several
// processes may migrate the same database at once; the first does the work.
//
// In memory the work is done once a process: the result is kept as an image, with
// which every further database begins that comes to this point by the same steps.
func (db *DB) Migrate(ctx context.Context, owner string, steps []string) error {
	if owner == "" {
		return errors.New("migrate: the owner has no name")
	}
	var err error
	if db.memory != nil {
		err = db.migrateMemory(ctx, owner, steps)
	} else {
		// Alone, also among replicas that start at once.
		err = db.Write(ctx, func(tx *sql.Tx) error { return migrate(ctx, tx, db.dialect, owner, steps) })
	}
	if err != nil {
		return fmt.Errorf("migrate %s: %w", owner, err)
	}
	return nil
}

func migrate(ctx context.Context, tx *sql.Tx, d Dialect, owner string, steps []string) error {
	ledger := `CREATE TABLE IF NOT EXISTS schema_migrations (owner TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL)`
	if d == SQLite {
		ledger += ` STRICT`
	}
	if _, err := tx.ExecContext(ctx, ledger); err != nil {
		return fmt.Errorf("make the ledger: %w", err)
	}
	var version int
	err := tx.QueryRowContext(ctx, `SELECT version FROM schema_migrations WHERE owner = $1`, owner).Scan(&version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read the ledger: %w", err)
	}
	if err == nil && version == len(steps) {
		return nil // and the disk need not be waited for
	}
	if version > len(steps) {
		return &NewerError{Owner: owner, Found: version, Highest: len(steps)}
	}
	for i, step := range steps[version:] {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("step %d: %w", version+i+1, err)
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO schema_migrations (owner, version) VALUES ($1, $2)
		ON CONFLICT (owner) DO UPDATE SET version = excluded.version`, owner, len(steps))
	if err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	return nil
}

// migrateConn is migrate in a transaction of its own on the one connection of a database in memory.
func migrateConn(ctx context.Context, conn *sql.Conn, owner string, steps []string) error {
	return write(ctx, conn, nil, func(tx *sql.Tx) error { return migrate(ctx, tx, SQLite, owner, steps) })
}

// pristine is the lineage of a database that nothing has touched.
const pristine = "pristine"

// images holds, by lineage, what in-memory databases look like right after
// their migrations. It is the one thing here that outlives a DB, and only a
// memory of pure results: same key, same bytes. It grows with the number of
// different migrations in the program.
var images sync.Map // string → *image

// copier is the part of the driver's connection that copies whole databases.
type copier interface {
	Serialize() ([]byte, error)
	Deserialize([]byte) error
	NewBackup(to string) (*sqlite.Backup, error)
}

// image is what a database in memory may begin with. It is for several goroutines.
type image struct {
	content []byte

	mu   sync.Mutex
	conn driver.Conn // to a database that holds the content; nil = not needed yet
}

// open gives a connection to a new database that holds the content. A database that has taken the content itself is read and written as a file
// is, which costs each transaction a tenth more than one that took it page by page.
func (i *image) open(dsn string) (driver.Conn, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.conn == nil {
		c, err := sqlite.NewConnector(dsn)
		if err != nil {
			return nil, err
		}
		conn, err := c.Connect(uninterrupted)
		if err != nil {
			return nil, err
		}
		if err := conn.(copier).Deserialize(i.content); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		i.conn = conn
	}
	pages, err := i.conn.(copier).NewBackup(dsn)
	if err != nil {
		return nil, err
	}
	if _, err := pages.Step(-1); err != nil {
		return nil, errors.Join(err, pages.Finish())
	}
	return pages.Commit()
}

func (db *DB) migrateMemory(ctx context.Context, owner string, steps []string) error {
	if err := ctx.Err(); err != nil || db.beginMigrated(owner, steps) {
		return err
	}
	return db.withConn(ctx, func(conn *sql.Conn) error {
		// Who holds the one connection is alone with the lineage: Write marks it
		// before it begins, so a mark that comes later belongs to a later write.
		db.mu.Lock()
		before := db.lineage
		db.mu.Unlock()
		if before == "" {
			return migrateConn(ctx, conn, owner, steps)
		}
		after := descend(before, owner, steps)
		var err error
		if content, ok := images.Load(after); ok {
			err = conn.Raw(func(c any) error { return c.(copier).Deserialize(content.(*image).content) })
		} else {
			err = makeImage(ctx, conn, owner, steps, after)
		}
		if err != nil {
			return err
		}
		db.mu.Lock()
		defer db.mu.Unlock()
		if db.lineage != "" {
			db.lineage = after
		}
		return nil
	})
}

// beginMigrated migrates a database that nobody has used yet, where the image
// is known: of several migrations in a row only the last is loaded, and none
// before it is needed.
func (db *DB) beginMigrated(owner string, steps []string) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.lineage == "" {
		return false
	}
	after := descend(db.lineage, owner, steps)
	content, ok := images.Load(after)
	if !ok || !db.memory.beginWith(content.(*image)) {
		return false
	}
	db.lineage = after
	return true
}

func makeImage(ctx context.Context, conn *sql.Conn, owner string, steps []string, lineage string) error {
	if err := migrateConn(ctx, conn, owner, steps); err != nil {
		return err
	}
	return conn.Raw(func(c any) error {
		content, err := c.(copier).Serialize()
		if err != nil {
			return fmt.Errorf("keep the image: %w", err)
		}
		images.Store(lineage, &image{content: content})
		return nil
	})
}

// descend names the lineage that these steps lead to; lengths keep parts apart.
func descend(before, owner string, steps []string) string {
	h := sha256.New()
	for _, part := range append([]string{before, owner}, steps...) {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}
