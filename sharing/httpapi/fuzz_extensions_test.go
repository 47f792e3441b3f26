package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzExtensions: extensions only add. Whatever a stock handler takes, an extended one takes as well and answers the same, and more; what it
// alone takes has one of the named fields in it; and no code that was meant for somebody is for everybody.
func FuzzExtensions(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", `{"scopes": ["servers"], "expires_in": 60}`, `{"user": "stranger"}`, `{"group": "team", "scopes": null}`, `{"user": "", "users": ["stranger"]}`,
		`{"users": ["shared-with", "stranger"], "groups": ["team"], "session": true}`, `{"user": "stranger", "expires_in": 60, "session": null}`, `{"users": null}`,
		`{"max_uses": 3, "note": "n", "domain": "example.org"}`, `{"users": [], "domain": "@"}`, `{"users": [], "groups": []}`, `{"domain": "@@x"}`, `{"share_expires_in": null}`,
		`{"share_expires_in": 60, "share_session": true, "users": ["sharer"]}`, `{"max_uses": 0}`, `{"Users": ["x"]}`, `{"users": ["a"], "users": []}`,
	} {
		f.Add(seed)
	}
	stockHub, extendedHub := newFixture(f, unlimited, stock), newFixture(f, unlimited)
	beyond := map[string][]string{
		"shares/sharer/":      {"expires_in", "session", "users", "groups"},
		"share-codes/sharer/": {"max_uses", "users", "groups", "domain", "note", "share_expires_in", "share_session"},
	}
	varies := []string{"code", "accept_url", "id", "expires_at", "grants", "created_at"}
	f.Fuzz(func(t *testing.T, body string) {
		stockHub.t, extendedHub.t = t, t
		for path, fields := range beyond {
			for _, hub := range []*fixture{stockHub, extendedHub} {
				hub.must("admin", http.MethodDelete, "shares/sharer/", "")
			}
			plain, more := stockHub.api("admin", http.MethodPost, path, body), extendedHub.api("admin", http.MethodPost, path, body)
			answered(t, plain, 200, 400, 403, 413)
			answered(t, more, 200, 400, 403, 413)
			var sent, short, long map[string]json.RawMessage
			_ = json.Unmarshal([]byte(body), &sent) // what is no object has no fields
			require.NoError(t, json.Unmarshal(plain.Body.Bytes(), &short))
			require.NoError(t, json.Unmarshal(more.Body.Bytes(), &long))
			if plain.Code == http.StatusOK {
				require.Equal(t, http.StatusOK, more.Code, more.Body.String())
				for name, value := range short {
					if !slices.Contains(varies, name) {
						assert.JSONEq(t, string(value), string(long[name]), name)
					}
				}
				continue
			}
			if more.Code != http.StatusOK {
				continue
			}
			assert.True(t, slices.ContainsFunc(fields, func(name string) bool { return sent[name] != nil }), body)
			if path == "share-codes/sharer/" {
				var code extendedCode
				require.NoError(t, json.Unmarshal(more.Body.Bytes(), &code))
				meant := slices.ContainsFunc([]string{"users", "groups", "domain"}, func(name string) bool { return sent[name] != nil && string(sent[name]) != "null" })
				assert.Equal(t, meant, len(code.Users)+len(code.Groups) > 0 || code.Domain != nil, body)
			}
		}
	})
}
