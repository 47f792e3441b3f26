package hubauth_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/hubauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
)

// Every policy of a hub is fine with this client, which always proves itself (OA-57): that of 5.5 ignores it, that of 6.0 may demand it.
func TestTheLoginWorksWhateverTheHubThinksOfPKCE(t *testing.T) { // OA-57, OA-171, OA-V1, OA-V2
	t.Parallel()
	for name, policy := range map[string]oauth.PKCE{"off": oauth.PKCEOff, "optional": oauth.PKCEOptional, "required": oauth.PKCERequired} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newWorldWith(t, func(c *oauth.Config) { c.PKCE = policy })
			status, text := x.browser(t, "bob").get("/user/alice/lab")
			wants(t, 200, "hello user bob at /user/alice/lab", status, text)
		})
	}
}

// A thief who has a code from a visitor's address bar, but not the verifier, which never left the server (OA-S4).
func TestAttackInjectingAStolenCode(t *testing.T) { // OA-S4, OA-S6
	t.Parallel()
	x := newWorld(t)
	stolen := begin(t, x.browser(t, "alice"), "/user/alice/")
	u, err := url.Parse(stolen)
	require.NoError(t, err)
	thief := x.browser(t, "bob")
	own := begin(t, thief, "/user/alice/")
	v, err := url.Parse(own)
	require.NoError(t, err)
	q := v.Query()
	q.Set("code", u.Query().Get("code"))
	status, text := thief.get("/user/alice/oauth_callback?" + q.Encode())
	wants(t, http.StatusInternalServerError, "Failed to complete the login", status, text)
	assert.NotContains(t, thief.cookies("/user/alice/"), clientID)
}

func TestAttackReplayingACallback(t *testing.T) { // OA-S1, OA-S6
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "bob")
	callback := begin(t, b, "/user/alice/lab")
	resp, _ := b.do(http.MethodGet, callback, nil)
	require.Equal(t, http.StatusFound, resp.StatusCode)
	for range 3 { // the visitor reloads, or goes back
		resp, _ = b.do(http.MethodGet, callback, nil)
		assert.Equal(t, "/user/alice/", resp.Header.Get("Location"))
	}
	status, _ := b.get("/user/alice/lab")
	assert.Equal(t, http.StatusOK, status, "the code went to the hub once, so that the login is still good")
}

// A token is for whom it was made for: that of bob's server, or of nobody's, does not open alice's, whoever its owner is.
func TestAttackPresentingAnotherServersToken(t *testing.T) { // OA-S11, OA-S12
	t.Parallel()
	x := newWorld(t)
	for name, scopes := range map[string][]string{"of another server": {"access:servers!server=bob/"}, "for nothing": {}, "for a service": {"read:users:name!user"}} {
		x.host.User("bob", "self", "access:servers")
		_, s, err := x.provider.IssueToken(t.Context(), oauth.TokenOrder{Owner: x.bob, Scopes: scopes})
		require.NoError(t, err)
		status, _ := x.browser(t, "").get("/user/alice/", "Authorization", "token "+s.Reveal())
		assert.Equal(t, http.StatusForbidden, status, name)
	}
}

// Another server on the origin sets cookies for our path; the browser sends them in front of ours.
func TestAttackWithDuplicateCookies(t *testing.T) { // OA-S11, OA-202
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "bob")
	_, _ = b.get("/user/alice/")
	mine := b.cookies("/user/alice/")
	session := "jupyterhub-session-id=" + mine["jupyterhub-session-id"]
	for name, c := range map[string]struct {
		cookies string
		status  int
	}{
		"a forged token first":                 {clientID + "=forged; " + clientID + "=" + mine[clientID], 200},
		"a forged token last":                  {clientID + "=" + mine[clientID] + "; " + clientID + "=forged", 200},
		"a forged token alone":                 {clientID + "=forged", 403},
		"the raw form of a token":              {clientID + "=" + x.apiToken(t, x.alice), 403},
		"the token under the state's name":     {clientID + "-oauth-state=" + mine[clientID], 403},
		"the proof as the token":               {clientID + "=" + mine["_xsrf"], 403},
		"a name in another case":               {strings.ToUpper(clientID) + "=" + mine[clientID], 403},
		"quotes around":                        {clientID + `="` + mine[clientID] + `"`, 200},
		"a value that was cut":                 {clientID + "=" + mine[clientID][:len(mine[clientID])-2], 403},
		"a hundred forgeries before the right": {strings.Repeat(clientID+"=forged; ", 100) + clientID + "=" + mine[clientID], 200},
	} {
		t.Run(name, func(t *testing.T) {
			status, _ := x.browser(t, "").get("/user/alice/api/x", "Cookie", session+"; "+c.cookies)
			assert.Equal(t, c.status, status)
		})
	}
	resp, _ := x.browser(t, "").do(http.MethodPost, "/user/alice/x", nil, "X-XSRFToken", mine["_xsrf"],
		"Cookie", session+"; _xsrf=forged; _xsrf="+mine["_xsrf"]+"; "+clientID+"="+mine[clientID])
	assert.Equal(t, http.StatusOK, resp.StatusCode, "the first proof that we signed counts")
	resp, _ = x.browser(t, "").do(http.MethodPost, "/user/alice/x", nil, "X-XSRFToken", "forged",
		"Cookie", session+"; _xsrf=forged; "+clientID+"="+mine[clientID])
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
}

func TestAttackReadingTokensFromAddresses(t *testing.T) { // OA-S7
	t.Parallel()
	x := newWorld(t)
	tok := x.apiToken(t, x.alice)
	b := x.browser(t, "").still()
	for _, name := range []string{"token", "access_token", "Authorization", "auth"} {
		resp, _ := b.do(http.MethodGet, "/user/alice/api/x?"+name+"="+tok, nil)
		assert.Equal(t, http.StatusForbidden, resp.StatusCode, name)
	}
	login := begin(t, x.browser(t, "bob"), "/user/alice/")
	for _, address := range []string{login, prefix + "oauth_callback?error=access_denied", prefix + "oauth_callback?code=x"} {
		resp, _ := x.browser(t, "").still().do(http.MethodGet, address, nil)
		assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
		assert.Equal(t, "strict-origin", resp.Header.Get("Referrer-Policy"), "what a page about a failed login links to learns nothing of its code")
	}
	assert.NotContains(t, x.log.String(), tok)
}

func TestAttackWithOversizedEverything(t *testing.T) { // OA-S19
	t.Parallel()
	x := newWorld(t)
	long := strings.Repeat("x", 100_000)
	b := x.browser(t, "").still()
	// A connection that ends with the answer may end before all of a body was sent, and then the answer is lost.
	b.c.Transport = &http.Transport{}
	t.Cleanup(b.c.CloseIdleConnections)
	for name, headers := range map[string][]string{
		"a token": {"Authorization", "token " + long}, "a cookie": {"Cookie", clientID + "=" + long}, "a proof": {"X-XSRFToken", long},
		"a session": {"Cookie", "jupyterhub-session-id=" + long}, "a thousand cookies": {"Cookie", strings.Repeat(clientID+"=a.b.c; ", 1000)},
		"a mode": {"Sec-Fetch-Mode", long}, "a proto": {"Forwarded", "proto=" + long},
	} {
		resp, text := b.do(http.MethodPost, "/user/alice/x", strings.NewReader(long), headers...)
		assert.Equal(t, http.StatusForbidden, resp.StatusCode, name)
		assert.Less(t, len(text), 1000, name)
	}
	assert.Zero(t, x.questions(), "the hub is not bothered")
	for _, callback := range []string{"code=x&state=" + long, "error=" + long, "code=" + long + "&state=y"} {
		resp, text := b.do(http.MethodGet, "/user/alice/oauth_callback?"+callback, nil)
		assert.Contains(t, []int{400, 403}, resp.StatusCode)
		assert.Less(t, len(text), 1000)
	}
}

// Servers that are given the same keys, as replicas are, still do not take each other's cookies: each is signed for its name.
func TestAttackWithCookiesOfASiblingWithTheSameKeys(t *testing.T) { // OA-S11, OA-S12, OA-S6
	t.Parallel()
	x := newWorld(t, func(c *hubauth.Config) { c.Keys = [][]byte{[]byte("the key of all servers, 32 bytes or more")} })
	b := x.browser(t, "bob")
	callback := begin(t, b, "/user/alice/")
	state := b.cookies("/user/alice/")[clientID+"-oauth-state"]
	resp, _ := b.do(http.MethodGet, callback, nil)
	require.Equal(t, http.StatusFound, resp.StatusCode)
	mine := b.cookies("/user/alice/")
	session := "jupyterhub-session-id=" + mine["jupyterhub-session-id"]
	ask := func(client, cookies string) int {
		auth, err := hubauth.New(hubauth.Config{
			APIURL: x.URL + "/hub/api", APIToken: secret, ClientID: client, Prefix: prefix, AccessScopes: []string{"access:servers!server=alice/"},
			Keys: [][]byte{[]byte("the key of all servers, 32 bytes or more")}, Now: x.clock,
		})
		require.NoError(t, err)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/user/alice/x", nil)
		r.Header.Set("Cookie", session+"; "+cookies)
		w := httptest.NewRecorder()
		auth.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		return w.Code
	}
	const sibling = "jupyterhub-user-alice-other"
	require.Equal(t, http.StatusOK, ask(clientID, clientID+"="+mine[clientID]))
	assert.Equal(t, http.StatusFound, ask(sibling, sibling+"="+mine[clientID]), "a token of another server")
	assert.Equal(t, http.StatusFound, ask(clientID, clientID+"="+state), "a login's state as the token")
	assert.Equal(t, http.StatusFound, ask(clientID, clientID+"="+mine["_xsrf"]), "a page's proof as the token")

	// The state of one login under the name of another's.
	b = x.browser(t, "bob").still()
	first := begin(t, b, "/user/alice/1")
	second := begin(t, b, "/user/alice/2")
	signed := b.cookies("/user/alice/")[clientID+"-oauth-state"]
	names := slices.DeleteFunc(keys(b.cookies("/user/alice/")), func(name string) bool { return !strings.HasPrefix(name, clientID+"-oauth-state-") })
	require.Len(t, names, 1)
	for _, callback := range []string{first, second} {
		status, _ := x.browser(t, "").still().get(callback, "Cookie", names[0]+"="+signed)
		assert.Equal(t, http.StatusForbidden, status)
	}
	status, _ := x.browser(t, "").still().get(first, "Cookie", clientID+"-oauth-state="+signed)
	assert.Equal(t, http.StatusFound, status, "or the test tests nothing")
}

// Keys are a list, the same on every replica: the first signs, all verify.
func TestRotatingKeysLogsNobodyOut(t *testing.T) { // OA-92, OA-94
	t.Parallel()
	old, young := []byte("the key of last year, 32 bytes or more"), []byte("the key of this year, 32 bytes or more")
	x := newWorld(t, func(c *hubauth.Config) { c.Keys = [][]byte{old} })
	b := x.browser(t, "bob")
	_, _ = b.get("/user/alice/")
	cookies := b.cookies("/user/alice/")
	header := clientID + "=" + cookies[clientID] + "; _xsrf=" + cookies["_xsrf"] + "; jupyterhub-session-id=" + cookies["jupyterhub-session-id"]
	ask := func(keys ...[]byte) int {
		auth, err := hubauth.New(hubauth.Config{
			APIURL: x.URL + "/hub/api", APIToken: secret, ClientID: clientID, Prefix: prefix, AccessScopes: []string{"access:servers!server=alice/"},
			Keys: keys, Now: x.clock,
		})
		require.NoError(t, err)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/user/alice/x", nil)
		r.Header.Set("Cookie", header)
		r.Header.Set("X-XSRFToken", cookies["_xsrf"])
		w := httptest.NewRecorder()
		auth.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		return w.Code
	}
	assert.Equal(t, http.StatusOK, ask(old), "another replica")
	assert.Equal(t, http.StatusOK, ask(young, old))
	assert.Equal(t, http.StatusOK, ask(old, young))
	assert.Equal(t, http.StatusForbidden, ask(young))
}

// The server's own secret is what a visitor may never see, and neither may the hub's answers that are not for them.
func TestAttackProvokingErrors(t *testing.T) { // OA-133, OA-192
	t.Parallel()
	x := newWorld(t)
	x.hubAnswers(500)
	status, text := x.browser(t, "").get("/user/alice/", "Authorization", "token whatever-it-is")
	assert.Equal(t, http.StatusBadGateway, status)
	assert.NotContains(t, text+x.log.String(), secret)
	assert.NotContains(t, text, x.URL)
}

// everyoneIsNobody is a hub that knows no token.
type everyoneIsNobody struct{}

func (everyoneIsNobody) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusForbidden, Body: io.NopCloser(strings.NewReader("{}")), Header: http.Header{}, Request: r}, nil
}

func FuzzCookieHeader(f *testing.F) { // OA-S11
	auth, err := hubauth.New(hubauth.Config{
		APIToken: secret, ClientID: clientID, Prefix: prefix, HTTPClient: &http.Client{Transport: everyoneIsNobody{}},
		Now: func() time.Time { return time.Unix(1_700_000_000, 0) },
	})
	require.NoError(f, err)
	guarded := auth.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("nobody may come here") }))
	for _, seed := range []string{
		clientID + "=a.b.c", clientID + `="x"`, clientID + "-oauth-state=x; " + clientID + "-oauth-state-=y", "_xsrf=; _xsrf", "=; ==;;", "\x00=\xff",
		clientID + "=; " + clientID, testhost.SessionCookie + "=" + strings.Repeat("x", 5000),
	} {
		f.Add(seed, "/user/alice/", "x")
		f.Add(seed, "/user/alice/oauth_callback", "y")
	}
	f.Fuzz(func(t *testing.T, cookies, path, state string) {
		if !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: path, RawQuery: url.Values{"code": {"c"}, "state": {state}}.Encode()}
		r.Header.Set("Cookie", cookies)
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		assert.Less(t, w.Code, 500)
		if w.Code == http.StatusFound {
			assert.True(t, strings.HasPrefix(w.Header().Get("Location"), "/hub/api/oauth2/authorize?"))
		}
	})
}

// A visitor whom the server has seen: no call to the hub (OA-193: 20 µs at most).
func BenchmarkAKnownVisitor(b *testing.B) {
	x := newWorld(b, func(c *hubauth.Config) { c.Keys = [][]byte{[]byte(secret)} })
	browser := x.browser(b, "bob")
	_, _ = browser.get("/user/alice/")
	cookies := browser.cookies("/user/alice/")
	auth, err := hubauth.New(hubauth.Config{
		APIURL: x.URL + "/hub/api", APIToken: secret, ClientID: clientID, Prefix: prefix, AccessScopes: []string{"access:servers!server=alice/"},
		Keys: [][]byte{[]byte(secret)}, Now: x.clock,
	})
	require.NoError(b, err)
	passed := 0
	guarded := auth.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed++ }))
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/user/alice/x", nil)
	for name, value := range cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	b.ReportAllocs()
	runs := 0
	for b.Loop() {
		runs++
		guarded.ServeHTTP(httptest.NewRecorder(), r)
	}
	require.Equal(b, runs, passed)
}
