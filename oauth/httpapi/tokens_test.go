package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

// recorder notes the view that it was asked for.
type recorder struct {
	httpapi.Models
	last httpapi.View
}

func (r *recorder) Model(ctx context.Context, ref oauth.OwnerRef, v httpapi.View) (map[string]any, error) {
	r.last = v
	return r.Models.Model(ctx, ref, v)
}

func parse(t testing.TB, raw string) scopes.Scope {
	t.Helper()
	s, err := scopes.Parse(raw)
	require.NoError(t, err)
	return s
}

func request(t testing.TB, method, path string) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), method, path, nil)
}

func bearer(tok string) []string { return []string{"Authorization", "token " + tok} }

func TestATokenIsMade(t *testing.T) { // OA-82, OA-83, OA-85, OA-181, HB-156
	t.Parallel()
	h := newHub(t)
	w := h.call(t, http.MethodPost, "api/users/alice/tokens", `{"note": "narrow", "scopes": ["read:users:name!user=alice"], "expires_in": 60}`, bearer(h.token(t, h.alice))...)
	require.Equal(t, http.StatusCreated, w.Code)
	apiHeaders(t, w.Header())
	assert.Regexp(t, `^\{"user":"alice","id":"a2","kind":"api_token","roles":\[\],"scopes":\["read:users:groups!user=alice","read:users:name!user=alice"\],`+
		`"created":"2026-03-04T05:06:07.890000Z","last_activity":null,"expires_at":"2026-03-04T05:07:08Z","note":"narrow","session_id":null,`+
		`"oauth_client":"JupyterHub","token":"[0-9a-f]{32}"\}$`, w.Body.String())
	tok := decode(t, w.Body)["token"].(string)
	id, err := h.provider.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	assert.Equal(t, h.alice, id.Owner)

	w = h.call(t, http.MethodGet, "api/users/alice/tokens/a2", "", bearer(h.token(t, h.alice))...)
	require.Equal(t, http.StatusOK, w.Code)
	assert.NotContains(t, w.Body.String(), tok, "shown once")
	assert.NotContains(t, w.Body.String(), `"token"`)
}

func TestTheDefaultNote(t *testing.T) { // OA-83
	t.Parallel()
	h := newHub(t)
	for who, want := range map[oauth.OwnerRef]string{
		h.alice: "Requested via api",
		h.root:  "Requested via api by user root",
		h.host.Put(testhost.Person{Kind: oauth.KindService, Name: "cron", Roles: []string{"tokens"}}): "Requested via api by service cron",
	} {
		w := h.call(t, http.MethodPost, "api/users/alice/tokens", "", bearer(h.token(t, who))...)
		require.Equal(t, http.StatusCreated, w.Code)
		assert.Equal(t, want, decode(t, w.Body)["note"])
	}
}

func TestWhoMayMakeTokens(t *testing.T) { // OA-82, OA-87, HB-131, HB-134, HB-143
	t.Parallel()
	h := newHub(t, func(c *httpapi.Config) { c.Login = login })
	closed := newHub(t)
	user := func(name string) string { return "User " + name + " not found or no permissions to generate tokens" }
	cron := h.host.Put(testhost.Person{Kind: oauth.KindService, Name: "cron", Roles: []string{"tokens!user=alice"}})
	for name, c := range map[string]struct {
		hub     *hub
		path    string
		body    string
		headers []string
		status  int
		message string
	}{
		"another user":              {h, "alice", "", bearer(h.token(t, h.bob)), 403, user("alice")},
		"of nobody":                 {h, "ghost", "", bearer(h.token(t, h.root)), 403, user("ghost")},
		"of nobody, by another":     {h, "ghost", "", bearer(h.token(t, h.bob)), 403, user("ghost")},
		"in upper case":             {h, "Alice", "", bearer(h.token(t, h.alice)), 403, user("Alice")},
		"a token without the scope": {h, "alice", "", bearer(h.token(t, h.alice, "read:tokens!user")), 403, user("alice")},
		"a service with a filter":   {h, "alice", "", bearer(h.token(t, cron)), 403, "Service alice not found or no permissions to generate tokens"},
		"nobody":                    {h, "alice", "", nil, 403, "Forbidden"},
		"nobody with an origin":     {h, "alice", "", []string{"Origin", "https://x"}, 403, "'_xsrf' argument missing from POST"},
		"a cookie without proof":    {h, "alice", "{}", []string{"Cookie", "login=alice", "Content-Type", "application/json"}, 403, "'_xsrf' argument missing from POST"},
		"a cookie by a form":        {h, "alice", "{}", []string{"Cookie", "login=alice", "Content-Type", "text/plain"}, 403, "Forbidden"},
		"wrong credentials":         {h, "alice", `{"auth": {"username": "alice", "password": "wrong"}}`, nil, 403, "Forbidden"},
		"credentials of nobody":     {h, "ghost", `{"auth": {"username": "ghost", "password": "right"}}`, nil, 403, "Forbidden"},
		"another's credentials":     {h, "alice", `{"auth": {"username": "bob", "password": "right"}}`, nil, 403, user("alice")},
		"the way closed":            {closed, "alice", `{"auth": {"username": "alice", "password": "right"}}`, nil, 403, "Forbidden"},
		"credentials":               {h, "alice", `{"auth": {"username": "alice", "password": "right"}}`, []string{"Origin", "https://x"}, 201, ""},
		"a cookie and credentials":  {h, "alice", `{"auth": {"username": "alice", "password": "right"}}`, []string{"Cookie", "login=alice", "Content-Type", "text/plain"}, 403, "Forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := c.hub.call(t, http.MethodPost, "api/users/"+c.path+"/tokens", c.body, c.headers...)
			if c.status == 201 {
				assert.Equal(t, http.StatusCreated, w.Code)
				return
			}
			refused(t, w, c.status, c.message)
		})
	}
}

func TestACookieWithItsProofMakesATokenOfItsOwn(t *testing.T) { // OA-87
	t.Parallel()
	h := newHub(t)
	r := server2()
	require.NoError(t, h.provider.PutClient(t.Context(), r))
	h.host.User("alice", "self", "access:servers!server=bob/")
	v := h.as(t, "alice")
	xsrf := form(v.call(http.MethodGet, authorize+"?response_type=code&client_id="+r.ID, "").Body.String())["_xsrf"]
	require.Len(t, xsrf, 1)
	w := v.call(http.MethodPost, "api/users/alice/tokens", `{"note": "main"}`, "X-XSRFToken", xsrf[0], "Content-Type", "application/json")
	assert.Equal(t, http.StatusCreated, w.Code)
	w = v.call(http.MethodPost, "api/users/alice/tokens?_xsrf="+xsrf[0], `{}`, "Content-Type", "application/json; charset=utf-8")
	assert.Equal(t, http.StatusCreated, w.Code)
}

func server2() oauth.Registration {
	return oauth.Registration{ID: "jupyterhub-user-bob", Secret: secret, RedirectURI: "/user/bob/oauth_callback", For: scopes.Client{Server: "bob/"}, LinkID: "s2"}
}

func TestBadBodies(t *testing.T) { // OA-83, OA-84, HB-135
	t.Parallel()
	h := newHubWith(t, func(c *oauth.Config) { c.MaxTokenAge = time.Hour })
	life := "expires_in must be a positive whole number of seconds, or null"
	tok := h.token(t, h.alice)
	for body, message := range map[string]string{
		`{`:           "Invalid JSON in body of request",
		`[1]`:         "JSON body must be an object",
		`{"note": 1}`: "note must be a string",
		`{"note": "` + strings.Repeat("x", 1024) + `"}`: "note must not be longer than 1023 bytes",
		`{"scopes": "self"}`:                            "scopes must be a list of strings",
		`{"scopes": [null]}`:                            "scopes must be a list of strings",
		`{"scopes": {}}`:                                "scopes must be a list of strings",
		`{"roles": [1]}`:                                "roles must be a list of strings",
		`{"roles": [], "scopes": []}`:                   "Can only specify one of roles or scopes, not both",
		`{"roles": ["nope"]}`:                           "No such role: nope",
		`{"scopes": ["nope:nope"]}`:                     `"Scope 'nope:nope' for token does not exist"`,
		`{"scopes": ["servers!user="]}`:                 "Empty string is not a valid filter: servers!user=",
		`{"scopes": ["read:hub"]}`:                      "Not assigning requested scopes read:hub not held by User alice",
		`{"expires_in": 0}`:                             life,
		`{"expires_in": -1}`:                            life,
		`{"expires_in": 1.5}`:                           life,
		`{"expires_in": 60.0}`:                          life,
		`{"expires_in": 6e1}`:                           life,
		`{"expires_in": "60"}`:                          life,
		`{"expires_in": true}`:                          life,
		`{"expires_in": []}`:                            life,
		`{"expires_in": 99999999999999999999}`:          life,
		`{"expires_in": 9223372036854775807}`:           "expires_in: 9223372036854775807 must not exceed 3153600000",
		`{"expires_in": 3601}`:                          "expires_in: 3601 must not exceed 3600",
	} {
		refused(t, h.call(t, http.MethodPost, "api/users/alice/tokens", body, bearer(tok)...), http.StatusBadRequest, message)
	}
	for _, body := range []string{"", "null", `{"note": null, "scopes": null, "roles": null, "expires_in": null, "auth": null}`, `{"expires_in": 3600}`} {
		w := h.call(t, http.MethodPost, "api/users/alice/tokens", body, bearer(tok)...)
		require.Equal(t, http.StatusCreated, w.Code, body)
		assert.Equal(t, "2026-03-04T06:06:08Z", decode(t, w.Body)["expires_at"], body)
	}
	w := h.call(t, http.MethodPost, "api/users/alice/tokens", `{"note": "`+strings.Repeat("x", 70_000)+`"}`, bearer(tok)...)
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
}

func TestWhoMayReadAndRevokeTokens(t *testing.T) { // OA-79, OA-86, HB-134, HB-143
	t.Parallel()
	h := newHub(t)
	h.token(t, h.alice) // a1
	const hiddenText = "No access to resources or resources not found"
	bob, root, narrow := h.token(t, h.bob), h.token(t, h.root), h.token(t, h.alice, "read:users:name!user")
	lacks := func(scope string) string {
		return "Action is not authorized with current scopes; requires any of [" + scope + "]"
	}
	reads := h.token(t, h.alice, "read:tokens!user")
	for name, c := range map[string]struct {
		method, path string
		headers      []string
		status       int
		message      string
	}{
		"nobody":                   {http.MethodGet, "alice/tokens", nil, 403, "Missing or invalid credentials."},
		"another user":             {http.MethodGet, "alice/tokens", bearer(bob), 404, hiddenText},
		"another user, one token":  {http.MethodGet, "alice/tokens/a1", bearer(bob), 404, hiddenText},
		"another user, deleting":   {http.MethodDelete, "alice/tokens/a1", bearer(bob), 404, hiddenText},
		"of nobody, by a user":     {http.MethodGet, "ghost/tokens", bearer(bob), 404, hiddenText},
		"of nobody, by an admin":   {http.MethodGet, "ghost/tokens", bearer(root), 404, "No such user: ghost"},
		"without the scope":        {http.MethodGet, "alice/tokens", bearer(narrow), 403, lacks("read:tokens")},
		"deleting with reading":    {http.MethodDelete, "alice/tokens/a1", bearer(reads), 403, lacks("tokens")},
		"an unknown id":            {http.MethodGet, "alice/tokens/a99", bearer(root), 404, "No such token a99 for user alice"},
		"an id without its letter": {http.MethodGet, "alice/tokens/1", bearer(root), 404, "No such token 1 for user alice"},
		"an id with zeros":         {http.MethodDelete, "alice/tokens/a01", bearer(root), 404, "No such token a01 for user alice"},
		"an id that overflows":     {http.MethodGet, "alice/tokens/a99999999999999999999", bearer(root), 404, "No such token a99999999999999999999 for user alice"},
		"another's id":             {http.MethodDelete, "bob/tokens/a1", bearer(root), 404, "No such token a1 for user bob"},
		"a cookie without proof":   {http.MethodDelete, "alice/tokens/a1", []string{"Cookie", "login=alice"}, 403, "'_xsrf' argument missing from DELETE"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, h.call(t, c.method, "api/users/"+c.path, "", c.headers...), c.status, c.message)
		})
	}
	w := h.call(t, http.MethodGet, "api/users/alice/tokens", "", bearer(reads)...)
	require.Equal(t, http.StatusOK, w.Code)
	list := decode(t, w.Body)["api_tokens"].([]any)
	require.Len(t, list, 3)
	assert.Equal(t, "a1", list[0].(map[string]any)["id"])
	w = h.call(t, http.MethodDelete, "api/users/alice/tokens/a1", "", bearer(root)...)
	assert.Equal(t, http.StatusNoContent, w.Code)
	assert.Empty(t, w.Body.String())
	assert.Empty(t, w.Header().Get("Content-Type"))
	w = h.call(t, http.MethodGet, "api/users/alice/tokens/a1", "", bearer(root)...)
	refused(t, w, http.StatusNotFound, "No such token a1 for user alice")
}

// lostModels fails as a database does.
type lostModels struct{ httpapi.Models }

func (lostModels) Model(context.Context, oauth.OwnerRef, httpapi.View) (map[string]any, error) {
	return nil, errors.New("open /secret/path: disk full")
}

func TestAFailureOfOursTellsNothing(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(c *httpapi.Config) { c.Models = lostModels{c.Models} })
	tok := h.token(t, h.alice)
	w := h.call(t, http.MethodGet, "api/user?state=hidden", "", bearer(tok)...)
	refused(t, w, http.StatusInternalServerError, "Internal Server Error")
	assert.Contains(t, h.log.String(), "disk full")
	assert.NotContains(t, h.log.String(), tok)
	assert.NotContains(t, h.log.String(), "hidden")
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	var good httpapi.Config
	newHub(t, func(c *httpapi.Config) { good = *c })
	for name, change := range map[string]func(*httpapi.Config){
		"no provider": func(c *httpapi.Config) { c.Provider = nil },
		"no host":     func(c *httpapi.Config) { c.Host = nil },
		"no models":   func(c *httpapi.Config) { c.Models = nil },
		"no base":     func(c *httpapi.Config) { c.BaseURL = "" },
		"half a base": func(c *httpapi.Config) { c.BaseURL = "/base" },
		"no keys":     func(c *httpapi.Config) { c.Keys = nil },
		"a short key": func(c *httpapi.Config) { c.Keys = [][]byte{[]byte("short")} },
	} {
		c := good
		change(&c)
		_, err := httpapi.New(c)
		require.Error(t, err, name)
	}
}

func FuzzTokenBodies(f *testing.F) {
	h := newHub(f)
	tok := h.token(f, h.alice)
	for _, seed := range []string{`{"scopes": ["self"]}`, `{"expires_in": 1e999}`, `{"note": "\ud800"}`, `{"roles": ["user", "\u0000"]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := h.call(t, http.MethodPost, "api/users/alice/tokens", body, bearer(tok)...)
		assert.Less(t, w.Code, 500)
	})
}
