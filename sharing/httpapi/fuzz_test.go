package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// answered checks what holds for every API answer, whatever was asked.
func answered(t *testing.T, w *httptest.ResponseRecorder, statuses ...int) {
	t.Helper()
	require.True(t, slices.Contains(statuses, w.Code), "%d %s", w.Code, w.Body.String())
	if w.Code >= 400 {
		assert.NotEmpty(t, message(t, w))
	} else if w.Code != http.StatusNoContent {
		assert.True(t, json.Valid(w.Body.Bytes()))
	}
}

// FuzzBody: whatever stands in a body, it is taken or refused, and a grant that is taken is for the server in the path (SH-35, SH-57 … SH-60).
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		"", " ", "{}", "null", "[1]", `{"user": "stranger"}`, `{"group": "team", "scopes": ["access:servers!server=sharer/"]}`,
		`{"user": "stranger", "scopes": ["servers!user=sharer"]}`, `{"expires_in": 60.0}`, `{"expires_in": "3600"}`, `{"expires_in": 1e300}`,
		`{"users": ["stranger"], "groups": ["team"], "expires_in": "60", "session": true}`, `{"users": [], "groups": null}`, `{"users": ["", "\u0000"]}`,
		`{"max_uses": 1, "note": "<b>", "domain": "@X.org", "share_expires_in": 6e1, "share_session": false}`, `{"max_uses": 1e6, "users": ["sharer"]}`,
		`{"domain": "", "users": []}`, `{"note": "\u2028", "max_uses": -0}`,
		`{"user": {}, "group": []}`, `{"scopes": [null]}`, `{"user": "\ud800"}`, "\ufeff{}", "{\"user\": \"\xff\"}", `{"user": "a", "user": "stranger"}`,
	} {
		f.Add(seed)
	}
	hub := newFixture(f, unlimited)
	f.Fuzz(func(t *testing.T, body string) {
		hub.t = t
		for _, method := range []string{http.MethodPost, http.MethodPatch} {
			w := hub.api("admin", method, "shares/sharer/", body)
			answered(t, w, 200, 400, 403, 413)
			if w.Code == 200 && method == http.MethodPost {
				var m struct {
					Scopes []string
					Items  []struct{ Scopes []string }
				}
				require.NoError(t, json.Unmarshal(w.Body.Bytes(), &m))
				for _, item := range m.Items {
					m.Scopes = append(m.Scopes, item.Scopes...)
				}
				require.NotEmpty(t, m.Scopes)
				for _, s := range m.Scopes {
					assert.True(t, strings.HasSuffix(s, "!server=sharer/"), s)
				}
			}
		}
		answered(t, hub.api("sharer", http.MethodPost, "share-codes/sharer/", body), 200, 400, 403, 413)
	})
}

// FuzzQuery: whatever stands in a query, a list is a list or a 400, and nothing but a query that names no code at all deletes them all (SH-67, SH-111).
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"", "limit=1", "limit=-5&offset=-1", "limit=x", "offset=", "limit=99999999999999999999", "limit=1&limit=2", "limit=%31", "limit=1;offset=2",
		"cascade=true", "cascade=1&id=sc_1", "cascade=", "cascade=maybe", "cascade=0", "cascade=true&cascade=false", "code_id=sc_1", "code_id=sc_0", "code_id=%zz", "code_id",
		"code=", "id=", "id=sc_1", "id=sc_1x", "code=wrong", "%63ode=", "code", "id=%zz", "&&&", "=", "code=%00",
	} {
		f.Add(seed)
	}
	hub := newFixture(f, unlimited)
	do := func(method, path, query string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/hub/api/"+path, nil)
		r.URL.RawQuery = query
		r.Header.Set("Authorization", "token sharer-token")
		w := httptest.NewRecorder()
		hub.handler.ServeHTTP(w, r)
		return w
	}
	f.Fuzz(func(t *testing.T, query string) {
		hub.t = t
		code, _ := hub.code("sharer", "sharer/", "")
		hub.accept(t, "shared-with", code)
		for _, path := range []string{"shares/sharer", "shares/sharer/", "share-codes/sharer", "share-codes/sharer/", "users/sharer/shared"} {
			w := do(http.MethodGet, path, query)
			answered(t, w, 200, 400)
			var l list
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &l))
			assert.LessOrEqual(t, len(l.Items), 200)
		}
		before := hub.list("sharer", "share-codes/sharer/").Pagination.Total
		w := do(http.MethodDelete, "share-codes/sharer/", query)
		answered(t, w, 204, 400, 404)
		after := hub.list("sharer", "share-codes/sharer/").Pagination.Total
		values, err := url.ParseQuery(query)
		named := err != nil || values.Has("code") || values.Has("id")
		word := lastOf(values["cascade"])
		cascades := word == "true" || word == "1"
		if w.Code != 204 || !cascades {
			assert.NotEmpty(t, hub.list("sharer", "shares/sharer/").Items, "access goes with a code only if somebody says so (SH-113)")
		}
		switch {
		case w.Code != 204:
			assert.Equal(t, before, after)
		case named && cascades:
			assert.Contains(t, []int{before, before - 1}, after, "one whose access alone was left has gone already")
		case named:
			assert.Equal(t, before-1, after)
		default:
			assert.Zero(t, after)
		}
	})
}

func lastOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return strings.TrimSpace(values[len(values)-1])
}

// FuzzAccept: whatever comes as code and next, the visitor stays on this host and accepts nothing by it (SH-14, SH-149, SH-151).
func FuzzAccept(f *testing.F) {
	hub := newFixture(f, unlimited)
	code, _ := hub.code("sharer", "sharer/", "")
	for _, next := range []string{"", "/hub/home", "//evil.example", `/\evil.example`, "https://evil.example", "http://example.com//evil.example", "javascript:alert(1)", `/"><img>`, "/\x00", "/\xff", "\u2028//x"} {
		f.Add("", next)
		f.Add(code, next)
		f.Add(code+"x", next)
	}
	_, token := hub.open("shared-with", "code="+code)
	f.Fuzz(func(t *testing.T, presented, next string) {
		hub.t = t
		query := url.Values{"code": {presented}, "next": {next}}.Encode()
		w, _ := hub.open("shared-with", query)
		if strings.TrimSpace(presented) != code {
			assert.Equal(t, http.StatusNotFound, w.Code)
			w = hub.submit("shared-with", token, "", query)
			assert.Equal(t, http.StatusBadRequest, w.Code)
			return
		}
		require.Equal(t, http.StatusOK, w.Code)
		page := parse(t, w)
		for _, a := range all(page, tag("a")) {
			href := attr(a, "href")
			assert.True(t, strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//") && !strings.Contains(href, `\`), href)
		}
		assert.Len(t, all(page, tag("form")), 1)
		assert.Empty(t, all(page, func(n *html.Node) bool { return n.Data == "img" || n.Data == "script" }))
		w = hub.submit("shared-with", token, "", query)
		require.Equal(t, http.StatusFound, w.Code)
		location := w.Header().Get("Location")
		assert.True(t, strings.HasPrefix(location, "/") && !strings.HasPrefix(location, "//") && !strings.ContainsAny(location, "\\\r\n"), location)
	})
}
