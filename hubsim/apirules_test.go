package hubsim_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-4: a slash at the end of a path is part of it: the default server is one thing, all servers another.
func TestASlashAtTheEndMeansTheDefaultServer(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{
		Users: []hubsim.User{{Name: "ann"}, {Name: "bob"}}, AllowNamedServers: true, BaseURL: "/b/",
		Roles:   []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user"}}},
		Servers: []hubsim.Server{{User: "ann", Name: "two"}},
		Shares:  []hubsim.Share{{Owner: "ann", User: "bob"}, {Owner: "ann", Server: "two", User: "bob"}},
	})
	token := tokenFor(t, hub, "ann")
	for path, want := range map[string][]string{"/shares/ann": {"", "two"}, "/shares/ann/": {""}, "/shares/ann/two": {"two"}} {
		status, list := call(t, hub, token, http.MethodGet, path, "")
		require.Equal(t, 200, status, path)
		var servers []string
		for _, share := range list["items"].([]any) {
			servers = append(servers, share.(map[string]any)["server"].(map[string]any)["name"].(string))
		}
		assert.ElementsMatch(t, want, servers, path)
	}
	for _, path := range []string{"/shares//ann", "/shares/ann//", "//shares/ann"} {
		status, _, header := ask(t, hub, token, http.MethodGet, path, "")
		assert.Equal(t, 404, status, path)
		assert.Empty(t, header.Get("Location"), path)
	}
}

// HB-133: refusals of the API are JSON of one shape; the reason phrase stands where there is nothing to say, and bad credentials are 403.
func TestRefusalsHaveOneShape(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	token := tokenFor(t, hub, "sharer")
	for name, c := range map[string]struct {
		token, method, path, body, want string
		status                          int
	}{
		"no such path":    {token, "GET", "/none", "", `{"status": 404, "message": "Not Found"}`, 404},
		"no such method":  {token, "PUT", "/user", "", `{"status": 405, "message": "Method Not Allowed"}`, 405},
		"no such token":   {"nonsense", "GET", "/users", "", `{"status": 403, "message": "Missing or invalid credentials."}`, 403},
		"no token":        {"", "GET", "/user", "", `{"status": 403, "message": "Forbidden"}`, 403},
		"too few rights":  {token, "GET", "/proxy", "", `{"status": 403, "message": "Action is not authorized with current scopes; requires any of [proxy]"}`, 403},
		"what is no JSON": {token, "POST", "/users/sharer/tokens", "{", `{"status": 400, "message": "Invalid JSON in body of request"}`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body, header := ask(t, hub, c.token, c.method, c.path, c.body)
			assert.Equal(t, c.status, status)
			assert.JSONEq(t, c.want, body)
			assert.Equal(t, "application/json", header.Get("Content-Type"))
		})
	}
}

// HB-142: the progress of a start is at both addresses of the default server, and at that of a named one.
func TestProgressHasTheAddressesOfItsServer(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	require.NoError(t, hub.StartServer(t.Context(), "ann", ""))
	require.NoError(t, hub.StartServer(t.Context(), "ann", "two"))
	token := tokenFor(t, hub, "ann")
	for path, url := range map[string]string{"/users/ann/server/progress": "/user/ann/", "/users/ann/servers//progress": "/user/ann/", "/users/ann/servers/two/progress": "/user/ann/two/"} {
		status, body, header := ask(t, hub, token, http.MethodGet, path, "")
		assert.Equal(t, 200, status, path)
		assert.Equal(t, "text/event-stream", header.Get("Content-Type"), path)
		assert.Contains(t, body, `"url":"`+url+`"`, path)
	}
}
