package changelog_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hubshare/hubshare/internal/changelog"
	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/internal/sqldb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listener is what a follower tells, on channels that never fill up in a test.
type listener struct {
	t       *testing.T
	news    chan changelog.Row
	current chan struct{}
	lost    chan error
}

// follow runs a follower until the test ends.
func follow(t *testing.T, f changelog.Follower) listener {
	t.Helper()
	l := listener{t, make(chan changelog.Row, 10_000), make(chan struct{}, 1), make(chan error, 1000)}
	f.Owner = "sharing"
	f.News = func(rows []changelog.Row) {
		assert.NotEmpty(t, rows)
		for _, r := range rows {
			l.news <- r
		}
	}
	f.Current = func() {
		select {
		case l.current <- struct{}{}:
		default:
		}
	}
	f.Lost = func(err error) { l.lost <- err }
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { assert.ErrorIs(t, f.Run(ctx), context.Canceled) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return l
}

// within is how long a test waits for what must come.
const within = 20 * time.Second

func await[T any](t *testing.T, from <-chan T, what string) (v T) {
	t.Helper()
	patience := time.NewTimer(within)
	defer patience.Stop()
	select {
	case v = <-from:
	case <-patience.C:
		require.Fail(t, "waited in vain for "+what)
	}
	return v
}

func (l listener) seqs(n int) (out []int64) {
	l.t.Helper()
	for range n {
		out = append(out, await(l.t, l.news, "news").Seq)
	}
	return out
}

// settled waits for two whole looks, and that they told nothing.
func (l listener) settled() {
	l.t.Helper()
	for len(l.current) > 0 {
		<-l.current
	}
	for range 3 {
		await(l.t, l.current, "a look")
	}
	assert.Empty(l.t, l.news)
}

func row(action string) changelog.Row {
	return changelog.Row{At: noon, Owner: "sharing", Action: action, UserIDs: []string{"u1"}}
}

// twoReplicas gives two handles on one new database of each kind that processes can share.
func twoReplicas(t *testing.T, test func(t *testing.T, here, there *sqldb.DB, every time.Duration)) {
	t.Helper()
	t.Run("in a file", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "hub.db")
		test(t, open(t, path), open(t, path), 5*time.Millisecond)
	})
	t.Run("on PostgreSQL", func(t *testing.T) {
		t.Parallel()
		dsn := pgtest.DSN(t)
		test(t, open(t, dsn), open(t, dsn), 20*time.Millisecond)
	})
}

func TestAFollowerTellsWhatWasAndWhatComesOnceAndInOrder(t *testing.T) {
	t.Parallel()
	twoReplicas(t, func(t *testing.T, here, there *sqldb.DB, every time.Duration) {
		var want []int64
		for i := range 5 {
			want = append(want, add(t, there, row(fmt.Sprint("before ", i))))
		}
		add(t, there, changelog.Row{At: noon, Owner: "oauth", Action: "not ours"})
		l := follow(t, changelog.Follower{DB: here, Every: every})
		assert.Equal(t, want, l.seqs(5))
		for i := range 5 {
			seq := add(t, there, row(fmt.Sprint("after ", i)))
			got := await(t, l.news, "news")
			assert.Equal(t, seq, got.Seq)
			assert.Equal(t, []string{"u1"}, got.UserIDs)
		}
		l.settled()
		assert.Empty(t, l.lost)
	})
}

func TestPostgreSQLWakesAFollower(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	here, there := open(t, dsn), open(t, dsn)
	l := follow(t, changelog.Follower{DB: here, Every: time.Hour})
	await(t, l.current, "the first look")
	for range 3 {
		assert.Equal(t, []int64{add(t, there, row("x"))}, l.seqs(1))
	}
}

func TestAFollowerMayBeginNow(t *testing.T) {
	t.Parallel()
	twoReplicas(t, func(t *testing.T, here, there *sqldb.DB, every time.Duration) {
		ctx := context.Background()
		newest, err := changelog.Newest(ctx, here, "sharing")
		require.NoError(t, err)
		assert.Zero(t, newest)
		var last int64
		require.NoError(t, there.Write(ctx, func(tx *sql.Tx) (err error) {
			for range 3000 { // more than the window and more than a page
				if last, err = changelog.Append(ctx, tx, row("old")); err != nil {
					return err
				}
			}
			return nil
		}))
		newest, err = changelog.Newest(ctx, here, "sharing")
		require.NoError(t, err)
		assert.Equal(t, last, newest)
		l := follow(t, changelog.Follower{DB: here, Seq: newest, Every: every})
		next := add(t, there, row("new"))
		n := 0
		for await(t, l.news, "the new row").Seq != next {
			n++
		}
		assert.LessOrEqual(t, n, 1000, "of the old ones only those that could have been late")

		all := follow(t, changelog.Follower{DB: here, Every: every})
		assert.Len(t, all.seqs(3001), 3001)
		all.settled()
	})
}

func TestAFollowerThatLostTouchSaysSoAndCatchesUp(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	here, there := open(t, dsn), open(t, dsn)
	l := follow(t, changelog.Follower{DB: here, Every: 20 * time.Millisecond})
	first := add(t, there, row("first"))
	assert.Equal(t, []int64{first}, l.seqs(1))
	for range 3 {
		require.NoError(t, there.Write(context.Background(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
			return err
		}))
		require.Error(t, await(t, l.lost, "word of the loss"))
		next := add(t, there, row("meanwhile"))
		assert.Equal(t, []int64{next}, l.seqs(1))
		l.settled()
	}
}

func TestAFollowerWithoutADatabaseKeepsTrying(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]string{"in memory": "", "on PostgreSQL": pgtest.DSN(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := sqldb.Open(context.Background(), dsn) // without the table
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, db.Close()) })
			l := follow(t, changelog.Follower{DB: db, Every: time.Millisecond})
			require.Error(t, await(t, l.lost, "word of the first failure"))
			require.Error(t, await(t, l.lost, "word of the second"))
			require.NoError(t, changelog.Migrate(context.Background(), db))
			seq := add(t, db, row("at last"))
			assert.Equal(t, []int64{seq}, l.seqs(1))
		})
	}
}
