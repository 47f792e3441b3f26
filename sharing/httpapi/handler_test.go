package httpapi_test

import (
	"bytes"
	"encoding/json"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/apidoc"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
	"github.com/hubshare/hubshare/sharing/internal/testhub"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

var start = time.Date(2026, 11, 21, 18, 28, 59, 677886000, time.UTC)

var key = []byte("a key that is used in tests only")

// fixture is the hub of the transcripts, without its proxy: sharer, shared-with and stranger are ordinary users who may share, admin is one who may do
// nearly everything, stranger is in the group team, and sharer's default server runs. Tokens are called NAME-token.
type fixture struct {
	t       testing.TB
	hub     *testhub.Hub
	service *sharing.Service
	handler http.Handler // whose answers are held to the description of the API
	inner   *httpapi.Handler

	mu  sync.Mutex
	now time.Time
	log bytes.Buffer
}

func newFixture(t testing.TB, adjust ...func(*httpapi.Config)) *fixture {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	f := &fixture{t: t, hub: testhub.New(), now: start}
	logger := slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f.service = &sharing.Service{Store: store, Directory: f.hub, Registry: scopes.New(scopes.P55), Now: f.clock, Logger: logger}
	f.hub.Service = f.service
	for _, name := range []string{"sharer", "shared-with", "stranger"} {
		f.hub.AddUser(name, "self", "shares!user")
	}
	f.hub.AddUser("admin", "self", "admin:users", "admin:servers", "admin:groups", "tokens", "shares")
	f.hub.AddGroup("team", "stranger")
	f.hub.AddToken("sharer-narrow-token", "sharer", "read:users:name!user=sharer")
	f.hub.AddToken("sharer-shares-only-token", "sharer", "shares!server=sharer/")
	f.hub.AddToken("oauth-token", "shared-with", "access:servers!server=sharer/")
	f.hub.Start(f.hub.Server("sharer", ""))
	cfg := httpapi.Config{Service: f.service, Host: f.hub, Keys: [][]byte{key}, Now: f.clock, Logger: logger}
	for _, a := range adjust {
		a(&cfg)
	}
	f.hub.BaseURL = cfg.BaseURL
	f.inner, err = httpapi.New(cfg)
	require.NoError(t, err)
	prefix := strings.TrimSuffix(cfg.BaseURL, "/") + "/hub/"
	f.handler = described(t, apidoc.Variant{Prefix: prefix, Extensions: !cfg.StockOnly}, f.inner)
	return f
}

// stock configures a handler without extensions.
func stock(c *httpapi.Config) { c.StockOnly = true }

// modes are the two ways to run a handler. What a JupyterHub refuses is refused in both alike.
var modes = map[string]func(*httpapi.Config){"stock": stock, "extended": func(*httpapi.Config) {}}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// option changes a request.
type option func(r *http.Request)

func header(name, value string) option {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// cookie logs a request in as a user, in a session called after them.
func cookie(name string) option {
	return func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "login", Value: name})
		r.AddCookie(&http.Cookie{Name: "session", Value: "session of " + name})
	}
}

// proof adds an XSRF token both as the cookie and as the header.
func proof(token string) option {
	return func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "_xsrf", Value: token})
		r.Header.Set("X-XSRFToken", token)
	}
}

func (f *fixture) do(method, target, body string, options ...option) *httptest.ResponseRecorder {
	f.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, content)
	for _, o := range options {
		o(r)
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	if w.Code >= 500 {
		f.t.Errorf("%s %s: %d, which no input may give", method, target, w.Code)
	}
	return w
}

// api makes a request with the token of a user, "" for nobody.
func (f *fixture) api(who, method, path, body string, options ...option) *httptest.ResponseRecorder {
	f.t.Helper()
	if who != "" {
		options = append(options, header("Authorization", "token "+who+"-token"))
	}
	return f.do(method, "/hub/api/"+path, body, options...)
}

// must is api for what has to succeed.
func (f *fixture) must(who, method, path, body string) *httptest.ResponseRecorder {
	f.t.Helper()
	w := f.api(who, method, path, body)
	require.Less(f.t, w.Code, 300, w.Body.String())
	return w
}

// message is the text of an API error; the status in its body has to be the response's.
func message(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	var e struct {
		Status  int
		Message string
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e), w.Body.String())
	assert.Equal(t, w.Code, e.Status)
	return e.Message
}

type list struct {
	Items []struct {
		Server struct {
			User  struct{ Name string }
			Name  string
			URL   string
			Ready bool
		}
		ID            string
		Scopes        []string
		Kind          string
		User, Group   *struct{ Name string }
		ExchangeCount int `json:"exchange_count"`
	}
	Pagination struct {
		Offset, Limit, Total int
		Next                 *struct {
			Offset, Limit int
			URL           string
		}
	} `json:"_pagination"`
}

func (f *fixture) list(who, path string, options ...option) list {
	f.t.Helper()
	w := f.api(who, http.MethodGet, path, "", options...)
	require.Equal(f.t, http.StatusOK, w.Code, w.Body.String())
	var l list
	require.NoError(f.t, json.Unmarshal(w.Body.Bytes(), &l))
	return l
}

// code makes a share code as a user and gives its secret and id.
func (f *fixture) code(who, path, body string) (secret, id string) {
	f.t.Helper()
	w := f.must(who, http.MethodPost, "share-codes/"+path, body)
	var m struct{ Code, ID string }
	require.NoError(f.t, json.Unmarshal(w.Body.Bytes(), &m))
	require.Len(f.t, m.Code, 43)
	return m.Code, m.ID
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := httpapi.Config{Service: f.service, Host: f.hub, Keys: [][]byte{key}}
	for name, c := range map[string]struct {
		field string
		spoil func(*httpapi.Config)
	}{
		"no service":                {"Service", func(c *httpapi.Config) { c.Service = nil }},
		"no host":                   {"Host", func(c *httpapi.Config) { c.Host = nil }},
		"no keys":                   {"Keys", func(c *httpapi.Config) { c.Keys = nil }},
		"a short key":               {"Keys", func(c *httpapi.Config) { c.Keys = [][]byte{key, []byte("short")} }},
		"a base url without slash":  {"BaseURL", func(c *httpapi.Config) { c.BaseURL = "/base" }},
		"a base url that is a url":  {"BaseURL", func(c *httpapi.Config) { c.BaseURL = "https://hub/" }},
		"a base url with braces":    {"BaseURL", func(c *httpapi.Config) { c.BaseURL = "/{x}/" }},
		"a base url badly escaped":  {"BaseURL", func(c *httpapi.Config) { c.BaseURL = "/%zz/" }},
		"a public url without host": {"PublicURL", func(c *httpapi.Config) { c.PublicURL = "https:///hub" }},
		"a public path":             {"PublicURL", func(c *httpapi.Config) { c.PublicURL = "/hub/" }},
		"a public script":           {"PublicURL", func(c *httpapi.Config) { c.PublicURL = "javascript://hub/%0aalert(1)" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good
			c.spoil(&cfg)
			_, err := httpapi.New(cfg)
			require.ErrorContains(t, err, c.field)
			assert.NotContains(t, err.Error(), "short", "no key is shown")
		})
	}
	_, err := httpapi.New(good)
	assert.NoError(t, err)
}

// TestOwns is section 8's path grammar: every route, and what only looks like one.
func TestOwns(t *testing.T) {
	t.Parallel()
	elsewhere := func(c *httpapi.Config) { c.BaseURL = "/a%20b/c/" }
	for _, hub := range []struct {
		base    string
		handler *httpapi.Handler
		beyond  bool
	}{
		{"/", newFixture(t, stock).inner, false},
		{"/a%20b/c/", newFixture(t, stock, elsewhere).inner, false},
		{"/a%20b/c/", newFixture(t, elsewhere).inner, true},
	} {
		for path, want := range map[string]bool{
			"hub/api/shares/alice":                          true,
			"hub/api/shares/alice/":                         true,
			"hub/api/shares/alice/lab":                      true,
			"hub/api/shares/./alice":                        true,
			"hub/api/shares/al%2Fice/l%2Fab":                true,
			"hub/api/share-codes/alice":                     true,
			"hub/api/share-codes/alice/":                    true,
			"hub/api/users/alice/shared":                    true,
			"hub/api/users/alice/shared/bob/":               true,
			"hub/api/groups/team/shared":                    true,
			"hub/api/groups/team/shared/bob/lab":            true,
			"hub/accept-share":                              true,
			"hub/accept-share/":                             true,
			"hub/api/shares":                                hub.beyond,
			"hub/api/share-codes":                           hub.beyond,
			"hub/api/share-codes/":                          false,
			"hub/api/shares/":                               false,
			"hub/api/shares//":                              false,
			"hub/api/shares/alice/lab/":                     false,
			"hub/api/shares/alice/lab/x":                    false,
			"hub/api/users/alice":                           false,
			"hub/api/users/alice/shared/":                   false,
			"hub/api/users/alice/shared/bob":                false,
			"hub/api/users//shared":                         false,
			"hub/api/services/x/shared":                     false,
			"hub/accept-share/x":                            false,
			"hub/Accept-Share":                              false,
			"api/shares/alice":                              false,
			"hub//api/shares/alice":                         false,
			"hub/x/../api/shares/alice":                     false,
			"hub/api/shares/alice/%ff":                      false,
			"hub/api/users/alice%2Fshared":                  false,
			"hub/api/users/alice/shared/bob/lab/scopes/all": false,
		} {
			assert.Equal(t, want, hub.handler.Owns(httptest.NewRequest(http.MethodGet, hub.base+path, nil)), "%s%s with extensions: %t", hub.base, path, hub.beyond)
		}
	}
}

// TestWhatIsNoRoute is SH-53 and SH-170 for paths that the handler does not own.
func TestWhatIsNoRoute(t *testing.T) {
	t.Parallel()
	f := newFixture(t, stock)
	w := f.do(http.MethodGet, "/hub/api/shares", "")
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Equal(t, "Not Found", message(t, w), "transcript 201")
	w = f.do(http.MethodGet, "/hub/api/shares/sharer/%ff", "")
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Equal(t, "Bad Request", message(t, w))
	w = f.do(http.MethodGet, "/hub/nothing", "")
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Contains(t, w.Body.String(), "<h1>404 : Not Found</h1>")
}

// TestLayout: the host's shell gets status and main block, and its own headers survive.
func TestLayout(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *httpapi.Config) {
		c.Layout = func(w http.ResponseWriter, r *http.Request, status int, main template.HTML) {
			w.Header().Set("X-Shell", r.URL.Path)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<nav></nav>"+string(main))
		}
	})
	w := f.do(http.MethodGet, "/hub/accept-share?code=wrong", "", cookie("shared-with"))
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Equal(t, "/hub/accept-share", w.Header().Get("X-Shell"))
	assert.True(t, strings.HasPrefix(w.Body.String(), "<nav></nav><div class=\"error\">"))
}
