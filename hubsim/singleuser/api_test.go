package singleuser_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/singleuser"
)

func TestAPI(t *testing.T) { // HB-128
	t.Parallel()
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	hub := newFakeHub(t)
	hub.serve(t, singleuser.Config{Now: func() time.Time { return noon }, Notebooks: fstest.MapFS{
		"a.ipynb":    {Data: []byte(`{"nbformat":4,"cells":[]}`), ModTime: noon},
		"sub/b<.txt": {Data: []byte("hello <b>"), ModTime: noon},
	}})
	v := hub.visitor(t, "bob")
	const when = `"created":"2026-11-21T12:00:00Z","last_modified":"2026-11-21T12:00:00Z"`
	const nb = `{"name":"a.ipynb","path":"a.ipynb","type":"notebook","writable":false,` + when + `,"size":25,"mimetype":null,`
	const dir = `{"name":"sub","path":"sub","type":"directory","writable":false,` + when + `,"size":null,"mimetype":null,`
	const file = `{"name":"b<.txt","path":"sub/b<.txt","type":"file","writable":false,` + when + `,"size":9,`
	const bare = `"format":null,"content":null}`
	for path, want := range map[string]string{
		"api/status":                           `{"connections":0,"kernels":0,"last_activity":"2026-11-21T12:00:00Z","started":"2026-11-21T12:00:00Z"}`,
		"api/me":                               `{"identity":{"username":"bob","name":"bob","display_name":"bob","initials":null,"avatar_url":null,"color":null},"permissions":{}}`,
		"api/kernels":                          `[]`,
		"api/sessions":                         `[]`,
		"api/contents/a.ipynb?content=0":       nb + bare,
		"api/contents/a.ipynb":                 nb + `"format":"json","content":{"nbformat":4,"cells":[]}}`,
		"api/contents/sub/b%3C.txt":            file + `"mimetype":"text/plain","format":"text","content":"hello <b>"}`,
		"api/contents/sub/b%3C.txt?content=0":  file + `"mimetype":null,` + bare,
		"api/contents/sub/?content=1&type=any": dir + `"format":"json","content":[` + file + `"mimetype":null,` + bare + `]}`,
	} {
		res := v.do(http.MethodGet, "/user/ann/"+path, "Authorization", "Bearer token-of-bob")
		assert.Equal(t, http.StatusOK, res.StatusCode, path)
		assert.Equal(t, "application/json", res.Header.Get("Content-Type"), path)
		var got json.RawMessage
		require.NoError(t, json.NewDecoder(res.Body).Decode(&got), path)
		assert.JSONEq(t, want, string(got), path)
	}
	var root struct{ Content []struct{ Name string } }
	require.NoError(t, json.NewDecoder(v.do(http.MethodGet, "/user/ann/api/contents", "Authorization", "Bearer token-of-bob").Body).Decode(&root))
	assert.Len(t, root.Content, 2)
}

func TestNothingCanBeChanged(t *testing.T) {
	t.Parallel()
	hub := newFakeHub(t)
	hub.serve(t, singleuser.Config{})
	v := hub.visitor(t, "ann")
	for _, path := range []string{"api/contents/x.ipynb", "api/kernels", "api", "lab"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			res := v.do(method, "/user/ann/"+path, "Authorization", "token token-of-ann")
			assert.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, method+" "+path)
			assert.Equal(t, "GET, HEAD", res.Header.Get("Allow"))
		}
	}
}

func TestModulesAreServedAndListed(t *testing.T) { // HB-129
	t.Parallel()
	hub := newFakeHub(t)
	hub.serve(t, singleuser.Config{
		Modules:     []string{"ext/a b.js", "https://example.org/m.js"},
		ModuleFiles: fstest.MapFS{"ext/a b.js": {Data: []byte("export default () => {}")}},
	})
	v := hub.visitor(t, "ann")
	doc := v.page("/user/ann/lab")
	var urls []string
	require.NoError(t, json.Unmarshal([]byte(text(byID(t, doc, "notebook-modules"))), &urls))
	assert.Equal(t, []string{"/user/ann/extensions/ext/a%20b.js", "https://example.org/m.js"}, urls)
	sections := all(doc, class("module"))
	require.Len(t, sections, 2)
	assert.Equal(t, urls[0], attr(sections[0], "data-module"))
	assert.Len(t, all(sections[0], class("output")), 1)

	res := v.do(http.MethodGet, urls[0])
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Equal(t, "text/javascript; charset=utf-8", res.Header.Get("Content-Type"))
	for _, missing := range []string{"ext/", "ext", "", "nope.js", "..%2Fserver.go"} {
		assert.Equal(t, http.StatusNotFound, v.do(http.MethodGet, "/user/ann/extensions/"+missing).StatusCode, missing)
	}
}
