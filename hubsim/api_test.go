package hubsim_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-95, HB-97, HB-141, HB-150, HB-152: a server's life through the REST API.
func TestAServersLifeThroughTheAPI(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	token, err := hub.Token("sharer")
	require.NoError(t, err)
	status, model := call(t, hub, token, http.MethodGet, "/users/sharer", "")
	require.Equal(t, 200, status)
	require.Nil(t, model["server"])
	require.Nil(t, model["pending"])
	require.Empty(t, model["servers"])
	require.Equal(t, []any{"user"}, model["roles"])
	require.Equal(t, "user", model["kind"])
	require.NotContains(t, model, "auth_state")
	require.NotContains(t, model, "user_info", "the 5.5 profile has none")

	status, _ = call(t, hub, token, http.MethodGet, "/users/sharer/server/progress", "")
	require.Equal(t, 400, status, "HB-100: not starting")
	status, _ = call(t, hub, token, http.MethodPost, "/users/sharer/server", `{"size": "small"}`)
	require.Equal(t, 201, status)
	status, answer := call(t, hub, token, http.MethodPost, "/users/sharer/server", "")
	require.Equal(t, 400, status)
	require.Equal(t, "sharer is already running", answer["message"])

	_, model = call(t, hub, token, http.MethodGet, "/users/sharer", "")
	require.Equal(t, "/user/sharer/", model["server"])
	server := model["servers"].(map[string]any)[""].(map[string]any)
	require.Equal(t, "sharer/", server["full_name"])
	require.Equal(t, "/hub/api/users/sharer/server/progress", server["progress_url"])
	require.Equal(t, map[string]any{"size": "small"}, server["user_options"])
	require.Equal(t, true, server["ready"])
	require.Equal(t, false, server["stopped"])
	require.Nil(t, server["full_url"])
	require.NotContains(t, server, "state")

	status, _ = call(t, hub, token, http.MethodDelete, "/users/sharer/server", "")
	require.Equal(t, 204, status)
	status, _ = call(t, hub, token, http.MethodDelete, "/users/sharer/server", "")
	require.Equal(t, 204, status, "HB-97: idempotent")
	status, answer = call(t, hub, token, http.MethodDelete, "/users/sharer/server", `{"remove": true}`)
	require.Equal(t, 400, status)
	require.Equal(t, "Cannot delete the default server", answer["message"])
	status, answer = call(t, hub, token, http.MethodPost, "/users/sharer/servers/lab", "")
	require.Equal(t, 400, status)
	require.Equal(t, "Named servers are not enabled.", answer["message"])
	_, model = call(t, hub, token, http.MethodGet, "/users/sharer?include_stopped_servers=1", "")
	require.Equal(t, true, model["servers"].(map[string]any)[""].(map[string]any)["stopped"])
}

// HB-97, SH-7: a named server that is removed takes its shares and codes along.
func TestANamedServerTakesItsSharesAlong(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{AllowNamedServers: true})
	token, err := hub.Token("sharer")
	require.NoError(t, err)
	status, _ := call(t, hub, token, http.MethodPost, "/users/sharer/servers/lab", "")
	require.Equal(t, 201, status)
	code, err := hub.NewShareCode("sharer", "lab")
	require.NoError(t, err)
	guest := known(t, hub, "shared-with")
	invitation := guest.get(hub.AcceptURL(code))
	require.Contains(t, invitation.text(), "sharer's server (lab)")
	there := guest.submit(guest.submit(invitation, nil), nil)
	require.Equal(t, "lab", there.labConfig(t)["hubServerName"])
	_, list := call(t, hub, token, http.MethodGet, "/shares/sharer/lab", "")
	require.Len(t, list["items"], 1)

	status, _ = call(t, hub, token, http.MethodDelete, "/users/sharer/servers/lab", `{"remove": true}`)
	require.Equal(t, 204, status)
	status, answer := call(t, hub, token, http.MethodGet, "/shares/sharer/lab", "")
	require.Equal(t, 404, status)
	require.Equal(t, "No such server: sharer/lab", answer["message"])
	_, list = call(t, hub, token, http.MethodGet, "/shares/sharer", "")
	require.Empty(t, list["items"])
	require.Equal(t, 404, guest.get(hub.AcceptURL(code)).status)
	// A server made anew under the old name is another one (SH-9).
	status, _ = call(t, hub, token, http.MethodPost, "/users/sharer/servers/lab", "")
	require.Equal(t, 201, status)
	require.Equal(t, 403, guest.get(hub.UserURL("sharer", "lab")).status)
}

// HB-134, HB-21, HB-131: who may not is told no more than that.
func TestTheAPIRefuses(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	token, err := hub.Token("shared-with")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		token, method, path, body string
		status                    int
		message                   string
	}{
		"nobody":                      {"", "GET", "/users/sharer", "", 403, "Missing or invalid credentials."},
		"nobody asks who they are":    {"", "GET", "/user", "", 403, "Forbidden"},
		"another user":                {token, "GET", "/users/sharer", "", 404, "No access to resources or resources not found"},
		"a user who does not exist":   {token, "GET", "/users/nobody", "", 404, "No access to resources or resources not found"},
		"another user's server":       {token, "POST", "/users/sharer/server", "", 404, "No access to resources or resources not found"},
		"stop another user's server":  {token, "DELETE", "/users/sharer/server", "", 404, "No access to resources or resources not found"},
		"a path that does not exist":  {token, "GET", "/nosuch", "", 404, "Not Found"},
		"and without credentials":     {"", "GET", "/nosuch", "", 404, "Not Found"},
		"a method that does not":      {token, "PUT", "/users/shared-with/server", "", 405, "Method Not Allowed"},
		"a body that is no JSON":      {token, "POST", "/users/shared-with/server", "{", 400, "Invalid JSON in body of request"},
		"a body that is no object":    {token, "POST", "/users/shared-with/server", "[1]", 400, "JSON body must be an object"},
		"remove that is no bool":      {token, "DELETE", "/users/shared-with/server", `{"remove": 1}`, 400, "remove must be true or false"},
		"activity of nothing, HB-144": {token, "POST", "/users/shared-with/activity", "{}", 400, "body must contain at least one of `last_activity` or `servers`"},
		"activity of no server":       {token, "POST", "/users/shared-with/activity", `{"servers":{"x":{"last_activity":"2026-01-01T00:00:00Z"}}}`, 400, "No such server 'x' for user shared-with"},
		"activity without a time":     {token, "POST", "/users/shared-with/activity", `{"servers":{"":{}}}`, 400, "last_activity must be an ISO 8601 timestamp"},
		"activity of the future":      {token, "POST", "/users/shared-with/activity", `{"last_activity":"2999-01-01T00:00:00Z"}`, 400, "last_activity is more than 59 minutes in the future"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := call(t, hub, c.token, c.method, c.path, c.body)
			assert.Equal(t, c.status, status)
			assert.Equal(t, c.message, answer["message"])
			assert.EqualValues(t, c.status, answer["status"])
		})
	}
	status, answer := call(t, hub, "", http.MethodGet, "", "")
	require.Equal(t, 200, status, "HB-113: no slash, no credentials")
	require.Equal(t, map[string]any{"version": "5.5.1"}, answer)
}

// HB-100: the progress stream ends with the event that matters.
func TestProgressOfAReadyServerIsOneEvent(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	token, err := hub.Token("sharer")
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, hub.APIURL()+"/users/sharer/server/progress", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "token "+token)
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	require.Equal(t, "no-cache", res.Header.Get("Cache-Control"))
	var events []string
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			events = append(events, data)
		}
	}
	require.Len(t, events, 1)
	require.JSONEq(t, `{"progress":100,"ready":true,"message":"Server ready at /user/sharer/",
		"html_message":"Server ready at <a href=\"/user/sharer/\">/user/sharer/</a>","url":"/user/sharer/"}`, events[0])
}

// HB-41, HB-52, HB-124: a script of the hub's own page needs the proof, also to read.
func TestScriptsWithTheLoginCookieNeedProof(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	p := known(t, hub, "sharer")
	home := p.get("home")
	require.Equal(t, 200, home.status)
	proof, ok := home.form0()
	require.True(t, ok)
	fetch := func(method, query string) page {
		req, err := http.NewRequestWithContext(t.Context(), method, hub.APIURL()+"/users/sharer"+query, nil)
		require.NoError(t, err)
		req.Header.Set("Sec-Fetch-Mode", "cors")
		return p.do(req)
	}
	got := fetch(http.MethodGet, "")
	require.Equal(t, 403, got.status)
	require.Contains(t, got.body, "'_xsrf' argument missing from GET")
	require.Equal(t, 200, fetch(http.MethodGet, "?_xsrf="+proof).status)
	require.Equal(t, 403, fetch(http.MethodDelete, "/server").status)
	require.Equal(t, 204, fetch(http.MethodDelete, "/server?_xsrf="+proof).status)
}
