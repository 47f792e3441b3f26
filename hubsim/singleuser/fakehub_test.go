package singleuser_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/hubsim/singleuser"
)

const serverToken = "0123456789abcdef0123456789abcdef"

// fakeHub is the little that a single-user server needs of a hub (HB-114), and
// an authorize endpoint that asks nobody. The whole flow against a real hub is
// tested above.
type fakeHub struct {
	*httptest.Server
	mux http.ServeMux

	mu      sync.Mutex
	version string            // X-JupyterHub-Version
	browser string            // who is logged in
	users   map[string]string // token -> model of GET user
	reports []string          // bodies of activity reports
	asked   int               // GET user
}

// models of who visits ann's server.
const (
	owner    = `{"kind":"user","name":"ann","admin":false,"groups":[],"session_id":null,"scopes":["access:servers!user=ann"]}`
	guest    = `{"kind":"user","name":"bob","admin":false,"groups":[],"session_id":null,"scopes":["access:servers!server=ann/"]}`
	stranger = `{"kind":"user","name":"eve","admin":false,"groups":[],"session_id":null,"scopes":["access:servers!user=eve"]}`
)

func newFakeHub(t *testing.T) *fakeHub {
	t.Helper()
	h := &fakeHub{version: "5.5.1", users: map[string]string{"token-of-ann": owner, "token-of-bob": guest, "token-of-eve": stranger}}
	h.mux.HandleFunc("GET /hub/api", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"version":"5.5.1"}`)
	})
	h.mux.HandleFunc("GET /hub/api/user", h.user)
	h.mux.HandleFunc("POST /hub/api/users/ann/activity", h.activity)
	h.mux.HandleFunc("GET /hub/api/oauth2/authorize", h.authorize)
	h.mux.HandleFunc("POST /hub/api/oauth2/token", h.token)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		if h.version != "" {
			w.Header().Set("X-JupyterHub-Version", h.version)
		}
		h.mu.Unlock()
		h.mux.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *fakeHub) user(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	model, ok := h.users[strings.TrimPrefix(r.Header.Get("Authorization"), "token ")]
	if !ok {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	_, _ = io.WriteString(w, model)
}

func (h *fakeHub) activity(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "token "+serverToken {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reports = append(h.reports, string(body))
}

// authorize answers as a hub does for who is logged in and need not confirm.
func (h *fakeHub) authorize(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := r.URL.Query()
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {"code-of-" + h.browser}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (h *fakeHub) token(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("client_secret") != serverToken {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": strings.Replace(r.FormValue("code"), "code-of-", "token-of-", 1), "token_type": "Bearer", "expires_in": 1209600, "scope": "",
	})
}

func (h *fakeHub) logIn(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.browser = name
}

func (h *fakeHub) env() map[string]string {
	return map[string]string{
		"JUPYTERHUB_API_TOKEN":           serverToken,
		"JUPYTERHUB_CLIENT_ID":           "jupyterhub-user-ann",
		"JUPYTERHUB_OAUTH_CALLBACK_URL":  "/user/ann/oauth_callback",
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES": `["access:servers!server=ann/","access:servers!user=ann"]`,
		"JUPYTERHUB_USER":                "ann",
		"JUPYTERHUB_SERVER_NAME":         "",
		"JUPYTERHUB_API_URL":             h.URL + "/hub/api",
		"JUPYTERHUB_ACTIVITY_URL":        h.URL + "/hub/api/users/ann/activity",
		"JUPYTERHUB_BASE_URL":            "/",
		"JUPYTERHUB_SERVICE_PREFIX":      "/user/ann/",
		"JUPYTERHUB_HOST":                "",
	}
}

// serve puts ann's server behind the fake hub's address, as the proxy would.
func (h *fakeHub) serve(t *testing.T, cfg singleuser.Config) *singleuser.Server {
	t.Helper()
	if cfg.Env == nil {
		cfg.Env = h.env()
	}
	s, err := singleuser.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	h.mux.Handle("/user/", s)
	return s
}

// visitor is a person at a browser: cookies, and the headers of a navigation.
type visitor struct {
	t      *testing.T
	hub    *fakeHub
	client *http.Client
}

func (h *fakeHub) visitor(t *testing.T, name string) visitor {
	t.Helper()
	h.logIn(name)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return visitor{t, h, &http.Client{Jar: browserJar{jar}, Transport: transport}}
}

// browserJar compares paths as they stand in the address, as browsers do;
// cookiejar alone would compare decoded ones with what a cookie says.
type browserJar struct{ http.CookieJar }

func asSent(u *url.URL) *url.URL {
	raw := *u
	raw.Path, raw.RawPath = u.EscapedPath(), ""
	return &raw
}

func (j browserJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.CookieJar.SetCookies(asSent(u), cookies)
}

func (j browserJar) Cookies(u *url.URL) []*http.Cookie { return j.CookieJar.Cookies(asSent(u)) }

// get opens a page; pairs of header and value may follow.
func (v visitor) get(path string, header ...string) (status int, body string) {
	v.t.Helper()
	res := v.do(http.MethodGet, path, header...)
	data, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	return res.StatusCode, string(data)
}

func (v visitor) do(method, path string, header ...string) *http.Response {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.hub.URL+path, nil)
	require.NoError(v.t, err)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := v.client.Do(req)
	require.NoError(v.t, err)
	v.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// page opens a page and parses it.
func (v visitor) page(path string) *html.Node {
	v.t.Helper()
	status, body := v.get(path)
	require.Equal(v.t, http.StatusOK, status, body)
	doc, err := html.Parse(strings.NewReader(body))
	require.NoError(v.t, err)
	return doc
}

func all(n *html.Node, match func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && match(d) {
			found = append(found, d)
		}
	}
	return found
}

func byID(t *testing.T, n *html.Node, id string) *html.Node {
	t.Helper()
	found := all(n, func(e *html.Node) bool { return attr(e, "id") == id })
	require.Len(t, found, 1, "#"+id)
	return found[0]
}

func tag(name string) func(*html.Node) bool { return func(e *html.Node) bool { return e.Data == name } }

func class(name string) func(*html.Node) bool {
	return func(e *html.Node) bool { return strings.Contains(" "+attr(e, "class")+" ", " "+name+" ") }
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is all text below n, to the byte.
func text(n *html.Node) string {
	var b bytes.Buffer
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
