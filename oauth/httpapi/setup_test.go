package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/apidoc"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

const (
	secret   = "0123456789abcdef0123456789abcdef"
	clientID = "jupyterhub-user-alice"
	query    = "?client_id=jupyterhub-user-alice&redirect_uri=%2Fuser%2Falice%2Foauth_callback&response_type=code&state=st4te"
)

// hub is a handler under /base/ with what it stands on. alice owns a server, bob may enter it, carol may not, root administers.
type hub struct {
	*httpapi.Handler
	provider *oauth.Provider
	host     *testhost.Host
	log      *bytes.Buffer

	watched                 http.Handler
	alice, bob, carol, root oauth.OwnerRef
}

// ServeHTTP answers with the handler, and holds it to the description of the API.
func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.watched.ServeHTTP(w, r) }

func newHub(t testing.TB, change ...func(*httpapi.Config)) *hub {
	t.Helper()
	return newHubWith(t, nil, change...)
}

func newHubWith(t testing.TB, provider func(*oauth.Config), change ...func(*httpapi.Config)) *hub {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC) }
	reg := scopes.New(scopes.P55)
	h := &hub{host: testhost.New(reg), log: &bytes.Buffer{}}
	pc := oauth.Config{Store: testhost.Store(t), Host: h.host, Registry: reg, Now: now}
	if provider != nil {
		provider(&pc)
	}
	var err error
	h.provider, err = oauth.New(pc)
	require.NoError(t, err)
	cfg := httpapi.Config{
		Provider: h.provider, Host: h.host, Models: testhost.Models{Host: h.host}, BaseURL: "/base/", Version: "5.5.1",
		Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, Now: now, Logger: slog.New(slog.NewTextHandler(h.log, nil)),
	}
	for _, f := range change {
		f(&cfg)
	}
	h.Handler, err = httpapi.New(cfg)
	require.NoError(t, err)
	h.watched = described(t, apidoc.Variant{Prefix: cfg.BaseURL + "hub/", Docs2: cfg.Docs2, Profile60: cfg.Provider.Registry().Profile() == scopes.P60}, h.Handler)
	h.alice = h.host.User("alice", "self", "shares!user")
	h.bob = h.host.Put(testhost.Person{Kind: oauth.KindUser, Name: "bob", Roles: []string{"self"}, Shares: []string{"access:servers!server=alice/"}})
	h.carol = h.host.User("carol", "self")
	h.root = h.host.User("root", "self", "tokens", "admin:users")
	allowed, err := scopes.ParseAll([]string{"access:servers!server", "shares!server"})
	require.NoError(t, err)
	require.NoError(t, h.provider.PutClient(t.Context(), oauth.Registration{
		ID: clientID, Description: "Server at /user/alice/", Secret: secret, RedirectURI: "/user/alice/oauth_callback",
		For: scopes.Client{Server: "alice/"}, LinkID: "s1", Allowed: allowed,
	}))
	return h
}

// call makes a request below the hub's prefix; headers come in pairs.
func (h *hub) call(t testing.TB, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/base/hub/"+path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	require.True(t, h.Owns(r), path)
	h.ServeHTTP(w, r)
	return w
}

// visitor is somebody with a login cookie, and what the browser got so far.
type visitor struct {
	*hub
	t       testing.TB
	name    string
	cookies map[string]string
}

func (h *hub) as(t testing.TB, name string) *visitor {
	return &visitor{hub: h, t: t, name: name, cookies: map[string]string{testhost.LoginCookie: name}}
}

func (v *visitor) call(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	v.t.Helper()
	for name, value := range v.cookies {
		headers = append(headers, "Cookie", name+"="+value)
	}
	w := v.hub.call(v.t, method, path, body, headers...)
	for _, c := range w.Result().Cookies() {
		v.cookies[c.Name] = c.Value
	}
	return w
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// form reads the hidden fields of a page.
func form(body string) map[string][]string {
	out := map[string][]string{}
	for _, m := range hidden.FindAllStringSubmatch(body, -1) {
		out[m[1]] = append(out[m[1]], html.UnescapeString(m[2]))
	}
	return out
}

func (h *hub) token(t testing.TB, who oauth.OwnerRef, order ...string) string {
	t.Helper()
	o := oauth.TokenOrder{Owner: who}
	if len(order) > 0 {
		o.Scopes = order
	}
	_, s, err := h.provider.IssueToken(t.Context(), o)
	require.NoError(t, err)
	return s.Reveal()
}

func decode(t testing.TB, body io.Reader) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.NewDecoder(body).Decode(&m))
	return m
}

// refused is an API error, word for word.
func refused(t testing.TB, w *httptest.ResponseRecorder, status int, message string) {
	t.Helper()
	text, err := json.Marshal(message)
	require.NoError(t, err)
	assert.Equal(t, status, w.Code)
	assert.JSONEq(t, `{"status": `+jsonInt(status)+`, "message": `+string(text)+`}`, w.Body.String())
}

func jsonInt(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

const apiCSP = "frame-ancestors 'none'; report-uri /base/hub/security/csp-report; default-src 'none'"

func apiHeaders(t testing.TB, h http.Header) {
	t.Helper()
	assert.Equal(t, "application/json", h.Get("Content-Type"))
	assert.Equal(t, "5.5.1", h.Get("X-JupyterHub-Version"))
	assert.Equal(t, apiCSP, h.Get("Content-Security-Policy"))
	assert.Equal(t, "accept, content-type, authorization", h.Get("Access-Control-Allow-Headers"))
	assert.Empty(t, h.Get("Access-Control-Allow-Origin"))
}

func login(_ context.Context, auth json.RawMessage) (oauth.OwnerRef, error) {
	var m struct{ Username, Password string }
	if json.Unmarshal(auth, &m) != nil || m.Password != "right" {
		return oauth.OwnerRef{}, httpapi.ErrBadCredentials
	}
	return oauth.OwnerRef{Kind: oauth.KindUser, ID: "id-" + m.Username}, nil
}
