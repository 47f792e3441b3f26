package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hubshare/hubshare/internal/sqldb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	ctx   = context.Background()
	notes = []string{`CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT`}
)

func open(t testing.TB, dsn string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(ctx, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func exec(db *sqldb.DB, query string, args ...any) error {
	return db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

func texts(t testing.TB, db *sqldb.DB) []string {
	t.Helper()
	var all []string
	require.NoError(t, db.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT text FROM notes ORDER BY id`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			all = append(all, s)
		}
		return rows.Err()
	}))
	return all
}

// each runs a test on both kinds of database.
func each(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	for name, dsn := range map[string]string{
		"in memory": "", "in memory, by name": ":memory:", "in a file": filepath.Join(t.TempDir(), "a b?c%41#d.db"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, dsn))
		})
	}
}

func TestWhatIsWrittenCanBeRead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes))
		require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES (?), (?)`, "a", "ü"))
		assert.Equal(t, []string{"a", "ü"}, texts(t, db))
	})
}

func TestAnErrorOrAPanicLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes))
		failed := errors.New("changed our mind")
		insert := func(tx *sql.Tx) {
			_, err := tx.ExecContext(ctx, `INSERT INTO notes (text) VALUES ('x')`)
			require.NoError(t, err)
		}
		err := db.Write(ctx, func(tx *sql.Tx) error { insert(tx); return failed })
		assert.Same(t, failed, err, "as it is, so that callers can compare it")
		assert.Panics(t, func() { _ = db.Write(ctx, func(tx *sql.Tx) error { insert(tx); panic("oh") }) })
		cancelled, cancel := context.WithCancel(ctx)
		err = db.Write(cancelled, func(tx *sql.Tx) error { insert(tx); cancel(); return nil })
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, db.Write(cancelled, func(*sql.Tx) error { return nil }), context.Canceled)
		assert.ErrorIs(t, db.Read(cancelled, func(*sql.Tx) error { return nil }), context.Canceled)
		assert.Empty(t, texts(t, db), "and the database lives on")
	})
}

func TestAReaderCannotWrite(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes))
		_ = db.Read(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO notes (text) VALUES ('x')`)
			return err
		})
		assert.Empty(t, texts(t, db))
	})
}

func TestForeignKeysHold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", append(notes[:1:1],
			`CREATE TABLE tags (note INTEGER NOT NULL REFERENCES notes ON DELETE CASCADE) STRICT`)))
		assert.Error(t, exec(db, `INSERT INTO tags (note) VALUES (1)`))
		require.NoError(t, exec(db, `INSERT INTO notes (id, text) VALUES (1, 'a')`))
		assert.NoError(t, exec(db, `INSERT INTO tags (note) VALUES (1)`))
	})
}

func TestADoubleQuotedStringIsAMistake(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes))
		assert.Error(t, exec(db, `INSERT INTO notes (text) VALUES ("x")`))
	})
}

func TestWritersTakeTurns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes))
		require.NoError(t, exec(db, `INSERT INTO notes (id, text) VALUES (1, '0')`))
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 10 {
					assert.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
						var n int
						if err := tx.QueryRowContext(ctx, `SELECT CAST(text AS INTEGER) FROM notes`).Scan(&n); err != nil {
							return err
						}
						_, err := tx.ExecContext(ctx, `UPDATE notes SET text = CAST(? AS TEXT)`, n+1)
						return err
					}))
				}
			})
		}
		all.Wait()
		assert.Equal(t, []string{"80"}, texts(t, db))
	})
}

func TestReadersOfAFileDoNotWaitForTheWriter(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "hub.db"))
	require.NoError(t, db.Migrate(ctx, "notes", notes))
	require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO notes (text) VALUES ('new')`)
		assert.Empty(t, texts(t, db), "a reader sees what was committed")
		return err
	}))
	assert.Equal(t, []string{"new"}, texts(t, db))
	require.NoError(t, db.Read(ctx, func(tx *sql.Tx) error {
		var before, after int
		require.NoError(t, tx.QueryRowContext(ctx, `SELECT count(*) FROM notes`).Scan(&before))
		require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ('newer')`))
		require.NoError(t, tx.QueryRowContext(ctx, `SELECT count(*) FROM notes`).Scan(&after))
		assert.Equal(t, before, after, "one reader sees one state throughout")
		return nil
	}))
}

func TestAFileOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	first, err := sqldb.Open(ctx, path)
	require.NoError(t, err)
	require.NoError(t, first.Migrate(ctx, "notes", notes))
	require.NoError(t, exec(first, `INSERT INTO notes (text) VALUES ('kept')`))
	// A second handle works beside the first, as that of another process does.
	second := open(t, path)
	require.NoError(t, second.Migrate(ctx, "notes", notes))
	require.NoError(t, exec(second, `INSERT INTO notes (text) VALUES ('also')`))
	assert.Equal(t, []string{"kept", "also"}, texts(t, first))
	require.NoError(t, first.Close())
	assert.Equal(t, []string{"kept", "also"}, texts(t, second))

	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&0o077, "it holds hashed secrets: for its owner alone")
}

func TestMemoryIsPrivateAndEndsWithClose(t *testing.T) {
	t.Parallel()
	a, b := open(t, ""), open(t, "")
	for _, db := range []*sqldb.DB{a, b} {
		require.NoError(t, db.Migrate(ctx, "notes", notes))
	}
	require.NoError(t, exec(a, `INSERT INTO notes (text) VALUES ('mine')`))
	assert.Empty(t, texts(t, b))

	c, err := sqldb.Open(ctx, "")
	require.NoError(t, err)
	require.NoError(t, c.Close())
	assert.Error(t, c.Read(ctx, func(*sql.Tx) error { return nil }))
}

func TestWhatCannotBeOpenedIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600))
	// Whoever runs the tests may be allowed everything; but no one can write
	// behind a link into a folder that is not there.
	blocked := filepath.Join(dir, "blocked.db")
	require.NoError(t, os.Symlink(filepath.Join(dir, "none", "hub.db"), blocked))
	for name, c := range map[string]struct {
		dsn  string
		want string
		is   error
	}{
		"a file that takes no write": {blocked, "not writable", sqldb.ErrNotWritable},
		"a directory":                {dir, "is a directory", nil},
		"a folder that is missing":   {filepath.Join(dir, "none", "hub.db"), "no such file or directory", os.ErrNotExist},
		"a file used as a folder":    {filepath.Join(text, "hub.db"), "not a directory", nil},
		"another kind of file":       {text, "not a database", sqldb.ErrNotDatabase},
		"an address":                 {"postgres://localhost/hub", "only a path", nil},
		"a uri":                      {"file:hub.db", "only a path", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sqldb.Open(ctx, c.dsn)
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, fmt.Sprintf("open database %q: ", c.dsn))
			assert.NotContains(t, err.Error(), "\n")
			if c.is != nil {
				assert.ErrorIs(t, err, c.is)
			}
		})
	}
	assert.NoDirExists(t, filepath.Join(dir, "none"))
}

func Example() {
	ctx := context.Background()
	db, err := sqldb.Open(ctx, "") // "" = in memory
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	err = db.Migrate(ctx, "notes", []string{`CREATE TABLE notes (text TEXT NOT NULL) STRICT`})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO notes (text) VALUES (?)`, "hello")
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = db.Read(ctx, func(tx *sql.Tx) error {
		var text string
		err := tx.QueryRowContext(ctx, `SELECT text FROM notes`).Scan(&text)
		fmt.Println(text)
		return err
	})
	fmt.Println(err)
	// Output:
	// hello
	// <nil>
}
