package oauth_test

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/refstore"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
)

// everywhere names an empty database of each kind.
func everywhere(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"in memory": "", "in a file": filepath.Join(t.TempDir(), "hub.db"), "on PostgreSQL": pgtest.DSN(t)}
}

// startingLine holds everyone who has read a code until all have.
type startingLine struct {
	oauth.Store
	all *sync.WaitGroup
}

func (s *startingLine) ClientAndCode(ctx context.Context, now time.Time, clientID, hash string) (oauth.Client, oauth.Code, error) {
	c, code, err := s.Store.ClientAndCode(ctx, now, clientID, hash)
	s.all.Done()
	s.all.Wait()
	return c, code, err
}

// Sent many times at once is not replayed: none of the requests had a reason to know better, and the login of the one that won is good. What
// comes after that is a replay, and revokes (OA-55).
func TestOf64ExchangesAtOnceOneSucceedsAndKeepsItsToken(t *testing.T) { // OA-150, OA-191, OA-S1
	t.Parallel()
	stores := map[string]func(t *testing.T) oauth.Store{"in maps": func(*testing.T) oauth.Store { return refstore.New() }}
	for name, dsn := range everywhere(t) {
		stores[name] = func(t *testing.T) oauth.Store { return testhost.Open(t, dsn) }
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := &startingLine{Store: open(t), all: &sync.WaitGroup{}}
			h := newHub(t, func(c *oauth.Config) { c.Store = line })
			code := h.code(t, h.alice, query())
			line.all.Add(64)
			var won []string
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range 64 {
				wg.Go(func() {
					g, err := h.Exchange(t.Context(), form(code))
					if err != nil {
						assert.ErrorIs(t, err, &oauth.Error{Reason: oauth.InvalidGrant})
						return
					}
					mu.Lock()
					defer mu.Unlock()
					won = append(won, g.AccessToken.Reveal())
				})
			}
			wg.Wait()
			require.Len(t, won, 1)
			stored, err := line.Tokens(t.Context(), h.clock(), h.alice)
			require.NoError(t, err)
			assert.Len(t, stored, 1, "exactly one token")
			_, err = h.Authenticate(t.Context(), won[0])
			require.NoError(t, err)

			line.all.Add(1)
			_, err = h.Exchange(t.Context(), form(code))
			refused(t, err, oauth.InvalidGrant, "")
			_, err = h.Authenticate(t.Context(), won[0])
			require.ErrorIs(t, err, oauth.ErrNoToken, "a replay revokes")
		})
	}
}

// Replicas have nothing in common but the database, and that is where the code is spent.
func TestOf64ExchangesAtTwoReplicasOneSucceeds(t *testing.T) { // OA-150, OA-191, OA-S1
	t.Parallel()
	for name, dsn := range everywhere(t) {
		if dsn == "" {
			continue // nobody else can open it
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all sync.WaitGroup
			lines := []*startingLine{{Store: testhost.Open(t, dsn), all: &all}, {Store: testhost.Open(t, dsn), all: &all}}
			replicas := make([]*hub, len(lines))
			for n, line := range lines {
				replicas[n] = newHub(t, func(c *oauth.Config) { c.Store = line })
			}
			code := replicas[0].code(t, replicas[0].alice, query())
			all.Add(64)
			won := make([]bool, 64)
			var wg sync.WaitGroup
			for n := range won {
				wg.Go(func() {
					_, err := replicas[n%2].Exchange(t.Context(), form(code))
					if won[n] = err == nil; !won[n] {
						assert.ErrorIs(t, err, &oauth.Error{Reason: oauth.InvalidGrant})
					}
				})
			}
			wg.Wait()
			won = slices.DeleteFunc(won, func(w bool) bool { return !w })
			assert.Len(t, won, 1)
			stored, err := replicas[1].Tokens(t.Context(), replicas[1].alice)
			require.NoError(t, err)
			assert.Len(t, stored, 1, "exactly one token")
		})
	}
}

// Many visitors of many servers at once get each their own token, and none of another.
func TestLoginsAtOnceDoNotMix(t *testing.T) { // OA-191
	t.Parallel()
	h := newHub(t)
	var wg sync.WaitGroup
	for i := range 32 {
		who, name := h.alice, "alice"
		if i%2 == 1 {
			who, name = h.bob, "bob"
		}
		wg.Go(func() {
			id, err := h.Authenticate(t.Context(), h.token(t, who))
			assert.NoError(t, err)
			assert.Equal(t, name, id.Name)
		})
	}
	wg.Wait()
}

// A client that is registered anew while codes are on their way: each code either became a token before, and that is gone, or becomes none.
func TestReplacingAClientDuringItsLoginsLeavesNothing(t *testing.T) { // OA-11, OA-64, OA-191
	t.Parallel()
	h := newHub(t)
	var wg sync.WaitGroup
	for range 16 {
		code := h.code(t, h.alice, query())
		wg.Go(func() {
			if _, err := h.Exchange(t.Context(), form(code)); err != nil {
				var refusal *oauth.Error
				assert.ErrorAs(t, err, &refusal)
			}
		})
	}
	wg.Go(func() {
		r := server()
		r.Secret = "another secret of the restarted server"
		assert.NoError(t, h.PutClient(t.Context(), r))
	})
	wg.Wait()
	left, err := h.Tokens(t.Context(), h.alice)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// Consent is looked up and withdrawn at once: whatever the order, after it the next visit asks.
func TestWithdrawingConsentDuringALogin(t *testing.T) { // OA-86, OA-191
	t.Parallel()
	h := newHub(t)
	id, err := h.Authenticate(t.Context(), h.token(t, h.bob))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := h.ask(t, h.bob, query())
			assert.NoError(t, err)
		})
	}
	wg.Go(func() { assert.NoError(t, h.RevokeToken(t.Context(), h.bob, id.TokenID)) })
	wg.Wait()
	d, err := h.ask(t, h.bob, query())
	require.NoError(t, err)
	assert.NotNil(t, d.Consent)
}

// A secret says who someone is, so two owners must not have the same one, whichever replicas they ask at which moment.
func TestOneSecretIsChosenOnceAmongReplicas(t *testing.T) { // OA-61, OA-191
	t.Parallel()
	for name, dsn := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := testhost.Open(t, dsn)
			replicas := []*hub{newHubOn(t, store), newHubOn(t, store)}
			if dsn != "" { // in memory nobody else can open it
				replicas[1] = newHubOn(t, testhost.Open(t, dsn))
			}
			const chosen = "chosen-by-several"
			var won []oauth.TokenInfo
			var mu sync.Mutex
			var wg sync.WaitGroup
			for n := range 16 {
				h := replicas[n%2]
				owner := []oauth.OwnerRef{h.alice, h.bob, h.carol}[n%3]
				wg.Go(func() {
					info, _, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: owner, Secret: chosen})
					if err != nil {
						assert.ErrorIs(t, err, oauth.ErrTokenExists)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					won = append(won, info)
				})
			}
			wg.Wait()
			require.Len(t, won, 1)
			for _, h := range replicas {
				id, err := h.Authenticate(t.Context(), chosen)
				require.NoError(t, err)
				assert.Equal(t, won[0].Owner, id.Owner)
			}
		})
	}
}
