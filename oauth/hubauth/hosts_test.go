package hubauth_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/oauth/hubauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

// domainHost is a hub whose users' servers have hosts below its own: its session id is for all of them.
type domainHost struct{ *testhost.Host }

func (h domainHost) EnsureSession(w http.ResponseWriter, r *http.Request) string {
	if c, err := r.Cookie(testhost.SessionCookie); err == nil {
		return c.Value
	}
	http.SetCookie(w, &http.Cookie{Name: testhost.SessionCookie, Value: "s1", Path: "/", Domain: "hub.example", HttpOnly: true})
	return "s1"
}

const (
	hubOrigin   = "http://hub.example"
	aliceOrigin = "http://alice.hub.example"
	bobOrigin   = "http://bob.hub.example"
)

// newHosts gives a browser, logged in as alice, of a world where the hub and alice's server have a host each.
func newHosts(t *testing.T) *http.Client {
	t.Helper()
	reg := scopes.New(scopes.P55)
	host := domainHost{testhost.New(reg)}
	provider, err := oauth.New(oauth.Config{Store: testhost.Store(t), Host: host, Registry: reg})
	require.NoError(t, err)
	host.User("alice", "self")
	require.NoError(t, provider.PutClient(t.Context(), oauth.Registration{
		ID: clientID, Secret: secret, RedirectURI: aliceOrigin + prefix + "oauth_callback", For: scopes.Client{Server: "alice/"}, LinkID: "s1",
	}))
	api, err := httpapi.New(httpapi.Config{
		Provider: provider, Host: host, Models: testhost.Models{Host: host.Host}, BaseURL: "/", Version: "5.5.1", Keys: [][]byte{bytes.Repeat([]byte("k"), 32)},
	})
	require.NoError(t, err)
	servers := map[string]http.Handler{}
	world := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, ok := servers[r.Host]
		if !ok {
			h = api // also by its address, as servers call it
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(world.Close)
	auth, err := hubauth.New(hubauth.Config{
		APIURL: world.URL + "/hub/api", APIToken: secret, ClientID: clientID, Prefix: prefix, HubHost: hubOrigin,
		CallbackURL: aliceOrigin + prefix + "oauth_callback", AccessScopes: []string{"access:servers!server=alice/"}, CheckSession: true,
	})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle(prefix+"logout", auth.LogoutHandler())
	mux.Handle("/", auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := hubauth.UserFrom(r.Context())
		_, _ = fmt.Fprintf(w, "hello %s of session %s", u.Name, u.SessionID)
	})))
	servers["alice.hub.example"] = mux

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	jar.SetCookies(at(t, hubOrigin+"/hub/"), []*http.Cookie{{Name: testhost.LoginCookie, Value: "alice", Path: "/hub/"}})
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, world.Listener.Addr().String())
	}}
	return &http.Client{Jar: jar, Transport: transport}
}

func at(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u
}

func get(t *testing.T, c *http.Client, address string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	resp, err := c.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

func names(c *http.Client, u *url.URL) (list []string) {
	for _, cookie := range c.Jar.Cookies(u) {
		list = append(list, cookie.Name)
	}
	return list
}

// The hub is at another host than the server: all addresses between them are absolute, the session id is shared, and nothing else is.
func TestAHubAtAnotherHost(t *testing.T) { // OA-115, OA-117, OA-4, OA-E4, OA-E8
	t.Parallel()
	browser := newHosts(t)
	var hops []string
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		hops = append(hops, r.URL.Scheme+"://"+r.URL.Host+r.URL.Path)
		return nil
	}
	resp, text := get(t, browser, aliceOrigin+prefix+"lab?x=1")
	assert.Equal(t, "hello alice of session s1", text)
	assert.Equal(t, aliceOrigin+prefix+"lab?x=1", resp.Request.URL.String())
	assert.Equal(t, []string{hubOrigin + "/hub/api/oauth2/authorize", aliceOrigin + prefix + "oauth_callback", aliceOrigin + prefix + "lab"}, hops)
	assert.Equal(t, "frame-ancestors 'none'; report-uri "+hubOrigin+"/hub/security/csp-report", resp.Header.Get("Content-Security-Policy"))

	assert.ElementsMatch(t, []string{testhost.SessionCookie, clientID, "_xsrf"}, names(browser, at(t, aliceOrigin+prefix)))
	assert.ElementsMatch(t, []string{testhost.SessionCookie, testhost.LoginCookie}, names(browser, at(t, hubOrigin+"/hub/")))
	assert.Equal(t, []string{testhost.SessionCookie}, names(browser, at(t, bobOrigin+prefix)), "the token stays with alice's host")

	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, _ = get(t, browser, aliceOrigin+prefix+"logout") // OA-112
	assert.Equal(t, hubOrigin+"/hub/logout", resp.Header.Get("Location"))
	assert.NotContains(t, names(browser, at(t, aliceOrigin+prefix)), clientID)
}

// A path would be looked for at the hub's host, and another host is another server's: neither is what was registered.
func TestNoOtherHostGetsTheCode(t *testing.T) { // OA-117, OA-23, OA-S3
	t.Parallel()
	browser := newHosts(t)
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for redirect, status := range map[string]int{
		aliceOrigin + prefix + "oauth_callback":                       http.StatusFound,
		prefix + "oauth_callback":                                     http.StatusBadRequest,
		bobOrigin + prefix + "oauth_callback":                         http.StatusBadRequest,
		hubOrigin + prefix + "oauth_callback":                         http.StatusBadRequest,
		"https://alice.hub.example" + prefix + "oauth_callback":       http.StatusBadRequest,
		"http://alice.hub.example:80" + prefix + "oauth_callback":     http.StatusBadRequest,
		"http://alice.hub.example.evil" + prefix + "oauth_callback":   http.StatusBadRequest,
		"http://hub.example@evil.example" + prefix + "oauth_callback": http.StatusBadRequest,
	} {
		resp, _ := get(t, browser, hubOrigin+"/hub/api/oauth2/authorize?response_type=code&state=s&client_id="+clientID+"&redirect_uri="+url.QueryEscape(redirect))
		assert.Equal(t, status, resp.StatusCode, redirect)
		if status == http.StatusFound {
			assert.Regexp(t, `^`+aliceOrigin+prefix+`oauth_callback\?code=\w{30}&state=s$`, resp.Header.Get("Location"))
		} else {
			assert.Empty(t, resp.Header.Get("Location"))
		}
	}
}
