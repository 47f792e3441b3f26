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

	"github.com/hubshare/hubshare/internal/changelog"
	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/internal/sqldb"
)

// A number is taken before the commit, so higher ones can be seen first. However many overtake a transaction between its row and its commit, its row is told, and theirs not again.
func TestARowIsToldOnceHoweverLateItIsCommitted(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	here, there := open(t, dsn), open(t, dsn)
	l := follow(t, changelog.Follower{DB: here, Every: 20 * time.Millisecond})
	ctx := context.Background()
	numbered, leave := make(chan int64, 1), make(chan struct{})
	var slow sync.WaitGroup
	slow.Go(func() {
		assert.NoError(t, there.WriteAbout(ctx, nil, func(tx *sql.Tx) error {
			seq, err := changelog.Append(ctx, tx, row("slow"))
			numbered <- seq
			<-leave
			return err
		}))
	})
	low := await(t, numbered, "a number")
	const many = 2500 // more than a page, too
	require.NoError(t, there.WriteAbout(ctx, nil, func(tx *sql.Tx) error {
		for range many {
			if _, err := changelog.Append(ctx, tx, row("quick")); err != nil {
				return err
			}
		}
		return nil
	}))
	quick := l.seqs(many)
	assert.Greater(t, quick[0], low)
	l.settled()
	close(leave)
	slow.Wait()
	assert.Equal(t, []int64{low}, l.seqs(1))
	l.settled()
	require.NoError(t, there.Write(ctx, func(tx *sql.Tx) error {
		_, err := changelog.Append(ctx, tx, row("next"))
		return err
	}))
	l.seqs(1)
	l.settled()
}

// A transaction that is open for long holds up no news of others, and what is taken back is never told.
func TestWhatIsTakenBackIsNotTold(t *testing.T) {
	t.Parallel()
	twoReplicas(t, func(t *testing.T, here, there *sqldb.DB, every time.Duration) {
		l := follow(t, changelog.Follower{DB: here, Every: every})
		ctx := context.Background()
		failed := fmt.Errorf("no")
		require.ErrorIs(t, there.Write(ctx, func(tx *sql.Tx) error {
			_, err := changelog.Append(ctx, tx, row("never"))
			require.NoError(t, err)
			return failed
		}), failed)
		seq := add(t, there, row("kept"))
		assert.Equal(t, []int64{seq}, l.seqs(1))
		l.settled()
	})
}

// One page of rows exactly, and rows of others in between, are followed like any.
func TestAFollowerPassesTheRowsOfOthers(t *testing.T) {
	t.Parallel()
	twoReplicas(t, func(t *testing.T, here, there *sqldb.DB, every time.Duration) {
		ctx := context.Background()
		var want []int64
		require.NoError(t, there.Write(ctx, func(tx *sql.Tx) error {
			want = nil
			for i := range 2000 {
				r := row("ours")
				if i%2 == 1 {
					r.Owner = "oauth"
				}
				seq, err := changelog.Append(ctx, tx, r)
				if err != nil {
					return err
				}
				if i%2 == 0 {
					want = append(want, seq)
				}
			}
			return nil
		}))
		l := follow(t, changelog.Follower{DB: here, Every: every})
		assert.Equal(t, want, l.seqs(1000))
		l.settled()
		add(t, there, changelog.Row{At: noon, Owner: "oauth", Action: "not ours"})
		next := add(t, there, row("next"))
		assert.Equal(t, []int64{next}, l.seqs(1))
		l.settled()
	})
}

// SH-182
func TestPurgeGoesByAgeAndKeepsTheRowsOfOthers(t *testing.T) {
	t.Parallel()
	for name, dsn := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, dsn)
			at := func(owner string, hours int) int64 {
				return add(t, db, changelog.Row{At: noon.Add(time.Duration(hours) * time.Hour), Owner: owner, Action: "x"})
			}
			at("sharing", 0)
			other := at("oauth", 0)
			at("sharing", 1)
			first := at("sharing", 2)
			late := at("sharing", 1) // by a clock that was behind
			purge := func(hours int) (n int) {
				require.NoError(t, db.Write(context.Background(), func(tx *sql.Tx) (err error) {
					n, err = changelog.Purge(context.Background(), tx, "sharing", noon.Add(time.Duration(hours)*time.Hour))
					return err
				}))
				return n
			}
			left := func(owner string) (seqs []int64) {
				rows, err := changelog.After(context.Background(), db, owner, 0, 100)
				require.NoError(t, err)
				for _, r := range rows {
					seqs = append(seqs, r.Seq)
				}
				return seqs
			}
			assert.Zero(t, purge(0))
			assert.Equal(t, 2, purge(2))
			assert.Equal(t, []int64{first, late}, left("sharing"))
			assert.Equal(t, 2, purge(3))
			assert.Empty(t, left("sharing"))
			assert.Equal(t, []int64{other}, left("oauth"))
		})
	}
}

// TestAnOlderTableKeepsItsRows, on both engines that have older ones.
func TestAnOlderTableKeepsItsRows(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]string{"in a file": filepath.Join(t.TempDir(), "hub.db"), "on PostgreSQL": pgtest.DSN(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			db, err := sqldb.Open(ctx, dsn)
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, db.Close()) })
			require.NoError(t, db.Migrate(ctx, changelog.Owner, changelog.FirstStep(db.Dialect())))
			require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO changelog (at, owner, action, actor_id, server_id, code_id, user_ids, group_ids)
					VALUES (1, 'sharing', 'old', '', '', '', '["u1"]', 'null')`)
				return err
			}))
			require.NoError(t, changelog.Migrate(ctx, db))
			l := follow(t, changelog.Follower{DB: db, Every: 10 * time.Millisecond})
			assert.Equal(t, "old", await(t, l.news, "the old row").Action)
			seq := add(t, db, row("new"))
			assert.Equal(t, []int64{seq}, l.seqs(1))
			l.settled()
		})
	}
}
