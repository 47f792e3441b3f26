package hubsim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/scopes"
)

// HB-79, HB-137: the routing table, and what the hub says of itself.
func TestProxyAndInfo(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	boss := tokenFor(t, hub, "boss")
	require.NoError(t, hub.StartServer(t.Context(), "ann", ""))
	require.NoError(t, hub.StartServer(t.Context(), "ann", "two"))
	status, table := call(t, hub, boss, "GET", "/proxy", "")
	require.Equal(t, 200, status)
	require.Len(t, table, 4)
	route := table["/user/ann/two/"].(map[string]any)
	require.Equal(t, "/user/ann/two/", route["routespec"])
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, route["target"])
	data := route["data"].(map[string]any)
	require.Equal(t, "ann", data["user"])
	require.Equal(t, "two", data["server_name"])
	require.NotEmpty(t, data["last_activity"])
	require.NotContains(t, data, "jupyterhub", "a mark between hub and proxy, which a hub takes off")
	require.Equal(t, "", table["/user/ann/"].(map[string]any)["data"].(map[string]any)["server_name"])
	require.Equal(t, "page", table["/services/page/"].(map[string]any)["data"].(map[string]any)["service"])
	require.Equal(t, true, table["/"].(map[string]any)["data"].(map[string]any)["hub"])
	_, part, _ := ask(t, hub, boss, "GET", "/proxy?limit=1&offset=1", "", "Accept", "application/jupyterhub-pagination+json")
	require.Contains(t, part, `"items":{"/services/page/":`)
	require.Contains(t, part, `"total":4`)

	for body, want := range map[string]int{`{"api_url": "http://127.0.0.1:1", "auth_token": "very-secret"}`: 200, ``: 400, `[]`: 400, `{`: 400, `{"api_url": 1}`: 400} {
		status, text, _ := ask(t, hub, boss, "PATCH", "/proxy", body)
		require.Equal(t, want, status, body)
		require.NotContains(t, text, "very-secret")
	}
	status, text, _ := ask(t, hub, boss, "POST", "/proxy", "")
	require.Equal(t, 200, status)
	require.Empty(t, text)
	require.NoError(t, hub.StopServer(t.Context(), "ann", "two"))
	_, table = call(t, hub, boss, "GET", "/proxy", "")
	require.NotContains(t, table, "/user/ann/two/")

	status, info := call(t, hub, boss, "GET", "/info", "")
	require.Equal(t, 200, status)
	require.Equal(t, "5.5.1", info["version"])
	for _, key := range []string{"python", "sys_executable", "spawner", "authenticator"} {
		require.Contains(t, info, key)
	}
}

// HB-141, HB-95: what profile 6.0 adds to servers; in 5.5 it does not exist.
func TestServersOfProfile60(t *testing.T) {
	t.Parallel()
	old, hub := team(t, nil), team(t, func(c *hubsim.Config) { c.Profile = scopes.P60 })
	for _, method := range []string{"GET", "PUT", "PATCH"} {
		status, answer := call(t, old, tokenFor(t, old, "ann"), method, "/users/ann/servers/lab", "")
		require.Equal(t, 405, status)
		require.Equal(t, "Method Not Allowed", answer["message"])
	}
	ann := tokenFor(t, hub, "ann")
	status, model := call(t, hub, ann, "PUT", "/users/ann/servers/lab", `{"display_name": "My Lab", "user_options": {"size": 1}}`)
	require.Equal(t, 201, status)
	require.Equal(t, "My Lab", model["display_name"])
	require.Equal(t, map[string]any{"size": 1.0}, model["user_options"])
	require.Equal(t, true, model["stopped"])
	status, model = call(t, hub, ann, "GET", "/users/ann/servers/lab", "")
	require.Equal(t, 200, status)
	require.Equal(t, "My Lab", model["display_name"])
	status, _ = call(t, hub, ann, "POST", "/users/ann/servers/two", `{"display_name": "Second"}`)
	require.Equal(t, 201, status)
	_, model = call(t, hub, ann, "GET", "/users/ann/servers/two", "")
	require.Equal(t, "Second", model["display_name"])
	require.Equal(t, map[string]any{}, model["user_options"])
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		message            string
	}{
		"the default server is there": {"PUT", "/users/ann/server", ``, 409, "User ann already has a default server"},
		"so is this one":              {"PUT", "/users/ann/servers/lab", ``, 409, "User ann already has server lab"},
		"a bad name":                  {"PUT", "/users/ann/servers/Lab", ``, 400, "Invalid server_name: 'Lab'"},
		"a bad display name":          {"PUT", "/users/ann/servers/x", `{"display_name": 1}`, 400, "display_name must be a string"},
		"bad options":                 {"POST", "/users/ann/servers/x", `{"user_options": []}`, 400, "user_options must be an object or null"},
		"one that is not there":       {"GET", "/users/ann/servers/none", ``, 404, "Not Found"},
		"somebody else's":             {"GET", "/users/bob/server", ``, 404, "No access to resources or resources not found"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := call(t, hub, ann, c.method, c.path, c.body)
			assert.Equal(t, c.status, status)
			assert.Equal(t, c.message, answer["message"])
		})
	}
	_, model = call(t, hub, ann, "GET", "/users/ann?include_stopped_servers", "")
	require.NotContains(t, model["servers"], "x", "a refused request leaves no record")
}

// HB-200: groups' properties and servers' display names outlive a restart, as do renames.
func TestWhatTheAPIChangedSurvivesARestart(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/hub.db"
	first, err := hubsim.Start(t.Context(), hubsim.Config{DB: file, Profile: scopes.P60, AllowNamedServers: true, Users: []hubsim.User{{Name: "boss", Admin: true}}})
	require.NoError(t, err)
	boss := tokenFor(t, first, "boss")
	for _, c := range [][3]string{
		{"POST", "/users/ann", ""}, {"PATCH", "/users/ann", `{"name": "anna"}`}, {"POST", "/groups/lab", `{"users": ["anna"]}`},
		{"PUT", "/groups/lab/properties", `{"floor": 3}`}, {"PUT", "/users/anna/servers/x", `{"display_name": "X!"}`},
	} {
		status, text, _ := ask(t, first, boss, c[0], c[1], c[2])
		require.Less(t, status, 300, text)
	}
	require.NoError(t, first.Close())
	again := hubsim.New(t, hubsim.Config{DB: file, Profile: scopes.P60, AllowNamedServers: true, Users: []hubsim.User{{Name: "boss", Admin: true}}})
	_, text, _ := ask(t, again, boss, "GET", "/groups/lab", "")
	require.JSONEq(t, `{"kind":"group","name":"lab","users":["anna"],"roles":[],"properties":{"floor":3}}`, text)
	_, model := call(t, again, boss, "GET", "/users/anna/servers/x", "")
	require.Equal(t, "X!", model["display_name"])
	status, _ := call(t, again, boss, "GET", "/users/ann", "")
	require.Equal(t, 404, status)
}

// HB-199: users are renamed, grouped and listed by many at once, and no answer is torn.
func TestManyAdministratorsAtOnce(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	boss := tokenFor(t, hub, "boss")
	done := make(chan string)
	for i := range 8 {
		go func() {
			var bad []string
			for j := range 5 {
				name := fmt.Sprintf("u%d-%d", i, j)
				for _, c := range [][3]string{
					{"POST", "/users/" + name, ""}, {"POST", "/groups/lab/users", `{"users": ["` + name + `"]}`}, {"GET", "/users?state=inactive", ""},
					{"PATCH", "/users/" + name, `{"name": "x` + name + `"}`}, {"GET", "/groups/lab", ""}, {"DELETE", "/users/x" + name, ""},
				} {
					if status, text, _ := ask(t, hub, boss, c[0], c[1], c[2]); status >= 300 {
						bad = append(bad, c[0]+" "+c[1]+": "+text)
					}
				}
			}
			done <- strings.Join(bad, "\n")
		}()
	}
	for range 8 {
		assert.Empty(t, <-done)
	}
	_, list, _ := ask(t, hub, boss, "GET", "/users", "")
	require.Equal(t, []string{"boss", "ann", "bob"}, namesIn(t, list))
}
