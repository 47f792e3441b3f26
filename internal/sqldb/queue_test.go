package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
)

// crowd holds the file's writers up, so that those who come meanwhile are all there when it lets go.
type crowd struct {
	t     *testing.T
	db    *sqldb.DB
	all   sync.WaitGroup
	leave chan struct{}
	n     int
}

func newCrowd(t *testing.T, db *sqldb.DB) *crowd {
	t.Helper()
	c := &crowd{t: t, db: db, leave: make(chan struct{})}
	inside := make(chan struct{})
	c.all.Go(func() {
		assert.NoError(t, db.Write(ctx, func(*sql.Tx) error { close(inside); <-c.leave; return nil }))
	})
	<-inside
	return c
}

// add lets one more writer wait, behind those who do already.
func (c *crowd) add(write func()) {
	c.t.Helper()
	c.all.Go(write)
	c.n++
	for c.db.Waiting() < c.n {
		runtime.Gosched()
	}
}

// let lets them go, and waits for their end.
func (c *crowd) let() {
	close(c.leave)
	c.all.Wait()
}

func inFile(t *testing.T) *sqldb.DB {
	t.Helper()
	return migrated(t, filepath.Join(t.TempDir(), "hub.db"))
}

func TestThoseWhoWriteAtTheSameTimeShareACommit(t *testing.T) {
	t.Parallel()
	db := inFile(t)
	c := newCrowd(t, db)
	var mu sync.Mutex
	var seen []int
	for i := range 5 {
		c.add(func() {
			assert.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
				var n int
				err := tx.QueryRowContext(ctx, `SELECT count(*) FROM notes`).Scan(&n)
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, n)
				assert.Empty(t, texts(t, db), "nobody else sees anything yet")
				return errors.Join(err, insert(tx, fmt.Sprint(i)))
			}))
		})
	}
	c.let()
	assert.Equal(t, []int{0, 1, 2, 3, 4}, seen, "each sees what those before it did")
	assert.ElementsMatch(t, []string{"0", "1", "2", "3", "4"}, texts(t, db))
}

// A writer of each kind, in a crowd of all kinds: what becomes of it, and whether it leaves something behind.
var kinds = []struct {
	name  string
	kept  bool
	write func(t *testing.T, db *sqldb.DB, name string)
}{
	{"ends well", true, func(t *testing.T, db *sqldb.DB, name string) {
		assert.NoError(t, db.Write(ctx, func(tx *sql.Tx) error { return insert(tx, name) }))
	}},
	{"returns an error", false, func(t *testing.T, db *sqldb.DB, name string) {
		failed := errors.New("changed our mind")
		err := db.Write(ctx, func(tx *sql.Tx) error { return errors.Join(insert(tx, name), failed) })
		assert.ErrorIs(t, err, failed)
		assert.EqualError(t, err, failed.Error(), "as it is")
	}},
	{"panics", false, func(t *testing.T, db *sqldb.DB, name string) {
		assert.PanicsWithValue(t, name, func() {
			_ = db.Write(ctx, func(tx *sql.Tx) error { _ = insert(tx, name); panic(name) })
		})
	}},
	{"ends its goroutine", false, func(t *testing.T, db *sqldb.DB, name string) {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = db.Write(ctx, func(tx *sql.Tx) error { _ = insert(tx, name); runtime.Goexit(); return nil })
			assert.Fail(t, "unreachable")
		}()
		<-ended
	}},
	{"is cancelled inside", false, func(t *testing.T, db *sqldb.DB, name string) {
		brief, cancel := context.WithCancel(ctx)
		assert.ErrorIs(t, db.Write(brief, func(tx *sql.Tx) error { cancel(); return insert(tx, name) }), context.Canceled)
	}},
	{"is cancelled in the middle of a statement", false, func(t *testing.T, db *sqldb.DB, name string) {
		brief, cancel := context.WithCancel(ctx)
		err := db.Write(brief, func(tx *sql.Tx) error {
			defer cancel()
			var all sync.WaitGroup
			defer all.Wait()
			all.Go(cancel) // at any moment
			_, err := tx.ExecContext(brief, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
				INSERT INTO notes (text) SELECT $1 || i FROM n`, name)
			return err
		})
		assert.ErrorIs(t, err, context.Canceled)
	}},
	{"breaks a rule of the table", false, func(t *testing.T, db *sqldb.DB, name string) {
		assert.ErrorContains(t, db.Write(ctx, func(tx *sql.Tx) error {
			_ = insert(tx, name)
			_, err := tx.ExecContext(ctx, `INSERT INTO notes (text) VALUES ('x'), (NULL)`)
			return err
		}), "constraint")
	}},
	{"breaks a rule and goes on", true, func(t *testing.T, db *sqldb.DB, name string) {
		assert.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO notes (text) VALUES ('x'), (NULL)`)
			assert.Error(t, err)
			return insert(tx, name)
		}))
	}},
	{"takes its transaction back by itself", false, func(t *testing.T, db *sqldb.DB, name string) {
		assert.ErrorIs(t, db.Write(ctx, func(tx *sql.Tx) error {
			_ = insert(tx, name)
			assert.NoError(t, tx.Rollback())
			return insert(tx, name)
		}), sql.ErrTxDone)
	}},
	{"leaves rows open", true, func(t *testing.T, db *sqldb.DB, name string) {
		assert.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
			rows, err := tx.QueryContext(ctx, `INSERT INTO notes (text) VALUES ($1) RETURNING id, 1`, name)
			if assert.NoError(t, err) {
				assert.True(t, rows.Next())
			}
			return rows.Err()
		}))
	}},
}

func TestTheFateOfEachInACrowdIsItsOwn(t *testing.T) {
	t.Parallel()
	for lead := range kinds { // each kind comes first once, and so leads the others
		t.Run("led by one who "+kinds[lead].name, func(t *testing.T) {
			t.Parallel()
			db := inFile(t)
			c := newCrowd(t, db)
			var want []string
			for i := range 2 * len(kinds) {
				k := kinds[(lead+i)%len(kinds)]
				name := fmt.Sprint(i, " ", k.name)
				if k.kept {
					want = append(want, name)
				}
				c.add(func() { k.write(t, db, name) })
			}
			c.let()
			assert.ElementsMatch(t, want, texts(t, db))
			require.NoError(t, exec(db, `DELETE FROM notes`), "and the next writes as ever")
		})
	}
}

// What nobody else has seen may yet be taken back, so no answer may rest on it.
func TestNobodyIsRefusedForWhatIsNotOnTheDisk(t *testing.T) {
	t.Parallel()
	db := inFile(t)
	require.NoError(t, exec(db, `INSERT INTO notes (id, text) VALUES (1, 'a')`))
	c := newCrowd(t, db)
	refused := errors.New("there is none")
	last, decided := make(chan struct{}), make(chan struct{})
	c.add(func() { // the leader, whose part is the last
		assert.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
			close(last)
			<-decided
			return nil
		}))
	})
	c.add(func() {
		assert.NoError(t, exec(db, `DELETE FROM notes WHERE id = 1`))
	})
	c.add(func() {
		err := db.Write(ctx, func(tx *sql.Tx) error {
			if err := tx.QueryRowContext(ctx, `SELECT id FROM notes WHERE id = 1`).Scan(new(int)); errors.Is(err, sql.ErrNoRows) {
				return refused
			}
			return nil
		})
		assert.ErrorIs(t, err, refused)
		assert.Empty(t, texts(t, db), "gone for everybody")
	})
	c.all.Go(func() {
		<-last
		assert.Len(t, texts(t, db), 1, "not gone yet")
		close(decided)
	})
	c.let()
}

func TestACommitThatFailsFailsForAll(t *testing.T) {
	t.Parallel()
	db := inFile(t)
	require.NoError(t, db.Migrate(ctx, "tags", []string{`CREATE TABLE tags (note INTEGER REFERENCES notes DEFERRABLE INITIALLY DEFERRED)`}))
	for place := range 3 {
		c := newCrowd(t, db)
		for i := range 3 {
			c.add(func() {
				assert.ErrorContains(t, db.Write(ctx, func(tx *sql.Tx) error {
					if i != place {
						return insert(tx, "x")
					}
					_, err := tx.ExecContext(ctx, `INSERT INTO tags (note) VALUES (77)`) // which only the commit finds out
					return err
				}), "commit: constraint failed")
			})
		}
		c.let()
		assert.Empty(t, texts(t, db))
	}
	require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ('next')`))
}

func TestATransactionThatIsLostIsLostForAll(t *testing.T) {
	t.Parallel()
	db := inFile(t)
	for place := range 3 {
		require.NoError(t, exec(db, `INSERT INTO notes (id, text) VALUES (1, 'first')`))
		c := newCrowd(t, db)
		for i := range 3 {
			c.add(func() {
				assert.ErrorContains(t, db.Write(ctx, func(tx *sql.Tx) error {
					if i != place {
						return insert(tx, "x")
					}
					_, err := tx.ExecContext(ctx, `INSERT OR ROLLBACK INTO notes (id, text) VALUES (1, 'again')`)
					assert.Error(t, err)
					return nil
				}), "commit: the transaction was taken back")
			})
		}
		c.let()
		assert.Equal(t, []string{"first"}, texts(t, db))
		require.NoError(t, exec(db, `DELETE FROM notes`))
	}
}

func TestATransactionThatCannotBeginIsToldToAll(t *testing.T) {
	t.Parallel()
	db := inFile(t)
	only := func(n int) func(*sql.Tx) error {
		return func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA query_only = %d`, n))
			return err
		}
	}
	require.NoError(t, db.Write(ctx, only(1)))
	require.ErrorContains(t, exec(db, `SELECT 1`), "begin to write: ", "this is what one sees alone")
	// A crowd needs somebody to wait for, who begins while that is possible.
	db = inFile(t)
	c := &crowd{t: t, db: db, leave: make(chan struct{})}
	inside := make(chan struct{})
	c.all.Go(func() {
		assert.NoError(t, db.Write(ctx, func(tx *sql.Tx) error { close(inside); <-c.leave; return only(1)(tx) }))
	})
	<-inside
	for range 3 {
		c.add(func() {
			assert.ErrorContains(t, db.Write(ctx, func(*sql.Tx) error { assert.Fail(t, "it never began"); return nil }), "begin to write: ")
		})
	}
	c.let()
	assert.ErrorContains(t, exec(db, `SELECT 1`), "begin to write: ")
}

func TestWhoeverWaitsMayLeave(t *testing.T) {
	t.Parallel()
	db := inFile(t)
	c := newCrowd(t, db)
	impatient, cancel := context.WithCancel(ctx)
	var left sync.WaitGroup
	for range 3 {
		left.Add(1)
		c.add(func() {
			defer left.Done()
			err := db.Write(impatient, func(*sql.Tx) error { assert.Fail(t, "it had left"); return nil })
			assert.ErrorIs(t, err, context.Canceled)
			assert.ErrorContains(t, err, "begin to write: ")
		})
	}
	c.add(func() { assert.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ('stayed')`)) })
	cancel()
	left.Wait() // although the first still holds the file
	c.let()
	assert.Equal(t, []string{"stayed"}, texts(t, db))

	c = newCrowd(t, db)
	impatient, cancel = context.WithCancel(ctx)
	c.add(func() { assert.ErrorIs(t, db.Write(impatient, func(*sql.Tx) error { return nil }), context.Canceled) })
	cancel()
	c.let()
	require.NoError(t, exec(db, `DELETE FROM notes`), "nobody was left to lead, and so the next one does")
}

// Whose change is part of a commit under way is told how that ended, and not that they left.
func TestACommitUnderWayIsNotLeft(t *testing.T) {
	t.Parallel()
	db := inFile(t)
	c := newCrowd(t, db)
	brief, cancel := context.WithCancel(ctx)
	c.add(func() { // the leader, whose part is the last
		assert.NoError(t, db.Write(ctx, func(*sql.Tx) error { cancel(); return nil }))
	})
	c.add(func() { assert.NoError(t, db.Write(brief, func(tx *sql.Tx) error { return insert(tx, "kept") })) })
	c.let()
	assert.Equal(t, []string{"kept"}, texts(t, db))
}

func TestCrowdsOfAnySizeAreServed(t *testing.T) {
	t.Parallel()
	db := inFile(t)
	c := newCrowd(t, db)
	var want []string
	for i := range 200 { // several commits' worth
		want = append(want, fmt.Sprint(i))
		c.add(func() { assert.NoError(t, db.Write(ctx, func(tx *sql.Tx) error { return insert(tx, fmt.Sprint(i)) })) })
	}
	c.let()
	assert.ElementsMatch(t, want, texts(t, db))
}

// 64 goroutines, on two handles as two processes would have, none of which loses a count or one of the others'.
func TestACrowdThatComesAndGoes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	handles := []*sqldb.DB{migrated(t, path), migrated(t, path)}
	require.NoError(t, exec(handles[0], `INSERT INTO notes (id, text) VALUES (1, 0)`))
	refused := errors.New("refused")
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			db := handles[i%2]
			for round := range 20 {
				err := db.WriteAbout(ctx, nil, func(tx *sql.Tx) error {
					var n int
					if err := tx.QueryRowContext(ctx, `SELECT CAST(text AS INTEGER) FROM notes WHERE id = 1`).Scan(&n); err != nil {
						return err
					}
					if _, err := tx.ExecContext(ctx, `UPDATE notes SET text = $1 WHERE id = 1`, fmt.Sprint(n+1)); err != nil {
						return err
					}
					if (i+round)%4 == 0 {
						return refused
					}
					return nil
				})
				if (i+round)%4 == 0 {
					assert.ErrorIs(t, err, refused)
				} else {
					assert.NoError(t, err)
				}
			}
		})
	}
	all.Wait()
	assert.Equal(t, []string{fmt.Sprint(64 * 20 * 3 / 4)}, texts(t, handles[0]))
}

func TestAClosedFileIsToldToAll(t *testing.T) {
	t.Parallel()
	db, err := sqldb.Open(ctx, filepath.Join(t.TempDir(), "hub.db"))
	require.NoError(t, err)
	require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
	c := newCrowd(t, db)
	results := make([]error, 3)
	for i := range results {
		c.add(func() { results[i] = exec(db, `INSERT INTO notes (text) VALUES ('late')`) })
	}
	require.NoError(t, db.Close())
	c.let()
	assert.False(t, slices.Contains(results, nil))
	assert.Error(t, exec(db, `SELECT 1`))
}
