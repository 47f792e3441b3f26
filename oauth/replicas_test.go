package oauth_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/oauth/sqlstore"
)

// replicas are two hubs on one database. The second follows the first, and heard says of what it hears.
func replicas(t testing.TB, dsn string) (one, two *hub, heard <-chan oauth.Change) {
	t.Helper()
	one = newHubOn(t, testhost.Open(t, dsn))
	news := make(chan oauth.Change, 1000)
	two = newHubOn(t, testhost.Open(t, dsn), func(c *oauth.Config) {
		c.CacheAge = time.Hour // so that only news can explain what is noticed
		c.OnChange = func(_ context.Context, c oauth.Change) { news <- c }
	})
	ctx, cancel := context.WithCancel(context.Background())
	inTouch := make(chan struct{})
	var once sync.Once
	var running sync.WaitGroup
	running.Go(func() {
		err := two.store.Follow(ctx, sqlstore.Follow{
			News:    func(list []oauth.Change) { two.Heard(ctx, list) },
			Current: func() { once.Do(func() { close(inTouch) }) },
			Lost:    func(error) { two.Drop() },
		})
		assert.ErrorIs(t, err, context.Canceled)
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	select {
	case <-inTouch:
	case <-time.After(time.Minute):
		t.Fatal("the follower never got in touch")
	}
	return one, two, news
}

// await takes changes until one is of this kind, and gives up when that is hopeless.
func await(t testing.TB, heard <-chan oauth.Change, action string) oauth.Change {
	t.Helper()
	hopeless, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for {
		select {
		case c := <-heard:
			if c.Action == action {
				return c
			}
		case <-hopeless.Done():
			t.Fatal("nobody said ", action)
		}
	}
}

func TestAnotherReplicaHearsOfARevocation(t *testing.T) { // OA-113
	t.Parallel()
	for name, dsn := range map[string]string{"in a file": filepath.Join(t.TempDir(), "hub.db"), "on PostgreSQL": pgtest.DSN(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, two, heard := replicas(t, dsn)
			for _, end := range []struct {
				action string
				how    func(id oauth.Identity) error
			}{
				{"token.revoked", func(id oauth.Identity) error { return one.RevokeToken(t.Context(), one.bob, id.TokenID) }},
				{"session.ended", func(id oauth.Identity) error { return one.Logout(t.Context(), one.bob, id.SessionID) }},
				{"owner.forgotten", func(oauth.Identity) error { return one.ForgetOwner(t.Context(), one.alice) }},
				{"client.deleted", func(oauth.Identity) error { return one.RemoveClient(t.Context(), serverID) }},
			} {
				who := one.bob
				if end.action == "owner.forgotten" {
					who = one.alice
				}
				tok := one.token(t, who)
				id, err := two.Authenticate(t.Context(), tok)
				require.NoError(t, err, "one replica's token works on the other")
				require.NoError(t, end.how(id))
				assert.Equal(t, []oauth.OwnerRef{who}, await(t, heard, end.action).Owners)
				_, err = two.Authenticate(t.Context(), tok)
				require.ErrorIs(t, err, oauth.ErrNoToken, end.action)
			}
		})
	}
}

// A code that one replica gave is exchanged at another, once, and a replay at the first is noticed.
func TestReplicasShareCodes(t *testing.T) { // OA-150, OA-205
	t.Parallel()
	dsn := filepath.Join(t.TempDir(), "hub.db")
	one, two := newHubOn(t, testhost.Open(t, dsn)), newHubOn(t, testhost.Open(t, dsn))
	code := one.code(t, one.alice, query())
	g, err := two.Exchange(t.Context(), form(code))
	require.NoError(t, err)
	_, err = one.Exchange(t.Context(), form(code))
	refused(t, err, oauth.InvalidGrant, "")
	_, err = two.Authenticate(t.Context(), g.AccessToken.Reveal())
	require.ErrorIs(t, err, oauth.ErrNoToken)
}

// Nobody tells this replica anything: five seconds are the longest that it believes what it knew.
func TestWithoutNewsTheAgeLimitHolds(t *testing.T) { // OA-113
	t.Parallel()
	const entrance = "access:servers!server=alice/"
	for name, end := range map[string]func(one, deaf *hub, id oauth.Identity) error{
		"a token is deleted":   func(one, _ *hub, id oauth.Identity) error { return one.RevokeToken(t.Context(), one.bob, id.TokenID) },
		"a client is removed":  func(one, _ *hub, _ oauth.Identity) error { return one.RemoveClient(t.Context(), serverID) },
		"its browser logs out": func(one, _ *hub, id oauth.Identity) error { return one.Logout(t.Context(), one.bob, id.SessionID) },
		"its owner is deleted": func(one, deaf *hub, _ oauth.Identity) error {
			deaf.host.Delete(deaf.bob)
			return one.ForgetOwner(t.Context(), one.bob)
		},
		// What the host alone knows, by a share, a group or a role. Both ask it; nobody has dropped anything.
		"its owner's rights go": func(one, deaf *hub, _ oauth.Identity) error {
			for _, h := range []*hub{one, deaf} {
				h.host.User("bob", "self")
			}
			one.Drop(one.bob)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := filepath.Join(t.TempDir(), "hub.db")
			one, deaf := newHubOn(t, testhost.Open(t, dsn)), newHubOn(t, testhost.Open(t, dsn))
			tok := one.token(t, one.bob)
			enters := func(h *hub) bool {
				id, err := h.Authenticate(t.Context(), tok)
				if err != nil {
					require.ErrorIs(t, err, oauth.ErrNoToken)
				}
				return slices.Contains(id.Effective.Strings(), entrance)
			}
			require.True(t, enters(one))
			id, err := deaf.Authenticate(t.Context(), tok)
			require.NoError(t, err)
			require.NoError(t, end(one, deaf, id))
			assert.False(t, enters(one), "at once where it was done")
			deaf.pass(5*time.Second - 1)
			assert.True(t, enters(deaf), "or the test does not test the limit")
			deaf.pass(1)
			assert.False(t, enters(deaf))
		})
	}
}

// Changes of the host that concern nobody in particular clear everything.
func TestHearingOfARenameForgetsEveryone(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	tok := h.token(t, h.bob)
	_, err := h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	asked := h.host.Asked()
	h.Heard(t.Context(), []oauth.Change{{Seq: 7, Action: "user.renamed"}})
	_, err = h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	assert.Equal(t, asked+1, h.host.Asked())
	h.mu.Lock()
	defer h.mu.Unlock()
	assert.Equal(t, int64(7), h.changes[len(h.changes)-1].Seq, "the host hears of it")
}

func TestReconcileRemovesWhatOutlivedItsHost(t *testing.T) { // OA-11
	t.Parallel()
	h := newHub(t)
	require.NoError(t, h.PutClient(t.Context(), service("kept", "/services/kept/oauth_callback")))
	bobs, alices := h.token(t, h.bob), h.token(t, h.alice)
	_, ghosts, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.carol})
	require.NoError(t, err)
	_, alicesAPI, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice})
	require.NoError(t, err)
	h.host.Delete(h.carol) // and the host died before it could tell
	require.NoError(t, h.Reconcile(t.Context(), func(c oauth.Client) bool { return c.ID == "service-kept" }))
	clients, err := h.store.Clients(t.Context())
	require.NoError(t, err)
	require.Len(t, clients, 1)
	assert.Equal(t, "service-kept", clients[0].ID)
	for _, dead := range []string{bobs, alices, ghosts.Reveal()} {
		_, err := h.Authenticate(t.Context(), dead)
		require.ErrorIs(t, err, oauth.ErrNoToken)
	}
	_, err = h.Authenticate(t.Context(), alicesAPI.Reveal())
	require.NoError(t, err)
	owners, err := h.store.Owners(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []oauth.OwnerRef{h.alice}, owners)
}

// How late a replica is: from before the revocation is asked for until the other's cache is clear.
func BenchmarkARevocationReachesAReplica(b *testing.B) { // OA-193
	for name, dsn := range map[string]string{"file": filepath.Join(b.TempDir(), "hub.db"), "PostgreSQL": pgtest.DSN(b)} {
		b.Run(name, func(b *testing.B) {
			one, two, heard := replicas(b, dsn)
			var late []time.Duration
			for b.Loop() {
				tok := one.token(b, one.bob)
				id, err := two.Authenticate(b.Context(), tok)
				if err != nil {
					b.Fatal(err)
				}
				begin := time.Now()
				if err := one.RevokeToken(b.Context(), one.bob, id.TokenID); err != nil {
					b.Fatal(err)
				}
				await(b, heard, "token.revoked")
				late = append(late, time.Since(begin))
			}
			slices.Sort(late)
			b.ReportMetric(float64(late[len(late)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(late[len(late)*99/100].Microseconds()), "p99-µs")
			b.Log(fmt.Sprint(len(late), " revocations, the latest after ", late[len(late)-1]))
		})
	}
}
