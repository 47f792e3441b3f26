package sqlstore_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
	"github.com/hubshare/hubshare/sharing/storetest"
)

// TestWhatRunsTwiceHappensOnce: the server may have any transaction run again, with all that it set outside of the database set before.
func TestWhatRunsTwiceHappensOnce(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) sharing.Store {
		dsn := pgtest.DSN(t)
		s := open(t, dsn)
		pgtest.FailFirst(t, dsn)
		return s
	})
}

// TestAHotCodeOnSeveralReplicas is SH-45 a, b, c for processes: each has its own connections, and nobody's exchange or grant is lost.
func TestAHotCodeOnSeveralReplicas(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	replicas := []*sqlstore.Store{open(t, dsn), open(t, dsn), open(t, dsn)}
	p := hotCode(t, replicas[0])
	var all sync.WaitGroup
	for i := range 192 {
		s, visitor := replicas[i%3], fmt.Sprintf("u-%d", i%24)
		all.Go(func() {
			_, _, err := s.Exchange(t.Context(), now, sharing.Act{}, p, sharing.Ref{Kind: sharing.KindUser, ID: visitor})
			assert.NoError(t, err)
		})
		all.Go(func() {
			_, _, err := s.Grant(t.Context(), now, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{to(visitor)}, Bases: []string{fmt.Sprintf("custom:%d", i)}})
			assert.NoError(t, err)
		})
	}
	all.Wait()
	for _, s := range replicas {
		codes, err := s.Codes(t.Context(), now, sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Limit: 10})
		require.NoError(t, err)
		assert.Equal(t, 192, codes.Items[0].Exchanges)
		shares, err := s.Shares(t.Context(), now, sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Limit: 100})
		require.NoError(t, err)
		assert.Equal(t, 24, shares.Total)
		for _, share := range shares.Items {
			assert.Len(t, share.Bases, 1+192/24)
		}
	}
}

// TestTheLastUseOnSeveralReplicas is SH-202 for processes: replicas that read the same count at the same time do not all give the last use away.
func TestTheLastUseOnSeveralReplicas(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	replicas := []*sqlstore.Store{open(t, dsn), open(t, dsn), open(t, dsn)}
	for i := range 40 { // codes, since each has but one last use
		hash := fmt.Sprint("hash ", i)
		o := sharing.CodeOrder{Place: lab, Bases: []string{"access:servers"}, Prefix: fmt.Sprintf("%04d", i), Hash: hash, ExpiresAt: now.Add(time.Hour)}
		o.MaxUses = 1 + i%2
		code, _, err := replicas[0].CreateCode(t.Context(), now, sharing.Act{}, o)
		require.NoError(t, err)
		p := sharing.Probe{Prefix: o.Prefix, Match: func(stored string) bool { return stored == hash }}
		var gate, all sync.WaitGroup
		var let atomic.Int64
		gate.Add(1)
		for visitor := range 6 {
			all.Go(func() {
				gate.Wait()
				_, c, err := replicas[visitor%3].Exchange(t.Context(), now, sharing.Act{}, p, sharing.Ref{Kind: sharing.KindUser, ID: fmt.Sprint("u-", visitor)})
				if err == nil {
					assert.NotZero(t, c.Seq)
					let.Add(1)
					return
				}
				assert.ErrorIs(t, err, sharing.ErrCodeSpent)
			})
		}
		gate.Done()
		all.Wait()
		assert.EqualValues(t, o.MaxUses, let.Load())
		found, err := replicas[1].FindCode(t.Context(), now, p)
		require.NoError(t, err)
		assert.Equal(t, o.MaxUses, found.Exchanges)
		shares, err := replicas[2].Shares(t.Context(), now, sharing.Filter{CodeID: code.ID}, sharing.Window{Limit: 10})
		require.NoError(t, err)
		assert.Equal(t, o.MaxUses, shares.Total)
	}
}

// TestACodeThatIsDeletedWhileItIsHot is SH-45 d: an exchange is counted or refused, and none is done after the deletion.
func TestACodeThatIsDeletedWhileItIsHot(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	here, there := open(t, dsn), open(t, dsn)
	p := hotCode(t, here)
	var all sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for i := range 64 {
		all.Go(func() {
			_, _, err := here.Exchange(t.Context(), now, sharing.Act{}, p, sharing.Ref{Kind: sharing.KindUser, ID: fmt.Sprintf("u-%d", i)})
			if err != nil {
				assert.ErrorIs(t, err, sharing.ErrCodeNotFound)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			done++
		})
	}
	_, _, err := there.DeleteCodeBySecret(t.Context(), now, sharing.Act{}, lab.ServerID, p, false)
	require.NoError(t, err)
	_, _, err = here.Exchange(t.Context(), now, sharing.Act{}, p, sharing.Ref{Kind: sharing.KindUser, ID: "u-late"})
	require.ErrorIs(t, err, sharing.ErrCodeNotFound)
	all.Wait()
	shares, err := there.Shares(t.Context(), now, sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Limit: 100})
	require.NoError(t, err)
	assert.Equal(t, done, shares.Total)
}

// hotCode makes a code, and what is needed to exchange it.
func hotCode(t testing.TB, s *sqlstore.Store) sharing.Probe {
	t.Helper()
	_, _, err := s.CreateCode(t.Context(), now, sharing.Act{}, sharing.CodeOrder{
		Place: lab, Bases: []string{"access:servers"}, Prefix: "abcd", Hash: "hash", ExpiresAt: now.Add(time.Hour),
	})
	require.NoError(t, err)
	return sharing.Probe{Prefix: "abcd", Match: func(stored string) bool { return stored == "hash" }}
}
