package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/web"
)

// says answers with the pattern and the parameters it was reached by.
func says(params ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, r.Pattern)
		for _, p := range params {
			_, _ = fmt.Fprintf(w, " %s=%q", p, r.PathValue(p))
		}
	})
}

func shareRoutes() *web.Router {
	rt := &web.Router{}
	rt.Handle("/hub/api/shares/{owner}", says("owner"))
	rt.Handle("/hub/api/shares/{owner}/{server?}", says("owner", "server"))
	rt.Handle("/hub/api/shares/all/{server}", says("server"))
	rt.Handle("/hub/{page...}", says("page"))
	rt.Handle("/hub/home", says())
	rt.Handle("/@/space%20word/hub/", says())
	rt.Handle("/", says())
	return rt
}

// HB-4, SH-170
func TestRouter(t *testing.T) {
	t.Parallel()
	rt := shareRoutes()
	for name, c := range map[string]struct {
		path string
		want string
	}{
		"the root":                                  {"/", "/"},
		"no slash is all servers":                   {"/hub/api/shares/ann", `/hub/api/shares/{owner} owner="ann"`},
		"a slash is the default server":             {"/hub/api/shares/ann/", `/hub/api/shares/{owner}/{server?} owner="ann" server=""`},
		"a named server":                            {"/hub/api/shares/ann/lab", `/hub/api/shares/{owner}/{server?} owner="ann" server="lab"`},
		"an encoded slash is part of a name":        {"/hub/api/shares/a%2Fb/c%2fd", `/hub/api/shares/{owner}/{server?} owner="a/b" server="c/d"`},
		"also beside a byte left raw":               {`/hub/api/shares/a|%2Fb`, `/hub/api/shares/{owner} owner="a|/b"`},
		"a dot segment is a name":                   {"/hub/api/shares/./ann", `/hub/api/shares/{owner}/{server?} owner="." server="ann"`},
		"two slashes make an empty owner":           {"/hub/api/shares//ann", `/hub/{page...} page="api/shares//ann"`},
		"a literal is preferred":                    {"/hub/api/shares/all/x", `/hub/api/shares/all/{server} server="x"`},
		"and given up when it leads nowhere":        {"/hub/api/shares/all/", `/hub/api/shares/{owner}/{server?} owner="all" server=""`},
		"a literal matches what decodes to it":      {"/h%75b/home", "/hub/home"},
		"the rest keeps its escapes":                {"/hub/x%2Fy//z/", `/hub/{page...} page="x%2Fy//z/"`},
		"the rest may be empty":                     {"/hub/", `/hub/{page...} page=""`},
		"too deep for the particular, so the rest":  {"/hub/api/shares/a/b/c", `/hub/{page...} page="api/shares/a/b/c"`},
		"a base path with escapes":                  {"/@/space%20word/hub/", "/@/space%20word/hub/"},
		"the same path otherwise escaped":           {"/%40/space%20word/hub/", "/@/space%20word/hub/"},
		"the rest needs its slash":                  {"/hub", "404"},
		"a missing trailing slash is not forgiven":  {"/@/space%20word/hub", "404"},
		"nor an added one":                          {"/@/space%20word/hub//", "404"},
		"letter case counts":                        {"/Hub/home", "404"},
		"a slash too many in front":                 {"//hub/home", "404"},
		"dots do not climb":                         {"/x/../hub/home", "404"},
		"bytes that are not UTF-8 are a bad path":   {"/hub/%ff", "400"},
		"a bad path is one even where nothing is":   {"/nowhere/%C3", "400"},
		"plus is not a space":                       {"/@/space+word/hub/", "404"},
		"an encoded slash does not end a segment":   {"/hub%2Fhome", "404"},
		"an encoded brace is only a name, no param": {"/hub/api/shares/%7Bowner%7D", `/hub/api/shares/{owner} owner="{owner}"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			rt.ServeHTTP(w, httptest.NewRequest(http.MethodGet, c.path, nil))
			if w.Code == http.StatusOK {
				assert.Equal(t, c.want, w.Body.String())
			} else {
				assert.Equal(t, c.want, fmt.Sprint(w.Code))
				assert.Empty(t, w.Header().Get("Location"), "a router must not redirect")
			}
		})
	}
}

func TestRouterLookupGivesHandlerAndParameters(t *testing.T) {
	t.Parallel()
	rt := shareRoutes()
	h, params, ok, err := rt.Lookup(httptest.NewRequest(http.MethodGet, "/hub/api/shares/ann/", nil))
	require.NoError(t, err)
	assert.True(t, ok)
	assert.NotNil(t, h)
	assert.Equal(t, map[string]string{"owner": "ann", "server": ""}, params)

	_, _, ok, err = rt.Lookup(httptest.NewRequest(http.MethodGet, "/nowhere", nil))
	require.NoError(t, err)
	assert.False(t, ok)

	_, _, ok, err = rt.Lookup(httptest.NewRequest(http.MethodGet, "/%ff", nil))
	assert.ErrorIs(t, err, web.ErrBadPath)
	assert.False(t, ok)
}

func TestRouterAsksItsOwnHandlersForErrors(t *testing.T) {
	t.Parallel()
	status := func(code int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
	}
	rt := web.Router{NotFound: status(410), BadPath: status(422)}
	for path, want := range map[string]int{"/x": 410, "/%ff": 422} {
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		assert.Equal(t, want, w.Code, path)
	}
}

func TestRouterRefusesMistakenPatterns(t *testing.T) {
	t.Parallel()
	for name, pattern := range map[string]string{
		"no leading slash":             "hub/",
		"something behind the rest":    "/{a...}/b",
		"a name used twice":            "/{a}/{a?}",
		"a parameter without a name":   "/{}",
		"an optional without a name":   "/{?}",
		"a stray brace":                "/a{b",
		"a brace inside a parameter":   "/{a{b}",
		"a broken escape":              "/%zz",
		"the same as one before":       "/taken/{other}",
		"the same but spelt otherwise": "/t%61ken/{name}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var rt web.Router
			rt.Handle("/taken/{name}", says())
			assert.Panics(t, func() { rt.Handle(pattern, says()) })
		})
	}
	var rt web.Router
	assert.Panics(t, func() { rt.Handle("/a", nil) })
}

// A path may be long and hostile; the search visits each pattern once.
func TestRouterIsNotSlowedByDeepPaths(t *testing.T) {
	t.Parallel()
	var rt web.Router
	for _, kind := range []string{"{p%d}", "{p%d?}"} {
		pattern := ""
		for i := range 12 {
			pattern += "/" + fmt.Sprintf(kind, i)
		}
		rt.Handle(pattern, says())
	}
	_, _, ok, err := rt.Lookup(httptest.NewRequest(http.MethodGet, strings.Repeat("/a", 5000), nil))
	require.NoError(t, err)
	assert.False(t, ok)
}
