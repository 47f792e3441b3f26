package oauth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/testlog"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/oauth/sqlstore"
	"github.com/hubshare/hubshare/scopes"
)

const secret = "0123456789abcdef0123456789abcdef"

// hub is a provider with what it stands on. alice owns a server, bob may enter it by a share, carol may not.
type hub struct {
	*oauth.Provider
	store *sqlstore.Store
	host  *testhost.Host
	log   *testlog.Log

	mu      sync.Mutex
	now     time.Time
	changes []oauth.Change

	alice, bob, carol oauth.OwnerRef
}

func newHub(t testing.TB, change ...func(*oauth.Config)) *hub {
	t.Helper()
	return newHubOn(t, testhost.Store(t), change...)
}

func newHubOn(t testing.TB, store *sqlstore.Store, change ...func(*oauth.Config)) *hub {
	t.Helper()
	h := &hub{store: store, now: time.Date(2026, 3, 4, 5, 6, 7, 500_000_000, time.UTC), log: &testlog.Log{}}
	reg := scopes.New(scopes.P55)
	cfg := oauth.Config{
		Store: h.store, Registry: reg, Now: h.clock, Logger: slog.New(slog.NewTextHandler(h.log, nil)),
		OnChange: func(_ context.Context, c oauth.Change) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.changes = append(h.changes, c)
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	h.host = testhost.New(cfg.Registry)
	if cfg.Host == nil {
		cfg.Host = h.host
	}
	var err error
	h.Provider, err = oauth.New(cfg)
	require.NoError(t, err)
	h.alice = h.host.User("alice", "self", "shares!user")
	h.bob = h.host.Put(testhost.Person{Kind: oauth.KindUser, Name: "bob", Roles: []string{"self"}, Shares: []string{"access:servers!server=alice/"}})
	h.carol = h.host.User("carol", "self")
	require.NoError(t, h.PutClient(t.Context(), server()))
	return h
}

func (h *hub) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hub) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func parse(raw ...string) []scopes.Scope {
	list, err := scopes.ParseAll(raw)
	if err != nil {
		panic(err)
	}
	return list
}

const serverID = "jupyterhub-user-alice"

func server() oauth.Registration {
	return oauth.Registration{
		ID: serverID, Description: "Server at /user/alice/", Secret: secret, RedirectURI: "/user/alice/oauth_callback",
		For: scopes.Client{Server: "alice/"}, LinkID: "s1", Allowed: parse("access:servers!server", "shares!server"),
	}
}

func service(id, redirect string) oauth.Registration {
	return oauth.Registration{
		ID: "service-" + id, Description: "JupyterHub service " + id, Secret: secret, RedirectURI: redirect,
		For: scopes.Client{Service: id}, LinkID: "svc-" + id,
	}
}

// query builds an authorize query from pairs; client, response type and state are there unless overridden by "".
func query(pairs ...string) string {
	v := url.Values{"client_id": {serverID}, "response_type": {"code"}, "state": {"st4te"}}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			v.Del(pairs[i])
			continue
		}
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func (h *hub) ask(t testing.TB, who oauth.OwnerRef, q string) (oauth.Decision, error) {
	t.Helper()
	return h.Authorize(t.Context(), oauth.AuthorizeRequest{User: who, SessionID: "session-" + who.ID, Query: q})
}

// code gets the user a code, agreeing to everything that is asked.
func (h *hub) code(t testing.TB, who oauth.OwnerRef, q string) string {
	t.Helper()
	d, err := h.ask(t, who, q)
	require.NoError(t, err)
	if d.Consent != nil {
		d, err = h.Approve(t.Context(), oauth.AuthorizeRequest{User: who, SessionID: "session-" + who.ID, Query: q}, scopes.Strings(d.Consent.Scopes))
		require.NoError(t, err)
	}
	code := param(t, d.Redirect, "code")
	require.Len(t, code, 30, d.Redirect)
	return code
}

func param(t testing.TB, location, name string) string {
	t.Helper()
	u, err := url.Parse(location)
	require.NoError(t, err)
	return u.Query().Get(name)
}

func form(code string, pairs ...string) url.Values {
	v := url.Values{"grant_type": {"authorization_code"}, "client_id": {serverID}, "client_secret": {secret}, "code": {code}}
	for i := 0; i < len(pairs); i += 2 {
		if v.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			v.Del(pairs[i])
		}
	}
	return v
}

// token is the whole flow.
func (h *hub) token(t testing.TB, who oauth.OwnerRef) string {
	t.Helper()
	g, err := h.Exchange(t.Context(), form(h.code(t, who, query())))
	require.NoError(t, err)
	return g.AccessToken.Reveal()
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func refused(t testing.TB, err error, reason oauth.Reason, message string) {
	t.Helper()
	var e *oauth.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, oauth.Error{Reason: reason, Message: message}, *e)
}
