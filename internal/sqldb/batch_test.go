package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/internal/sqldb"
)

func TestABatchRunsInOrderAndGivesWhatItWasAskedFor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
		first, second, none := int64(-1), int64(-1), int64(-1)
		var rows []string
		before := db.Statements()
		require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
			var b sqldb.Batch
			rows = nil
			b.Add(&first, `INSERT INTO notes (text) VALUES ($1) RETURNING id`, "a\xffb")
			b.Add(&second, `INSERT INTO notes (text) VALUES ($1) RETURNING id`, "second")
			b.Add(nil, `UPDATE notes SET text = $1 WHERE id = $2`, "changed", 2)
			b.Add(&none, `DELETE FROM notes WHERE text = $1 RETURNING id`, "nothing has this")
			b.Rows(func(r sqldb.Row) error {
				var text string
				var id int
				var never sql.NullInt64
				err := r.Scan(&text, &id, &never)
				assert.False(t, never.Valid)
				rows = append(rows, text)
				return err
			}, `SELECT text, id, NULL FROM notes WHERE `+db.Dialect().In("id", 1)+` ORDER BY id`, db.Dialect().Integers([]int64{1, 2}))
			return b.Run(ctx, tx)
		}))
		assert.Equal(t, []int64{1, 2, -1}, []int64{first, second, none})
		require.Len(t, rows, 2)
		assert.Equal(t, "changed", rows[1])
		locks := uint64(0)
		if db.Dialect() == sqldb.PostgreSQL {
			locks = 1
		}
		assert.Equal(t, 5+locks, db.Statements()-before)
		require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
			var empty sqldb.Batch
			return empty.Run(ctx, tx)
		}))
	})
}

func TestABatchTellsWhatWasInsertedAndHowManyChanged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
		id, none, both, nothing := int64(-1), int64(-1), int64(-1), int64(-1)
		require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
			var b sqldb.Batch
			b.Add(nil, `INSERT INTO notes (text) VALUES ('before')`)
			b.Insert(&id, "id", `INSERT INTO notes (text) VALUES ($1)`, "one")
			b.Insert(&none, "id", `INSERT INTO notes (text) SELECT text FROM notes WHERE text = $1`, "nothing has this")
			b.Count(&both, `UPDATE notes SET text = $1`, "changed")
			b.Count(&nothing, `DELETE FROM notes WHERE text = $1`, "nothing has this")
			return b.Run(ctx, tx)
		}))
		assert.Equal(t, []int64{2, -1, 2, 0}, []int64{id, none, both, nothing})
	})
}

func TestALookIsOneStatementAndNoTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
		require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO notes (text) VALUES ('a')`)
			return err
		}))
		before, n := db.Statements(), 0
		var b sqldb.Batch
		b.Rows(func(r sqldb.Row) error { return r.Scan(&n) }, `SELECT count(*) FROM notes WHERE text = $1`, "a")
		require.NoError(t, db.Look(ctx, &b))
		assert.Equal(t, 1, n)
		assert.Equal(t, uint64(1), db.Statements()-before)
		gone, cancel := context.WithCancel(ctx)
		cancel()
		require.ErrorIs(t, db.Look(gone, &b), context.Canceled)
		b = sqldb.Batch{}
		b.Rows(func(sqldb.Row) error { return nil }, `SELECT nothing FROM nowhere`)
		require.Error(t, db.Look(ctx, &b))
	})
}

func TestABatchThatFailsLeavesNothingOfItsTransaction(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for name, add := range map[string]func(*sqldb.Batch){
		"a statement that is none":  func(b *sqldb.Batch) { b.Add(nil, `INSERT INTO nowhere VALUES (1)`) },
		"one that breaks a rule":    func(b *sqldb.Batch) { b.Add(nil, `INSERT INTO notes (id, text) VALUES (1, NULL)`) },
		"an argument of no type":    func(b *sqldb.Batch) { b.Add(nil, `INSERT INTO notes (text) VALUES ($1)`, struct{}{}) },
		"a row that is not wanted":  func(b *sqldb.Batch) { b.Rows(func(sqldb.Row) error { return refused }, `SELECT text FROM notes`) },
		"a text that is no integer": func(b *sqldb.Batch) { b.Add(new(int64), `SELECT text FROM notes`) },
		"nothing where a value was expected": func(b *sqldb.Batch) {
			b.Add(new(int64), `SELECT NULL FROM notes`)
		},
		"a column that is not there": func(b *sqldb.Batch) {
			b.Rows(func(r sqldb.Row) error { return r.Scan(new(string), new(string)) }, `SELECT text FROM notes`)
		},
		"something that scans nothing": func(b *sqldb.Batch) {
			b.Rows(func(r sqldb.Row) error { return r.Scan(new(bool)) }, `SELECT text FROM notes`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, db *sqldb.DB) {
				require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
				err := db.Write(ctx, func(tx *sql.Tx) error {
					var b sqldb.Batch
					b.Add(nil, `INSERT INTO notes (text) VALUES ('before')`)
					add(&b)
					b.Add(nil, `INSERT INTO notes (text) VALUES ('after')`)
					return b.Run(ctx, tx)
				})
				require.Error(t, err)
				assert.Empty(t, texts(t, db))
				require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ('good')`), "the connection can be used again")
				assert.Equal(t, []string{"good"}, texts(t, db))
			})
		})
	}
}

func TestABatchIsNotSentOnceItsContextHasEnded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
		err := db.Write(ctx, func(tx *sql.Tx) error {
			ended, end := context.WithCancel(ctx)
			end()
			var b sqldb.Batch
			b.Add(nil, `INSERT INTO notes (text) VALUES ('x')`)
			b.Add(nil, `INSERT INTO notes (text) VALUES ('y')`)
			return b.Run(ended, tx)
		})
		require.ErrorIs(t, err, context.Canceled)
		assert.Empty(t, texts(t, db))
	})
}

// Whoever listens hears of a commit, and never of what was not committed.
func TestWhatIsAnnouncedIsToldOnceItIsCommitted(t *testing.T) {
	t.Parallel()
	db, err := sqldb.Open(ctx, pgtest.DSN(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
	l, err := db.Listen(ctx, "news")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	write := func(text string, result error) error {
		return db.WriteAbout(ctx, nil, func(tx *sql.Tx) error {
			var b sqldb.Batch
			b.Announce("news")
			b.Add(nil, `INSERT INTO notes (text) VALUES ($1)`, text)
			return errors.Join(b.Run(ctx, tx), result)
		})
	}
	heard := func(patience time.Duration) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return l.Wait(ctx)
	}
	require.NoError(t, write("told", nil))
	require.NoError(t, heard(time.Minute))
	require.Error(t, write("taken back", errors.New("no")))
	require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ('not announced')`))
	require.ErrorIs(t, heard(50*time.Millisecond), context.DeadlineExceeded)
	require.NoError(t, write("told again", nil))
	require.NoError(t, heard(time.Minute))
}
