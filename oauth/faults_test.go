package oauth_test

import (
	"crypto/rand"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

// faultyHub is a hub on a store whose calls can be made to fail.
type faultyHub struct {
	*hub
	faults *testhost.Faults
	code   string // bob's, not redeemed
	spent  string // bob's, redeemed for token
	token  string
	api    oauth.TokenInfo
	armed  int // the call that is to fail
}

func newFaultyHub(t *testing.T) *faultyHub {
	t.Helper()
	f := &faultyHub{faults: testhost.NewFaults(t)}
	f.hub = newHub(t, func(c *oauth.Config) { c.Store = f.faults })
	f.code = f.hub.code(t, f.bob, query("code_challenge", challenge(verifier), "code_challenge_method", "S256"))
	f.spent = f.hub.code(t, f.bob, query())
	g, err := f.Exchange(t.Context(), form(f.spent))
	require.NoError(t, err)
	f.token = g.AccessToken.Reveal()
	f.api, _, err = f.IssueToken(t.Context(), oauth.TokenOrder{Owner: f.bob})
	require.NoError(t, err)
	return f
}

const verifier = "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"

// Each call to the store fails once in turn. The caller is told of a failure and never of a refusal, everything stored is as before, and
// the same request succeeds when it is made again.
func TestEveryCallToTheStoreMayFail(t *testing.T) {
	t.Parallel()
	visit := func(f *faultyHub, who oauth.OwnerRef) oauth.AuthorizeRequest {
		return oauth.AuthorizeRequest{User: who, SessionID: "s", Query: query("scope", "shares!server")}
	}
	var failed sync.Map // the names of the calls that did
	t.Cleanup(func() {
		for n := range reflect.TypeFor[oauth.Store]().NumMethod() {
			m := reflect.TypeFor[oauth.Store]().Method(n)
			_, ok := failed.Load(m.Name)
			// Those that make a refusal of a code stick, or have nobody waiting for them.
			elsewhere := slices.Contains([]string{"FailCode", "RevokeReplayed", "Changes"}, m.Name)
			assert.NotEqual(t, elsewhere, ok, "%s never failed", m.Name)
		}
	})
	for name, step := range map[string]func(t *testing.T, f *faultyHub) error{
		"registering a client": func(t *testing.T, f *faultyHub) error {
			r := server()
			r.Secret = "another secret for the client"
			return f.PutClient(t.Context(), r)
		},
		"removing a client": func(t *testing.T, f *faultyHub) error { return f.RemoveClient(t.Context(), serverID) },
		"asking": func(t *testing.T, f *faultyHub) error {
			_, err := f.Authorize(t.Context(), visit(f, f.bob))
			return err
		},
		"issuing a code at once": func(t *testing.T, f *faultyHub) error {
			_, err := f.Authorize(t.Context(), visit(f, f.alice))
			return err
		},
		"approving": func(t *testing.T, f *faultyHub) error {
			_, err := f.Approve(t.Context(), visit(f, f.bob), nil)
			return err
		},
		"exchanging": func(t *testing.T, f *faultyHub) error {
			_, err := f.Exchange(t.Context(), form(f.code, "code_verifier", verifier))
			return err
		},
		"identifying": func(t *testing.T, f *faultyHub) error {
			f.Drop()
			_, err := f.Authenticate(t.Context(), f.token)
			return err
		},
		"making a token": func(t *testing.T, f *faultyHub) error {
			_, _, err := f.IssueToken(t.Context(), oauth.TokenOrder{Owner: f.bob})
			return err
		},
		"making a token with a chosen secret": func(t *testing.T, f *faultyHub) error {
			_, _, err := f.IssueToken(t.Context(), oauth.TokenOrder{Owner: f.bob, Secret: "chosen-by-somebody"})
			return err
		},
		"listing tokens": func(t *testing.T, f *faultyHub) error {
			_, err := f.Tokens(t.Context(), f.bob)
			return err
		},
		"reading a token": func(t *testing.T, f *faultyHub) error {
			_, err := f.Token(t.Context(), f.bob, f.api.ID)
			return err
		},
		"revoking": func(t *testing.T, f *faultyHub) error { return f.RevokeToken(t.Context(), f.bob, f.api.ID) },
		"logging out": func(t *testing.T, f *faultyHub) error {
			return f.Logout(t.Context(), f.bob, "session-"+f.bob.ID)
		},
		"forgetting": func(t *testing.T, f *faultyHub) error { return f.ForgetOwner(t.Context(), f.bob) },
		"renaming":   func(t *testing.T, f *faultyHub) error { return f.Renamed(t.Context(), scopes.KindUser, "alice", "al") },
		"purging":    func(t *testing.T, f *faultyHub) error { return f.PurgeExpired(t.Context()) },
		"reconciling": func(t *testing.T, f *faultyHub) error {
			return f.Reconcile(t.Context(), func(oauth.Client) bool { return true })
		},
		"writing activity": func(t *testing.T, f *faultyHub) error {
			f.faults.Watch(0)
			f.pass(time.Minute)
			_, err := f.Authenticate(t.Context(), f.token)
			require.NoError(t, err)
			f.faults.Watch(f.armed)
			return f.Flush(t.Context())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for fail := 1; ; fail++ {
				f := newFaultyHub(t)
				before := f.faults.Dump(t)
				f.armed = fail
				f.faults.Watch(fail)
				err := step(t, f)
				if calls := f.faults.Calls(); len(calls) < fail {
					require.NoError(t, err)
					require.Greater(t, fail, 1, "the step asks the store for something")
					return
				}
				require.ErrorIs(t, err, testhost.ErrBroken, f.faults.Calls())
				failed.Store(f.faults.Calls()[fail-1], true)
				var refusal *oauth.Error
				require.NotErrorAs(t, err, &refusal)
				require.Equal(t, before, f.faults.Dump(t), f.faults.Calls())
				f.armed = 0
				f.faults.Watch(0)
				require.NoError(t, step(t, f), "again")
			}
		})
	}
}

// What must be refused stays refused when the store fails: the failure is told instead, and gives nobody anything.
func TestAFailureNeverTurnsARefusalIntoAGrant(t *testing.T) { // OA-S1, OA-S4, OA-151
	t.Parallel()
	for name, bad := range map[string]func(f *faultyHub) []string{
		"a replay":         func(f *faultyHub) []string { return []string{f.spent} },
		"a wrong verifier": func(f *faultyHub) []string { return []string{f.code, "code_verifier", verifier + "x"} },
		"a wrong secret":   func(f *faultyHub) []string { return []string{f.code, "client_secret", "wrong-secret"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for fail := 1; ; fail++ {
				f := newFaultyHub(t)
				f.faults.Watch(fail)
				args := bad(f)
				g, err := f.Exchange(t.Context(), form(args[0], args[1:]...))
				require.Error(t, err)
				assert.Zero(t, g)
				if len(f.faults.Calls()) < fail {
					return
				}
				require.ErrorIs(t, err, testhost.ErrBroken)
				f.faults.Watch(0)
				_, err = f.Exchange(t.Context(), form(args[0], args[1:]...))
				var refusal *oauth.Error
				require.ErrorAs(t, err, &refusal, "and it is refused when the store is well again")
			}
		})
	}
}

// Randomness that ends: nothing is issued from what is not random.
func TestNothingIsIssuedWithoutRandomness(t *testing.T) { // OA-F11
	t.Parallel()
	dry := &drySource{}
	h := newHub(t, func(c *oauth.Config) { c.Rand = dry })
	code := h.code(t, h.alice, query())
	dry.stop()
	_, err := h.ask(t, h.alice, query())
	require.ErrorIs(t, err, errDry)
	_, err = h.Exchange(t.Context(), form(code))
	require.ErrorIs(t, err, errDry)
	_, _, err = h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice})
	require.ErrorIs(t, err, errDry)
	r := server()
	r.Secret = "another secret of some length"
	require.ErrorIs(t, h.PutClient(t.Context(), r), errDry)
	list, err := h.Tokens(t.Context(), h.alice)
	require.NoError(t, err)
	assert.Empty(t, list)
}

var errDry = errors.New("no randomness left")

// drySource is random until it is stopped.
type drySource struct{ stopped atomic.Bool }

func (d *drySource) stop() { d.stopped.Store(true) }

func (d *drySource) Read(p []byte) (int, error) {
	if d.stopped.Load() {
		return 0, errDry
	}
	return rand.Read(p)
}
