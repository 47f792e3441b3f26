package hubauth_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/hubauth"
)

func (x *world) apiToken(t *testing.T, who oauth.OwnerRef) string {
	t.Helper()
	_, s, err := x.provider.IssueToken(t.Context(), oauth.TokenOrder{Owner: who})
	require.NoError(t, err)
	return s.Reveal()
}

func TestTokensInTheHeader(t *testing.T) { // OA-130, OA-131, HB-116, OA-195
	t.Parallel()
	x := newWorld(t)
	tok := x.apiToken(t, x.alice)
	for header, status := range map[string]int{
		"token " + tok: 200, "Bearer " + tok: 200, "BEARER   " + tok: 200, "bearer " + tok: 200,
		"Basic " + tok: 403, "token": 403, "token ": 403, "token a b": 403, "token " + tok[1:]: 403,
	} {
		resp, text := x.browser(t, "").do(http.MethodPost, "/user/alice/x", strings.NewReader("body"), "Authorization", header, "Content-Type", "application/x-www-form-urlencoded")
		assert.Equal(t, status, resp.StatusCode, header)
		if status == 200 {
			assert.Equal(t, "hello user alice at /user/alice/x body", text)
			assert.Empty(t, resp.Cookies(), "a token sets no cookie")
		}
	}
	status, text := x.browser(t, "").get("/user/alice/x", "Authorization", "token "+x.apiToken(t, x.carol))
	wants(t, http.StatusForbidden, "user carol is not allowed.", status, text)
}

func TestABadHeaderFallsBackToTheCookie(t *testing.T) { // OA-130
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "bob")
	_, _ = b.get("/user/alice/")
	status, text := b.get("/user/alice/x", "Authorization", "token nonsense")
	wants(t, 200, "hello user bob at /user/alice/x", status, text)
}

func TestTokensInTheURL(t *testing.T) { // OA-130, OA-131, OA-S7
	t.Parallel()
	x := newWorld(t)
	tok := x.apiToken(t, x.alice)
	status, _ := x.browser(t, "").still().get("/user/alice/x?token=" + tok)
	assert.Equal(t, http.StatusFound, status, "off by default: sent to log in")
	status, _ = x.browser(t, "").get("/user/alice/x?token="+tok, "Sec-Fetch-Mode", "websocket")
	assert.Equal(t, http.StatusOK, status, "a script has no other way")

	x = newWorld(t, func(c *hubauth.Config) { c.AllowTokenInURL = true })
	tok = x.apiToken(t, x.alice)
	b := x.browser(t, "").still()
	resp, _ := b.do(http.MethodGet, "/user/alice/x?token="+tok+"&a=b", nil)
	assert.Equal(t, "/user/alice/x?a=b", resp.Header.Get("Location"), "out of the address bar")
	status, text := b.get("/user/alice/x")
	wants(t, 200, "hello user alice at /user/alice/x", status, text)

	// What is not only looked at must not be asked for twice, nor be turned into something that is only looked at.
	for _, mode := range []string{"", "navigate"} {
		caller := x.browser(t, "").still()
		resp, text = caller.do(http.MethodPost, "/user/alice/x?token="+tok, strings.NewReader("done"), "Sec-Fetch-Mode", mode)
		wants(t, 200, "hello user alice at /user/alice/x?token="+tok+" done", resp.StatusCode, text)
		assert.Contains(t, caller.cookies("/user/alice/"), clientID)
	}
	caller := x.browser(t, "").still()
	resp, _ = caller.do(http.MethodPost, "/user/alice/x?token="+tok, nil, "Sec-Fetch-Mode", "cors")
	assert.Equal(t, 200, resp.StatusCode)
	assert.NotContains(t, caller.cookies("/user/alice/"), clientID, "a script's token stays the script's")
}

func TestACookieAloneProvesNothingToAScript(t *testing.T) { // OA-96, OA-132, OA-S5, OA-S11
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "bob")
	_, _ = b.get("/user/alice/")
	xsrf := b.cookies("/user/alice/")["_xsrf"]
	require.NotEmpty(t, xsrf)
	form := "application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
	}{
		"a navigation":                      {"GET", "/user/alice/x", "", []string{"Sec-Fetch-Mode", "navigate"}, 200},
		"an old browser":                    {"GET", "/user/alice/x", "", nil, 200},
		"an image on our own page":          {"GET", "/user/alice/x", "", []string{"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Site", "same-origin"}, 200},
		"an image on a foreign page":        {"GET", "/user/alice/api/x", "", []string{"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Site", "cross-site"}, 403},
		"a script's reading without cors":   {"GET", "/user/alice/x", "", []string{"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Dest", "empty"}, 403},
		"a script's reading":                {"GET", "/user/alice/api/x", "", []string{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "same-origin"}, 403},
		"a script's reading with the proof": {"GET", "/user/alice/api/x", "", []string{"Sec-Fetch-Mode", "cors", "X-XSRFToken", xsrf}, 200},
		"a form":                            {"POST", "/user/alice/x", "a=b", []string{"Content-Type", form}, 403},
		"a form without cors":               {"POST", "/user/alice/x", "a=b", []string{"Content-Type", form, "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Site", "same-origin"}, 403},
		"a form with the proof":             {"POST", "/user/alice/x", "a=b&_xsrf=" + xsrf, []string{"Content-Type", form}, 200},
		"the proof in the query":            {"POST", "/user/alice/x?_xsrf=" + xsrf, "", nil, 200},
		"the other header":                  {"PUT", "/user/alice/x", "", []string{"X-CSRFToken", xsrf}, 200},
		"a wrong proof":                     {"POST", "/user/alice/x", "", []string{"X-XSRFToken", xsrf + "x"}, 403},
		"a WebSocket":                       {"GET", "/user/alice/api/x", "", []string{"Upgrade", "websocket", "Connection", "Upgrade", "Sec-Fetch-Mode", "websocket"}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			resp, text := b.do(c.method, c.path, strings.NewReader(c.body), c.headers...)
			assert.Equal(t, c.status, resp.StatusCode)
			if c.status == 200 {
				assert.Contains(t, text, c.body, "the handler still gets the body")
			}
		})
	}
	other := x.browser(t, "bob")
	_, _ = other.get("/user/alice/")
	resp, _ := other.do(http.MethodPost, "/user/alice/x", nil, "X-XSRFToken", xsrf)
	assert.Equal(t, http.StatusForbidden, resp.StatusCode, "another session's")
}

func TestWebSocketsByCookieCanBeRefused(t *testing.T) { // OA-132, OA-E23
	t.Parallel()
	x := newWorld(t, func(c *hubauth.Config) { c.DenyWebSocketCookie = true })
	b := x.browser(t, "bob")
	status, _ := b.get("/user/alice/")
	require.Equal(t, http.StatusOK, status)
	status, _ = b.get("/user/alice/x", "Sec-Fetch-Mode", "websocket")
	assert.Equal(t, http.StatusForbidden, status)
}

func TestForeignCookiesAreIgnored(t *testing.T) { // OA-S11, OA-S6
	t.Parallel()
	x, y := newWorld(t), newWorld(t)
	b := y.browser(t, "bob")
	_, _ = b.get("/user/alice/")
	foreign := clientID + "=" + b.cookies("/user/alice/")[clientID]
	resp, _ := x.browser(t, "").still().do(http.MethodGet, "/user/alice/", nil, "Cookie", foreign)
	assert.Equal(t, http.StatusFound, resp.StatusCode)
	assert.Equal(t, 0, x.questions(), "the hub is not even asked")

	own := x.browser(t, "bob")
	_, _ = own.get("/user/alice/")
	both := foreign + "; " + clientID + "=" + own.cookies("/user/alice/")[clientID]
	status, _ := x.browser(t, "").still().get("/user/alice/", "Cookie", both)
	assert.Equal(t, http.StatusOK, status, "the one we signed counts, wherever it stands")
}

func TestWhenTheHubFails(t *testing.T) { // OA-133
	t.Parallel()
	x := newWorld(t)
	tok := "token " + x.apiToken(t, x.alice)
	for hub, want := range map[int]struct {
		status int
		text   string
	}{
		500: {502, "Failed to check authorization"}, 503: {502, "Failed to check authorization"},
		400: {500, "Failed to check authorization"}, 404: {500, "Failed to check authorization"}, 302: {500, "Failed to check authorization"},
		200: {500, "Failed to check authorization"}, // and says nothing
	} {
		x.hubAnswers(hub)
		status, text := x.browser(t, "").get("/user/alice/x", "Authorization", tok)
		wants(t, want.status, want.text, status, text)
	}
	x.hubAnswers(0)
	status, _ := x.browser(t, "").get("/user/alice/x", "Authorization", tok)
	assert.Equal(t, 200, status, "failures are not remembered")

	x = newWorld(t, func(c *hubauth.Config) { c.APIURL = "http://127.0.0.1:1/hub/api" })
	status, text := x.browser(t, "").get("/user/alice/x", "Authorization", tok)
	wants(t, 500, "Failed to connect to Hub API", status, text)
}

func TestAnswersAreRememberedPerSession(t *testing.T) { // OA-111, OA-134, HB-118
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "bob")
	_, _ = b.get("/user/alice/")
	asked := x.questions()
	_, _ = b.get("/user/alice/")
	assert.Equal(t, asked, x.questions())

	require.NoError(t, x.provider.Logout(t.Context(), x.bob, b.cookies("/")["jupyterhub-session-id"]))
	status, _ := b.still().get("/user/alice/")
	assert.Equal(t, http.StatusOK, status, "until the answer is too old")
	x.pass(5 * time.Minute)
	resp, _ := b.do(http.MethodGet, "/user/alice/", nil)
	assert.Equal(t, http.StatusFound, resp.StatusCode)
	assert.NotContains(t, b.cookies("/user/alice/"), clientID, "a dead cookie is cleared")
}

func TestANewSessionAsksAnew(t *testing.T) { // OA-111, OA-134, OA-S17
	t.Parallel()
	x := newWorld(t)
	b := x.browser(t, "bob")
	_, _ = b.get("/user/alice/")
	require.NoError(t, x.provider.Logout(t.Context(), x.bob, b.cookies("/")["jupyterhub-session-id"]))
	cookie := clientID + "=" + b.cookies("/user/alice/")[clientID]
	resp, _ := x.browser(t, "").still().do(http.MethodGet, "/user/alice/", nil, "Cookie", cookie+"; jupyterhub-session-id=new")
	assert.Equal(t, http.StatusFound, resp.StatusCode)
}

func TestNobodyIsBelievedForHalfAMinute(t *testing.T) { // OA-134
	t.Parallel()
	x := newWorld(t)
	ask := func() { _, _ = x.browser(t, "").get("/user/alice/api/x", "Authorization", "token nonsense-nonsense") }
	ask()
	ask()
	assert.Equal(t, 1, x.questions())
	x.pass(30 * time.Second)
	ask()
	assert.Equal(t, 2, x.questions())
}

func TestWithoutACacheTheNextRequestKnows(t *testing.T) { // HB-127
	t.Parallel()
	x := newWorld(t, func(c *hubauth.Config) { c.CacheAge = -1 })
	b := x.browser(t, "bob")
	status, _ := b.get("/user/alice/")
	require.Equal(t, http.StatusOK, status)
	x.host.User("bob", "self")
	x.provider.Drop(x.bob)
	status, text := b.get("/user/alice/")
	wants(t, http.StatusForbidden, "user bob is not allowed.", status, text)
}

func TestManyRequestsAskOnce(t *testing.T) { // OA-191
	t.Parallel()
	x := newWorld(t)
	tok := "token " + x.apiToken(t, x.alice)
	var wg sync.WaitGroup
	for range 16 {
		b := x.browser(t, "")
		wg.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, x.URL+"/user/alice/x", nil)
			if !assert.NoError(t, err) {
				return
			}
			req.Header.Set("Authorization", tok)
			resp, err := b.c.Do(req)
			if assert.NoError(t, err) {
				assert.Equal(t, http.StatusOK, resp.StatusCode)
				assert.NoError(t, resp.Body.Close())
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 1, x.questions(), "who comes after the answer finds it, who comes before shares the question")
}

func TestAServiceWithoutLogin(t *testing.T) { // OA-123, OA-136
	t.Parallel()
	x := newWorld(t, func(c *hubauth.Config) { c.NoLogin = true; c.ClientID = "" })
	status, text := x.browser(t, "bob").get("/user/alice/")
	wants(t, http.StatusForbidden, "Forbidden", status, text)
	status, _ = x.browser(t, "").get("/user/alice/", "Authorization", "token "+x.apiToken(t, x.alice))
	assert.Equal(t, http.StatusOK, status)
}
