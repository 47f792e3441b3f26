package hubauth_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth/hubauth"
)

func TestAVisitorIsSentToTheHubAndBack(t *testing.T) { // OA-101, OA-137, OA-138, HB-67, HB-119
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "bob")
	status, text := b.get("/user/alice/lab?x=1%2F2")
	wants(t, 200, "hello user bob at /user/alice/lab?x=1%2F2", status, text)
	assert.Equal(t, []string{"/hub/api/oauth2/authorize", "/user/alice/oauth_callback", "/user/alice/lab"}, b.hops)

	here, elsewhere := b.cookies("/user/alice/"), b.cookies("/user/bob/")
	assert.Contains(t, here, clientID)
	assert.Contains(t, here, "_xsrf")
	assert.NotContains(t, here, clientID+"-oauth-state")
	assert.NotContains(t, elsewhere, clientID)

	_, _ = b.get("/user/alice/lab")
	assert.Empty(t, b.hops, "once is enough")
	assert.NotContains(t, x.log.String(), secret)
}

func TestTheFirstRedirect(t *testing.T) { // OA-57, OA-93, OA-137, OA-175, OA-140
	t.Parallel()
	x := newWorld(t)
	resp, _ := x.browser(t, "").still().do(http.MethodGet, "/user/alice/", nil)
	assert.Equal(t, http.StatusFound, resp.StatusCode)
	assert.Regexp(t, `^/hub/api/oauth2/authorize\?client_id=jupyterhub-user-alice&redirect_uri=%2Fuser%2Falice%2Foauth_callback&response_type=code`+
		`&code_challenge=[\w-]{43}&code_challenge_method=S256&state=[\w-]{22}$`, resp.Header.Get("Location"))
	require.Len(t, resp.Cookies(), 1)
	c := resp.Cookies()[0]
	assert.Equal(t, clientID+"-oauth-state", c.Name)
	assert.Equal(t, "/user/alice/", c.Path)
	assert.Equal(t, 600, c.MaxAge)
	assert.True(t, c.HttpOnly)
	assert.False(t, c.Secure)
	assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	assert.Equal(t, "strict-origin", resp.Header.Get("Referrer-Policy"))
	assert.Equal(t, "5.5.1", resp.Header.Get("X-JupyterHub-Version"))
	assert.Equal(t, "frame-ancestors 'none'; report-uri /hub/security/csp-report", resp.Header.Get("Content-Security-Policy"))
}

func TestWhoIsRefusedInsteadOfSentAway(t *testing.T) { // OA-132, OA-136, OA-199
	t.Parallel()
	x := newWorld(t)
	for name, c := range map[string]struct {
		method, path string
		headers      []string
	}{
		"a POST":         {http.MethodPost, "/user/alice/x", nil},
		"a DELETE":       {http.MethodDelete, "/user/alice/x", nil},
		"an API request": {http.MethodGet, "/user/alice/api/status", nil},
		"a WebSocket":    {http.MethodGet, "/user/alice/x", []string{"Upgrade", "websocket", "Connection", "Upgrade"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, _ := x.browser(t, "bob").still().do(c.method, c.path, nil, c.headers...)
			assert.Equal(t, http.StatusForbidden, resp.StatusCode)
			assert.Empty(t, resp.Cookies())
		})
	}
	resp, _ := x.browser(t, "bob").still().do(http.MethodHead, "/user/alice/x", nil)
	assert.Equal(t, http.StatusFound, resp.StatusCode, "OA-206")
}

func TestWhoMayNotEnterIsNotSentInCircles(t *testing.T) { // OA-136, OA-199, HB-117
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "carol")
	status, text := b.get("/user/alice/")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, text, "You do not have permission to access Server at /user/alice/", "the hub's own page")

	b = x.browser(t, "bob")
	_, _ = b.get("/user/alice/")
	x.host.User("bob", "self")
	x.provider.Drop()
	x.pass(6 * time.Minute)
	status, text = b.get("/user/alice/")
	wants(t, http.StatusForbidden, "user bob is not allowed.", status, text)
	assert.Empty(t, b.hops)
}

// begin starts a login and gives the path of the callback that the hub sends the browser to.
func begin(t *testing.T, b *browser, path string) string {
	t.Helper()
	b.still()
	resp, _ := b.do(http.MethodGet, path, nil)
	require.Equal(t, http.StatusFound, resp.StatusCode)
	resp, _ = b.do(http.MethodGet, resp.Header.Get("Location"), nil)
	require.Equal(t, http.StatusFound, resp.StatusCode)
	return resp.Header.Get("Location")
}

func TestParallelTabsAllArrive(t *testing.T) { // OA-93, OA-139
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "bob")
	one, two, three := begin(t, b, "/user/alice/1"), begin(t, b, "/user/alice/2"), begin(t, b, "/user/alice/3")
	assert.Len(t, b.cookies("/user/alice/"), 4, "three logins and the session")
	for i, callback := range []string{two, one, three} {
		resp, _ := b.do(http.MethodGet, callback, nil)
		assert.Equal(t, http.StatusFound, resp.StatusCode)
		assert.Equal(t, []string{"/user/alice/2", "/user/alice/1", "/user/alice/3"}[i], resp.Header.Get("Location"))
	}
	assert.ElementsMatch(t, []string{clientID, "_xsrf", "jupyterhub-session-id"}, keys(b.cookies("/user/alice/")))
}

func keys(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}

func TestAForeignCallbackLogsNobodyIn(t *testing.T) { // OA-138, OA-S6
	t.Parallel()
	x := newWorld(t)
	callback := begin(t, x.browser(t, "bob"), "/user/alice/") // the attacker's own login
	victim := x.browser(t, "carol").still()
	status, text := victim.get(callback)
	wants(t, http.StatusForbidden, "oauth state does not match. Try logging in again.", status, text)
	assert.NotContains(t, victim.cookies("/user/alice/"), clientID)

	resp, _ := victim.do(http.MethodGet, "/user/alice/", nil) // now the victim has a login of her own under way
	require.Equal(t, http.StatusFound, resp.StatusCode)
	status, _ = victim.get(callback)
	assert.Equal(t, http.StatusForbidden, status)
	assert.NotContains(t, victim.cookies("/user/alice/"), clientID)
}

func TestAStateWorksOnce(t *testing.T) { // OA-S6
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "bob")
	callback := begin(t, b, "/user/alice/lab")
	state := b.cookies("/user/alice/")[clientID+"-oauth-state"]
	resp, _ := b.do(http.MethodGet, callback, nil)
	require.Equal(t, http.StatusFound, resp.StatusCode)
	thief := x.browser(t, "").still()
	status, _ := thief.get(callback, "Cookie", clientID+"-oauth-state="+state)
	assert.Equal(t, http.StatusForbidden, status)
}

func TestCallbacksThatCannotSucceed(t *testing.T) { // OA-138
	t.Parallel()
	x := newWorld(t)
	for query, want := range map[string]struct {
		status int
		text   string
	}{
		"error=invalid_scope&state=x": {400, "Error in oauth: invalid_scope"},
		"state=x":                     {400, "OAuth callback made without a code"},
		"code=x":                      {400, "OAuth state is missing. Try logging in again."},
		"code=x&state=x":              {403, "oauth state does not match. Try logging in again."},
	} {
		status, text := x.browser(t, "").get("/user/alice/oauth_callback?" + query)
		wants(t, want.status, want.text, status, text)
	}
	resp, _ := x.browser(t, "").do(http.MethodPost, "/user/alice/oauth_callback?code=x&state=x", nil)
	assert.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
}

func TestALoginExpires(t *testing.T) { // OA-137, OA-189
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "bob")
	callback := begin(t, b, "/user/alice/")
	x.pass(601 * time.Second)
	status, _ := b.get(callback)
	assert.Equal(t, http.StatusForbidden, status)
}

func TestACodeThatTheHubRefuses(t *testing.T) { // OA-64, OA-133
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "bob")
	callback := begin(t, b, "/user/alice/")
	require.NoError(t, x.provider.RemoveClient(t.Context(), clientID))
	status, text := b.get(callback)
	wants(t, http.StatusInternalServerError, "Failed to complete the login", status, text)
	u, err := url.Parse(callback)
	require.NoError(t, err)
	for _, s := range []string{u.Query().Get("code"), u.Query().Get("state")} {
		assert.NotContains(t, x.log.String(), s)
	}
}

func TestTheNextAddressStaysHere(t *testing.T) { // OA-108, OA-S14
	t.Parallel()
	x := newWorld(t, func(c *hubauth.Config) { c.Prefix = "/"; c.CallbackURL = "/user/alice/oauth_callback" })
	for _, path := range []string{"//evil.example/", "///evil.example/"} {
		b := x.browser(t, "bob")
		callback := begin(t, b, path)
		resp, _ := b.do(http.MethodGet, callback, nil)
		assert.Equal(t, "/", resp.Header.Get("Location"), path)
	}
}

func TestLogout(t *testing.T) { // OA-112, HB-46
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "bob")
	_, _ = b.get("/user/alice/")
	resp, _ := b.still().do(http.MethodGet, "/user/alice/logout", nil)
	assert.Equal(t, "/hub/logout", resp.Header.Get("Location"))
	assert.NotContains(t, b.cookies("/user/alice/"), clientID)
}

func TestCookiesOfAServerWithAHostOfItsOwn(t *testing.T) { // OA-99, OA-100, OA-E16, OA-E17
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*hubauth.Config)
		headers []string
		name    string
		path    string
		secure  bool
		same    http.SameSite
	}{
		"plain":             {func(*hubauth.Config) {}, nil, clientID + "-oauth-state", prefix, false, 0},
		"forwarded https":   {func(*hubauth.Config) {}, []string{"X-Forwarded-Proto", "https,http"}, clientID + "-oauth-state", prefix, true, 0},
		"forwarded element": {func(*hubauth.Config) {}, []string{"Forwarded", `for=1.2.3.4;proto="https", proto=http`}, clientID + "-oauth-state", prefix, true, 0},
		"scheme wins":       {func(*hubauth.Config) {}, []string{"X-Scheme", "http", "X-Forwarded-Proto", "https"}, clientID + "-oauth-state", prefix, false, 0},
		"public url":        {func(c *hubauth.Config) { c.PublicURL = "https://x.example/" }, nil, clientID + "-oauth-state", prefix, true, 0},
		"host prefix":       {func(c *hubauth.Config) { c.CookieHostPrefix = true }, nil, "__Host-" + clientID + "-oauth-state", "/", true, 0},
		"same site":         {func(c *hubauth.Config) { c.Cookies.SameSite = http.SameSiteLaxMode }, nil, clientID + "-oauth-state", prefix, false, http.SameSiteLaxMode},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, _ := newWorld(t, c.change).browser(t, "").still().do(http.MethodGet, prefix, nil, c.headers...)
			require.Len(t, resp.Cookies(), 1)
			got := resp.Cookies()[0]
			assert.Equal(t, fmt.Sprint(c.name, c.path, c.secure, c.same), fmt.Sprint(got.Name, got.Path, got.Secure, got.SameSite))
		})
	}
}

func TestTheTokenMustBelongToTheBrowsersSession(t *testing.T) { // OA-S11
	t.Parallel()
	x := newWorld(t, func(c *hubauth.Config) { c.CheckSession = true })
	b := x.browser(t, "bob")
	status, _ := b.get("/user/alice/")
	assert.Equal(t, http.StatusOK, status)
	b = x.browser(t, "bob")
	callback := begin(t, b, "/user/alice/")
	var cookies []string
	for name, value := range b.cookies("/user/alice/") {
		if name == "jupyterhub-session-id" {
			value = "another"
		}
		cookies = append(cookies, name+"="+value)
	}
	status, _ = x.browser(t, "").still().get(callback, "Cookie", strings.Join(cookies, "; "))
	assert.Equal(t, http.StatusForbidden, status)
}
