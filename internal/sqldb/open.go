package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrNotDatabase tells that the file exists and is something else.
	ErrNotDatabase = errors.New("not a database")
	// ErrNotWritable tells that the file or its folder cannot be written to.
	ErrNotWritable = errors.New("not writable")
	// ErrInUse tells that another program holds the file locked for longer than we wait.
	ErrInUse = errors.New("in use by another program")
)

const (
	readers = 4
	// busyMillis is how long a writer waits for one of another process.
	busyMillis = 10_000
	// cacheKiB is what a connection to a file may keep of it in memory. A list of a thousand things that lie each on another page of a
	// large file takes a few MiB.
	cacheKiB = 16 << 10
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect Dialect
	writer  *sql.DB
	reader  *sql.DB         // the writer itself when the database is in memory
	queue   *queue          // of those who write to a file; nil elsewhere
	sent    *atomic.Uint64  // statements
	server  *pgx.ConnConfig // nil on SQLite

	memory *onlyOnce // where the one connection of a database in memory comes from; nil elsewhere
	// lineage names the migrations that alone made what an in-memory database
	// holds; see Migrate. "" once anything else may have written.
	mu      sync.Mutex
	lineage string
}

// Open opens a database. dsn "" or ":memory:" gives a private one in memory that
// ends with Close; postgres://… or "host=… dbname=…" a database on a PostgreSQL
// server, which must exist, with 16 connections at most; anything else is the
// path of a file, which is made if need be, readable by its owner alone. Every
// committed transaction is on the disk before Write returns, as far as the
// server is set up to do so.
//
// Errors are one line that names the path or the server, and never a password;
// for a file errors.Is tells ErrNotDatabase, ErrNotWritable and ErrInUse apart.
func Open(ctx context.Context, dsn string) (*DB, error) {
	switch {
	case dsn == "" || dsn == ":memory:":
		return openMemory(ctx)
	case isPostgres(dsn):
		return openPostgres(ctx, dsn)
	}
	if scheme, _, ok := strings.Cut(dsn, "://"); ok {
		// The rest may hold a password.
		return nil, fmt.Errorf("open database \"%s://…\": only a path, :memory: or postgres:// is understood", scheme)
	}
	return openFile(ctx, dsn)
}

func openMemory(ctx context.Context) (*DB, error) {
	var sent atomic.Uint64
	c, err := newConnector(":memory:?"+settings(nil).Encode(), &sent)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("open database in memory: %w", err)
	}
	once := &onlyOnce{liteConnector: c}
	pool := newPool(once, 1)
	return &DB{dialect: SQLite, writer: pool, reader: pool, sent: &sent, memory: once, lineage: pristine}, nil
}

func openFile(ctx context.Context, path string) (*DB, error) {
	fail := func(err error) (*DB, error) { return nil, fmt.Errorf("open database %q: %w", path, explain(err)) }
	if strings.HasPrefix(path, "file:") {
		return fail(errors.New("only a path, :memory: or postgres:// is understood"))
	}
	if err := create(path); err != nil {
		return fail(err)
	}
	uri, err := fileURI(path)
	if err != nil {
		return fail(err)
	}
	var sent atomic.Uint64
	toWrite, err := newConnector(uri+"?"+settings(url.Values{"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}}).Encode(), &sent)
	if err != nil {
		return fail(err)
	}
	toRead, err := newConnector(uri+"?"+settings(url.Values{"_query_only": {"1"}}).Encode(), &sent)
	if err != nil {
		return fail(err)
	}
	writer, reader := newPool(toWrite, 1), newPool(toRead, readers)
	db := &DB{dialect: SQLite, writer: writer, reader: reader, queue: &queue{pool: writer}, sent: &sent}
	// Taking the write lock once finds a file that cannot be written now, not
	// at the first request.
	if err := db.firstWrite(ctx); err != nil {
		return fail(errors.Join(err, db.Close()))
	}
	return db, nil
}

// firstWrite waits for others that open the same file at this moment: to switch to the write-ahead log the engine wants the file for itself, and
// says that it is busy without waiting as it does elsewhere.
func (db *DB) firstWrite(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, busyMillis*time.Millisecond)
	defer cancel()
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	var busy error
	for {
		err := db.Write(ctx, func(*sql.Tx) error { return nil })
		switch {
		case errors.Is(explain(err), ErrInUse):
			busy = err
		case busy != nil && errors.Is(err, context.DeadlineExceeded):
			return busy // says more than that time is over
		default:
			return err
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return busy
		}
	}
}

// create makes an empty file with narrow rights where there is none. An
// existing one is left unopened: closing it would drop the locks that another
// handle in this process holds on it.
func create(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return errors.New("is a directory")
	}
	if !errors.Is(err, os.ErrNotExist) {
		return withoutPath(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return withoutPath(err)
	}
	return f.Close()
}

// withoutPath drops the path that the caller names already.
func withoutPath(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w: %w", ErrNotWritable, err)
	}
	return err
}

// fileURI escapes the path, so that a name with a '?' or '%' is only a name.
func fileURI(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	abs = filepath.ToSlash(abs)
	if !strings.HasPrefix(abs, "/") {
		abs = "/" + abs // C:/…
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: abs}).String(), nil
}

// settings are those of every connection, and more. A string in double quotes
// is a mistake, not a value; SQL cannot damage the file.
func settings(more url.Values) url.Values {
	v := url.Values{
		"_busy_timeout": {fmt.Sprint(busyMillis)},
		"_foreign_keys": {"1"},
		"_dqs":          {"0"},
		"_defensive":    {"1"},
		"_error_rc":     {"1"},
		"_pragma":       {"temp_store(memory)", fmt.Sprintf("cache_size(-%d)", cacheKiB)},
	}
	for key, values := range more {
		v[key] = values
	}
	return v
}

func newConnector(dsn string, sent *atomic.Uint64) (liteConnector, error) {
	c, err := sqlite.NewConnector(dsn)
	return liteConnector{c, dsn, sent}, err
}

func newPool(c driver.Connector, size int) *sql.DB {
	pool := sql.OpenDB(c)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size) // none is ever closed for being idle
	return pool
}

// onlyOnce lets one connection be made. In memory the connection is the
// database, so a second would silently be another, empty one.
type onlyOnce struct {
	liteConnector

	mu      sync.Mutex
	used    bool
	content *image // what the database begins with; nil = nothing
}

// beginWith has the database begin with an image, instead of the one before;
// false once it is in use.
func (c *onlyOnce) beginWith(content *image) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.used {
		c.content = content
	}
	return !c.used
}

// begin is what the database will begin with; nil once it is in use, or if it
// begins with nothing.
func (c *onlyOnce) begin() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.content == nil {
		return nil
	}
	return c.content.content
}

// Connect makes the connection. It is not for one caller alone, so it does not
// end with the caller's context.
func (c *onlyOnce) Connect(context.Context) (driver.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used {
		return nil, errors.New("the database in memory was lost with its connection")
	}
	conn, err := c.connect(uninterrupted, c.content)
	if err != nil {
		return nil, err
	}
	c.used, c.content = true, nil
	return conn, nil
}

// explain puts the few mistakes of whoever chose the path into plain words.
func explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return ErrNotDatabase
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return ErrNotWritable
	case sqlite3.SQLITE_BUSY:
		return ErrInUse
	}
	return err
}

// Close ends every connection, after the transactions under way. A database in
// memory is gone then.
func (db *DB) Close() error {
	err := db.reader.Close()
	if db.memory == nil {
		// Last, because the last one folds the log back into the file.
		err = errors.Join(err, db.writer.Close())
	}
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// Statements is how many were sent to the database so far, by all transactions of this DB; what begins and ends those is not counted. What
// serves a page must not send more of them the more there is to serve, which tests can see here.
func (db *DB) Statements() uint64 { return db.sent.Load() }
