package hubsim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/internal/apidoc"
	"github.com/hubshare/hubshare/internal/apidoc/apicheck"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
)

// How an address knows its callers.
const (
	byNothing = iota // everybody is answered alike
	byLogin          // the login cookie alone; a token means nothing there
	byEither
	byNobody // neither is looked at, and proof belongs to nobody
)

// pageRoute is a line of the route table for all that is no gated route of the API: section 2.1 of the rules for hubs, and what is open.
type pageRoute struct {
	method, path, body string // path below H; with a leading slash, below the base
	knows              int
	scope, narrow      string // what opens it, and the filter of one for something else; "" = everybody who is known
	// What is answered to nobody, to who lacks the scope, has it for something else, and has it.
	anonymous, wrong, other, right int
	navigated                      bool // to be opened as a page: scripts are refused
	only                           string
}

const (
	formAt  = "api/oauth2/authorize?client_id=service-page&response_type=code&redirect_uri=%2Fservices%2Fpage%2Foauth_callback"
	toLogin = 302
)

var pageRoutes = []pageRoute{
	{method: "GET", path: "api", right: 200},
	{method: "GET", path: "api/", right: 200},
	{method: "GET", path: "api/openapi.json", right: 200},
	{method: "POST", path: "api/oauth2/token", right: 400},
	{method: "GET", path: "health", right: 200},
	{method: "HEAD", path: "health", right: 200},
	{method: "GET", path: "api/health", right: 200},
	{method: "HEAD", path: "api/health", right: 200},
	{method: "GET", path: "logo", right: 200},
	{method: "HEAD", path: "logo", right: 200},
	{method: "GET", path: "static/css/hub.css", right: 200},
	{method: "HEAD", path: "static/css/hub.css", right: 200},
	{method: "GET", path: "static/none", right: 404},
	{method: "GET", path: "error/404", right: 200},
	{method: "GET", path: "error/none", right: 404},
	{method: "GET", path: "accept-share/?code=x", right: 302},
	{method: "GET", path: "none", right: 404},
	{method: "GET", path: "api/none", right: 404},
	{method: "GET", path: "/", right: 302},
	{method: "GET", path: "/favicon.ico", right: 200},
	{method: "GET", path: "/robots.txt", right: 404},
	{method: "GET", path: "/none", right: 302},
	{method: "GET", path: "/user/bob/tree", right: 302},
	{method: "GET", path: "/user/bob", right: 301},
	{method: "GET", path: "/services/none/", right: 302},
	{method: "POST", path: "/user/bob/tree", knows: byNobody},
	{method: "DELETE", path: "/none", knows: byNobody},

	{method: "GET", path: "", knows: byLogin, anonymous: toLogin, right: 302},
	{method: "GET", path: "login", knows: byLogin, anonymous: 200, right: 302},
	{method: "GET", path: "home", knows: byLogin, anonymous: toLogin, right: 200},
	{method: "GET", path: "token", knows: byLogin, anonymous: toLogin, right: 200},
	{method: "GET", path: "user-redirect/lab", knows: byLogin, anonymous: toLogin, right: 302},
	{method: "GET", path: "accept-share", knows: byLogin, anonymous: toLogin, right: 400},
	{method: "GET", path: "accept-share?code=none", knows: byLogin, anonymous: toLogin, right: 404},
	{method: "POST", path: "accept-share?code=none", knows: byLogin, anonymous: 403, right: 400},
	{method: "GET", path: "shares", knows: byLogin, anonymous: toLogin, right: 200, only: "extensions"},
	{method: "POST", path: "shares", knows: byLogin, anonymous: 403, right: 400, only: "extensions"},
	{method: "GET", path: "shares", right: 404},
	{method: "POST", path: "security/csp-report", body: `{"csp-report": {}}`, knows: byLogin, anonymous: 403, right: 204},
	{method: "GET", path: "admin", knows: byLogin, scope: "admin-ui", narrow: anotherUser, anonymous: toLogin, wrong: 403, other: 403, right: 200},

	{method: "GET", path: "spawn", knows: byLogin, scope: "servers", narrow: anotherServer, anonymous: toLogin, wrong: 403, other: 404, right: 302},
	{method: "POST", path: "spawn", knows: byLogin, scope: "servers", narrow: anotherServer, anonymous: 403, wrong: 403, other: 404, right: 400},
	{method: "GET", path: "spawn/ann", knows: byLogin, scope: "servers", narrow: anotherServer, anonymous: toLogin, wrong: 403, other: 404, right: 302},
	{method: "POST", path: "spawn/ann", knows: byLogin, scope: "servers", narrow: anotherServer, anonymous: 403, wrong: 403, other: 404, right: 400},
	{method: "GET", path: "spawn/ann/lab", knows: byLogin, scope: "servers", narrow: anotherServer, anonymous: toLogin, wrong: 403, other: 404, right: 400},
	{method: "POST", path: "spawn/ann/lab", knows: byLogin, scope: "servers", narrow: anotherServer, anonymous: 403, wrong: 403, other: 404, right: 400},
	{method: "GET", path: "spawn-pending/ann", knows: byLogin, scope: "servers", narrow: anotherServer, anonymous: toLogin, wrong: 403, other: 404, right: 302},
	{method: "GET", path: "spawn-pending/bob", knows: byLogin, scope: "servers", narrow: anotherServer, anonymous: toLogin, wrong: 403, other: 404, right: 200},
	{method: "GET", path: "spawn-pending/ann/lab", knows: byLogin, scope: "servers", narrow: anotherServer, anonymous: toLogin, wrong: 403, other: 404, right: 404},

	{method: "GET", path: "user/bob", knows: byEither, scope: "access:servers", narrow: anotherServer, anonymous: toLogin, wrong: 404, other: 404, right: 424},
	{method: "GET", path: "user/bob/tree", knows: byEither, scope: "access:servers", narrow: anotherServer, anonymous: toLogin, wrong: 404, other: 404, right: 424},
	{method: "POST", path: "user/bob", knows: byEither, scope: "access:servers", narrow: anotherServer, anonymous: 403, wrong: 404, other: 404, right: 424},
	{method: "PATCH", path: "user/bob", knows: byEither, scope: "access:servers", narrow: anotherServer, anonymous: 403, wrong: 404, other: 404, right: 424},
	{method: "DELETE", path: "user/bob", knows: byEither, scope: "access:servers", narrow: anotherServer, anonymous: 403, wrong: 404, other: 404, right: 424},
	{method: "POST", path: "user/bob/x", knows: byEither, scope: "access:servers", narrow: anotherServer, anonymous: 403, wrong: 404, other: 404, right: 424},
	{method: "PATCH", path: "user/bob/x", knows: byEither, scope: "access:servers", narrow: anotherServer, anonymous: 403, wrong: 404, other: 404, right: 424},
	{method: "DELETE", path: "user/bob/x", knows: byEither, scope: "access:servers", narrow: anotherServer, anonymous: 403, wrong: 404, other: 404, right: 424},
	{method: "GET", path: "metrics", knows: byEither, scope: "read:metrics", narrow: anotherUser, anonymous: 403, wrong: 403, other: 403, right: 200},
	{method: "GET", path: "api/metrics", knows: byEither, scope: "read:metrics", narrow: anotherUser, anonymous: 403, wrong: 403, other: 403, right: 200},

	{method: "GET", path: formAt, knows: byLogin, scope: "access:services", narrow: "!service=other", anonymous: toLogin, wrong: 403, other: 403, right: 200,
		navigated: true},
	{method: "POST", path: formAt, body: "scopes=access:services!service%3Dpage", knows: byLogin, scope: "access:services", narrow: "!service=other",
		anonymous: 403, wrong: 403, other: 403, right: 302, navigated: true},

	// The last two end the logins of those who ask.
	{method: "POST", path: "login", knows: byLogin, anonymous: 403, right: 403},
	{method: "GET", path: "logout", right: 302},
}

// expected is what a page answers to somebody in some circumstances: HB-22, HB-41.
func (r pageRoute) expected(who client, mode string, proven bool) int {
	reads := r.method == "GET" || r.method == "HEAD"
	byToken := who.token != "" && r.knows == byEither
	known := byToken || who.cookie != ""
	switch {
	case r.knows == byNothing:
		return r.right
	case r.knows == byNobody, !reads && !byToken && !(proven && known):
		return 403
	case !known:
		return r.anonymous
	case r.navigated && mode != "" && mode != "navigate":
		return 403
	case r.scope == "", who.name == "right":
		return r.right
	case who.name == "narrow":
		return r.other
	}
	return r.wrong
}

// HB-10 … HB-22, HB-41, HB-132, HB-148: section 2.1, and what is open of the API, in the circumstances of the route table.
func TestThePagesOfTheRouteTable(t *testing.T) {
	t.Parallel()
	for _, r := range pageRoutes {
		t.Run(r.only+r.method+" "+r.path, func(t *testing.T) {
			t.Parallel()
			held, narrow := r.scope, r.scope+r.narrow
			if held == "" {
				held, narrow = "read:hub", "read:hub"
			}
			hub := hubsim.New(t, hubsim.Config{
				Users: []hubsim.User{{Name: "right"}, {Name: "narrow"}, {Name: "wrong"}, {Name: "ann"}, {Name: "bob"}, {Name: "other"}},
				Roles: []hubsim.Role{
					{Name: "user", Scopes: []string{"read:users:name!user", "read:users:groups!user"}},
					{Name: "right", Scopes: []string{held}, Users: []string{"right"}},
					{Name: "narrow", Scopes: []string{narrow}, Users: []string{"narrow"}},
					{Name: "wrong", Scopes: []string{"proxy"}, Users: []string{"wrong"}},
				},
				Services:   []hubsim.Service{{Name: "page", URL: "http://127.0.0.1:9"}, {Name: "other"}},
				Extensions: r.only == "extensions",
			})
			for _, owner := range []string{"ann", "right"} {
				require.NoError(t, hub.StartServer(t.Context(), owner, ""))
			}
			c := &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			t.Cleanup(c.CloseIdleConnections)
			clients := []client{{name: "anonymous"}}
			for _, name := range []string{"wrong", "narrow", "right"} {
				clients = append(clients, client{name: name, token: tokenFor(t, hub, name)}, byCookie(t, hub, name))
			}
			for _, who := range clients {
				for _, about := range circumstances {
					for _, proven := range []bool{false, true} {
						r.check(t, hub, c, who, about.mode, about.origin, proven)
					}
				}
			}
		})
	}
}

func (r pageRoute) check(t *testing.T, hub *hubsim.Hub, c *http.Client, who client, mode, origin string, proven bool) {
	t.Helper()
	at := hub.HubURL() + r.path
	if strings.HasPrefix(r.path, "/") {
		at = strings.TrimSuffix(hub.HubURL(), "/hub/") + r.path
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, at, strings.NewReader(r.body))
	require.NoError(t, err)
	if strings.Contains(r.body, "=") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	who.says(req.Header, mode, origin, proven)
	res, err := c.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)

	status := r.expected(who, mode, proven)
	said := []any{"by %q (cookie %t), mode %q, origin %q, proven %t: %s", who.name, who.cookie != "", mode, origin, proven, body}
	if !assert.Equal(t, status, res.StatusCode, said...) {
		return
	}
	assert.Equal(t, "5.5.1", res.Header.Get("X-JupyterHub-Version"), said...)
	assert.Contains(t, res.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'", said...)
	open := map[bool]string{true: "*"}[r.path == "api" || r.path == "api/"]
	assert.Equal(t, open, res.Header.Get("Access-Control-Allow-Origin"), said...)
	if r.knows == byLogin && r.method == "GET" && who.cookie == "" && status == toLogin {
		assert.Equal(t, "/hub/login?next="+url.QueryEscape("/hub/"+r.path), res.Header.Get("Location"), said...)
	}
	if r.knows != byNothing && status == 403 && r.path != "login" {
		assert.Contains(t, string(body), "<html", said...) // no JSON, whoever asks
	}
}

// Every path and method that a hub has is in a line of the tables above: what a hub gains has to be thought through for everybody who may ask.
func TestEveryRouteIsInTheRouteTable(t *testing.T) {
	t.Parallel()
	for only, cfg := range map[string]hubsim.Config{"": {}, "6.0": {Profile: scopes.P60}, "extensions": {Extensions: true}} {
		cfg.Users = []hubsim.User{{Name: "boss", Admin: true}}
		hub := hubsim.New(t, cfg)
		// The hub's own patterns, those of sharing and oauth by the description, which their own tests hold to it, and their pages.
		patterns := append(hub.Routes(), "/hub/accept-share", "/hub/accept-share/")
		if cfg.Extensions {
			patterns = append(patterns, "/hub/shares")
		}
		check, err := apicheck.New(apidoc.Variant{Profile60: cfg.Profile == scopes.P60, Extensions: cfg.Extensions})
		require.NoError(t, err)
		own := map[string]bool{}
		for _, p := range patterns {
			own[strings.ReplaceAll(p, "?}", "}")] = true
		}
		for _, op := range check.Operations() {
			if p := "/hub" + op.Path; !own[p] {
				own[p] = true
				patterns = append(patterns, strings.ReplaceAll(p, "{server}", "{server?}"))
			}
		}
		var rt web.Router
		for _, p := range patterns {
			rt.Handle(p, patternName(p))
		}
		listed := map[string][]string{} // methods by pattern
		note := func(in, method, path string) {
			if in != "" && in != only {
				return
			}
			if h, _, ok, err := rt.Lookup(httptest.NewRequest(method, path, nil)); ok && err == nil {
				p := string(h.(patternName))
				listed[p] = append(listed[p], method)
			}
		}
		for _, r := range apiRoutes {
			note(r.only, r.method, "/hub/api"+r.path)
		}
		for _, r := range pageRoutes {
			if !strings.HasPrefix(r.path, "/") {
				note(r.only, r.method, "/hub/"+r.path)
			}
		}
		// What is named does not exist, so that nothing changes.
		fill := strings.NewReplacer("{user}", "nobody", "{group}", "none", "{service}", "none", "{server}", "none", "{server?}", "none", "{owner}", "nobody",
			"{id}", "a0", "{token}", "none", "{code}", "404", "{rest...}", "none")
		boss := byCookie(t, hub, "boss")
		for _, p := range patterns {
			for _, method := range []string{"HEAD", "GET", "POST", "PUT", "PATCH", "DELETE"} {
				status, _, _ := askAt(t, strings.TrimSuffix(hub.HubURL(), "/hub/")+fill.Replace(p), method, "", "Cookie", boss.cookie, "X-XSRFToken", boss.proof)
				if status != http.StatusMethodNotAllowed {
					assert.True(t, slices.Contains(listed[p], method), "%s %s of a hub %s answers %d and is in no line of the route table", method, p, only, status)
				}
			}
			if strings.HasSuffix(p, "/logout") {
				boss = byCookie(t, hub, "boss")
			}
		}
	}
}

// patternName stands for a handler: it says whose it would be.
type patternName string

func (patternName) ServeHTTP(http.ResponseWriter, *http.Request) {}
