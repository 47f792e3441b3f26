package sqlstore_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// crowd is one who exchanges a code and is held up doing so, and others who wait behind.
type crowd struct {
	t     *testing.T
	store *sqlstore.Store
	probe sharing.Probe
	let   chan struct{} // closed = the first goes on
	all   sync.WaitGroup

	mu      sync.Mutex
	answers map[string]error
}

func newCrowd(t *testing.T, store *sqlstore.Store, limits sharing.CodeLimits) *crowd {
	t.Helper()
	_, _, err := store.CreateCode(t.Context(), now, sharing.Act{}, sharing.CodeOrder{
		Place: lab, Bases: []string{"access:servers"}, Prefix: "abcd", Hash: "hash", ExpiresAt: now.Add(time.Hour), CodeLimits: limits,
	})
	require.NoError(t, err)
	c := &crowd{t: t, store: store, let: make(chan struct{}), answers: map[string]error{}}
	c.probe = sharing.Probe{Prefix: "abcd", Match: func(stored string) bool { return stored == "hash" }}
	inside := make(chan struct{})
	var once sync.Once
	first := sharing.Probe{Prefix: "abcd", Match: func(stored string) bool {
		once.Do(func() { close(inside) })
		<-c.let
		return stored == "hash"
	}}
	c.come(t.Context(), "u-first", first)
	<-inside
	return c
}

// come begins an exchange and returns.
func (c *crowd) come(ctx context.Context, visitor string, p sharing.Probe) {
	c.all.Go(func() {
		err := errUnanswered
		defer func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.answers[visitor] = err
		}()
		_, _, err = c.store.Exchange(ctx, now, sharing.Act{}, p, sharing.Ref{Kind: sharing.KindUser, ID: visitor})
	})
}

var errUnanswered = fmt.Errorf("not answered")

// queue has somebody come, and waits until they wait.
func (c *crowd) queue(ctx context.Context, visitor string, p sharing.Probe) {
	c.t.Helper()
	before := c.store.Waiting("abcd")
	c.come(ctx, visitor, p)
	require.Eventually(c.t, func() bool { return c.store.Waiting("abcd") == before+1 }, time.Minute, time.Millisecond)
}

// end lets the first go on, and waits for all.
func (c *crowd) end() {
	close(c.let)
	c.all.Wait()
}

func (c *crowd) exchanges() int {
	c.t.Helper()
	codes, err := c.store.Codes(c.t.Context(), now, sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Limit: 10})
	require.NoError(c.t, err)
	return codes.Items[0].Exchanges
}

// together runs a test of exchanges that wait for each other on each engine.
func together(t *testing.T, test func(t *testing.T, store *sqlstore.Store)) {
	for name, dsn := range map[string]string{"in memory": "", "in a file": filepath.Join(t.TempDir(), "sharing.db"), "on PostgreSQL": pgtest.DSN(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, dsn))
		})
	}
}

// SH-45 a, f
func TestThoseWhoExchangeTogetherAreAnsweredEachByItself(t *testing.T) {
	t.Parallel()
	together(t, func(t *testing.T, store *sqlstore.Store) {
		_, err := store.Forget(t.Context(), now, sharing.KindUser, "u-gone")
		require.NoError(t, err)
		c := newCrowd(t, store, sharing.CodeLimits{})
		wrong := sharing.Probe{Prefix: "abcd", Match: func(string) bool { return false }}
		left, leave := context.WithCancel(t.Context())
		c.queue(t.Context(), "u-bob", c.probe)
		c.queue(t.Context(), "u-guesser", wrong)
		c.queue(left, "u-impatient", c.probe)
		c.queue(t.Context(), "u-gone", c.probe)
		c.queue(t.Context(), lab.OwnerID, c.probe)
		c.queue(t.Context(), "u-carol", c.probe)
		leave()
		require.Eventually(t, func() bool { return store.Waiting("abcd") == 5 }, time.Minute, time.Millisecond)
		c.end()
		assert.NoError(t, c.answers["u-first"])
		assert.NoError(t, c.answers["u-bob"])
		assert.NoError(t, c.answers["u-carol"])
		assert.ErrorIs(t, c.answers["u-guesser"], sharing.ErrCodeNotFound)
		assert.ErrorIs(t, c.answers["u-impatient"], context.Canceled)
		assert.ErrorIs(t, c.answers["u-gone"], sharing.ErrGone)
		assert.ErrorIs(t, c.answers[lab.OwnerID], sharing.ErrOwnCode)
		assert.Equal(t, 3, c.exchanges())
		changes, err := store.Changes(t.Context(), 0, 100)
		require.NoError(t, err)
		var who []string
		for _, ch := range changes {
			if ch.Action == sharing.ActionExchange {
				who = append(who, ch.ActorID)
			}
		}
		assert.Equal(t, []string{"u-first", "u-bob", "u-carol"}, who, "in the order of their coming")
		assert.Zero(t, store.Waiting("abcd"))
	})
}

// The last use of a code goes to one of those who come for it together.
func TestThoseWhoComeTogetherShareTheUsesThatAreLeft(t *testing.T) {
	t.Parallel()
	together(t, func(t *testing.T, store *sqlstore.Store) {
		c := newCrowd(t, store, sharing.CodeLimits{MaxUses: 3})
		for i := range 5 {
			c.queue(t.Context(), fmt.Sprint("u-", i), c.probe)
		}
		c.queue(t.Context(), "u-0", c.probe) // who will have it by then
		c.end()
		for visitor, err := range c.answers {
			switch visitor {
			case "u-first", "u-0", "u-1":
				assert.NoError(t, err, visitor)
			default:
				assert.ErrorIs(t, err, sharing.ErrCodeSpent, visitor)
			}
		}
		assert.Equal(t, 3, c.exchanges())
	})
}

// What befalls one who leads, as the end of its goroutine, leaves the others an answer, and the code to whoever comes next.
func TestALeaderThatEndsHangsNobody(t *testing.T) {
	t.Parallel()
	together(t, func(t *testing.T, store *sqlstore.Store) {
		c := newCrowd(t, store, sharing.CodeLimits{})
		c.queue(t.Context(), "u-ends", sharing.Probe{Prefix: "abcd", Match: func(string) bool { runtime.Goexit(); return true }})
		c.queue(t.Context(), "u-bob", c.probe)
		c.end()
		assert.NoError(t, c.answers["u-first"])
		assert.ErrorIs(t, c.answers["u-ends"], errUnanswered)
		assert.ErrorContains(t, c.answers["u-bob"], "given up")
		_, _, err := store.Exchange(t.Context(), now, sharing.Act{}, c.probe, sharing.Ref{Kind: sharing.KindUser, ID: "u-bob"})
		require.NoError(t, err)
		assert.Equal(t, 2, c.exchanges())
	})
}

// When all have left who are in one transaction it is given up; as long as one stays it is not.
func TestOneWhoLeavesTakesNobodyAlong(t *testing.T) {
	t.Parallel()
	together(t, func(t *testing.T, store *sqlstore.Store) {
		c := newCrowd(t, store, sharing.CodeLimits{})
		ctx, leave := context.WithCancel(t.Context())
		c.queue(ctx, "u-leads", sharing.Probe{Prefix: "abcd", Match: func(stored string) bool { leave(); return stored == "hash" }})
		c.queue(t.Context(), "u-bob", c.probe)
		c.end()
		assert.NoError(t, c.answers["u-bob"])
		assert.NoError(t, c.answers["u-leads"], "what was done is told")
		assert.Equal(t, 3, c.exchanges())
	})
}

// A row of an index has a limit on PostgreSQL, and so has whoever's id is longer; nobody else.
func TestWhatIsWrongWithOneIsTheFateOfNoOther(t *testing.T) {
	t.Parallel()
	store := open(t, pgtest.DSN(t))
	c := newCrowd(t, store, sharing.CodeLimits{})
	random := make([]byte, 10_000)
	_, err := rand.NewChaCha8([32]byte{4}).Read(random)
	require.NoError(t, err)
	tooLong := hex.EncodeToString(random)
	c.queue(t.Context(), "u-bob", c.probe)
	c.queue(t.Context(), tooLong, c.probe)
	c.queue(t.Context(), "u-carol", c.probe)
	c.end()
	assert.NoError(t, c.answers["u-bob"])
	assert.NoError(t, c.answers["u-carol"])
	assert.ErrorContains(t, c.answers[tooLong], "index row")
	assert.Equal(t, 3, c.exchanges())
}

// SH-45 a: uses that several replicas give away at once are as many as there are.
func TestReplicasShareTheUsesThatAreLeft(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	replicas := []*sqlstore.Store{open(t, dsn), open(t, dsn), open(t, dsn)}
	const uses = 10
	_, _, err := replicas[0].CreateCode(t.Context(), now, sharing.Act{}, sharing.CodeOrder{
		Place: lab, Bases: []string{"access:servers"}, Prefix: "abcd", Hash: "hash", ExpiresAt: now.Add(time.Hour), CodeLimits: sharing.CodeLimits{MaxUses: uses},
	})
	require.NoError(t, err)
	p := sharing.Probe{Prefix: "abcd", Match: func(stored string) bool { return stored == "hash" }}
	var all sync.WaitGroup
	var done atomic.Int64
	for i := range 60 {
		all.Go(func() {
			_, _, err := replicas[i%3].Exchange(t.Context(), now, sharing.Act{}, p, sharing.Ref{Kind: sharing.KindUser, ID: fmt.Sprint("u-", i)})
			if err == nil {
				done.Add(1)
				return
			}
			assert.ErrorIs(t, err, sharing.ErrCodeSpent)
		})
	}
	all.Wait()
	assert.EqualValues(t, uses, done.Load())
	codes, err := replicas[0].Codes(t.Context(), now, sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Limit: 1})
	require.NoError(t, err)
	assert.Equal(t, uses, codes.Items[0].Exchanges)
	page, err := replicas[0].Shares(t.Context(), now, sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Limit: 100})
	require.NoError(t, err)
	assert.Equal(t, uses, page.Total)
}
