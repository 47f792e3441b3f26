package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing/httpapi"
)

// TestModels compares whole bodies with what a real hub sent (transcripts 22, 25, 27, 72, 82, 85).
func TestModels(t *testing.T) {
	t.Parallel()
	f := newFixture(t, stock)
	secret, _ := f.code("sharer", "sharer/", "")
	w := f.must("sharer", http.MethodPost, "share-codes/sharer/", `{"expires_in": 60, "scopes": ["servers", "access:servers!server=sharer/"]}`)
	assert.Regexp(t, `^\{"server":\{"user":\{"name":"sharer"\},"name":"","url":"/user/sharer/","full_url":null,"ready":true\},`+
		`"scopes":\["access:servers!server=sharer/","servers!server=sharer/"\],"id":"sc_2","created_at":"2026-11-21T18:28:59.677886Z",`+
		`"expires_at":"2026-11-21T18:29:59.677886Z","exchange_count":0,"last_exchanged_at":null,"code":"([A-Za-z0-9_-]{43})",`+
		`"accept_url":"/hub/accept-share\?code=([A-Za-z0-9_-]{43})","full_accept_url":null\}$`, w.Body.String(), "SH-74")

	w = f.must("sharer", http.MethodGet, "shares/sharer/", "")
	assert.Equal(t, `{"items":[],"_pagination":{"offset":0,"limit":200,"total":0,"next":null}}`, w.Body.String(), "SH-75")

	f.accept(t, "shared-with", secret)
	w = f.must("sharer", http.MethodGet, "share-codes/sharer/?limit=1", "")
	assert.Equal(t, `{"items":[{"server":{"user":{"name":"sharer"},"name":"","url":"/user/sharer/","full_url":null,"ready":true},`+
		`"scopes":["access:servers!server=sharer/"],"id":"sc_1","created_at":"2026-11-21T18:28:59.677886Z",`+
		`"expires_at":"2026-11-22T18:28:59.677886Z","exchange_count":1,"last_exchanged_at":"2026-11-21T18:28:59.677886Z"}],`+
		`"_pagination":{"offset":0,"limit":1,"total":2,"next":{"offset":1,"limit":1,"url":"http://example.com/hub/api/share-codes/sharer/?limit=1&offset=1"}}}`,
		w.Body.String(), "SH-73, SH-68, transcript 61")
	assert.NotContains(t, w.Body.String(), secret)

	const user = `{"server":{"user":{"name":"sharer"},"name":"","url":"/user/sharer/","full_url":null,"ready":true},` +
		`"scopes":["access:servers!server=sharer/"],"user":{"name":"shared-with"},"group":null,"kind":"user","created_at":"2026-11-21T18:28:59.677886Z"}`
	const group = `{"server":{"user":{"name":"sharer"},"name":"lab","url":"/user/sharer/lab/","full_url":null,"ready":false},` +
		`"scopes":["access:servers!server=sharer/lab"],"user":null,"group":{"name":"team"},"kind":"group","created_at":"2026-11-21T18:28:59.677886Z"}`
	f.hub.AddServer("sharer", "lab")
	w = f.must("admin", http.MethodPost, "shares/sharer/lab", `{"group": "team"}`)
	assert.Equal(t, group, w.Body.String(), "SH-72")
	w = f.must("sharer", http.MethodGet, "shares/sharer", "")
	assert.Equal(t, `{"items":[`+user+`,`+group+`],"_pagination":{"offset":0,"limit":200,"total":2,"next":null}}`, w.Body.String())
	w = f.must("shared-with", http.MethodGet, "users/shared-with/shared/sharer/", "")
	assert.Equal(t, user, w.Body.String(), "transcript 64")
	w = f.must("admin", http.MethodGet, "groups/team/shared/sharer/lab", "")
	assert.Equal(t, group, w.Body.String(), "transcript 86")
}

// TestPublicURL is SH-74: the address that others need is given in full when the hub knows its own.
func TestPublicURL(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *httpapi.Config) {
		c.PublicURL = "https://hub.example.org:8443/base/"
		c.BaseURL = "/base/"
		c.Version = "6.0.0b2"
	})
	w := f.do(http.MethodPost, "/base/hub/api/share-codes/sharer/", "", header("Authorization", "Bearer sharer-token"))
	require.Equal(t, http.StatusOK, w.Code)
	assert.Regexp(t, `"accept_url":"/base/hub/accept-share\?code=([^"]{43})","full_accept_url":"https://hub.example.org:8443/base/hub/accept-share\?code=([^"]{43})"`, w.Body.String())
	assert.Contains(t, w.Body.String(), `"url":"/base/user/sharer/"`)
	assert.Equal(t, "6.0.0b2", w.Header().Get("X-JupyterHub-Version"))
}

// TestHeaders is SH-61 and SH-62, on success, refusal and preflight.
func TestHeaders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, w := range []interface{ Result() *http.Response }{
		f.api("sharer", http.MethodGet, "shares/sharer/", ""),
		f.api("", http.MethodGet, "shares/sharer/", ""),
		f.api("", http.MethodOptions, "shares/sharer/", ""),
		f.api("sharer", http.MethodPost, "share-codes/sharer/", ""),
		f.api("sharer", http.MethodPut, "share-codes/sharer/", ""),
		f.do(http.MethodGet, "/hub/api/shares", ""),
	} {
		h := w.Result().Header
		assert.Equal(t, "application/json", h.Get("Content-Type"))
		assert.Equal(t, httpapi.DefaultVersion, h.Get("X-JupyterHub-Version"))
		assert.Equal(t, "accept, content-type, authorization", h.Get("Access-Control-Allow-Headers"))
		assert.Equal(t, "frame-ancestors 'none'; report-uri /hub/security/csp-report; default-src 'none'", h.Get("Content-Security-Policy"))
		assert.Empty(t, h.Values("Access-Control-Allow-Origin"))
	}
	assert.Equal(t, "no-store", f.api("sharer", http.MethodPost, "share-codes/sharer/", "").Header().Get("Cache-Control"), "SH-62")

	w := f.api("", http.MethodOptions, "shares/sharer/", "")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Empty(t, w.Body.String(), "transcript 200")
	assert.Equal(t, "0", w.Header().Get("Content-Length"))
	w = f.api("sharer", http.MethodHead, "shares/sharer/", "")
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code, "transcript 199")
	w = f.api("sharer", http.MethodDelete, "shares/sharer/", "")
	assert.Equal(t, http.StatusNoContent, w.Code)
	assert.Empty(t, w.Body.String())
	assert.Empty(t, w.Header().Values("Content-Type"), "SH-61")
}

// TestRefusals replays requests of the transcripts that a hub refuses, on a hub with one share by code, to shared-with.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const (
		get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete

		credentials = "Missing or invalid credentials."
		hidden      = "No access to resources or resources not found"
		needShares  = "Action is not authorized with current scopes; requires any of [shares]"
		needRead    = "Action is not authorized with current scopes; requires any of [read:shares]"
		notAllowed  = "Method Not Allowed"
		nobody      = "Specify exactly one of `user` or `group`"
		range60     = "expires_in: must be from 60 to 31536000"
	)
	type refused struct {
		who, method, path, body string
		status                  int
		message                 string
	}
	cases := map[string]refused{
		"119 nobody creates":                              {"", post, "share-codes/sharer/", `{}`, 403, credentials},
		"120 nobody lists":                                {"", get, "share-codes/sharer/", "", 403, credentials},
		"121 a bad token is nobody":                       {"deadbeef", post, "share-codes/sharer/", `{}`, 403, credentials},
		"134 another user creates":                        {"stranger", post, "share-codes/sharer/", `{}`, 404, hidden},
		"135 another user lists":                          {"stranger", get, "share-codes/sharer/", "", 404, hidden},
		"136 another user, of nobody":                     {"stranger", get, "share-codes/ghost/", "", 404, hidden},
		"137 another user, of no server":                  {"stranger", get, "share-codes/sharer/nope", "", 404, hidden},
		"139 a narrow token creates":                      {"sharer-narrow", post, "share-codes/sharer/", `{}`, 403, needShares},
		"140 a narrow token lists":                        {"sharer-narrow", get, "share-codes/sharer/", "", 403, needRead},
		"141 a narrow token lists an owner":               {"sharer-narrow", get, "shares/sharer", "", 403, needRead},
		"145 a server's token lists its owner":            {"sharer-shares-only", get, "share-codes/sharer", "", 404, hidden},
		"SH-193 the grantee's server token shares on":     {"oauth", post, "share-codes/sharer/", `{}`, 403, needShares},
		"68 the grantee lists the owner's shares":         {"shared-with", get, "shares/sharer/", "", 404, hidden},
		"204 a stranger revokes all":                      {"stranger", del, "shares/sharer/", "", 404, hidden},
		"84 a member reads the group's shares":            {"stranger", get, "groups/team/shared", "", 404, hidden},
		"SH-120 somebody else's list":                     {"stranger", get, "users/sharer/shared", "", 404, hidden},
		"148 codes of no server":                          {"sharer", post, "share-codes/sharer/nope", `{}`, 404, "No such server: sharer/nope"},
		"149 list of no server":                           {"sharer", get, "share-codes/sharer/nope", "", 404, "No such server: sharer/nope"},
		"150 grant on no server":                          {"admin", post, "shares/sharer/nope", `{"user": "stranger"}`, 404, "No such server: sharer/nope"},
		"151 server of nobody":                            {"admin", get, "shares/ghost/", "", 404, "No such server: ghost/"},
		"152 list of nobody":                              {"admin", get, "shares/ghost", "", 404, "Not Found"},
		"SH-100 codes of nobody":                          {"admin", get, "share-codes/ghost", "", 404, "Not Found"},
		"153 code of nobody":                              {"admin", post, "share-codes/ghost/", `{}`, 404, "No such server: ghost/"},
		"107 revoke all on no server":                     {"sharer", del, "shares/sharer/nope", "", 404, "No such server: sharer/nope"},
		"SH-110 delete codes of no server":                {"sharer", del, "share-codes/sharer/nope?code=x", "", 404, "No such server: sharer/nope"},
		"SH-90 revoke on no server":                       {"sharer", patch, "shares/sharer/nope", `{"user": "ghost"}`, 404, "No such server: sharer/nope"},
		"69 a user's name is not readable":                {"sharer", post, "shares/sharer/", `{"user": "stranger"}`, 403, "Need scope 'read:users:name' to share with users by name"},
		"70 a group's name is not readable":               {"sharer", post, "shares/sharer/", `{"group": "team"}`, 403, "Need scope 'read:groups:name' to share with groups by name"},
		"75 no such user":                                 {"admin", post, "shares/sharer/", `{"user": "ghost"}`, 400, "No such user: ghost"},
		"76 no such group":                                {"admin", post, "shares/sharer/", `{"group": "ghosts"}`, 400, "No such group: ghosts"},
		"77 neither user nor group":                       {"admin", post, "shares/sharer/", `{}`, 400, nobody},
		"78 no body":                                      {"admin", post, "shares/sharer/", "", 400, nobody},
		"79 both":                                         {"admin", post, "shares/sharer/", `{"user": "stranger", "group": "team"}`, 400, "Expected exactly one of `user` or `group`, not both."},
		"81, SH-60 an empty user":                         {"admin", post, "shares/sharer/", `{"user": ""}`, 400, nobody},
		"SH-60 an empty user to revoke from":              {"admin", patch, "shares/sharer/", `{"user": ""}`, 400, nobody},
		"SH-60 an empty group, and null":                  {"admin", post, "shares/sharer/", `{"group": "", "user": null}`, 400, nobody},
		"97 revoke from nobody":                           {"sharer", patch, "shares/sharer/", `{}`, 400, nobody},
		"98 an unknown field":                             {"sharer", patch, "shares/sharer/", `{"user": "stranger", "x": 1}`, 400, "x: unknown field"},
		"168 an unknown field on a code":                  {"sharer", post, "share-codes/sharer/", `{"foo": 1}`, 400, "foo: unknown field"},
		"169 two problems":                                {"sharer", post, "share-codes/sharer/", `{"foo": 1, "expires_in": 59}`, 400, range60 + "\nfoo: unknown field"},
		"SH-59 a number is no user":                       {"admin", post, "shares/sharer/", `{"user": 7}`, 400, "user: must be a string"},
		"SH-59 a list is no group":                        {"admin", post, "shares/sharer/", `{"group": ["team"]}`, 400, "group: must be a string"},
		"SH-59 names are case-sensitive":                  {"admin", post, "shares/sharer/", `{"User": "stranger"}`, 400, "User: unknown field"},
		"175 scopes as a string":                          {"sharer", post, "share-codes/sharer/", `{"scopes": "access:servers"}`, 400, "scopes: must be an array of strings"},
		"SH-59 scopes with a number":                      {"sharer", post, "share-codes/sharer/", `{"scopes": ["access:servers", 1]}`, 400, "scopes: must be an array of strings"},
		"SH-59 scopes with null":                          {"sharer", post, "share-codes/sharer/", `{"scopes": [null]}`, 400, "scopes: must be an array of strings"},
		"154 expires_in 59":                               {"sharer", post, "share-codes/sharer/", `{"expires_in": 59}`, 400, range60},
		"157 expires_in over a year":                      {"sharer", post, "share-codes/sharer/", `{"expires_in": 31536001}`, 400, range60},
		"158 expires_in 0":                                {"sharer", post, "share-codes/sharer/", `{"expires_in": 0}`, 400, range60},
		"159 expires_in -1":                               {"sharer", post, "share-codes/sharer/", `{"expires_in": -1}`, 400, range60},
		"161 a fraction":                                  {"sharer", post, "share-codes/sharer/", `{"expires_in": 60.5}`, 400, "expires_in: must be an integer"},
		"163 no number":                                   {"sharer", post, "share-codes/sharer/", `{"expires_in": "x"}`, 400, "expires_in: must be an integer"},
		"164 true":                                        {"sharer", post, "share-codes/sharer/", `{"expires_in": true}`, 400, "expires_in: must be an integer"},
		"165 null":                                        {"sharer", post, "share-codes/sharer/", `{"expires_in": null}`, 400, "expires_in: must be an integer"},
		"166 a list":                                      {"sharer", post, "share-codes/sharer/", `{"expires_in": []}`, 400, "expires_in: must be an integer"},
		"SH-59 a fraction in a string":                    {"sharer", post, "share-codes/sharer/", `{"expires_in": "60.5"}`, 400, "expires_in: must be an integer"},
		"SH-59 beyond all numbers":                        {"sharer", post, "share-codes/sharer/", `{"expires_in": 1e999}`, 400, "expires_in: must be an integer"},
		"SH-59 beyond all integers":                       {"sharer", post, "share-codes/sharer/", `{"expires_in": 1e300}`, 400, range60},
		"SH-59 far below":                                 {"sharer", post, "share-codes/sharer/", `{"expires_in": -99999999999999999999}`, 400, range60},
		"170 malformed":                                   {"sharer", post, "share-codes/sharer/", `{"x`, 400, "Invalid JSON in body of request"},
		"SH-57 white space alone":                         {"sharer", post, "share-codes/sharer/", " \n", 400, "Invalid JSON in body of request"},
		"SH-57 a byte-order mark":                         {"sharer", post, "share-codes/sharer/", "\ufeff{}", 400, "Invalid JSON in body of request"},
		"SH-57 invalid utf-8":                             {"admin", post, "shares/sharer/", "{\"user\": \"\xff\"}", 400, "Invalid JSON in body of request"},
		"SH-57 two values":                                {"sharer", post, "share-codes/sharer/", `{}{}`, 400, "Invalid JSON in body of request"},
		"173, SH-57 a list":                               {"sharer", post, "share-codes/sharer/", `[1]`, 400, "JSON body must be an object"},
		"174, SH-57 a string":                             {"sharer", post, "share-codes/sharer/", `"x"`, 400, "JSON body must be an object"},
		"SH-57 a number to revoke":                        {"sharer", patch, "shares/sharer/", `7`, 400, "JSON body must be an object"},
		"179 a bare server filter":                        {"sharer", post, "share-codes/sharer/", `{"scopes": ["access:servers!server"]}`, 400, "!server not allowed on sharing access:servers!server, only !server=sharer/"},
		"180 another server's filter":                     {"sharer", post, "share-codes/sharer/", `{"scopes": ["access:servers!server=other/"]}`, 400, "!server=other/ not allowed on sharing access:servers!server=other/, only !server=sharer/"},
		"181 a user's filter":                             {"sharer", post, "share-codes/sharer/", `{"scopes": ["access:servers!user=sharer"]}`, 400, "!user=sharer not allowed on sharing access:servers!user=sharer, only !server=sharer/"},
		"182 a bare user filter":                          {"sharer", post, "share-codes/sharer/", `{"scopes": ["access:servers!user"]}`, 400, "!user not allowed on sharing access:servers!user, only !server=sharer/"},
		"183, SH-37 an unknown scope":                     {"sharer", post, "share-codes/sharer/", `{"scopes": ["nope:nope"]}`, 400, "Scope 'nope:nope' for share does not exist"},
		"SH-37 an unknown scope to revoke":                {"sharer", patch, "shares/sharer/", `{"user": "stranger", "scopes": ["nope"]}`, 400, "Scope 'nope' for share does not exist"},
		"186 a scope that is not held":                    {"sharer", post, "share-codes/sharer/", `{"scopes": ["admin:servers"]}`, 403, "Do not have permission to grant share with scope admin:servers!server=sharer/"},
		"188 a metascope":                                 {"sharer", post, "share-codes/sharer/", `{"scopes": ["self"]}`, 403, "Do not have permission to grant share with scope self!server=sharer/"},
		"190 POST without a server":                       {"sharer", post, "shares/sharer", `{"user": "stranger"}`, 405, notAllowed},
		"191 PATCH without a server":                      {"sharer", patch, "shares/sharer", `{"user": "stranger"}`, 405, notAllowed},
		"192 DELETE without a server":                     {"sharer", del, "shares/sharer", "", 405, notAllowed},
		"193 POST of a code without a server":             {"sharer", post, "share-codes/sharer", `{}`, 405, notAllowed},
		"194 DELETE of codes without a server":            {"sharer", del, "share-codes/sharer", "", 405, notAllowed},
		"195 PATCH of codes without a server":             {"sharer", patch, "share-codes/sharer", `{}`, 405, notAllowed},
		"196 PUT of codes without a server":               {"sharer", "PUT", "share-codes/sharer", `{}`, 405, notAllowed},
		"197 PUT of shares":                               {"sharer", "PUT", "shares/sharer/", `{}`, 405, notAllowed},
		"198 PATCH of codes":                              {"sharer", patch, "share-codes/sharer/", `{}`, 405, notAllowed},
		"SH-83 without a server the gate is first":        {"stranger", post, "shares/sharer", `{}`, 404, hidden},
		"SH-83 the gate asks about the whole owner":       {"sharer-shares-only", post, "shares/sharer", `{}`, 404, hidden},
		"SH-83 nobody at all":                             {"", post, "shares/sharer", `{}`, 403, credentials},
		"HB-131 a method comes before who":                {"", "PUT", "shares/sharer/", `{}`, 405, notAllowed},
		"SH-54 the gate comes before the body":            {"stranger", post, "shares/sharer/", `{"x`, 404, hidden},
		"SH-54 the gate comes before the window":          {"stranger", get, "shares/sharer/?limit=x", "", 404, hidden},
		"57 limit=x":                                      {"sharer", get, "shares/sharer/?limit=x", "", 400, "Invalid argument type, offset and limit must be integers"},
		"SH-67 an empty offset":                           {"sharer", get, "share-codes/sharer?offset=", "", 400, "Invalid argument type, offset and limit must be integers"},
		"65 no such share":                                {"shared-with", get, "users/shared-with/shared/sharer/nope", "", 404, "No such share for user shared-with on sharer/nope"},
		"SH-121 not by a group":                           {"stranger", get, "users/stranger/shared/sharer/", "", 404, "No such share for user stranger on sharer/"},
		"87 no such group's shares":                       {"admin", get, "groups/nogroup/shared", "", 404, "No such group: nogroup"},
		"SH-131 no such group's share":                    {"admin", get, "groups/nogroup/shared/sharer/", "", 404, "No such group: nogroup"},
		"88 no such user's shares":                        {"admin", get, "users/nouser/shared", "", 404, "No such user: nouser"},
		"SH-121 no such user's share":                     {"admin", get, "users/nouser/shared/sharer/", "", 404, "No such share for user nouser on sharer/"},
		"SH-122 leaving what is not shared":               {"stranger", del, "users/stranger/shared/sharer/", "", 404, "No such share for user stranger on sharer/"},
		"SH-122 leaving as somebody else":                 {"stranger", del, "users/shared-with/shared/sharer/", "", 404, hidden},
		"SH-132 a member makes the group leave":           {"stranger", del, "groups/team/shared/sharer/", "", 404, hidden},
		"112 an unknown id":                               {"sharer", del, "share-codes/sharer/?id=sc_99999", "", 404, "No code found matching id=sc_99999"},
		"113 a malformed id":                              {"sharer", del, "share-codes/sharer/?id=99999", "", 404, "No code found matching id=99999"},
		"114, SH-112 an id with more after it":            {"sharer", del, "share-codes/sharer/?id=sc_1xyz", "", 404, "No code found matching id=sc_1xyz"},
		"115 a wrong code":                                {"sharer", del, "share-codes/sharer/?code=wrong", "", 404, "No matching code found"},
		"SH-110 code wins over id":                        {"sharer", del, "share-codes/sharer/?id=sc_1&code=wrong", "", 404, "No matching code found"},
		"SH-111 an empty code deletes nothing":            {"sharer", del, "share-codes/sharer/?code=", "", 400, "code and id must not be empty"},
		"SH-111 an empty id deletes nothing":              {"sharer", del, "share-codes/sharer/?id", "", 400, "code and id must not be empty"},
		"SH-111 white space is empty":                     {"sharer", del, "share-codes/sharer/?id=%20&code=+", "", 400, "code and id must not be empty"},
		"SH-111 what cannot be read deletes nothing":      {"sharer", del, "share-codes/sharer/?id=%zz", "", 400, "Invalid query"},
		"SH-110 the code of another server":               {"admin", del, "share-codes/stranger/?id=sc_1", "", 404, "No code found matching id=sc_1"},
		"SH-61 POST is no method of a list of the shared": {"admin", post, "users/sharer/shared", `{}`, 405, notAllowed},
	}
	for mode, adjust := range modes {
		f := newFixture(t, adjust)
		secret, _ := f.code("sharer", "sharer/", "")
		f.accept(t, "shared-with", secret)
		for name, c := range cases {
			t.Run(mode+"/"+name, func(t *testing.T) {
				t.Parallel()
				w := f.api(c.who, c.method, c.path, c.body)
				assert.Equal(t, c.status, w.Code)
				assert.Equal(t, c.message, message(t, w))
			})
		}
		t.Cleanup(func() {
			// None of it changed anything.
			codes, shares := f.list("sharer", "share-codes/sharer"), f.list("sharer", "shares/sharer")
			assert.Len(t, codes.Items, 1)
			assert.Len(t, shares.Items, 1)
		})
	}
}

// TestAcceptedBodies is SH-51, SH-57, SH-59 and SH-60: what creates a code or a share although it looks odd.
func TestAcceptedBodies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, body := range map[string]string{
		"23 nothing": "", "22 an empty object": `{}`, "171 null": "null", "172 an empty list": "[]", "SH-57 false": "false", "SH-57 zero": "0.0",
		"SH-57 an empty string": `""`, "176 no scopes": `{"scopes": []}`, "177 null scopes": `{"scopes": null}`, "178 no filter": `{"scopes": ["access:servers"]}`,
		"155 a minute": `{"expires_in": 60}`, "156 a year": `{"expires_in": 31536000}`, "160 an integral float": `{"expires_in": 60.0}`,
		"162 a string": `{"expires_in": "60"}`, "SH-59 an exponent": `{"expires_in": 6e1}`, "189 duplicates": `{"scopes": ["access:servers", "access:servers!server=sharer/"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := f.api("sharer", http.MethodPost, "share-codes/sharer/", body)
			assert.Equal(t, http.StatusOK, w.Code, w.Body.String())
			assert.Contains(t, w.Body.String(), `"scopes":["access:servers!server=sharer/"]`)
		})
	}
	for _, contentType := range []string{"", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense;;"} {
		w := f.api("admin", http.MethodPost, "shares/sharer/", `{"user": "", "group": "team"}`, header("Content-Type", contentType))
		assert.Equal(t, http.StatusOK, w.Code, "SH-51 with a token the type does not matter: "+contentType)
	}
	w := f.api("sharer", http.MethodDelete, "shares/sharer/", `{"x`)
	assert.Equal(t, http.StatusNoContent, w.Code, "SH-95 a body is ignored")
	w = f.api("admin", http.MethodPost, "shares/sharer/", `{"user": "`+string(make([]byte, 70_000))+`"}`)
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
}

// TestGrantAndRevoke walks through transcripts 71 to 102.
func TestGrantAndRevoke(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	post := func(body string) string {
		return f.must("admin", http.MethodPost, "shares/sharer/", body).Body.String()
	}
	patch := func(body string) string {
		return f.must("sharer", http.MethodPatch, "shares/sharer/", body).Body.String()
	}
	const access, both = `"scopes":["access:servers!server=sharer/"]`, `"scopes":["access:servers!server=sharer/","read:servers!server=sharer/"]`
	first := post(`{"user": "stranger"}`)
	assert.Contains(t, first, access)
	f.advance(1e9)
	assert.Equal(t, first, post(`{"user": "stranger"}`), "72 again")
	assert.Contains(t, post(`{"user": "stranger", "scopes": ["read:servers"]}`), both, "73 V-103")
	assert.Contains(t, post(`{"group": "team"}`), `"group":{"name":"team"}`, "74")
	assert.Contains(t, post(`{"user": "sharer"}`), `"user":{"name":"sharer"},"group":null`, "80 SH-43 with the owner")

	shared := f.list("stranger", "users/stranger/shared")
	require.Len(t, shared.Items, 2, "83 SH-120")
	assert.Equal(t, "user", shared.Items[0].Kind)
	assert.Equal(t, "team", shared.Items[1].Group.Name)
	assert.Len(t, f.list("admin", "groups/team/shared").Items, 1, "85")

	assert.Contains(t, patch(`{"user": "stranger", "scopes": ["read:servers!server=sharer/"]}`), access, "90")
	assert.Contains(t, patch(`{"user": "stranger", "scopes": ["read:servers!server=sharer/"]}`), access, "91 again")
	assert.Contains(t, patch(`{"user": "stranger", "scopes": ["access:servers!user=sharer"]}`), access, "SH-42 filtered for something else")
	assert.Equal(t, `{}`, patch(`{"user": "stranger", "scopes": ["access:servers"]}`), "92, V-104, SH-42")
	post(`{"user": "stranger"}`)
	assert.Equal(t, `{}`, patch(`{"user": "stranger", "scopes": []}`), "93 SH-90 an empty list is everything")
	assert.Equal(t, `{}`, patch(`{"user": "stranger"}`), "94 nothing left")
	assert.Equal(t, `{}`, patch(`{"user": "ghost"}`), "95")
	assert.Equal(t, `{}`, patch(`{"group": "ghosts"}`), "96")

	f.must("admin", http.MethodDelete, "groups/team/shared/sharer/", "")
	w := f.api("admin", http.MethodDelete, "groups/team/shared/sharer/", "")
	assert.Equal(t, "No such share for group team on sharer/", message(t, w), "100")
	post(`{"user": "shared-with"}`)
	f.must("shared-with", http.MethodDelete, "users/shared-with/shared/sharer/", "")
	w = f.api("shared-with", http.MethodDelete, "users/shared-with/shared/sharer/", "")
	assert.Equal(t, "No such share for user shared-with on sharer/", message(t, w), "102")
	f.must("sharer", http.MethodDelete, "shares/sharer/", "")
	f.must("sharer", http.MethodDelete, "shares/sharer/", "")
	assert.Empty(t, f.list("sharer", "shares/sharer").Items, "105, 106")
}

// TestCodesOverHTTP walks through transcripts 112 to 118 and 239 to 245.
func TestCodesOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	one, oneID := f.code("sharer", "sharer/", "")
	_, twoID := f.code("sharer-shares-only", "sharer/", `{"expires_in": 60}`)
	three, _ := f.code("sharer", "sharer/", "")
	f.accept(t, "shared-with", one)
	f.must("sharer", http.MethodDelete, "share-codes/sharer/?id="+oneID, "")
	f.must("sharer", http.MethodDelete, "share-codes/sharer/?id=sc_9&code="+three, "")
	assert.Len(t, f.list("sharer", "share-codes/sharer/").Items, 1)
	f.advance(60e9)
	left := f.list("sharer", "share-codes/sharer/")
	assert.Empty(t, left.Items, "SH-22 an expired code is not listed")
	assert.Zero(t, left.Pagination.Total, "SH-69 nor counted")
	f.must("sharer", http.MethodDelete, "share-codes/sharer/?id="+twoID, "")
	f.must("sharer", http.MethodDelete, "share-codes/sharer/", "")
	assert.Len(t, f.list("sharer", "shares/sharer/").Items, 1, "SH-113")
}

// TestWindows is SH-65 to SH-68.
func TestWindows(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *httpapi.Config) { c.PageLimits = httpapi.PageLimits{Default: 3, Max: 5} })
	for range 12 {
		f.code("sharer", "sharer/", "")
	}
	assert.Len(t, f.list("sharer", "share-codes/sharer").Items, 5)
	paged := header("Accept", "text/html, Application/JupyterHub-Pagination+json")
	assert.Len(t, f.list("sharer", "share-codes/sharer", paged).Items, 3)
	assert.Len(t, f.list("sharer", "share-codes/sharer", header("Accept", "application/jupyterhub-pagination+json;q=1")).Items, 5)
	assert.Len(t, f.list("sharer", "share-codes/sharer?limit=1000000").Items, 5, "60")
	assert.Len(t, f.list("sharer", "share-codes/sharer?limit=0").Items, 1, "56")
	assert.Len(t, f.list("sharer", "share-codes/sharer?limit=-2").Items, 2, "58")
	assert.Len(t, f.list("sharer", "share-codes/sharer?limit=1&limit=4").Items, 4, "SH-67 the last wins")
	past := f.list("sharer", "share-codes/sharer?offset=99999999999999999999")
	assert.Empty(t, past.Items)
	assert.Nil(t, past.Pagination.Next)

	// SH-222: following the links gives the whole list once, in order.
	var ids []string
	path := "share-codes/sharer?x=%2F&limit=5"
	for pages := 0; path != ""; pages++ {
		require.Less(t, pages, 4)
		page := f.list("sharer", path)
		assert.Equal(t, 12, page.Pagination.Total)
		for _, item := range page.Items {
			ids = append(ids, item.ID)
		}
		path = ""
		if next := page.Pagination.Next; next != nil {
			const prefix = "http://example.com/hub/api/"
			require.Contains(t, next.URL, prefix+"share-codes/sharer?x=%2F&limit=5&offset=")
			path = next.URL[len(prefix):]
		}
	}
	assert.Equal(t, []string{"sc_1", "sc_2", "sc_3", "sc_4", "sc_5", "sc_6", "sc_7", "sc_8", "sc_9", "sc_10", "sc_11", "sc_12"}, ids)
}
