package hubsim_test

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/scopes"
)

// apiRoute is one line of the route table (HB-136, SC-99): what it asks of a caller, and what it answers once they are let in. Bodies are such that this is
// the same each time: what is asked for exists already, or is wrong.
type apiRoute struct {
	method, path, body string
	scope, filter      string // a scope that opens it, and the filter of one for another resource; filter "" = lists and what is about no resource
	status             int
	message            string // "" = the answer is not an error
	// narrow is the status for who holds the scope with the filter: 0 = 404, or 403 without filter. identity: everybody may do it to themselves.
	narrow   int
	identity bool

	anyone    bool   // no scope is asked for; narrow and wrong are answered like right
	tokens    bool   // cookies mean nothing
	free      bool   // anonymous callers are answered like others, without proof
	anonymous string // the message for who is nobody; "" = "Missing or invalid credentials."
	refused   string // the message, with 403, for who may not; "" = by the scope
	only      string // the hubs that have it: "6.0", "extensions", "" = all
}

const (
	anotherUser   = "!user=other"
	anotherServer = "!server=other/"
	anotherGroup  = "!group=others"
	unknown       = "Not Found"
	noLife        = "expires_in must be a positive whole number of seconds, or null"
	gone          = "This endpoint is gone. Make tokens with POST users/NAME/tokens instead."
)

var apiRoutes = []apiRoute{
	{method: "GET", path: "/users", scope: "list:users", status: 200, narrow: 200},
	{method: "POST", path: "/users", scope: "admin:users", status: 400, message: "Must specify at least one user to create"},
	{method: "GET", path: "/users/ann", scope: "read:users", filter: anotherUser, status: 200, identity: true},
	{method: "GET", path: "/users/nobody", scope: "read:users", filter: anotherUser, status: 404, message: unknown, identity: true},
	{method: "POST", path: "/users/ann", scope: "admin:users", filter: anotherUser, status: 409, message: "User ann already exists"},
	{method: "PATCH", path: "/users/ann", body: "{}", scope: "admin:users", filter: anotherUser, status: 200},
	{method: "DELETE", path: "/users/nobody", scope: "delete:users", filter: anotherUser, status: 404, message: unknown},
	{method: "POST", path: "/users/ann/server", body: "[1]", scope: "servers", filter: anotherServer, status: 400, message: "JSON body must be an object"},
	{method: "POST", path: "/users/ann/servers/x", body: "[1]", scope: "servers", filter: anotherServer, status: 400, message: "JSON body must be an object"},
	{method: "DELETE", path: "/users/ann/server", scope: "delete:servers", filter: anotherServer, status: 204},
	{method: "DELETE", path: "/users/ann/servers/x", scope: "delete:servers", filter: anotherServer, status: 404, message: "ann has no server named 'x'"},
	{method: "DELETE", path: "/users/ann/servers/", scope: "delete:servers", filter: anotherServer, status: 204},
	{method: "GET", path: "/users/ann/server/progress", scope: "read:servers", filter: anotherServer, status: 400, message: "ann is not starting..."},
	{method: "GET", path: "/users/ann/servers/x/progress", scope: "read:servers", filter: anotherServer, status: 404, message: unknown},
	{method: "POST", path: "/users/ann/activity", body: "{}", scope: "users:activity", filter: anotherUser, status: 400,
		message: "body must contain at least one of `last_activity` or `servers`"},
	{method: "GET", path: "/users/ann/tokens", scope: "read:tokens", filter: anotherUser, status: 200},
	{method: "GET", path: "/users/ann/tokens/a99", scope: "read:tokens", filter: anotherUser, status: 404, message: "No such token a99 for user ann"},
	{method: "DELETE", path: "/users/ann/tokens/a99", scope: "tokens", filter: anotherUser, status: 404, message: "No such token a99 for user ann"},
	{method: "GET", path: "/users/ann/shared", scope: "read:users:shares", filter: anotherUser, status: 200},
	{method: "GET", path: "/users/ann/shared/bob/", scope: "read:users:shares", filter: anotherUser, status: 404, message: "No such share for user ann on bob/"},
	{method: "DELETE", path: "/users/ann/shared/bob/", scope: "users:shares", filter: anotherUser, status: 404, message: "No such share for user ann on bob/"},
	{method: "GET", path: "/shares/ann", scope: "read:shares", filter: anotherUser, status: 200},
	{method: "GET", path: "/shares/ann/", scope: "read:shares", filter: anotherServer, status: 200},
	{method: "POST", path: "/shares/ann/", body: "[1]", scope: "shares", filter: anotherServer, status: 400, message: "JSON body must be an object"},
	{method: "PATCH", path: "/shares/ann/", body: "[1]", scope: "shares", filter: anotherServer, status: 400, message: "JSON body must be an object"},
	{method: "DELETE", path: "/shares/ann/", scope: "shares", filter: anotherServer, status: 204},
	{method: "GET", path: "/share-codes/ann", scope: "read:shares", filter: anotherUser, status: 200},
	{method: "GET", path: "/share-codes/ann/", scope: "read:shares", filter: anotherServer, status: 200},
	{method: "POST", path: "/share-codes/ann/", body: "[1]", scope: "shares", filter: anotherServer, status: 400, message: "JSON body must be an object"},
	{method: "DELETE", path: "/share-codes/ann/", scope: "shares", filter: anotherServer, status: 204},
	{method: "GET", path: "/groups", scope: "list:groups", status: 200, narrow: 403}, // users are no groups
	{method: "POST", path: "/groups", scope: "admin:groups", status: 400, message: "Must specify at least one group to create"},
	{method: "GET", path: "/groups/lab", scope: "read:groups", filter: anotherGroup, status: 200},
	{method: "POST", path: "/groups/lab", scope: "admin:groups", filter: anotherGroup, status: 409, message: "Group lab already exists"},
	{method: "DELETE", path: "/groups/none", scope: "delete:groups", filter: anotherGroup, status: 404, message: "No such group: none"},
	{method: "POST", path: "/groups/lab/users", body: `{"users": []}`, scope: "groups", filter: anotherGroup, status: 200},
	{method: "DELETE", path: "/groups/lab/users", body: `{"users": []}`, scope: "groups", filter: anotherGroup, status: 200},
	{method: "PUT", path: "/groups/lab/properties", body: `{}`, scope: "groups", filter: anotherGroup, status: 200},
	{method: "GET", path: "/groups/lab/shared", scope: "read:groups:shares", filter: anotherGroup, status: 200},
	{method: "GET", path: "/groups/lab/shared/ann/", scope: "read:groups:shares", filter: anotherGroup, status: 404,
		message: "No such share for group lab on ann/"},
	{method: "DELETE", path: "/groups/lab/shared/ann/", scope: "groups:shares", filter: anotherGroup, status: 404,
		message: "No such share for group lab on ann/"},
	{method: "GET", path: "/services", scope: "list:services", status: 200, narrow: 200},
	{method: "GET", path: "/services/page", scope: "read:services", filter: "!service=other", status: 200},
	{method: "POST", path: "/services/page", scope: "admin:services", filter: "!service=other", status: 409, message: "Service page already exists"},
	{method: "DELETE", path: "/services/page", scope: "admin:services", filter: "!service=other", status: 405, message: "Service page is not modifiable at runtime"},
	{method: "GET", path: "/proxy", scope: "proxy", status: 200},
	{method: "POST", path: "/proxy", scope: "proxy", status: 200},
	{method: "PATCH", path: "/proxy", scope: "proxy", status: 400, message: "need JSON body"},
	{method: "GET", path: "/info", scope: "read:hub", status: 200},
	{method: "GET", path: "/user", scope: "read:hub", status: 200, anyone: true, anonymous: "Forbidden"},
	{method: "POST", path: "/users/ann/tokens", body: `{"expires_in": 0}`, scope: "tokens", filter: anotherUser, status: 400, message: noLife, anonymous: "Forbidden",
		refused: "User ann not found or no permissions to generate tokens"},
	{method: "GET", path: "/authorizations/token/none", scope: "read:hub", status: 404, message: unknown, anyone: true, tokens: true, anonymous: "Forbidden"},
	{method: "POST", path: "/authorizations/token/none", scope: "read:hub", status: 404, message: gone, anyone: true, free: true},
	{method: "POST", path: "/authorizations/token", scope: "read:hub", status: 404, message: gone, anyone: true, free: true},
	{method: "GET", path: "/users/ann/server", scope: "read:servers", filter: anotherServer, status: 200, only: "6.0"},
	{method: "GET", path: "/users/ann/servers/x", scope: "read:servers", filter: anotherServer, status: 404, message: unknown, only: "6.0"},
	{method: "PUT", path: "/users/ann/server", body: "[1]", scope: "start:servers", filter: anotherServer, status: 409,
		message: "User ann already has a default server", only: "6.0"},
	{method: "PUT", path: "/users/ann/servers/x", body: "[1]", scope: "start:servers", filter: anotherServer, status: 400,
		message: "JSON body must be an object", only: "6.0"},
	{method: "POST", path: "/users/ann/servers/x", body: "[1]", scope: "start:servers", filter: anotherServer, status: 400,
		message: "JSON body must be an object", only: "6.0"},
	{method: "GET", path: "/shares", scope: "read:shares", filter: anotherUser, status: 200, only: "extensions"},
	{method: "GET", path: "/share-codes", scope: "read:shares", filter: anotherUser, status: 200, only: "extensions"},
}

// circumstances are what a browser may say of a request.
var circumstances = []struct{ mode, origin string }{
	{"", ""}, {"navigate", ""}, {"cors", ""}, {"same-origin", ""}, {"no-cors", ""}, {"", "https://elsewhere.example"}, {"cors", "https://elsewhere.example"},
}

// client is somebody with a cookie, a token, or neither.
type client struct {
	name, token, cookie, proof string
}

// says puts into a request's header who asks and in which circumstances.
func (who client) says(h http.Header, mode, origin string, proven bool) {
	header := map[string]string{"Sec-Fetch-Mode": mode, "Origin": origin, "Cookie": who.cookie}
	if who.token != "" {
		header["Authorization"] = "Bearer " + who.token
	}
	if proven {
		header["X-XSRFToken"] = cmp.Or(who.proof, "made-up")
	}
	for k, v := range header {
		if v != "" {
			h.Set(k, v)
		}
	}
}

// expected is what a route answers to somebody in some circumstances: HB-131, HB-134, HB-41.
func (r apiRoute) expected(who client, mode, origin string, proven bool) (status int, message string) {
	reads := r.method == "GET" && (mode == "" || mode == "navigate")
	anonymous := who.token == "" && who.cookie == ""
	if who.token == "" && !reads && !(anonymous && (origin == "" || r.free)) {
		switch {
		case !proven:
			return 403, "'_xsrf' argument missing from " + r.method
		case anonymous: // whose proof belongs to somebody else, or nobody
			return 403, "XSRF cookie does not match " + r.method + " argument"
		}
	}
	const hidden = "No access to resources or resources not found"
	switch {
	case anonymous && !r.free, r.tokens && who.token == "":
		return 403, cmp.Or(r.anonymous, "Missing or invalid credentials.")
	case who.name == "right", r.anyone:
		return r.status, r.message
	case r.refused != "":
		return 403, r.refused
	case who.name == "narrow" && r.narrow != 0:
		return r.narrow, map[int]string{403: "Forbidden"}[r.narrow]
	case who.name == "narrow" && r.filter != "", r.identity:
		return 404, hidden
	}
	return 403, "Action is not authorized with current scopes; requires any of ["
}

// HB-131, HB-134, HB-41, HB-132, SC-92 … SC-99: every route of the API × {anonymous, wrong scope, filtered scope, right scope} × {cookie, token} × {with and without
// proof, Origin, Sec-Fetch-Mode}.
func TestTheRouteTable(t *testing.T) {
	t.Parallel()
	for _, r := range apiRoutes {
		t.Run(r.only+r.method+" "+r.path, func(t *testing.T) {
			t.Parallel()
			narrow := r.filter
			if narrow == "" {
				narrow = anotherUser
			}
			cfg := hubsim.Config{
				Users:  []hubsim.User{{Name: "right"}, {Name: "narrow"}, {Name: "wrong"}, {Name: "ann"}, {Name: "bob"}, {Name: "other"}},
				Groups: []hubsim.Group{{Name: "lab"}, {Name: "others"}},
				Roles: []hubsim.Role{
					{Name: "user", Scopes: []string{"read:users:name!user", "read:users:groups!user"}},
					{Name: "right", Scopes: []string{r.scope}, Users: []string{"right"}},
					{Name: "narrow", Scopes: []string{r.scope + narrow}, Users: []string{"narrow"}},
					{Name: "wrong", Scopes: []string{"read:metrics"}, Users: []string{"wrong"}},
				},
				Services:          []hubsim.Service{{Name: "page", URL: "http://127.0.0.1:9"}, {Name: "other"}},
				AllowNamedServers: true,
				Extensions:        r.only == "extensions",
			}
			if r.only == "6.0" {
				cfg.Profile = scopes.P60
			}
			hub := hubsim.New(t, cfg)
			c := &http.Client{Transport: &http.Transport{}}
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

// byCookie logs somebody in with a browser that has a page open.
func byCookie(t *testing.T, hub *hubsim.Hub, name string) client {
	t.Helper()
	p := known(t, hub, name)
	proof, ok := p.get("home").form0()
	require.True(t, ok)
	at, err := url.Parse(hub.APIURL())
	require.NoError(t, err)
	var cookies []string
	for _, k := range p.c.Jar.Cookies(at) {
		cookies = append(cookies, k.Name+"="+k.Value)
	}
	return client{name: name, cookie: strings.Join(cookies, "; "), proof: proof}
}

func (r apiRoute) check(t *testing.T, hub *hubsim.Hub, c *http.Client, who client, mode, origin string, proven bool) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.method, hub.APIURL()+r.path, strings.NewReader(r.body))
	require.NoError(t, err)
	who.says(req.Header, mode, origin, proven)
	res, err := c.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)

	status, message := r.expected(who, mode, origin, proven)
	said := []any{"by %q (cookie %t), mode %q, origin %q, proven %t: %s", who.name, who.cookie != "", mode, origin, proven, body}
	if !assert.Equal(t, status, res.StatusCode, said...) {
		return
	}
	assert.Empty(t, res.Header.Get("Access-Control-Allow-Origin"), said...)
	assert.Equal(t, map[bool]string{false: "5.5.1", true: "6.0.0b2"}[r.only == "6.0"], res.Header.Get("X-JupyterHub-Version"), said...)
	assert.Contains(t, res.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'", said...)
	if status < 400 {
		return
	}
	var answer struct {
		Status  int
		Message string
	}
	require.NoError(t, json.Unmarshal(body, &answer), said...)
	assert.Equal(t, "application/json", res.Header.Get("Content-Type"), said...)
	assert.Equal(t, status, answer.Status, said...)
	if strings.HasSuffix(message, "[") {
		assert.True(t, strings.HasPrefix(answer.Message, message), said...)
		return
	}
	assert.Equal(t, message, answer.Message, said...)
}

// HB-21, HB-41, HB-131, HB-132: what is the same on every path of the API, whoever asks.
func TestWhatEveryAPIPathDoes(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	boss := tokenFor(t, hub, "boss")
	cookie := byCookie(t, hub, "boss")
	seen := map[string]bool{}
	for _, r := range apiRoutes {
		if seen[r.path] || r.only != "" || r.free {
			continue
		}
		seen[r.path] = true
		status, text, header := ask(t, hub, "", "OPTIONS", r.path, "")
		assert.Equal(t, 200, status, r.path)
		assert.Empty(t, text)
		assert.Empty(t, header.Get("Access-Control-Allow-Origin"), "preflights fail by design")
		for _, method := range []string{"HEAD", "QUERY"} {
			status, _, _ = ask(t, hub, boss, method, r.path, "")
			assert.Equal(t, 405, status, method+" "+r.path)
		}
		// Proof comes before the method, and a form's body makes its sender anonymous.
		status, answer, _ := ask(t, hub, "", "QUERY", r.path, "", "Cookie", cookie.cookie)
		assert.Equal(t, 403, status, r.path)
		assert.Contains(t, answer, "'_xsrf' argument missing from QUERY")
		if r.method == "POST" {
			_, answer, _ = ask(t, hub, "", "POST", r.path, "x=y", "Cookie", cookie.cookie, "X-XSRFToken", cookie.proof, "Content-Type", "text/plain")
			assert.Contains(t, answer, "Missing or invalid credentials.", r.path)
		}
	}
	for _, path := range []string{"/none", "/users/", "/users/ann/none", "/groups/", "/groups/lab/", "/proxy/", "/info/", "/users//server", "/users/ann/server/"} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			status, answer := call(t, hub, "", method, path, "")
			assert.Equal(t, 404, status, method+" "+path)
			assert.Equal(t, "Not Found", answer["message"])
		}
	}
}

// HB-22, HB-41, section 2.1: every page × {anonymous, logged in} × methods × proof.
func TestThePageTable(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	ann := byCookie(t, hub, "ann")
	c := &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(c.CloseIdleConnections)
	visit := func(method, path string, who client, proof string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, hub.HubURL()+path, nil)
		require.NoError(t, err)
		req.Header.Set("Accept", "application/json") // does not matter to pages
		if who.cookie != "" {
			req.Header.Set("Cookie", who.cookie)
		}
		if proof != "" {
			req.Header.Set("X-XSRFToken", proof)
		}
		res, err := c.Do(req)
		require.NoError(t, err)
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Equal(t, "text/html", res.Header.Get("Content-Type"), method+" "+path)
		return res.StatusCode, res.Header.Get("Location") + string(body)
	}
	for path, in := range map[string]int{
		"": 302, "home": 200, "token": 200, "user-redirect/lab": 302, "spawn-pending/ann": 200, "spawn-pending/ann/none": 404, "spawn-pending/bob": 404, "spawn/bob": 404,
	} {
		status, where := visit("GET", path, client{}, "")
		assert.Equal(t, 302, status, path)
		assert.Equal(t, "/hub/login?next="+url.QueryEscape("/hub/"+path), where)
		status, _ = visit("GET", path, ann, "")
		assert.Equal(t, in, status, path)
		for _, method := range []string{"HEAD", "OPTIONS"} {
			for _, who := range []client{{}, ann} {
				status, _ = visit(method, path, who, "")
				assert.Equal(t, 405, status, method+" "+path)
			}
		}
		for _, who := range []client{{}, ann} {
			status, body := visit("POST", path, who, "")
			assert.Equal(t, 403, status, path)
			assert.Contains(t, body, "argument missing from POST")
		}
		status, _ = visit("DELETE", path, ann, ann.proof)
		assert.Equal(t, 405, status, path)
	}
	status, _ := visit("GET", "none", client{}, "")
	assert.Equal(t, 404, status)
}
