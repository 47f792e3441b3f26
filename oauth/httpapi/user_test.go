package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
)

func TestWhoAmIByOAuthToken(t *testing.T) { // OA-71, OA-73, OA-77, OA-179, OA-66, OA-69, OA-198
	t.Parallel()
	h := newHub(t)
	w := exchange(t, h, h.code(t))
	tok := decode(t, w.Body)["access_token"].(string)
	w = h.call(t, http.MethodGet, "api/user", "", "Authorization", "token "+tok)
	require.Equal(t, http.StatusOK, w.Code)
	apiHeaders(t, w.Header())
	assert.Empty(t, w.Header().Get("Cache-Control"), "HB-135")
	assert.JSONEq(t, `{"kind": "user", "name": "alice", "admin": false, "groups": [], "token_id": "a1", "session_id": "session-x", "scopes": [
		"access:servers!server=alice/", "groups:shares!server=alice/", "read:groups:shares!server=alice/", "read:shares!server=alice/",
		"read:users:groups!user=alice", "read:users:name!user=alice", "shares!server=alice/", "users:shares!server=alice/"]}`, w.Body.String())
}

func TestWhoAmICredentials(t *testing.T) { // OA-70, HB-130, HB-138, OA-97
	t.Parallel()
	h := newHub(t)
	bob := h.token(t, h.bob)
	alice := []string{"Cookie", testhost.LoginCookie + "=alice"}
	with := func(more ...string) []string { return append(more, alice...) }
	for name, c := range map[string]struct {
		path    string
		headers []string
		who     string // or the refusal
	}{
		"token":                                {"api/user", []string{"Authorization", "token " + bob}, "bob"},
		"Bearer":                               {"api/user", []string{"Authorization", "Bearer " + bob}, "bob"},
		"bearer, spaced":                       {"api/user", []string{"Authorization", "bearer   " + bob}, "bob"},
		"Basic":                                {"api/user", []string{"Authorization", "Basic " + bob}, "Forbidden"},
		"a token in the address":               {"api/user?token=" + bob, nil, "Forbidden"},
		"nobody":                               {"api/user", nil, "Forbidden"},
		"nobody with an origin":                {"api/user", []string{"Origin", "https://x", "Sec-Fetch-Mode", "cors"}, "'_xsrf' argument missing from GET"},
		"an empty token":                       {"api/user", []string{"Authorization", "token "}, "Forbidden"},
		"a bad token":                          {"api/user", []string{"Authorization", "token deadbeef"}, "Forbidden"},
		"a cookie":                             {"api/user", alice, "alice"},
		"a cookie of a user who is gone":       {"api/user", []string{"Cookie", testhost.LoginCookie + "=ghost"}, "Forbidden"},
		"a cookie and a token":                 {"api/user", with("Authorization", "token "+bob), "bob"},
		"a cookie and a bad token":             {"api/user", with("Authorization", "token deadbeef"), "alice"},
		"a cookie by a script":                 {"api/user", with("Sec-Fetch-Mode", "cors"), "'_xsrf' argument missing from GET"},
		"a cookie, a bad token, and a script":  {"api/user", with("Sec-Fetch-Mode", "cors", "Authorization", "token deadbeef"), "'_xsrf' argument missing from GET"},
		"a cookie by a script, wrong proof":    {"api/user", with("Sec-Fetch-Mode", "cors", "X-XSRFToken", "x"), "XSRF cookie does not match GET argument"},
		"a token by a script needs no proof":   {"api/user", with("Sec-Fetch-Mode", "cors", "Authorization", "token "+bob), "bob"},
		"a cookie by an image of our own page": {"api/user", with("Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Site", "same-origin"), "alice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := h.call(t, http.MethodGet, c.path, "", c.headers...)
			apiHeaders(t, w.Header())
			if strings.Contains(c.who, " ") || c.who == "Forbidden" {
				refused(t, w, http.StatusForbidden, c.who)
				return
			}
			require.Equal(t, http.StatusOK, w.Code)
			assert.Equal(t, c.who, decode(t, w.Body)["name"])
		})
	}
}

func TestWhoAmIByCookie(t *testing.T) { // OA-73, SC-359
	t.Parallel()
	h := newHub(t)
	v := h.as(t, "alice")
	fields := form(h.as(t, "bob").call(http.MethodGet, authorize+query, "").Body.String())
	m := decode(t, v.call(http.MethodGet, "api/user", "").Body)
	for _, key := range []string{"token_id", "session_id"} {
		value, ok := m[key]
		assert.True(t, ok && value == nil, key)
	}
	assert.Contains(t, m["scopes"], "shares!user=alice")
	w := v.call(http.MethodGet, "api/user", "", "Sec-Fetch-Mode", "cors", "X-XSRFToken", fields["_xsrf"][0], "Cookie", "_xsrf="+fields["_xsrf"][0])
	refused(t, w, http.StatusForbidden, "XSRF cookie does not match GET argument")
}

func TestWhoAmIOfAService(t *testing.T) { // OA-71, OA-76, SC-359
	t.Parallel()
	h := newHub(t)
	cron := h.host.Put(testhost.Person{Kind: oauth.KindService, Name: "cron", Roles: []string{"list:users"}})
	w := h.call(t, http.MethodGet, "api/user", "", "Authorization", "token "+h.token(t, cron))
	require.Equal(t, http.StatusOK, w.Code)
	assert.JSONEq(t, `{"kind": "service", "name": "cron", "admin": false, "token_id": "a1", "session_id": null, "scopes": ["list:users", "read:users:name"]}`,
		w.Body.String(), "what is added to tell its name is not listed")
}

func TestTheHostLearnsHowMuchToShow(t *testing.T) { // OA-72, OA-74, HB-150
	t.Parallel()
	models := &recorder{}
	h := newHub(t, func(c *httpapi.Config) { models.Models = c.Models; c.Models = models })
	tok := h.token(t, h.alice, "read:servers!server=alice/")
	for query, stopped := range map[string]bool{
		"": false, "?include_stopped_servers": true, "?include_stopped_servers=1": true, "?include_stopped_servers=0": false, "?include_stopped_servers=False": false,
	} {
		w := h.call(t, http.MethodGet, "api/user"+query, "", "Authorization", "token "+tok)
		require.Equal(t, http.StatusOK, w.Code)
		assert.Equal(t, stopped, models.last.Stopped, query)
		assert.Equal(t, []string{"admin", "groups", "kind", "name"}, models.last.Fields)
		assert.True(t, models.last.Scopes.Contains(parse(t, "read:servers!server=alice/")))
	}
}

func TestAnswersHaveTags(t *testing.T) { // HB-135
	t.Parallel()
	h := newHub(t)
	header := []string{"Authorization", "token " + h.token(t, h.alice)}
	w := h.call(t, http.MethodGet, "api/user", "", header...)
	tag := w.Header().Get("ETag")
	assert.Regexp(t, `^"[0-9a-f]{40}"$`, tag)
	for _, match := range []string{tag, `"x", W/` + tag, "*"} {
		w = h.call(t, http.MethodGet, "api/user", "", append(header, "If-None-Match", match)...)
		assert.Equal(t, http.StatusNotModified, w.Code)
		assert.Empty(t, w.Body.String())
	}
	w = h.call(t, http.MethodGet, "api/user", "", append(header, "If-None-Match", `"x"`)...)
	assert.Equal(t, http.StatusOK, w.Code)
}

func TestMethodsAndPathsThatAreNotOurs(t *testing.T) { // HB-131, HB-132, OA-206
	t.Parallel()
	h := newHub(t)
	header := []string{"Authorization", "token " + h.token(t, h.alice)}
	for _, path := range []string{"api/user", "api/users/alice/tokens", "api/users/alice/tokens/a1"} {
		for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodPatch} {
			w := h.call(t, method, path, "", header...)
			assert.Equal(t, http.StatusMethodNotAllowed, w.Code, method+" "+path)
			apiHeaders(t, w.Header())
		}
		w := h.call(t, http.MethodOptions, path, "")
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Empty(t, w.Body.String())
	}
	for _, path := range []string{"/base/hub/api/user/", "/base/hub/api/users/alice/tokens/", "/hub/api/user", "/base/hub/api//user", "/base/hub/api/users/a/b/tokens", "/base/hub/api/users//tokens"} {
		assert.False(t, h.Owns(request(t, http.MethodGet, path)), path)
	}
	for _, path := range []string{"/base/hub/api/users/a%2Fb/tokens", "/base/hub/api/users/%C3%A9/tokens/x"} {
		assert.True(t, h.Owns(request(t, http.MethodGet, path)), path)
	}
}
