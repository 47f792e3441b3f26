package hubauth_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/testlog"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/oauth/hubauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

const (
	secret   = "0123456789abcdef0123456789abcdef"
	clientID = "jupyterhub-user-alice"
	prefix   = "/user/alice/"
)

// world is a hub and alice's server behind one origin, as a proxy shows them. bob may enter by a share, carol may not.
type world struct {
	*httptest.Server
	host     *testhost.Host
	provider *oauth.Provider
	log      *testlog.Log

	mu    sync.Mutex
	now   time.Time
	down  int // status that the hub's API answers with; 0 = it works
	asked int // calls of GET api/user

	alice, bob, carol oauth.OwnerRef
}

func newWorld(t testing.TB, change ...func(*hubauth.Config)) *world {
	t.Helper()
	return newWorldWith(t, func(*oauth.Config) {}, change...)
}

func newWorldWith(t testing.TB, provider func(*oauth.Config), change ...func(*hubauth.Config)) *world {
	t.Helper()
	x := &world{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), log: &testlog.Log{}}
	reg := scopes.New(scopes.P55)
	x.host = testhost.New(reg)
	logger := slog.New(slog.NewTextHandler(x.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	pc := oauth.Config{Store: testhost.Store(t), Host: x.host, Registry: reg, Now: x.clock, Logger: logger}
	provider(&pc)
	x.provider, err = oauth.New(pc)
	require.NoError(t, err)
	api, err := httpapi.New(httpapi.Config{
		Provider: x.provider, Host: x.host, Models: testhost.Models{Host: x.host}, BaseURL: "/", Version: "5.5.1",
		Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, Now: x.clock, Logger: logger,
	})
	require.NoError(t, err)

	var server http.Handler // made when the address is known
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/hub/login":
			http.SetCookie(w, &http.Cookie{Name: testhost.LoginCookie, Value: r.URL.Query().Get("user"), Path: "/hub/"})
		case api.Owns(r):
			x.mu.Lock()
			down := x.down
			if r.URL.Path == "/hub/api/user" {
				x.asked++
			}
			x.mu.Unlock()
			if down != 0 && r.URL.Path != "/hub/api/oauth2/authorize" {
				w.WriteHeader(down)
				return
			}
			api.ServeHTTP(w, r)
		default:
			server.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(x.Close)

	cfg := hubauth.Config{
		APIURL: x.URL + "/hub/api", APIToken: secret, ClientID: clientID, Prefix: prefix, Version: "5.5.1",
		AccessScopes: []string{"access:servers!server=alice/", "access:servers!user=alice"}, Now: x.clock, Logger: logger,
		API: func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, prefix+"api") },
	}
	for _, f := range change {
		f(&cfg)
	}
	auth, err := hubauth.New(cfg)
	require.NoError(t, err)
	inside := auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := hubauth.UserFrom(r.Context())
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "hello %s %s at %s %s", u.Kind, u.Name, r.URL.RequestURI(), body)
	}))
	server = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // no ServeMux: it would clean the path
		if r.URL.Path == prefix+"logout" {
			auth.LogoutHandler().ServeHTTP(w, r)
			return
		}
		inside.ServeHTTP(w, r)
	})

	x.alice = x.host.User("alice", "self")
	x.bob = x.host.Put(testhost.Person{Kind: oauth.KindUser, Name: "bob", Roles: []string{"self"}, Shares: []string{"access:servers!server=alice/"}})
	x.carol = x.host.User("carol", "self")
	require.NoError(t, x.provider.PutClient(t.Context(), oauth.Registration{
		ID: clientID, Description: "Server at /user/alice/", Secret: secret, RedirectURI: prefix + "oauth_callback",
		For: scopes.Client{Server: "alice/"}, LinkID: "s1", NoConfirm: true,
	}))
	return x
}

func (x *world) clock() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.now
}

func (x *world) pass(d time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now = x.now.Add(d)
}

func (x *world) hubAnswers(status int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.down = status
}

func (x *world) questions() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.asked
}

// browser keeps cookies and follows redirects, noting them.
type browser struct {
	t    testing.TB
	x    *world
	c    *http.Client
	hops []string
}

func (x *world) browser(t testing.TB, user string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	b := &browser{t: t, x: x, c: &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}}
	b.c.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		b.hops = append(b.hops, r.URL.Path)
		if len(via) > 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}
	if user != "" {
		resp, _ := b.do(http.MethodGet, "/hub/login?user="+user, nil)
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	return b
}

// still makes the browser stay where it is.
func (b *browser) still() *browser {
	b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

func (b *browser) do(method, path string, body io.Reader, headers ...string) (*http.Response, string) {
	b.t.Helper()
	b.hops = nil
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.x.URL+path, body)
	require.NoError(b.t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := b.c.Do(req)
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	return resp, strings.TrimSpace(string(text))
}

func (b *browser) get(path string, headers ...string) (int, string) {
	b.t.Helper()
	resp, text := b.do(http.MethodGet, path, nil, headers...)
	return resp.StatusCode, text
}

// cookies are those that the browser would send to a path.
func (b *browser) cookies(path string) map[string]string {
	u, err := url.Parse(b.x.URL + path)
	require.NoError(b.t, err)
	out := map[string]string{}
	for _, c := range b.c.Jar.Cookies(u) {
		out[c.Name] = c.Value
	}
	return out
}

func wants(t *testing.T, status int, text string, gotStatus int, gotText string) {
	t.Helper()
	assert.Equal(t, status, gotStatus)
	assert.Equal(t, text, gotText)
}
