package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// elsewhere opens one database twice, as two processes would: what is done in the first is followed in the second.
func elsewhere(t testing.TB, dsn string) (here *sqlstore.Store, news <-chan sharing.Change) {
	t.Helper()
	open := func() *sqlstore.Store {
		s, err := sqlstore.Open(context.Background(), dsn)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		return s
	}
	here, there := open(), open()
	heard, current, ended := make(chan sharing.Change, 1000), make(chan struct{}), make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	first := true
	go func() {
		ended <- there.Follow(ctx, sqlstore.Follow{
			News: func(changes []sharing.Change) {
				for _, c := range changes {
					heard <- c
				}
			},
			Current: func() {
				if first {
					first = false
					close(current)
				}
			},
			Lost: func(err error) { t.Error("lost touch:", err) },
		})
	}()
	t.Cleanup(func() {
		stop()
		assert.ErrorIs(t, <-ended, context.Canceled)
	})
	<-current
	return here, heard
}

// Every change that one replica makes is told to the others with all that it says (SH-182).
func TestAnotherReplicaHearsOfEveryChange(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]string{"in a file": filepath.Join(t.TempDir(), "hub.db"), "on PostgreSQL": pgtest.DSN(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			s, news := elsewhere(t, dsn)
			by := sharing.Act{Actor: sharing.Ref{Kind: sharing.KindUser, ID: "u-1", Name: "alice"}, Server: "alice/lab", Grantees: []string{"user:bob"}}
			bob := sharing.Grantee{Kind: sharing.KindUser, ID: "u-2"}
			_, granted, err := s.Grant(ctx, now, by, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{bob}, Bases: []string{"access:servers"}})
			require.NoError(t, err)
			_, revoked, err := s.Revoke(ctx, now, by, sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, All: true})
			require.NoError(t, err)
			require.Equal(t, []string{"u-2"}, revoked.UserIDs)
			require.Equal(t, sharing.Record{
				ActorKind: "user", Actor: "alice", Server: "alice/lab", Grantees: []string{"user:bob"}, Bases: []string{"access:servers"},
			}, revoked.Record)
			assert.Equal(t, granted, <-news)
			assert.Equal(t, revoked, <-news)
		})
	}
}

func TestFollowingCannotBeginWithoutADatabase(t *testing.T) {
	t.Parallel()
	s, err := sqlstore.Open(context.Background(), "")
	require.NoError(t, err)
	require.NoError(t, s.Close())
	err = s.Follow(context.Background(), sqlstore.Follow{})
	require.Error(t, err)
	assert.False(t, errors.Is(err, context.Canceled))
}

// BenchmarkRevocationElsewhere is how long after a revocation was answered another replica has heard of it, on PostgreSQL; p99 is its 99th percentile.
func BenchmarkRevocationElsewhere(b *testing.B) {
	ctx := context.Background()
	s, news := elsewhere(b, pgtest.DSN(b))
	var took []time.Duration
	for b.Loop() {
		to := sharing.Grantee{Kind: sharing.KindUser, ID: fmt.Sprint("u-", len(took))}
		_, granted, err := s.Grant(ctx, now, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{to}, Bases: []string{"access:servers"}})
		require.NoError(b, err)
		_, revoked, err := s.Revoke(ctx, now, sharing.Act{}, sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: to, All: true})
		require.NoError(b, err)
		answered := time.Now()
		require.Equal(b, granted.Seq, (<-news).Seq)
		require.Equal(b, revoked.Seq, (<-news).Seq)
		took = append(took, time.Since(answered))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
}
