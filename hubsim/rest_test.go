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

// team is a hub with an administrator, two users, a group that has a role, and a service whose token may nothing.
func team(t *testing.T, change func(*hubsim.Config)) *hubsim.Hub {
	t.Helper()
	cfg := hubsim.Config{
		Users:             []hubsim.User{{Name: "boss", Admin: true}, {Name: "ann"}, {Name: "bob"}},
		Groups:            []hubsim.Group{{Name: "lab", Users: []string{"ann"}}},
		Roles:             []hubsim.Role{{Name: "watcher", Scopes: []string{"list:groups"}, Groups: []string{"lab"}}},
		Services:          []hubsim.Service{{Name: "bare", APIToken: "bare-service-token"}, {Name: "page", URL: "http://127.0.0.1:9"}},
		AllowNamedServers: true,
	}
	if change != nil {
		change(&cfg)
	}
	return hubsim.New(t, cfg)
}

// tokenFor is a token of a user with these scopes, or with all that they may do.
func tokenFor(t *testing.T, hub *hubsim.Hub, user string, scopes ...string) string {
	t.Helper()
	token, err := hub.Token(user, scopes...)
	require.NoError(t, err)
	return token
}

// ask makes a request with a token and gives the answer as it came.
func ask(t *testing.T, hub *hubsim.Hub, token, method, path, body string, header ...string) (status int, text string, h http.Header) {
	t.Helper()
	if token != "" {
		header = append([]string{"Authorization", "token " + token}, header...)
	}
	return askAt(t, hub.APIURL()+path, method, body, header...)
}

// askAt is ask at any address; headers without a value are left out.
func askAt(t *testing.T, url, method, body string, header ...string) (status int, text string, h http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] != "" {
			req.Header.Set(header[i], header[i+1])
		}
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := c.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(raw), res.Header
}

// namesIn are the names of the models in a list.
func namesIn(t *testing.T, list string) []string {
	t.Helper()
	var models []struct {
		Name string `json:"name"`
	}
	require.NoError(t, json.Unmarshal([]byte(list), &models), list)
	out := make([]string, len(models))
	for i, m := range models {
		out[i] = m.Name
	}
	return out
}

// HB-139, HB-136, SC-96: who may list gets those that they may list, filtered, sorted and by pages.
func TestListingUsers(t *testing.T) {
	t.Parallel()
	clock := hubsim.NewFakeClock(time0)
	hub := team(t, func(c *hubsim.Config) { c.Clock = clock })
	boss := tokenFor(t, hub, "boss")
	status, _, _ := ask(t, hub, boss, "GET", "/user", "")
	require.Equal(t, 200, status)
	status, _, _ = ask(t, hub, tokenFor(t, hub, "ann"), "GET", "/user", "")
	require.Equal(t, 200, status)
	clock.Advance(time.Hour)
	require.NoError(t, hub.StartServer(t.Context(), "bob", ""))

	for query, want := range map[string][]string{
		"":                     {"boss", "ann", "bob"},
		"?sort=name":           {"ann", "bob", "boss"},
		"?sort=-name":          {"boss", "bob", "ann"},
		"?sort=-id":            {"bob", "ann", "boss"},
		"?state=active":        {"bob"},
		"?state=ready":         {"bob"},
		"?state=inactive":      {"boss", "ann"},
		"?state=":              {"boss", "ann", "bob"},
		"?name_filter=B":       {"boss", "bob"},
		"?name_filter=%25":     {},
		"?name_filter=_":       {},
		"?offset=1&limit=1":    {"ann"},
		"?offset=9":            {},
		"?limit=0":             {"boss"},
		"?sort=last_activity":  {"ann", "boss", "bob"},
		"?sort=-last_activity": {"bob", "boss", "ann"},
	} {
		status, list, _ := ask(t, hub, boss, "GET", "/users"+query, "")
		require.Equal(t, 200, status, query)
		assert.Equal(t, want, namesIn(t, list), query)
	}
	_, list, _ := ask(t, hub, boss, "GET", "/users?name_filter=bob&include_stopped_servers", "")
	assert.Contains(t, list, `"state":{}`, "HB-152: admin:servers reads the state")
	_, list, _ = ask(t, hub, boss, "GET", "/users?name_filter=ann", "")
	assert.Contains(t, list, `"servers":{}`)
	_, list, _ = ask(t, hub, boss, "GET", "/users?name_filter=ann&include_stopped_servers=FALSE", "")
	assert.Contains(t, list, `"servers":{}`)
	_, list, _ = ask(t, hub, boss, "GET", "/users?name_filter=ann&include_stopped_servers=1", "")
	assert.Contains(t, list, `"stopped":true`)

	_, paged, _ := ask(t, hub, boss, "GET", "/users?limit=2&x=y", "", "Accept", "application/jupyterhub-pagination+json")
	var page struct {
		Items      []map[string]any
		Pagination struct {
			Offset, Limit, Total int
			Next                 *struct{ URL string }
		} `json:"_pagination"`
	}
	require.NoError(t, json.Unmarshal([]byte(paged), &page))
	assert.Len(t, page.Items, 2)
	assert.Equal(t, 3, page.Pagination.Total)
	assert.Equal(t, hub.APIURL()+"/users?limit=2&x=y&offset=2", page.Pagination.Next.URL)

	for query, says := range map[string]string{
		"?sort=created": "sort must be 'id', 'name', or 'last_activity', not 'created'",
		"?sort=--id":    "sort must be 'id', 'name', or 'last_activity', not '--id'",
		"?sort=":        "sort must be 'id', 'name', or 'last_activity', not ''",
		"?state=asleep": "Unrecognized state filter: 'asleep'",
		"?limit=many":   "Invalid argument type, offset and limit must be integers",
	} {
		status, answer := call(t, hub, boss, "GET", "/users"+query, "")
		assert.Equal(t, 400, status, query)
		assert.Equal(t, says, answer["message"], query)
	}

	// V-71: filters say whom; those that do not fit refuse the whole list.
	for scope, want := range map[string]string{
		"list:users!user=ann":  `ann`,
		"list:users!group=lab": `ann`,
	} {
		status, list, _ := ask(t, hub, tokenFor(t, hub, "boss", scope), "GET", "/users", "")
		require.Equal(t, 200, status, scope)
		assert.Equal(t, []string{want}, namesIn(t, list), scope)
		assert.NotContains(t, list, "created", "HB-151: list:users alone reads names")
	}
	status, answer := call(t, hub, tokenFor(t, hub, "boss", "read:users"), "GET", "/users", "")
	assert.Equal(t, 403, status)
	assert.Equal(t, "Action is not authorized with current scopes; requires any of [list:users]", answer["message"])
}

// HB-139, HB-140: making, changing and deleting users.
func TestAUsersLifeThroughTheAPI(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	boss := tokenFor(t, hub, "boss")
	helper := tokenFor(t, hub, "boss", "admin:users", "read:users") // still an administrator's
	status, text, _ := ask(t, hub, helper, "POST", "/users", `{"usernames": [" Eve ", "ann", "eve", "dan"]}`)
	require.Equal(t, 201, status, text)
	require.Equal(t, []string{"eve", "dan"}, namesIn(t, text), "names as a login makes them; who exists is left out")

	status, model := call(t, hub, boss, "POST", "/users/we%20ird@x.org", "")
	require.Equal(t, 201, status)
	require.Equal(t, "we ird@x.org", model["name"])
	require.Equal(t, []any{"user"}, model["roles"])
	require.Equal(t, false, model["admin"])
	status, model = call(t, hub, boss, "POST", "/users/root", `{"admin": true}`)
	require.Equal(t, 201, status)
	require.Equal(t, []any{"admin", "user"}, model["roles"])

	code, err := hub.NewShareCode("dan", "")
	require.NoError(t, err)
	eve, dan := tokenFor(t, hub, "eve"), tokenFor(t, hub, "dan", "read:users!user=dan", "read:servers!user=dan")
	browser := known(t, hub, "dan")
	require.Equal(t, 200, browser.get("home").status)
	status, model = call(t, hub, boss, "PATCH", "/users/dan", `{"name": "daniel", "admin": true, "auth_state": {"key": "v"}}`)
	require.Equal(t, 200, status)
	require.Equal(t, "daniel", model["name"])
	require.Equal(t, true, model["admin"])
	require.Equal(t, map[string]any{"key": "v"}, model["auth_state"])
	status, _ = call(t, hub, boss, "GET", "/users/dan", "")
	require.Equal(t, 404, status)
	status, model = call(t, hub, dan, "GET", "/users/daniel", "")
	require.Equal(t, 200, status)
	require.Contains(t, model, "created", "a token's filters follow the name, in all its scopes")
	require.NotContains(t, model, "auth_state")
	require.Equal(t, 200, browser.get("home").status, "still logged in")
	require.Equal(t, 200, known(t, hub, "eve").get(hub.AcceptURL(code)).status, "SH-9: the code is still good")
	require.NoError(t, hub.StartServer(t.Context(), "daniel", ""))
	status, answer := call(t, hub, boss, "PATCH", "/users/daniel", `{"name": "dan"}`)
	require.Equal(t, 400, status)
	require.Equal(t, "A server of daniel is running. Stop it before giving the user another name.", answer["message"])
	status, model = call(t, hub, boss, "PATCH", "/users/daniel", `{"admin": false}`)
	require.Equal(t, 200, status)
	require.Equal(t, false, model["admin"])
	status, _ = call(t, hub, boss, "PATCH", "/users/daniel", `{}`)
	require.Equal(t, 200, status)

	status, text, header := ask(t, hub, boss, "DELETE", "/users/daniel", "")
	require.Equal(t, 204, status)
	require.Empty(t, text)
	require.Empty(t, header.Get("Content-Type"))
	status, answer = call(t, hub, dan, "GET", "/user", "")
	require.Equal(t, 403, status, "SH-7: tokens go with their owner")
	require.Equal(t, "Forbidden", answer["message"])
	require.Equal(t, 404, known(t, hub, "eve").get(hub.AcceptURL(code)).status, "SH-7: so do codes")
	status, _ = call(t, hub, eve, "GET", "/users/eve", "")
	require.Equal(t, 200, status)
	status, _ = call(t, hub, boss, "DELETE", "/users/daniel", "")
	require.Equal(t, 404, status)
}

// HB-139, HB-140, HB-131: what requests about users are refused for, and with which words.
func TestBadRequestsAboutUsers(t *testing.T) {
	t.Parallel()
	hub := team(t, func(c *hubsim.Config) {
		c.Roles = append(c.Roles, hubsim.Role{Name: "clerk", Scopes: []string{"admin:users", "delete:users"}, Users: []string{"bob"}})
	})
	boss, clerk := tokenFor(t, hub, "boss"), tokenFor(t, hub, "bob")
	for name, c := range map[string]struct {
		token, method, path, body string
		status                    int
		message                   string
	}{
		"no names":                     {boss, "POST", "/users", `{}`, 400, "Must specify at least one user to create"},
		"no body":                      {boss, "POST", "/users", ``, 400, "Must specify at least one user to create"},
		"no JSON":                      {boss, "POST", "/users", `{"usernames"`, 400, "Invalid JSON in body of request"},
		"a list":                       {boss, "POST", "/users", `["x"]`, 400, "JSON body must be an object"},
		"an empty list":                {boss, "POST", "/users", `{"usernames": []}`, 400, "Must specify at least one user to create"},
		"a string, upstream's letters": {boss, "POST", "/users", `{"usernames": "abc"}`, 400, "usernames must be a list of names"},
		"numbers, upstream's 500":      {boss, "POST", "/users", `{"usernames": [1]}`, 400, "usernames must be str, not <class 'int'>"},
		"null among names":             {boss, "POST", "/users", `{"usernames": [null]}`, 400, "usernames must be str, not <class 'NoneType'>"},
		"a name with a slash":          {boss, "POST", "/users", `{"usernames": ["a/b", "new"]}`, 400, "Invalid username: a/b"},
		"several bad names":            {boss, "POST", "/users", `{"usernames": ["a/b", "", "new"]}`, 400, "Invalid usernames: a/b, "},
		"all known":                    {boss, "POST", "/users", `{"usernames": ["ann", "bob"]}`, 409, "All 2 users already exist"},
		"an unknown key":               {boss, "POST", "/users", `{"usernames": ["x"], "role": "y"}`, 400, "Invalid JSON keys: role"},
		"admin that is no bool":        {boss, "POST", "/users", `{"usernames": ["x"], "admin": "yes"}`, 400, "user.admin must be <class 'bool'>, not: <class 'str'>"},
		"a clerk's admin":              {clerk, "POST", "/users", `{"usernames": ["x"], "admin": true}`, 403, "Only admins can grant admin permissions"},
		"one who exists":               {boss, "POST", "/users/ann", ``, 409, "User ann already exists"},
		"a clerk's one admin":          {clerk, "POST", "/users/x", `{"admin": true}`, 403, "Only admins can grant admin permissions"},
		"a name nobody can log in as":  {boss, "POST", "/users/Upper", ``, 400, "Invalid username: Upper"},
		"a change of nobody":           {boss, "PATCH", "/users/nobody", `{}`, 404, "Not Found"},
		"a change without body":        {boss, "PATCH", "/users/ann", ``, 400, "JSON body must be an object"},
		"a change that is null":        {boss, "PATCH", "/users/ann", `null`, 400, "JSON body must be an object"},
		"a change that is a list":      {boss, "PATCH", "/users/ann", `[]`, 400, "JSON body must be an object"},
		"a name that is taken":         {boss, "PATCH", "/users/ann", `{"name": "bob"}`, 400, "User bob already exists, username must be unique"},
		"an empty name":                {boss, "PATCH", "/users/ann", `{"name": ""}`, 400, "Invalid username: "},
		"a name that is a number":      {boss, "PATCH", "/users/ann", `{"name": 1.5}`, 400, "user.name must be <class 'str'>, not: <class 'float'>"},
		"auth_state that is a list":    {boss, "PATCH", "/users/ann", `{"auth_state": []}`, 400, "user.auth_state must be <class 'dict'>, not: <class 'list'>"},
		"auth_state that is null":      {boss, "PATCH", "/users/ann", `{"auth_state": null}`, 400, "user.auth_state must be <class 'dict'>, not: <class 'NoneType'>"},
		"groups, upstream's 500":       {boss, "PATCH", "/users/ann", `{"groups": ["lab"]}`, 400, "groups and roles are not changed here"},
		"a clerk changes an admin":     {clerk, "PATCH", "/users/boss", `{"admin": false}`, 403, "Only admins can modify other admins"},
		"a clerk makes an admin":       {clerk, "PATCH", "/users/bob", `{"admin": true}`, 403, "Only admins can grant admin permissions"},
		"oneself":                      {boss, "DELETE", "/users/boss", ``, 400, "Cannot delete yourself!"},
		"nobody":                       {boss, "DELETE", "/users/nobody", ``, 404, "Not Found"},
		"another method":               {boss, "PUT", "/users/ann", ``, 405, "Method Not Allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := call(t, hub, c.token, c.method, c.path, c.body)
			assert.Equal(t, c.status, status)
			assert.Equal(t, c.message, answer["message"])
		})
	}
	_, list, _ := ask(t, hub, boss, "GET", "/users", "")
	require.Equal(t, []string{"boss", "ann", "bob"}, namesIn(t, list), "nothing of it changed anything")
}
