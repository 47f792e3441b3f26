package sqldb_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
)

// insert adds a note in a transaction.
func insert(tx *sql.Tx, text string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO notes (text) VALUES ($1)`, text)
	return err
}

func migrated(t testing.TB, dsn string) *sqldb.DB {
	t.Helper()
	db := open(t, dsn)
	require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
	return db
}

// lite runs a test on both kinds of SQLite database.
func lite(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	for name, dsn := range map[string]string{"in memory": "", "in a file": t.TempDir() + "/hub.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, migrated(t, dsn))
		})
	}
}

func TestStatementsAreCounted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
		for range 3 { // also when one is known already
			before := db.Statements()
			require.NoError(t, db.Read(ctx, func(tx *sql.Tx) error {
				var n int
				if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM notes`).Scan(&n); err != nil {
					return err
				}
				_, err := tx.ExecContext(ctx, `SELECT 1`)
				return err
			}))
			assert.Equal(t, uint64(2), db.Statements()-before, "what the caller sent, and no BEGIN")
		}
	})
}

func TestOneTextMayBeInUseTwice(t *testing.T) {
	t.Parallel()
	lite(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ('a'), ('b'), ('c')`))
		const query = `SELECT text FROM notes WHERE id >= $1 ORDER BY id`
		require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
			for range 3 {
				outer, err := tx.QueryContext(ctx, query, 1)
				require.NoError(t, err)
				require.True(t, outer.Next())
				inner, err := tx.QueryContext(ctx, query, 2)
				require.NoError(t, err)
				var texts []string
				for _, rows := range []*sql.Rows{inner, outer} {
					for rows.Next() {
						var text string
						require.NoError(t, rows.Scan(&text))
						texts = append(texts, text)
					}
					require.NoError(t, rows.Close())
				}
				assert.Equal(t, []string{"b", "c", "b", "c"}, texts)
			}
			return nil
		}))
	})
}

func TestAStatementFollowsItsTable(t *testing.T) {
	t.Parallel()
	lite(t, func(t *testing.T, db *sqldb.DB) {
		columns := func() (names []string) {
			require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
				rows, err := tx.QueryContext(ctx, `SELECT * FROM notes`)
				if err != nil {
					return err
				}
				names, err = rows.Columns()
				require.NoError(t, err)
				return rows.Close()
			}))
			return names
		}
		assert.Equal(t, []string{"id", "text"}, columns())
		require.NoError(t, exec(db, `ALTER TABLE notes ADD COLUMN more TEXT`))
		assert.Equal(t, []string{"id", "text", "more"}, columns())
		require.NoError(t, exec(db, `ALTER TABLE notes DROP COLUMN more`))
		assert.Equal(t, []string{"id", "text"}, columns())
	})
}

// A database in memory may be replaced under the statements that were prepared for it, by one that only looks the same.
func TestAStatementKnowsWhichDatabaseItIsFor(t *testing.T) {
	t.Parallel()
	const query = `SELECT x FROM one`
	made := func(first, second string) *sqldb.DB {
		db := open(t, "")
		for _, name := range []string{first, second} {
			require.NoError(t, exec(db, fmt.Sprintf(`CREATE TABLE %s (x TEXT) STRICT`, name)))
			require.NoError(t, exec(db, fmt.Sprintf(`INSERT INTO %s VALUES ('%s')`, name, name)))
		}
		return db
	}
	db, other := made("one", "two"), made("two", "one")
	for range 2 {
		require.NoError(t, db.Read(ctx, func(tx *sql.Tx) error {
			var x string
			err := tx.QueryRowContext(ctx, query).Scan(&x)
			assert.Equal(t, "one", x)
			return err
		}))
		require.NoError(t, db.Become(ctx, other))
	}
}

func TestAStatementThatFailedCanBeUsedAgain(t *testing.T) {
	t.Parallel()
	lite(t, func(t *testing.T, db *sqldb.DB) {
		add := func(id, text any) error {
			return exec(db, `INSERT INTO notes (id, text) VALUES ($1, $2) RETURNING id`, id, text)
		}
		require.NoError(t, add(1, "a"))
		for range 3 {
			require.ErrorContains(t, add(1, "again"), "constraint")
			require.ErrorContains(t, add(2, nil), "constraint")
			require.Error(t, exec(db, `nonsense`))
		}
		require.NoError(t, add(2, "b"))
		assert.Equal(t, []string{"a", "b"}, texts(t, db))
	})
}

func TestMoreTextsThanAreKeptAllWork(t *testing.T) {
	t.Parallel()
	lite(t, func(t *testing.T, db *sqldb.DB) {
		for range 2 {
			require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
				for i := range 2 * sqldb.KeptAtMost {
					var n int
					require.NoError(t, tx.QueryRowContext(ctx, fmt.Sprintf(`SELECT %d + $1`, i), 1).Scan(&n))
					assert.Equal(t, i+1, n)
				}
				return nil
			}))
		}
		n, err := db.Kept(ctx)
		require.NoError(t, err)
		assert.Equal(t, sqldb.KeptAtMost, n)
	})
}

// A script is several statements in one text, each of which may need what the one before it made.
func TestAScriptRunsWhole(t *testing.T) {
	t.Parallel()
	lite(t, func(t *testing.T, db *sqldb.DB) {
		for range 3 {
			require.NoError(t, exec(db, `CREATE TABLE more (x INTEGER) STRICT; INSERT INTO more VALUES (1), (2); INSERT INTO notes (text) SELECT x FROM more; DROP TABLE more;`))
		}
		assert.Equal(t, "121212", strings.Join(texts(t, db), ""))
	})
}

func TestRowsThatAreNotReadToTheEndHoldNothingUp(t *testing.T) {
	t.Parallel()
	lite(t, func(t *testing.T, db *sqldb.DB) {
		for range 3 {
			require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
				rows, err := tx.QueryContext(ctx, `INSERT INTO notes (text) VALUES ('a'), ('b') RETURNING id`)
				require.NoError(t, err)
				require.True(t, rows.Next())
				return nil // and never closed
			}))
		}
		assert.Len(t, texts(t, db), 6)
	})
}

func TestAStatementIsRefusedOnceItsContextHasEnded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
		ended, cancel := context.WithCancel(ctx)
		cancel()
		require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ended, `INSERT INTO notes (text) VALUES ('late')`)
			require.ErrorIs(t, err, context.Canceled)
			_, err = tx.QueryContext(ended, `SELECT 1`)
			require.ErrorIs(t, err, context.Canceled)
			return insert(tx, "kept")
		}))
		assert.Equal(t, []string{"kept"}, texts(t, db))
	})
}

// With some errors SQLite takes back the whole transaction by itself. What its owner does after that must not be kept.
func TestATransactionThatIsLostKeepsNothing(t *testing.T) {
	t.Parallel()
	lite(t, func(t *testing.T, db *sqldb.DB) {
		lose := func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT OR ROLLBACK INTO notes (id, text) VALUES (1, 'again')`)
			return err
		}
		require.NoError(t, exec(db, `INSERT INTO notes (id, text) VALUES (1, 'first')`))
		err := db.Write(ctx, func(tx *sql.Tx) error {
			require.NoError(t, insert(tx, "before"))
			require.ErrorContains(t, lose(tx), "constraint")
			require.ErrorContains(t, insert(tx, "after"), "taken back")
			_, err := tx.QueryContext(ctx, `SELECT 1`)
			require.ErrorContains(t, err, "taken back")
			return nil
		})
		require.ErrorContains(t, err, "commit: the transaction was taken back: ")
		require.ErrorContains(t, err, "constraint", "and why")
		require.Error(t, db.Write(ctx, lose))
		require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error { return insert(tx, "next") }))
		assert.Equal(t, []string{"first", "next"}, texts(t, db))
	})
}

func TestADiskThatIsFullLosesNothingButTheChange(t *testing.T) {
	t.Parallel()
	lite(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ('first')`))
		require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
			var pages int
			return tx.QueryRowContext(ctx, `PRAGMA max_page_count = 10`).Scan(&pages)
		}))
		err := db.Write(ctx, func(tx *sql.Tx) error {
			require.NoError(t, insert(tx, "before"))
			require.Error(t, insert(tx, strings.Repeat("x", 100_000)))
			_ = insert(tx, "after")
			return nil
		})
		require.ErrorContains(t, err, "full")
		require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error { return insert(tx, "next") }))
		assert.Equal(t, []string{"first", "next"}, texts(t, db))
	})
}
