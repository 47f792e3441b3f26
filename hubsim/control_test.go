package hubsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// controlled is a hub with control endpoints.
func controlled(t *testing.T, cfg hubsim.Config) *hubsim.Hub {
	t.Helper()
	cfg.Control = &hubsim.Control{}
	if cfg.Clock == nil {
		cfg.Clock = hubsim.NewMovableClock(time0)
	}
	return hubsim.New(t, cfg)
}

// control asks a control endpoint.
func control(t *testing.T, hub *hubsim.Hub, method, path, body string, headers ...string) (int, map[string]any, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, hub.ControlURL()+path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	out := map[string]any{}
	if len(text) > 0 {
		require.NoError(t, json.Unmarshal(text, &out), string(text))
	}
	return res.StatusCode, out, res.Header
}

// HB-179: without Control the endpoints do not exist.
func TestThereIsNoControlUnlessItIsAskedFor(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	got := stranger(t, hub).staysPut().get(hub.ControlURL() + "state")
	require.Equal(t, 302, got.status)
	require.NotContains(t, got.body, "users")
}

// HB-179: the clock is told, moved, set, and put back by a reset.
func TestTheClockIsControlled(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{})
	for _, c := range []struct{ method, body, now string }{
		{"GET", "", "2026-01-02T03:04:05Z"},
		{"POST", `{"advance": "59.5s"}`, "2026-01-02T03:05:04.500000Z"},
		{"POST", `{"set": "2027-01-01T00:00:00.678901Z"}`, "2027-01-01T00:00:00.678901Z"},
	} {
		status, got, _ := control(t, hub, c.method, "clock", c.body)
		require.Equal(t, 200, status)
		require.Equal(t, c.now, got["now"])
		require.Equal(t, true, got["standing"])
	}
	status, _, _ := control(t, hub, "POST", "reset", "")
	require.Equal(t, 200, status)
	_, got, _ := control(t, hub, "GET", "clock", "")
	require.Equal(t, "2026-01-02T03:04:05Z", got["now"])
	for _, body := range []string{`{}`, `{"advance": "-1s"}`, `{"advance": "soon"}`, `{"set": "now"}`, `{"advance": "1s", "set": "2027-01-01T00:00:00Z"}`, `{"ad": 1}`, `[]`, `{} {}`, ``} {
		status, _, _ := control(t, hub, "POST", "clock", body)
		require.Equal(t, 400, status, body)
	}
}

// HB-179: a test in any language can do what a Go test can: log in, make tokens, share, look, take away.
func TestAWalkByControlRequests(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{})
	ok := func(method, path, body string) map[string]any {
		t.Helper()
		status, got, _ := control(t, hub, method, path, body)
		require.Equal(t, 200, status, "%s %s: %v", method, path, got)
		return got
	}
	require.Equal(t, "ready", ok("GET", "health", "")["status"])
	require.Equal(t, hub.URL, ok("GET", "info", "")["url"])
	ok("POST", "users", `{"name": "dan"}`)
	ok("POST", "groups", `{"name": "class", "users": ["dan"]}`)
	ok("POST", "servers", `{"user": "sharer", "state": "running"}`)
	ok("GET", "wait?server=sharer/&state=ready&timeout=5s", "")
	ok("POST", "shares", `{"owner": "sharer", "group": "class"}`)
	code := ok("POST", "share-codes", `{"owner": "sharer"}`)["share_codes"].([]any)[0].(map[string]any)
	require.Len(t, code["code"], 43)
	require.Equal(t, "sc_1", code["id"])
	token := ok("POST", "tokens", `{"user": "sharer", "scopes": ["shares!user"], "expires_in": 60}`)
	require.Len(t, token["token"], 32)
	status, _ := call(t, hub, token["token"].(string), http.MethodGet, "/shares/sharer/", "")
	require.Equal(t, 200, status)
	page := ok("POST", "page-token", `{"user": "dan", "owner": "sharer"}`)["token"].(string)
	status, _ = call(t, hub, page, http.MethodGet, "/user", "")
	require.Equal(t, 200, status)

	cookies := ok("POST", "login", `{"user": "dan"}`)["cookies"].([]any)
	require.Len(t, cookies, 2)
	for _, c := range cookies {
		for _, field := range []string{"name", "value", "path", "domain", "httpOnly", "expires"} {
			require.Contains(t, c, field)
		}
	}
	requests := ok("GET", "requests?path=/hub/api/shares/sharer/&status=200", "")["requests"].([]any)
	require.Len(t, requests, 1)
	ok("DELETE", "requests", "")
	require.Empty(t, ok("GET", "requests", "")["requests"])

	ok("POST", "revoke-token", `{"id": "`+token["id"].(string)+`"}`)
	status, _ = call(t, hub, token["token"].(string), http.MethodGet, "/shares/sharer/", "")
	require.Equal(t, 403, status)
	ok("POST", "revoke-share", `{"owner": "sharer", "group": "class"}`)
	ok("POST", "expire-code", `{"id": "sc_1"}`)
	ok("POST", "expire-login", `{"user": "dan"}`)
	ok("POST", "kill-server", `{"user": "sharer"}`)
	ok("GET", "wait?server=sharer/&state=stopped", "")
	ok("POST", "stop-server", `{"user": "sharer"}`)
	state := ok("GET", "state", "")
	require.Empty(t, state["shares"])
	require.Empty(t, state["share_codes"])
	require.Len(t, state["users"], 3)
	ok("POST", "reset", "")
	require.Len(t, ok("GET", "state", "")["users"], 2)
	ok("POST", "seed", `{"users": [{"name": "eve"}], "shares": [{"owner": "eve", "user": "sharer"}]}`)
	require.Len(t, ok("GET", "state", "")["shares"], 1)
}

// HB-179: mistakes name the place, and start no program.
func TestControlMistakes(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{})
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "nosuch", "", 404, ""},
		{"POST", "state", "", 405, ""},
		{"GET", "reset", "", 405, ""},
		{"POST", "seed", `{"usres": []}`, 400, "usres"},
		{"POST", "seed", `{"users": [{"name": "A"}]}`, 400, "users[0]"},
		{"POST", "seed", `{"services": [{"name": "s", "command": ["true"]}]}`, 400, "services"},
		{"POST", "servers", `{"user": "a", "state": "running", "kind": "command", "command": ["true"]}`, 400, "servers[0].kind"},
		{"POST", "servers", `[]`, 400, "must be an object"},
		{"POST", "users", `{`, 400, "not JSON"},
		{"POST", "shares", `{"owner": "nobody", "user": "sharer"}`, 400, "shares[0]"},
		{"POST", "tokens", `{"user": "nobody"}`, 404, "no such user"},
		{"POST", "tokens", `{"user": "sharer", "scopes": "all"}`, 400, "scopes"},
		{"POST", "tokens", `[]`, 400, "must be an object"},
		{"POST", "page-token", `{"user": "", "owner": "sharer"}`, 400, "name"},
		{"POST", "login", `{"user": "A"}`, 400, "lower case"},
		{"POST", "revoke-token", `{"id": "a99"}`, 404, "a99"},
		{"POST", "expire-code", `{"id": "sc_99"}`, 404, "sc_99"},
		{"POST", "expire-login", `{"user": "nobody"}`, 404, "nobody"},
		{"POST", "revoke-share", `{"owner": "sharer"}`, 400, "a user or a group"},
		{"POST", "kill-server", `{"user": "nobody"}`, 404, "no such server"},
		{"GET", "requests?paht=/", "", 400, "paht"},
		{"GET", "requests?status=good", "", 400, "status"},
		{"GET", "wait?server=sharer/&state=up", "", 400, "state"},
		{"GET", "wait?server=sharer/&state=ready&timeout=1ms", "", 408, "sharer"},
		{"GET", "env?user=sharer", "", 409, "neither starting nor running"},
		{"GET", "env", "", 400, "either"},
		{"POST", "shutdown", "", 409, "ends with its program"},
	} {
		status, got, header := control(t, hub, c.method, c.path, c.body)
		assert.Equal(t, c.status, status, "%s %s %s: %v", c.method, c.path, c.body, got)
		assert.Contains(t, got["message"], c.says, "%s %s %s", c.method, c.path, c.body)
		assert.Equal(t, "no-store", header.Get("Cache-Control"))
	}
}

// HB-179: neither a foreign page, nor one whose name was made to lead here, nor a form, gets anything.
func TestForeignPagesControlNothing(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{PublicURL: "https://hub.example"})
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"a script of this machine":       {nil, 200},
		"a page of this machine":         {[]string{"Origin", "http://localhost:3000"}, 200},
		"another name of this machine":   {[]string{"Host", "localhost:8000"}, 200},
		"this machine in IPv6":           {[]string{"Host", "[::1]:8000"}, 200},
		"the public name":                {[]string{"Host", "hub.example"}, 200},
		"a foreign page":                 {[]string{"Origin", "https://evil.example"}, 403},
		"a page without an origin":       {[]string{"Origin", "null"}, 403},
		"a page named like this machine": {[]string{"Origin", "http://localhost.evil.example"}, 403},
		"a page of the public site":      {[]string{"Origin", "https://hub.example"}, 403},
		"a name that leads here":         {[]string{"Host", "evil.example"}, 403},
		"an address of elsewhere":        {[]string{"Host", "203.0.113.1:8000"}, 403},
		"a picture on a foreign page":    {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a page of a sibling":            {[]string{"Sec-Fetch-Site", "same-site"}, 403},
		"an address typed in":            {[]string{"Sec-Fetch-Site", "none"}, 200},
		"through a proxy":                {[]string{"X-Forwarded-For", "203.0.113.1"}, 403},
		"a form":                         {[]string{"Content-Type", "text/plain"}, 415},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, header := control(t, hub, "POST", "users", `{"name": "x"}`, c.headers...)
			require.Equal(t, c.status, status)
			if c.status != 200 {
				require.Empty(t, header.Get("Access-Control-Allow-Origin"))
			}
		})
	}
	status, _, header := control(t, hub, "OPTIONS", "users", "", "Origin", "http://127.0.0.1:5173", "Access-Control-Request-Method", "POST")
	require.Equal(t, 204, status)
	require.Equal(t, "http://127.0.0.1:5173", header.Get("Access-Control-Allow-Origin"))
	status, _, header = control(t, hub, "OPTIONS", "users", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
	require.Equal(t, 403, status)
	require.Empty(t, header.Get("Access-Control-Allow-Origin"))
}

// HB-179: with an admin token nobody gets anything without it, but health.
func TestTheAdminTokenIsAskedFor(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Control: &hubsim.Control{Token: "secret-of-tests"}})
	for _, c := range []struct {
		path   string
		header []string
		status int
	}{
		{"state", nil, 401},
		{"state", []string{"Authorization", "token secret-of-other"}, 401},
		{"state", []string{"Authorization", "token secret-of-tests"}, 200},
		{"state", []string{"Authorization", "Bearer secret-of-tests", "Origin", "https://evil.example"}, 403},
		{"health", nil, 200},
	} {
		status, _, _ := control(t, hub, "GET", c.path, "", c.header...)
		require.Equal(t, c.status, status, c)
	}
}

// HB-181, OA-E13: a server that is attached finds where to listen in its environment.
func TestAnAttachedServerIsToldWhereToListen(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{Servers: []hubsim.Server{{User: "ann", Kind: hubsim.KindURL, URL: "http://127.0.0.1:1", Running: true}}, SingleUser: hubsim.SingleUser{HTTPTimeout: time.Minute}})
	_, err := hub.ServerEnv("nobody", "")
	require.Error(t, err)
	var env []string
	require.Eventually(t, func() bool { env, err = hub.ServerEnv("ann", ""); return err == nil }, 10*time.Second, time.Millisecond)
	require.Contains(t, env, "JUPYTERHUB_SERVICE_URL=http://127.0.0.1:1/user/ann/")
}
