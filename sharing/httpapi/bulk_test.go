package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBulkGrant: all of them in the order users, then groups, each once, as a list without pages (SH-82).
func TestBulkGrant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.must("admin", http.MethodPost, "shares/sharer/",
		`{"groups": ["team"], "users": ["stranger", "shared-with", "stranger"], "scopes": ["servers"], "expires_in": 60, "session": true, "user": "", "group": null}`)
	assert.NotContains(t, w.Body.String(), "_pagination")
	granted := read[shareItems](t, w)
	assert.Equal(t, []string{"user:stranger", "user:shared-with", "group:team"}, granted.grantees())
	for _, s := range granted.Items {
		assert.Equal(t, []string{"servers!server=sharer/"}, s.Scopes)
		require.Len(t, s.Grants, 1)
		assert.True(t, s.Grants[0].Session)
		assert.NotNil(t, s.ExpiresAt)
	}
	again := read[shareItems](t, f.must("admin", http.MethodPost, "shares/sharer/", `{"groups": ["team"]}`))
	require.Len(t, again.Items, 1)
	assert.Len(t, again.Items[0].Scopes, 2, "it adds to what they have (SH-40)")
	assert.Len(t, f.list("sharer", "shares/sharer/").Items, 3)
	f.advance(time.Minute)
	assert.Equal(t, []string{"group:team"}, read[shareItems](t, f.must("sharer", http.MethodGet, "shares/sharer/", "")).grantees())
}

// TestRefusedBulkGrants: all or none, in the order of checks of SH-82, and the message names what is wrong.
func TestRefusedBulkGrants(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.hub.AddToken("readers-token", "sharer", "shares!server=sharer/", "read:users:name!user=sharer")
	f.hub.AddUser("clerk", "self", "shares", "read:users:name!user=stranger", "read:groups:name!group=team")
	var many []string
	for i := range 201 {
		many = append(many, fmt.Sprint("u", i))
	}
	names := func(list []string) string { b, _ := json.Marshal(list); return string(b) }
	const both, nobody = "not beside `user` or `group`", "Specify from 1 to 200 users and groups"
	for name, c := range map[string]struct {
		who, body string
		status    int
		message   string
	}{
		"beside user":                     {"admin", `{"user": "stranger", "users": ["shared-with"]}`, 400, "users: " + both},
		"beside group":                    {"admin", `{"group": "team", "groups": ["team"]}`, 400, "groups: " + both},
		"both beside user":                {"admin", `{"user": "stranger", "users": [], "groups": []}`, 400, "users: " + both + "\ngroups: " + both},
		"user and group are wrong anyway": {"admin", `{"user": "stranger", "group": "team", "users": null}`, 400, "Expected exactly one of `user` or `group`, not both."},
		"nobody":                          {"admin", `{"users": []}`, 400, nobody},
		"nobody twice":                    {"admin", `{"users": [], "groups": []}`, 400, nobody},
		"null is absent":                  {"admin", `{"users": null, "groups": null}`, 400, "Specify exactly one of `user` or `group`"},
		"too many":                        {"admin", `{"users": ` + names(many) + `}`, 400, nobody},
		"too many together":               {"admin", `{"users": ` + names(many[:200]) + `, "groups": ["team"]}`, 400, nobody},
		"no list":                         {"admin", `{"users": "stranger"}`, 400, "users: must be an array of strings"},
		"a number":                        {"admin", `{"groups": ["team", 7]}`, 400, "groups: must be an array of strings"},
		"null inside":                     {"admin", `{"users": [null]}`, 400, "users: must be an array of strings"},
		"an empty name":                   {"admin", `{"users": ["stranger", ""]}`, 400, "users: names must not be empty"},
		"several problems":                {"admin", `{"users": [""], "groups": {}, "x": 1, "session": 1}`, 400, "session: must be true or false\nusers: names must not be empty\ngroups: must be an array of strings\nx: unknown field"},
		"all who do not exist":            {"admin", `{"users": ["stranger", "<b>", "ghost"], "groups": ["team", "ghosts"]}`, 400, "No such user: <b>\nNo such user: ghost\nNo such group: ghosts"},
		"a scope of another server":       {"admin", `{"users": ["ghost"], "scopes": ["access:servers!server=stranger/"]}`, 400, "!server=stranger/ not allowed on sharing access:servers!server=stranger/, only !server=sharer/"},
		"a scope that is not held":        {"clerk", `{"users": ["ghost"], "scopes": ["servers"]}`, 403, "Do not have permission to grant share with scope servers!server=sharer/"},
		"a name that is not readable":     {"sharer", `{"users": ["sharer", "ghost"]}`, 403, "Need scope 'read:users:name' to share with users by name"},
		"a group that is not readable":    {"sharer", `{"users": ["sharer"], "groups": ["team"]}`, 403, "Need scope 'read:groups:name' to share with groups by name"},
		"a stranger":                      {"stranger", `{"users": [""]}`, 404, "No access to resources or resources not found"},
		"nobody who asks":                 {"", `{"users": [""]}`, 403, "Missing or invalid credentials."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := f.api(c.who, http.MethodPost, "shares/sharer/", c.body)
			assert.Equal(t, c.status, w.Code)
			assert.Equal(t, c.message, message(t, w))
		})
	}
	w := f.api("admin", http.MethodPost, "shares/sharer/nope", `{"users": ["ghost"]}`)
	assert.Equal(t, "No such server: sharer/nope", message(t, w), "SH-84 before SH-87")
	t.Cleanup(func() { assert.Empty(t, f.list("sharer", "shares/sharer/").Items, "none of it granted anything") })
}

// TestTwoHundredGrantees is the largest bulk grant, in a body of its size.
func TestTwoHundredGrantees(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var names []string
	for i := range 200 {
		names = append(names, fmt.Sprintf("%s%d@example.org", strings.Repeat("n", 100), i))
		f.hub.AddUser(names[i])
	}
	body, err := json.Marshal(map[string][]string{"users": names})
	require.NoError(t, err)
	granted := read[shareItems](t, f.must("admin", http.MethodPost, "shares/sharer/", string(body)))
	require.Len(t, granted.Items, 200)
	assert.Equal(t, "user:"+names[199], granted.Items[199].grantee())
}
