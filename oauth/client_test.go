package oauth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

func TestClientIDs(t *testing.T) { // OA-2, OA-201
	t.Parallel()
	for want, got := range map[string]string{
		"jupyterhub-user-alice":                      oauth.ServerClientID("alice", ""),
		"jupyterhub-user-alice-lab":                  oauth.ServerClientID("alice", "lab"),
		"jupyterhub-user-we%20ird%40x.org":           oauth.ServerClientID("we ird@x.org", ""),
		"jupyterhub-user-%C3%A9%3C%27%26%22%3E-a~b/": oauth.ServerClientID(`é<'&">`, "a~b/"),
		"service-whoami":                             oauth.ServiceClientID("whoami"),
	} {
		assert.Equal(t, want, got)
	}
}

func TestIDsThatCoincideAreNotOverwritten(t *testing.T) { // OA-13, OA-S16
	t.Parallel()
	h := newHub(t)
	first := server()
	first.ID, first.For.Server, first.LinkID = oauth.ServerClientID("a", "b"), "a/b", "s-a-b"
	require.NoError(t, h.PutClient(t.Context(), first))
	second := first
	second.ID, second.For.Server, second.LinkID = oauth.ServerClientID("a-b", ""), "a-b/", "s-ab"
	require.Equal(t, first.ID, second.ID)
	require.ErrorIs(t, h.PutClient(t.Context(), second), oauth.ErrClientTaken)
	assert.Contains(t, h.log.String(), "oauth client id collision")
}

func TestRegistrationsThatBreakARule(t *testing.T) { // OA-1, OA-3, OA-4, OA-5, OA-F5
	t.Parallel()
	h := newHub(t)
	for name, change := range map[string]func(*oauth.Registration){
		"no id":                         func(r *oauth.Registration) { r.ID = "" },
		"a long id":                     func(r *oauth.Registration) { r.ID = strings.Repeat("x", 256) },
		"the hub's id":                  func(r *oauth.Registration) { r.ID = "jupyterhub" },
		"a long description":            func(r *oauth.Registration) { r.Description = strings.Repeat("x", 1024) },
		"for nobody":                    func(r *oauth.Registration) { r.For = scopes.Client{} },
		"for two":                       func(r *oauth.Registration) { r.For.Service = "x" },
		"for no server":                 func(r *oauth.Registration) { r.For.Server = "alice" },
		"a service under a server's id": func(r *oauth.Registration) { r.For = scopes.Client{Service: "x"} },
		"no link":                       func(r *oauth.Registration) { r.LinkID = "" },
		"a short secret":                func(r *oauth.Registration) { r.Secret = "1234567" },
		"a long secret":                 func(r *oauth.Registration) { r.Secret = oauth.Secret(strings.Repeat("x", 1025)) },
		"no redirect":                   func(r *oauth.Registration) { r.RedirectURI = "" },
		"a relative redirect":           func(r *oauth.Registration) { r.RedirectURI = "x/oauth_callback" },
		"a scheme-relative redirect":    func(r *oauth.Registration) { r.RedirectURI = "//evil.example/x" },
		"a backslash":                   func(r *oauth.Registration) { r.RedirectURI = `/\evil.example/x` },
		"a script":                      func(r *oauth.Registration) { r.RedirectURI = "javascript:alert(1)" },
		"a fragment":                    func(r *oauth.Registration) { r.RedirectURI = "/x#y" },
		"user info":                     func(r *oauth.Registration) { r.RedirectURI = "https://a@b/x" },
		"a control character":           func(r *oauth.Registration) { r.RedirectURI = "/x\ny" },
		"the stand-in host":             func(r *oauth.Registration) { r.RedirectURI = "https://path-only.invalid/x" },
		"a long redirect":               func(r *oauth.Registration) { r.RedirectURI = "/" + strings.Repeat("x", 1023) },
		"an unknown scope":              func(r *oauth.Registration) { r.Allowed = parse("nope") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := server()
			change(&r)
			err := h.PutClient(t.Context(), r)
			require.ErrorIs(t, err, oauth.ErrInvalidClient)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

func TestASecretThatStaysKeepsTokens(t *testing.T) { // OA-11, OA-205
	t.Parallel()
	h := newHub(t)
	tok := h.token(t, h.bob)
	r := server()
	r.Description, r.Supplied = "another", true
	require.NoError(t, h.PutClient(t.Context(), r))
	_, err := h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	list, err := h.Tokens(t.Context(), h.bob)
	require.NoError(t, err)
	assert.Equal(t, "another", list[0].Client)
}

func TestHashesOfClientSecrets(t *testing.T) { // OA-7, OA-156, OA-F14
	t.Parallel()
	h := newHub(t)
	long := oauth.Secret(strings.Repeat("0123456789", 30))
	for rounds, supplied := range map[string]bool{"1": false, "16384": true} {
		r := service("s"+rounds, "/services/x/oauth_callback")
		r.Supplied, r.Secret, r.NoConfirm = supplied, long, true
		require.NoError(t, h.PutClient(t.Context(), r))
		c, err := h.store.Client(t.Context(), r.ID)
		require.NoError(t, err)
		assert.Regexp(t, `^sha512:`+rounds+`:[0-9a-f]{16}:[0-9a-f]{128}$`, c.SecretHash)
		dave := h.host.User("dave", "self", "access:services")
		code := h.code(t, dave, query("client_id", r.ID))
		_, err = h.Exchange(t.Context(), form(code, "client_id", r.ID, "client_secret", long.Reveal()[:299]+"x"))
		refused(t, err, oauth.InvalidClient, "")
		_, err = h.Exchange(t.Context(), form(code, "client_id", r.ID, "client_secret", long.Reveal()))
		require.NoError(t, err)
	}
}

func TestRemovingAClientEndsItsTokens(t *testing.T) { // OA-11, OA-196
	t.Parallel()
	h := newHub(t)
	tok := h.token(t, h.bob)
	_, err := h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	require.NoError(t, h.RemoveClient(t.Context(), serverID))
	require.NoError(t, h.RemoveClient(t.Context(), serverID))
	_, err = h.Authenticate(t.Context(), tok)
	require.ErrorIs(t, err, oauth.ErrNoToken)
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := oauth.Config{Store: testhost.Store(t), Host: testhost.New(scopes.New(scopes.P55)), Registry: scopes.New(scopes.P55)}
	_, err := oauth.New(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*oauth.Config){
		"no store":            func(c *oauth.Config) { c.Store = nil },
		"no host":             func(c *oauth.Config) { c.Host = nil },
		"no registry":         func(c *oauth.Config) { c.Registry = nil },
		"a negative lifetime": func(c *oauth.Config) { c.TokenLifetime = -1 },
		"half a second":       func(c *oauth.Config) { c.TokenLifetime = time.Second / 2 },
		"no such policy":      func(c *oauth.Config) { c.PKCE = 7 },
	} {
		c := good
		change(&c)
		_, err := oauth.New(c)
		require.Error(t, err, name)
	}
}
