package singleuser_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/hubsim/singleuser"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// config is what a notebook reads out of a page, by the same means.
func config(t *testing.T, doc *html.Node) map[string]any {
	t.Helper()
	element := byID(t, doc, "jupyter-config-data")
	assert.Equal(t, "application/json", attr(element, "type"))
	var c map[string]any
	require.NoError(t, json.Unmarshal([]byte(text(element)), &c))
	return c
}

func TestPageTellsScriptsWhoVisitsWhom(t *testing.T) { // HB-120, HB-121
	t.Parallel()
	hub := newFakeHub(t)
	hub.serve(t, singleuser.Config{})
	want := map[string]any{
		"hubServerUser": "ann", "hubServerName": "", "hubPrefix": "/hub/", "hubHost": "",
		"shareUrl": "/hub/user-redirect", "baseUrl": "/user/ann/", "appUrl": "/lab", "treePath": "share-jupyterlab.ipynb",
	}
	for _, name := range []string{"ann", "bob"} {
		doc := hub.visitor(t, name).page("/user/ann/")
		got := config(t, doc)
		for key, value := range want {
			assert.Equal(t, value, got[key], key)
		}
		assert.Equal(t, name, got["hubUser"])
		assert.Equal(t, "token-of-"+name, got["token"], "the visitor's own token")
		assert.Equal(t, name, text(byID(t, doc, "visitor")))
		assert.Equal(t, "ann", text(byID(t, doc, "owner")))
	}
}

func TestPagesAreNeitherStoredNorFramed(t *testing.T) { // HB-121, HB-126
	t.Parallel()
	hub := newFakeHub(t)
	hub.serve(t, singleuser.Config{Version: "5.4.0"})
	v := hub.visitor(t, "ann")
	for _, path := range []string{"/user/ann/lab", "/user/ann/doc", "/user/ann/tree", "/user/ann/nothing", "/user/ann/api/me"} {
		h := v.do(http.MethodGet, path).Header
		assert.Equal(t, "no-store", h.Get("Cache-Control"), path)
		assert.Equal(t, "5.4.0", h.Get("X-JupyterHub-Version"), path)
		assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		assert.Equal(t, []string{"frame-ancestors 'none'; report-uri /hub/security/csp-report"}, h.Values("Content-Security-Policy"), path)
		assert.Empty(t, h.Get("Access-Control-Allow-Origin"), path)
	}
}

func TestRootGoesToTheDefaultPageBeforeAnyQuestion(t *testing.T) { // HB-128, HB-104
	t.Parallel()
	for name, c := range map[string]struct{ set, target, want string }{
		"lab":               {"", "/user/ann/", "/user/ann/lab"},
		"configured":        {"/tree", "/user/ann/", "/user/ann/tree"},
		"the query is kept": {"", "/user/ann/?redirects=1", "/user/ann/lab?redirects=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t)
			env := hub.env()
			env["JUPYTERHUB_DEFAULT_URL"] = c.set
			hub.serve(t, singleuser.Config{Env: env})
			v := hub.visitor(t, "ann")
			v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			res := v.do(http.MethodGet, c.target)
			assert.Equal(t, http.StatusFound, res.StatusCode)
			assert.Equal(t, c.want, res.Header.Get("Location"))
			assert.Empty(t, res.Cookies())
		})
	}
}

// published is the SHA-256 of the notebook as JupyterHub publishes it.
const published = "a72152765f1ecf2349b507c7255d8219d69d7fc2e905960c60ded436edf5e9cc"

func TestEmbeddedNotebookIsShownAndRunAsPublished(t *testing.T) {
	t.Parallel()
	var file struct {
		Cells []struct {
			Type   string   `json:"cell_type"`
			Source []string `json:"source"`
		}
	}
	data, err := os.ReadFile("notebooks/" + singleuser.Notebook)
	require.NoError(t, err)
	require.Equal(t, published, fmt.Sprintf("%x", sha256.Sum256(data)), "third-party data is never edited")
	require.NoError(t, json.Unmarshal(data, &file))

	hub := newFakeHub(t)
	hub.serve(t, singleuser.Config{})
	doc := hub.visitor(t, "ann").page("/user/ann/lab/tree/share-jupyterlab.ipynb")
	var scripts map[string]string
	require.NoError(t, json.Unmarshal([]byte(text(byID(t, doc, "notebook-scripts"))), &scripts))

	sections := all(doc, class("cell"))
	require.Len(t, sections, len(file.Cells))
	number := 0
	for i, section := range sections {
		index := attr(section, "data-cell-index")
		source := strings.Join(file.Cells[i].Source, "")
		assert.Equal(t, "section", section.Data)
		assert.True(t, class(file.Cells[i].Type)(section), index)
		if file.Cells[i].Type == "markdown" {
			assert.Empty(t, all(section, tag("button")))
			continue
		}
		number++
		assert.Equal(t, source, "%%javascript\n"+scripts[index], "the cell runs verbatim")
		assert.Equal(t, source, text(all(section, class("source"))[0]), "and is shown as it is")
		assert.Empty(t, strings.TrimSpace(text(all(section, class("output"))[0])), "outputs of others are not shown")
		button := all(section, class("run"))[0]
		assert.Equal(t, []string{"button", "button", "Run cell " + string(rune('0'+number))},
			[]string{button.Data, attr(button, "type"), attr(button, "aria-label")})
	}
	assert.Equal(t, 6, number)
}

func notebook(t *testing.T, cells ...map[string]any) []byte {
	t.Helper()
	data, err := json.Marshal(map[string]any{"nbformat": 4, "nbformat_minor": 5, "metadata": map[string]any{}, "cells": cells})
	require.NoError(t, err)
	return data
}

func TestNotebookCannotBreakOutOfItsPage(t *testing.T) {
	t.Parallel()
	const attack = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028"
	hub := newFakeHub(t)
	env := hub.env()
	env["JUPYTERHUB_USER"] = `ann<'&">` + attack
	env["JUPYTERHUB_SERVER_NAME"] = attack
	hub.serve(t, singleuser.Config{Env: env, Notebooks: fstest.MapFS{
		"a b<'&\">.ipynb": {Data: notebook(t,
			map[string]any{"cell_type": "markdown", "source": attack + "\n\n[link](javascript:alert(3)) <b>raw</b>"},
			map[string]any{"cell_type": "code", "source": "%%javascript\n" + attack},
			map[string]any{"cell_type": "code", "source": []string{"print(", "'</pre>')"}},
			map[string]any{"cell_type": "raw", "source": attack},
		)},
		"sub/deep.ipynb": {Data: notebook(t)},
	}})
	v := hub.visitor(t, "bob")
	doc := v.page("/user/ann/lab/tree/a%20b%3C'&%22%3E.ipynb")
	assert.Len(t, all(doc, tag("script")), 5, "the page's own")
	assert.Empty(t, all(doc, func(e *html.Node) bool { return e.Data == "img" || e.Data == "b" || attr(e, "onerror") != "" }))
	for _, a := range all(doc, tag("a")) {
		assert.NotContains(t, attr(a, "href"), "javascript")
	}
	c := config(t, doc)
	assert.Equal(t, `ann<'&">`+attack, c["hubServerUser"])
	assert.Equal(t, attack, c["hubServerName"])
	var scripts map[string]string
	require.NoError(t, json.Unmarshal([]byte(text(byID(t, doc, "notebook-scripts"))), &scripts))
	assert.Equal(t, map[string]string{"1": attack}, scripts, "only JavaScript cells run")
	var disabled int
	for _, b := range all(doc, class("run")) {
		for _, a := range b.Attr {
			if a.Key == "disabled" {
				disabled++
			}
		}
	}
	assert.Equal(t, 1, disabled)

	tree := v.page("/user/ann/lab") // no default notebook here: the list
	var hrefs []string
	for _, a := range all(all(tree, class("files"))[0], tag("a")) {
		hrefs = append(hrefs, attr(a, "href"))
	}
	assert.Equal(t, []string{"/user/ann/lab/tree/a%20b%3C%27%26%22%3E.ipynb", "/user/ann/tree/sub"}, hrefs)
	sub := v.page("/user/ann/tree/sub")
	assert.Contains(t, text(sub), "deep.ipynb")
	assert.Equal(t, "bob", config(t, sub)["hubUser"], "HB-128: every page has it")
}

func TestFilesThatCannotBeShown(t *testing.T) { // HB-128
	t.Parallel()
	hub := newFakeHub(t)
	hub.serve(t, singleuser.Config{Notebooks: fstest.MapFS{
		"broken.ipynb": {Data: []byte(`{"nbformat":`)},
		"old.ipynb":    {Data: []byte(`{"nbformat":3}`)},
		"huge.ipynb":   {Data: make([]byte, 9<<20)},
		"text.txt":     {Data: []byte("hello")},
		"binary.bin":   {Data: []byte{0xff, 0xfe}},
	}})
	v := hub.visitor(t, "ann")
	for path, want := range map[string]int{
		"lab/tree/broken.ipynb": 400, "lab/tree/old.ipynb": 400, "lab/tree/text.txt": 400, "lab/tree/huge.ipynb": 413,
		"lab/tree/missing.ipynb": 404, "lab/tree/../secret": 404, "lab/tree/%2e%2e/secret": 404, "lab/tree/a//b": 404,
		"api/contents/broken.ipynb": 400, "api/contents/binary.bin": 400, "api/contents/huge.ipynb": 413,
		"api/contents/missing": 404, "api/contents/..%2Fsecret": 404,
		"lab/tree/%ff": 400, "nothing": 404, "labs": 404, "api/nothing": 404, "api/kernels/k/nothing": 404,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, hub.URL, nil)
		require.NoError(t, err)
		req.URL.Opaque = "/user/ann/" + path // as it is, not cleaned
		req.Header.Set("Authorization", "token token-of-ann")
		res, err := v.client.Do(req)
		require.NoError(t, err, path)
		assert.Equal(t, want, res.StatusCode, path)
		require.NoError(t, res.Body.Close())
	}
}
