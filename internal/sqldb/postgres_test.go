package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/internal/sqldb"
)

func TestAServerThatCannotBeUsedIsSaidInOneLineWithoutThePassword(t *testing.T) {
	t.Parallel()
	const password = "hunter2-very-secret"
	good, err := url.Parse(pgtest.DSN(t))
	require.NoError(t, err)
	missing := *good
	missing.Path, missing.User = "/nowhere", url.UserPassword("postgres", password)
	nobody := *good
	nobody.User = url.UserPassword("nobody-of-that-name", password)
	for name, c := range map[string]struct{ dsn, want string }{
		"no such database":       {missing.String(), `"nowhere"`},
		"no such user":           {nobody.String(), `"nobody-of-that-name"`},
		"no server":              {"postgres://u:" + password + "@127.0.0.1:1/hub", `open PostgreSQL database "hub" at 127.0.0.1:1 as "u"`},
		"no server, keywords":    {"host=127.0.0.1 port=1 dbname=hub user=u password=" + password, `open PostgreSQL database "hub" at 127.0.0.1:1`},
		"several, none there":    {"postgres://u:" + password + "@127.0.0.1:1,127.0.0.1:2/hub", "127.0.0.1:1"},
		"a broken address":       {"postgresql://u:" + password + "@:port:/hub", "not understood"},
		"a broken escape":        {"postgres://u:" + password + "%zz@h/hub", "not understood"},
		"a broken keyword":       {"host=h port=many password=" + password, "not understood"},
		"another kind of server": {"mysql://u:" + password + "@h/hub", `"mysql://…": only a path`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sqldb.Open(ctx, c.dsn)
			require.ErrorContains(t, err, c.want)
			for _, text := range []string{err.Error(), fmt.Sprintf("%v %+v %s", err, err, err)} {
				assert.NotContains(t, text, password)
				assert.NotContains(t, text, "\n")
			}
		})
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = sqldb.Open(ended, good.String())
	require.ErrorIs(t, err, context.Canceled)
}

func TestAServerIsOpenedByKeywordsToo(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(pgtest.DSN(t))
	require.NoError(t, err)
	if u.Scheme == "" {
		t.Fatalf("the address of the test's server must be a URL for this test: %s is for others", pgtest.ServerEnv)
	}
	words := "dbname=" + strings.TrimPrefix(u.Path, "/")
	if host := u.Query().Get("host"); host != "" {
		words += " host=" + host
	} else {
		words += " host=" + u.Hostname() + " port=" + u.Port()
	}
	if u.User != nil {
		words += " user=" + u.User.Username()
		if password, ok := u.User.Password(); ok {
			words += " password=" + password
		}
	}
	assert.Equal(t, sqldb.PostgreSQL, open(t, words).Dialect())
	assert.Equal(t, sqldb.SQLite, open(t, "").Dialect())
}

// Each engine takes what a visitor sends as text: it may look odd afterwards, but it never fails.
func TestAnyTextCanBeWrittenAndLookedFor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
		for _, text := range []string{"", "\x00", "a\x00b", "\xff\xfe", "'; DROP TABLE notes; --", "$1 ? \\ \"", "\U0001F600"} {
			require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ($1)`, text), "%q", text)
			require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ($1)`, sql.NullString{String: text, Valid: true}), "%q", text)
			require.NoError(t, db.Read(ctx, func(tx *sql.Tx) error {
				var n int
				err := tx.QueryRowContext(ctx, `SELECT count(*) FROM notes WHERE text = $1 AND `+db.Dialect().In("text", 2), text, db.Dialect().Strings([]string{text})).Scan(&n)
				if !strings.Contains(text, "\xff") { // JSON cannot carry broken UTF-8, so SQLite finds another text, which is none
					assert.GreaterOrEqual(t, n, 2, "%q", text)
				}
				return err
			}))
		}
	})
}

func TestManyValuesAreOneArgument(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
		require.NoError(t, exec(db, `INSERT INTO notes (id, text) VALUES (1, 'a'), (2, 'b'), (3, 'c')`))
		d := db.Dialect()
		many := make([]int64, 100_000)
		for i := range many {
			many[i] = int64(i) + 2
		}
		for _, c := range []struct {
			where string
			arg   any
			want  int
		}{
			{d.In("text", 1), d.Strings([]string{"a", "c", "z"}), 2},
			{d.In("text", 1), d.Strings(nil), 0},
			{"NOT " + d.In("text", 1), d.Strings(nil), 3},
			{d.In("id", 1), d.Integers([]int64{3, 1, 3}), 2},
			{d.In("id", 1), d.Integers(many), 2},
		} {
			var n int
			require.NoError(t, db.Read(ctx, func(tx *sql.Tx) error {
				return tx.QueryRowContext(ctx, `SELECT count(*) FROM notes WHERE `+c.where, c.arg).Scan(&n)
			}))
			assert.Equal(t, c.want, n, c.where)
		}
	})
}

// inTurn starts a second transaction while the first is open, and says whether the second ran before the first had ended.
func inTurn(t *testing.T, first, second func(fn func(*sql.Tx) error) error) (overlapped bool) {
	t.Helper()
	inside, leave, entered := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		assert.NoError(t, first(func(*sql.Tx) error { close(inside); <-leave; return nil }))
	})
	<-inside
	all.Go(func() {
		assert.NoError(t, second(func(*sql.Tx) error { close(entered); return nil }))
	})
	patience := time.NewTimer(300 * time.Millisecond) // long enough to be let in, if nothing holds it up
	defer patience.Stop()
	select {
	case <-entered:
		overlapped = true
	case <-patience.C:
	}
	close(leave)
	all.Wait()
	return overlapped
}

func TestWritersAboutDifferentThingsGoSideBySide(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	here, there := open(t, dsn), open(t, dsn) // as two replicas
	alone := func(db *sqldb.DB) func(func(*sql.Tx) error) error {
		return func(fn func(*sql.Tx) error) error { return db.Write(ctx, fn) }
	}
	about := func(db *sqldb.DB, names ...string) func(func(*sql.Tx) error) error {
		return func(fn func(*sql.Tx) error) error { return db.WriteAbout(ctx, names, fn) }
	}
	assert.True(t, inTurn(t, about(here, "a", "b"), about(there, "c", "d")), "nothing in common")
	assert.True(t, inTurn(t, about(here), about(there)), "about nothing that others are about")
	assert.False(t, inTurn(t, about(here, "a", "b"), about(there, "b", "c")), "both about b")
	assert.False(t, inTurn(t, alone(here), about(there, "a")), "Write is alone")
	assert.False(t, inTurn(t, about(here), alone(there)), "Write is alone")
	assert.False(t, inTurn(t, alone(here), alone(there)), "Write is alone")
	assert.True(t, inTurn(t, alone(here), func(fn func(*sql.Tx) error) error { return there.Read(ctx, fn) }), "readers wait for nobody")
}

func TestNamesInAnyOrderAndRepeatedDoNotDeadlock(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
		require.NoError(t, exec(db, `INSERT INTO notes (id, text) VALUES (1, '0')`))
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				names := []string{"a", "b", "c", "a"}
				if i%2 == 0 {
					names = []string{"c", "b", "a"}
				}
				assert.NoError(t, db.WriteAbout(ctx, names, func(tx *sql.Tx) error {
					var n int
					if err := tx.QueryRowContext(ctx, `SELECT CAST(text AS INTEGER) FROM notes`).Scan(&n); err != nil {
						return err
					}
					_, err := tx.ExecContext(ctx, `UPDATE notes SET text = $1`, fmt.Sprint(n+1))
					return err
				}))
			})
		}
		all.Wait()
		assert.Equal(t, []string{"64"}, texts(t, db), "each saw what the one before it wrote")
	})
}

// Rows are locked by the caller's own statements, so two can lock each other out; the engine ends one, which runs again.
func TestTheVictimOfADeadlockRunsAgain(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.DSN(t))
	require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
	require.NoError(t, exec(db, `INSERT INTO notes (id, text) VALUES (1, ''), (2, '')`))
	var both, all sync.WaitGroup
	both.Add(2)
	runs := make([]int, 2)
	for i := range 2 {
		all.Go(func() {
			assert.NoError(t, db.WriteAbout(ctx, nil, func(tx *sql.Tx) error {
				runs[i]++
				if _, err := tx.ExecContext(ctx, `UPDATE notes SET text = text || 'x' WHERE id = $1`, 1+i); err != nil {
					return err
				}
				if runs[i] == 1 {
					both.Done()
					both.Wait()
				}
				_, err := tx.ExecContext(ctx, `UPDATE notes SET text = text || 'y' WHERE id = $1`, 2-i)
				return err
			}))
		})
	}
	all.Wait()
	// On a busy machine the one that runs again may meet the other once more, and be the victim again.
	assert.GreaterOrEqual(t, runs[0]+runs[1], 3, "one of them at least twice")
	for _, text := range texts(t, db) {
		assert.ElementsMatch(t, []string{"x", "y"}, strings.Split(text, ""), "each change happened once")
	}
}

func TestOneThatFailsAgainAndAgainIsGivenUp(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.DSN(t))
	runs := 0
	err := db.Write(ctx, func(tx *sql.Tx) error {
		runs++
		_, err := tx.ExecContext(ctx, `DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = 'serialization_failure'; END $$`)
		return fmt.Errorf("try: %w", err)
	})
	require.ErrorContains(t, err, "again")
	assert.Equal(t, 10, runs)
	runs = 0
	require.Error(t, db.Write(ctx, func(*sql.Tx) error { runs++; return errors.New("no") }))
	assert.Equal(t, 1, runs, "what is the caller's own decision is not asked again")
}

func TestADatabaseThatLostItsConnectionsGoesOn(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	db, other := open(t, dsn), open(t, dsn)
	require.NoError(t, db.Migrate(ctx, "notes", notes(db)))
	require.NoError(t, exec(other, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`))
	// Noticing may cost the one who first uses a dead connection its attempt, and no more than that.
	for range 3 {
		_ = exec(db, `INSERT INTO notes (text) VALUES ('x')`)
	}
	require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ('last')`))
	got := texts(t, db)
	assert.Equal(t, "last", got[len(got)-1])
}

// A commit that is under way is told to be done or not, whether or not its caller is still there.
func TestACommitIsNotLeftHalfWay(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.DSN(t))
	require.NoError(t, db.Migrate(ctx, "notes", append(notes(db), `
		CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()`)))
	brief, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	require.NoError(t, db.Read(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(7)`)
		require.NoError(t, err)
		all.Go(func() {
			assert.NoError(t, db.WriteAbout(brief, nil, func(tx *sql.Tx) error { return insert(tx, "kept") }))
		})
		for committing := false; !committing; {
			err = tx.QueryRowContext(ctx, `SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted`).Scan(&committing)
			require.NoError(t, err)
		}
		cancel()
		return nil
	}))
	all.Wait()
	assert.Equal(t, []string{"kept"}, texts(t, db))
}

// endsLate has ended, which the first who asks is not told.
type endsLate struct {
	context.Context
	asked bool
}

func (c *endsLate) Done() <-chan struct{} {
	if !c.asked {
		c.asked = true
		return nil
	}
	return c.Context.Done()
}

// Between the pool's look at a context and the connection's it may end. That is no lost connection.
func TestAStatementThatWasNotSentSaysWhy(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.DSN(t))
	ended, cancel := context.WithCancel(ctx)
	cancel()
	require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(&endsLate{Context: ended}, `SELECT 1`)
		require.ErrorIs(t, err, context.Canceled)
		_, err = tx.QueryContext(&endsLate{Context: ended}, `SELECT 1`)
		require.ErrorIs(t, err, context.Canceled)
		_, err = tx.ExecContext(ctx, `SELECT 1`)
		return err
	}))
}

func TestAListenerHearsWhatIsCommittedElsewhere(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	db, other := open(t, dsn), open(t, dsn)
	l, err := db.Listen(ctx, "news \"of\" notes")
	require.NoError(t, err)
	notify := func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `SELECT pg_notify('news "of" notes', ''), pg_notify('other', '')`)
		return err
	}
	brief, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, l.Wait(brief), context.DeadlineExceeded, "nothing was sent")
	require.NoError(t, other.Write(ctx, notify), "and listening goes on")
	require.NoError(t, l.Wait(ctx))
	require.Error(t, other.Write(ctx, func(tx *sql.Tx) error { _ = notify(tx); return errors.New("changed our mind") }))
	brief, cancel = context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, l.Wait(brief), context.DeadlineExceeded, "what is taken back is not told")

	require.NoError(t, exec(other, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`))
	err = l.Wait(ctx)
	require.Error(t, err)
	require.NotErrorIs(t, err, context.Canceled, "a lost connection is told")
	_ = l.Close()

	_, err = open(t, "").Listen(ctx, "news")
	require.ErrorIs(t, err, sqldb.ErrNoListening)
}

func TestReplicasMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			db, err := sqldb.Open(ctx, dsn)
			if assert.NoError(t, err) {
				assert.NoError(t, db.Migrate(ctx, "notes", twoSteps(db)))
				assert.NoError(t, db.Close())
			}
		})
	}
	all.Wait()
	assert.Equal(t, map[string]int{"notes": 2}, versions(t, open(t, dsn)))
}
