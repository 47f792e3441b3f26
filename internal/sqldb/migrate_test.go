package sqldb_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
)

func versions(t testing.TB, db *sqldb.DB) map[string]int {
	t.Helper()
	all := map[string]int{}
	require.NoError(t, db.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT owner, version FROM schema_migrations`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var owner string
			var version int
			if err := rows.Scan(&owner, &version); err != nil {
				return err
			}
			all[owner] = version
		}
		return rows.Err()
	}))
	return all
}

func twoSteps(db *sqldb.DB) []string {
	return append(notes(db), `ALTER TABLE notes ADD COLUMN at INTEGER NOT NULL DEFAULT 0; CREATE INDEX notes_at ON notes (at)`)
}

func TestMigrationsRunOnceAndInOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", twoSteps(db)[:1]))
		require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ('kept')`))
		require.NoError(t, db.Migrate(ctx, "notes", twoSteps(db)))
		require.NoError(t, db.Migrate(ctx, "notes", twoSteps(db)), "again does nothing")
		require.NoError(t, exec(db, `UPDATE notes SET at = 5`))
		assert.Equal(t, []string{"kept"}, texts(t, db))
		assert.Equal(t, map[string]int{"notes": 2}, versions(t, db))
	})
}

func TestOwnersHaveTheirOwnLine(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", twoSteps(db)))
		require.NoError(t, db.Migrate(ctx, "tags", []string{`CREATE TABLE tags (name TEXT NOT NULL)`}))
		require.NoError(t, db.Migrate(ctx, "nothing", nil))
		assert.Equal(t, map[string]int{"notes": 2, "tags": 1, "nothing": 0}, versions(t, db))
	})
}

func TestABrokenStepTakesTheWholeMigrationBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "tags", []string{`CREATE TABLE tags (name TEXT NOT NULL)`}))
		err := db.Migrate(ctx, "notes", append(twoSteps(db), `CREATE TABLE notes (again TEXT)`))
		require.ErrorContains(t, err, "migrate notes: step 3: ")
		assert.Equal(t, map[string]int{"tags": 1}, versions(t, db))
		require.NoError(t, db.Migrate(ctx, "notes", twoSteps(db)), "nothing of the first attempt is in the way")
	})
}

func TestADatabaseNewerThanTheProgramIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", twoSteps(db)))
		err := db.Migrate(ctx, "notes", twoSteps(db)[:1])
		var newer *sqldb.NewerError
		require.ErrorAs(t, err, &newer)
		assert.Equal(t, sqldb.NewerError{Owner: "notes", Found: 2, Highest: 1}, *newer)
		assert.EqualError(t, err, `migrate notes: tables of "notes" are at version 2, newer than version 1 of this program`)
		assert.Equal(t, map[string]int{"notes": 2}, versions(t, db))
	})
}

func TestAMigrationNeedsAnOwnerAndTime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		assert.Error(t, db.Migrate(ctx, "", notes(db)))
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		assert.ErrorIs(t, db.Migrate(cancelled, "notes", notes(db)), context.Canceled)
	})
}

// The image of an empty database must never replace one that holds something.
func TestInMemoryMigrationsAfterAWriteKeepWhatWasWritten(t *testing.T) {
	t.Parallel()
	for range 2 { // the second finds the images of the first
		db := open(t, "")
		require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
		require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ('kept')`))
		require.NoError(t, db.Migrate(ctx, "tags", []string{`CREATE TABLE tags (name TEXT NOT NULL)`}))
		require.NoError(t, db.Migrate(ctx, "notes", twoSteps(db)))
		assert.Equal(t, []string{"kept"}, texts(t, db))
		assert.Equal(t, map[string]int{"notes": 2, "tags": 1}, versions(t, db))
	}
}

func TestAnInMemoryDatabaseThatIsInUseIsMigratedToo(t *testing.T) {
	t.Parallel()
	for range 2 { // the second finds the images of the first
		db := open(t, "")
		require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
		assert.Empty(t, texts(t, db))
		require.NoError(t, db.Migrate(ctx, "notes", twoSteps(db)))
		require.NoError(t, db.Migrate(ctx, "in use", []string{`CREATE TABLE used (x INTEGER) STRICT`}))
		assert.Equal(t, map[string]int{"notes": 2, "in use": 1}, versions(t, db))
	}
}

func TestInMemoryDatabasesFromOneImageAreStrangers(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			db, err := sqldb.Open(ctx, "")
			if !assert.NoError(t, err) {
				return
			}
			defer func() { assert.NoError(t, db.Close()) }()
			for range 2 {
				assert.NoError(t, db.Migrate(ctx, "notes", twoSteps(db)))
				assert.NoError(t, db.Migrate(ctx, "more", []string{`CREATE TABLE more (x INTEGER) STRICT; INSERT INTO more VALUES (1)`}))
			}
			for range i {
				assert.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ('x')`))
			}
			assert.Len(t, texts(t, db), i)
			assert.Equal(t, map[string]int{"notes": 2, "more": 1}, versions(t, db))
		})
	}
	all.Wait()
}

func TestTheOrderOfOwnersMakesDifferentImages(t *testing.T) {
	t.Parallel()
	a, b := []string{`CREATE TABLE a (x INTEGER) STRICT`}, []string{`CREATE TABLE b AS SELECT count(*) AS tables FROM sqlite_schema WHERE name = 'a'`}
	for _, c := range []struct {
		first, second string
		want          int
	}{{"a", "b", 1}, {"b", "a", 0}, {"a", "b", 1}} {
		db := open(t, "")
		steps := map[string][]string{"a": a, "b": b}
		require.NoError(t, db.Migrate(ctx, c.first, steps[c.first]))
		require.NoError(t, db.Migrate(ctx, c.second, steps[c.second]))
		var got int
		require.NoError(t, db.Read(ctx, func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT tables FROM b`).Scan(&got)
		}))
		assert.Equal(t, c.want, got)
	}
}

func TestSeveralProcessesMayMigrateTheSameFile(t *testing.T) {
	t.Parallel()
	for round := range 20 { // to open at the very same moment takes several tries
		path := filepath.Join(t.TempDir(), "hub.db")
		start := make(chan struct{})
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				<-start
				db, err := sqldb.Open(ctx, path)
				if assert.NoError(t, err, "round %d", round) {
					assert.NoError(t, db.Migrate(ctx, "notes", twoSteps(db)))
					assert.NoError(t, db.Close())
				}
			})
		}
		close(start)
		all.Wait()
		assert.Equal(t, map[string]int{"notes": 2}, versions(t, open(t, path)))
	}
}

func BenchmarkOpenInMemory(b *testing.B) {
	for b.Loop() {
		db, err := sqldb.Open(ctx, "")
		require.NoError(b, err)
		require.NoError(b, db.Migrate(ctx, "notes", twoSteps(db)))
		require.NoError(b, db.Close())
	}
}
