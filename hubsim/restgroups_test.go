package hubsim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// HB-146, HB-154: making, filling and deleting groups.
func TestAGroupsLifeThroughTheAPI(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	boss, ann := tokenFor(t, hub, "boss"), tokenFor(t, hub, "ann")
	status, text, _ := ask(t, hub, boss, "GET", "/groups", "")
	require.Equal(t, 200, status)
	require.JSONEq(t, `[{"kind":"group","name":"lab","users":["ann"],"roles":["watcher"],"properties":{}}]`, text)
	status, text, _ = ask(t, hub, boss, "POST", "/groups", `{"groups": ["x", "y"], "users": ["BOB"]}`)
	require.Equal(t, 201, status)
	require.Equal(t, []string{"x", "y"}, namesIn(t, text))
	status, model := call(t, hub, boss, "POST", "/groups/z", "")
	require.Equal(t, 201, status)
	require.Equal(t, map[string]any{"kind": "group", "name": "z", "users": []any{}, "roles": []any{}, "properties": map[string]any{}}, model)
	status, model = call(t, hub, boss, "PUT", "/groups/z/properties", `{"a": [1.50], "b": "<&>"}`)
	require.Equal(t, 200, status)
	require.Equal(t, map[string]any{"a": []any{1.5}, "b": "<&>"}, model["properties"])
	status, model = call(t, hub, boss, "POST", "/groups/z/users", `{"users": ["bob", "ann", "bob"]}`)
	require.Equal(t, 200, status)
	require.Equal(t, []any{"ann", "bob"}, model["users"])
	status, model = call(t, hub, boss, "DELETE", "/groups/z/users", `{"users": ["bob", "boss"]}`)
	require.Equal(t, 200, status)
	require.Equal(t, []any{"ann"}, model["users"])

	// A group's role counts from the next request on, and no longer than that (SC-304).
	status, _ = call(t, hub, ann, "GET", "/users/ann", "")
	require.Equal(t, 200, status)
	status, text, _ = ask(t, hub, ann, "GET", "/groups", "")
	require.Equal(t, 200, status)
	require.Equal(t, []string{"lab", "x", "y", "z"}, namesIn(t, text))
	status, _ = call(t, hub, boss, "DELETE", "/groups/lab/users", `{"users": ["ann"]}`)
	require.Equal(t, 200, status)
	status, _, _ = ask(t, hub, ann, "GET", "/groups", "")
	require.Equal(t, 403, status)
	status, _ = call(t, hub, boss, "POST", "/groups/lab/users", `{"users": ["ann"]}`)
	require.Equal(t, 200, status)
	status, _, _ = ask(t, hub, ann, "GET", "/groups", "")
	require.Equal(t, 200, status)
	status, text, _ = ask(t, hub, boss, "DELETE", "/groups/lab", "")
	require.Equal(t, 204, status)
	require.Empty(t, text)
	status, _ = call(t, hub, boss, "POST", "/groups/lab", `{"users": ["ann"]}`)
	require.Equal(t, 201, status)
	status, _, _ = ask(t, hub, ann, "GET", "/groups", "")
	require.Equal(t, 403, status, "a new group of an old name is another one")

	_, text, _ = ask(t, hub, boss, "GET", "/groups?limit=2&offset=1", "", "Accept", "application/jupyterhub-pagination+json")
	require.Contains(t, text, `"_pagination":{"offset":1,"limit":2,"total":4,"next":{"offset":3,"limit":2,`)
	only := tokenFor(t, hub, "boss", "list:groups!group=y", "read:groups:name!group=y")
	_, text, _ = ask(t, hub, only, "GET", "/groups", "")
	require.JSONEq(t, `[{"kind":"group","name":"y"}]`, text, "SC-162")
}

// HB-146: what requests about groups are refused for.
func TestBadRequestsAboutGroups(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	boss := tokenFor(t, hub, "boss")
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		message            string
	}{
		"no names":              {"POST", "/groups", `{}`, 400, "Must specify at least one group to create"},
		"a string of letters":   {"POST", "/groups", `{"groups": "abc"}`, 400, "groups must be a list of names"},
		"numbers":               {"POST", "/groups", `{"groups": [1]}`, 400, "group names must be str, not <class 'int'>"},
		"one that exists":       {"POST", "/groups", `{"groups": ["new", "lab"]}`, 409, "Group lab already exists"},
		"an unknown member":     {"POST", "/groups", `{"groups": ["new"], "users": ["ann", "nobody"]}`, 400, "No such user: nobody"},
		"a slash":               {"POST", "/groups", `{"groups": ["a/b"]}`, 400, "Invalid group name: a/b"},
		"properties in a POST":  {"POST", "/groups/new", `{"properties": {}}`, 400, "Invalid JSON keys: properties"},
		"users that are none":   {"POST", "/groups/new", `{"users": "ann"}`, 400, "group.users must be <class 'list'>, not: <class 'str'>"},
		"an unknown user":       {"POST", "/groups/new", `{"users": ["nobody"]}`, 400, "No such user: nobody"},
		"a group that is there": {"POST", "/groups/lab", ``, 409, "Group lab already exists"},
		"no such group":         {"GET", "/groups/none", ``, 404, "No such group: none"},
		"none to delete":        {"DELETE", "/groups/none", ``, 404, "No such group: none"},
		"none to fill":          {"POST", "/groups/none/users", `{"users": []}`, 404, "No such group: none"},
		"nobody to add":         {"POST", "/groups/lab/users", `{}`, 400, "Must specify users to add"},
		"nobody to remove":      {"DELETE", "/groups/lab/users", `{}`, 400, "Must specify users to delete"},
		"no body":               {"DELETE", "/groups/lab/users", ``, 400, "JSON body must be an object"},
		"a stranger to add":     {"POST", "/groups/lab/users", `{"users": ["bob", "nobody"]}`, 400, "No such user: nobody"},
		"a number to add":       {"POST", "/groups/lab/users", `{"users": [7]}`, 400, "usernames must be str, not <class 'int'>"},
		"properties of a list":  {"PUT", "/groups/lab/properties", `[]`, 400, "JSON body must be an object"},
		"another method":        {"PATCH", "/groups/lab", ``, 405, "Method Not Allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := call(t, hub, boss, c.method, c.path, c.body)
			assert.Equal(t, c.status, status)
			assert.Equal(t, c.message, answer["message"])
		})
	}
	_, list, _ := ask(t, hub, boss, "GET", "/groups", "")
	require.JSONEq(t, `[{"kind":"group","name":"lab","users":["ann"],"roles":["watcher"],"properties":{}}]`, list, "nothing of it changed anything")
}
