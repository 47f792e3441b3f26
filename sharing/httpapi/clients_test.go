package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLimitsOfALister is SH-66 with nothing configured.
func TestLimitsOfALister(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for accept, want := range map[string]int{
		"": 200, "application/json": 200, "application/jupyterhub-pagination+json": 50, "text/html, Application/JupyterHub-Pagination+JSON": 50,
		"application/jupyterhub-pagination+json;q=1": 200, "application/jupyterhub-pagination": 200,
	} {
		for _, path := range []string{"shares/sharer", "shares/sharer/", "share-codes/sharer", "share-codes/sharer/", "users/sharer/shared"} {
			w := f.api("sharer", http.MethodGet, path, "", header("Accept", accept))
			require.Equal(t, http.StatusOK, w.Code)
			assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
			assert.Equal(t, want, f.list("sharer", path, header("Accept", accept)).Pagination.Limit, "%s of %s", accept, path)
		}
	}
	assert.Equal(t, 200, f.list("sharer", "shares/sharer?limit=201").Pagination.Limit)
}

// TestNamesAndTimesOnTheWire is SH-70, SH-71 and SH-171: of a server this and no more, addresses escaped, names and scopes not.
func TestNamesAndTimesOnTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t, stock)
	f.hub.AddUser("jané doe@x.org", "self", "shares!user")
	f.hub.AddServer("jané doe@x.org", "my lab~1")
	f.advance(time.Second - time.Duration(f.clock().Nanosecond()))
	w := f.must("admin", http.MethodPost, "shares/jan%C3%A9%20doe@x.org/my%20lab~1", `{"user": "stranger"}`)
	assert.Equal(t, `{"server":{"user":{"name":"jané doe@x.org"},"name":"my lab~1","url":"/user/jan%C3%A9%20doe@x.org/my%20lab~1/","full_url":null,"ready":false},`+
		`"scopes":["access:servers!server=jané doe@x.org/my lab~1"],"user":{"name":"stranger"},"group":null,"kind":"user","created_at":"2026-11-21T18:29:00Z"}`, w.Body.String())
	f.advance(1500 * time.Nanosecond)
	w = f.must("admin", http.MethodPost, "shares/jan%C3%A9%20doe@x.org/", `{"user": "stranger"}`)
	assert.Contains(t, w.Body.String(), `"created_at":"2026-11-21T18:29:00.000001Z"`)
}

// TestWhereAcceptingLeads is SH-150: to next, else to the server, whether it runs or not.
func TestWhereAcceptingLeads(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.hub.AddServer("sharer", "lab 2")
	for path, want := range map[string]string{"sharer/": "/user/sharer/", "sharer/lab%202": "/user/sharer/lab%202/"} {
		code, _ := f.code("sharer", path, "")
		_, token := f.open("shared-with", "code="+code)
		assert.Equal(t, want, f.submit("shared-with", token, "", "code="+code).Header().Get("Location"))
		assert.Equal(t, "/user/stranger/lab?x=1", f.submit("shared-with", token, "next=%2Fuser%2Fstranger%2Flab%3Fx%3D1", "code="+code).Header().Get("Location"))
	}
}

// TestWhatTheWrittenAPIGetsWrong is SH-134.
func TestWhatTheWrittenAPIGetsWrong(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.must("sharer", http.MethodPost, "share-codes/sharer/", "")
	f.must("sharer", http.MethodDelete, "share-codes/sharer/", "")
	f.must("admin", http.MethodPost, "shares/sharer/", `{"user": "stranger"}`)
	f.must("admin", http.MethodPost, "shares/sharer/", `{"group": "team"}`)
	for _, path := range []string{"users/stranger/shared", "groups/team/shared"} {
		for _, item := range f.list("admin", path).Items {
			assert.Empty(t, item.ID, "shares, not codes")
			assert.NotEmpty(t, item.Kind)
		}
	}
	w := f.api("sharer", http.MethodPatch, "shares/sharer/", `{"user": "stranger"}`)
	assert.Equal(t, http.StatusOK, w.Code, "who may not read names may revoke by name")
}

// TestNotebookOfALab is SH-192 as far as it comes here: a notebook with a token and the browser's cookies, and no bodies.
func TestNotebookOfALab(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.hub.AddToken("lab-token", "sharer", "access:servers!server=sharer/", "shares!server=sharer/")
	lab := func(method, path string) {
		w := f.api("lab", method, path, "", cookie("sharer"), header("Sec-Fetch-Mode", "cors"), header("Authorization", "Bearer lab-token"))
		require.Less(t, w.Code, 300, w.Body.String())
	}
	lab(http.MethodPost, "share-codes/sharer/")
	code, _ := f.code("lab", "sharer/", "")
	f.accept(t, "shared-with", code)
	shares := f.list("lab", "shares/sharer/")
	require.Len(t, shares.Items, 1)
	assert.Equal(t, "user", shares.Items[0].Kind)
	codes := f.list("lab", "share-codes/sharer/")
	require.Len(t, codes.Items, 2)
	assert.Equal(t, 1, codes.Items[1].ExchangeCount)
	assert.NotContains(t, f.must("lab", http.MethodGet, "share-codes/sharer/", "").Body.String(), code)
	assert.NotEmpty(t, f.list("shared-with", "users/shared-with/shared").Items)
	lab(http.MethodDelete, "share-codes/sharer/")
	lab(http.MethodDelete, "shares/sharer/")
	assert.Empty(t, f.list("shared-with", "users/shared-with/shared").Items)
	w, _ := f.open("shared-with", "code="+code)
	assert.Equal(t, http.StatusNotFound, w.Code)
}

// TestNotebookOfTheAPI is SH-194 from its lists to its end: with the token of a server.
func TestNotebookOfTheAPI(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.hub.AddToken("server-token", "sharer", "shares!server=sharer/", "servers!server=sharer/", "users:activity!server=sharer/")
	require.Empty(t, f.list("server", "shares/sharer/").Items)
	code, id := f.code("server", "sharer/", "")
	_, token := f.open("shared-with", "code="+code+"&next=/user/sharer/lab/tree/share-api.ipynb")
	w := f.submit("shared-with", token, "code="+code+"&next=/user/sharer/lab/tree/share-api.ipynb", "code="+code)
	require.Equal(t, "/user/sharer/lab/tree/share-api.ipynb", w.Header().Get("Location"))
	require.Len(t, f.list("server", "shares/sharer/").Items, 1)
	f.must("server", http.MethodDelete, "share-codes/sharer/?id="+id, "")
	f.must("server", http.MethodDelete, "share-codes/sharer/", "")
	three, _ := f.code("server", "sharer/", `{"scopes": ["access:servers", "servers!server=sharer/", "read:servers"], "expires_in": 3600}`)
	f.accept(t, "shared-with", three)
	assert.Len(t, f.list("server", "shares/sharer/").Items[0].Scopes, 3)
	left := f.must("server", http.MethodPatch, "shares/sharer/", `{"user": "shared-with", "scopes": ["servers!server=sharer/"]}`)
	assert.Contains(t, left.Body.String(), `"scopes":["access:servers!server=sharer/","read:servers!server=sharer/"]`)
	assert.Equal(t, `{}`, f.must("server", http.MethodPatch, "shares/sharer/", `{"user": "shared-with"}`).Body.String())
	f.must("server", http.MethodDelete, "shares/sharer/", "")
	assert.Equal(t, `{"items":[],"_pagination":{"offset":0,"limit":200,"total":0,"next":null}}`, f.must("server", http.MethodGet, "shares/sharer/", "").Body.String())
	// A token of the server is not one of its owner.
	assert.Equal(t, http.StatusNotFound, f.api("server", http.MethodGet, "shares/sharer", "").Code)
}

// TestCollaboration is SH-195: how the one client that many people have speaks.
func TestCollaboration(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const text = "text/plain;charset=UTF-8"
	f.hub.AddServer("sharer", "a b")
	for _, path := range []string{"shares/sharer/", "shares/sharer/a b"} {
		raw := path
		if path == "shares/sharer/a b" {
			raw = "shares/sharer/a%20b" // what a browser makes of the name that the client did not escape
		}
		server := path[len("shares/"):]
		for _, body := range []string{
			`{"user": "stranger", "scopes": ["access:servers!server=` + server + `"]}`,
			`{"group": "team", "scopes": ["access:servers!server=` + server + `", "servers!server=` + server + `"]}`,
		} {
			w := f.api("admin", http.MethodPost, raw, body, header("Content-Type", text))
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		}
		require.Len(t, f.list("sharer", raw).Items, 2)
		for _, body := range []string{`{"user": "stranger"}`, `{"group": "team"}`} {
			w := f.api("sharer", http.MethodPatch, raw, body, header("Content-Type", text))
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, `{}`, w.Body.String())
		}
		require.Empty(t, f.list("sharer", raw).Items)
	}
}
