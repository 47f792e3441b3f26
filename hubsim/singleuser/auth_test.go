package singleuser_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/singleuser"
)

func TestStrangerIsToldSoAndNotSentInCircles(t *testing.T) { // HB-117, HB-128
	t.Parallel()
	hub := newFakeHub(t)
	hub.serve(t, singleuser.Config{})
	v := hub.visitor(t, "eve")
	for range 2 {
		status, body := v.get("/user/ann/lab")
		assert.Equal(t, http.StatusForbidden, status)
		assert.Contains(t, body, "<h1>403 : Forbidden</h1>")
		assert.Contains(t, body, "user eve is not allowed.")
		assert.NotContains(t, body, "jupyter-config-data")
		assert.NotContains(t, body, "token-of-eve")
	}
}

func TestOddNamesAndPaths(t *testing.T) { // HB-2, HB-188
	t.Parallel()
	hub := newFakeHub(t)
	hub.users["token-of-ann"] = `{"kind":"user","name":"ann<'&\">","scopes":["access:servers!user=ann<'&\">"]}`
	hub.users["token-of-eve"] = `{"kind":"user","name":"<b>eve</b>","scopes":[]}`
	const prefix = "/@/space%20word/user/ann%3C%27%26%22%3E/gp%20u/"
	env := hub.env()
	env["JUPYTERHUB_CLIENT_ID"] = "jupyterhub-user-ann%3C%27%26%22%3E-gp%20u"
	env["JUPYTERHUB_OAUTH_CALLBACK_URL"] = prefix + "oauth_callback"
	env["JUPYTERHUB_OAUTH_ACCESS_SCOPES"] = `["access:servers!server=ann<'&\">/gp u","access:servers!user=ann<'&\">"]`
	env["JUPYTERHUB_USER"] = `ann<'&">`
	env["JUPYTERHUB_SERVER_NAME"] = "gp u"
	env["JUPYTERHUB_BASE_URL"] = "/@/space%20word/"
	env["JUPYTERHUB_SERVICE_PREFIX"] = prefix
	s, err := singleuser.New(singleuser.Config{Env: env})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	hub.mux.HandleFunc("/@/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/@/space word/user/") {
			s.ServeHTTP(w, r)
			return
		}
		rest := r.Clone(r.Context())
		rest.URL.Path, rest.URL.RawPath = strings.TrimPrefix(r.URL.Path, "/@/space word"), ""
		hub.mux.ServeHTTP(w, rest)
	})

	c := config(t, hub.visitor(t, "ann").page(prefix))
	assert.Equal(t, `ann<'&">`, c["hubUser"])
	assert.Equal(t, `ann<'&">`, c["hubServerUser"])
	assert.Equal(t, "gp u", c["hubServerName"])
	assert.Equal(t, "/@/space%20word/hub/", c["hubPrefix"])
	assert.Equal(t, prefix, c["baseUrl"])
	status, body := hub.visitor(t, "eve").get(prefix)
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, body, "user &lt;b&gt;eve&lt;/b&gt; is not allowed.")
	res := hub.visitor(t, "eve").do(http.MethodGet, strings.ReplaceAll(prefix, "%27", "'")+"api/me")
	assert.Equal(t, "application/json", res.Header.Get("Content-Type"), "though the client leaves the apostrophe as it is")
}

func TestAPIRefusesInJSON(t *testing.T) { // HB-119, HB-128
	t.Parallel()
	hub := newFakeHub(t)
	hub.serve(t, singleuser.Config{})
	for name, header := range map[string][]string{
		"nobody":            nil,
		"a stranger":        {"Authorization", "token token-of-eve"},
		"an unknown token":  {"Authorization", "Bearer nonsense"},
		"the server itself": {"Authorization", "token " + serverToken}, // unknown to this fake
	} {
		v := hub.visitor(t, "ann")
		res := v.do(http.MethodGet, "/user/ann/api/status", header...)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Equal(t, http.StatusForbidden, res.StatusCode, name)
		assert.JSONEq(t, `{"message":"Forbidden","reason":null}`, string(body), name)
		assert.Equal(t, "application/json", res.Header.Get("Content-Type"), name)
		assert.Empty(t, res.Cookies(), "no login is begun (%s)", name)
	}
}

func TestOpenToEverybody(t *testing.T) { // HB-114, HB-128
	t.Parallel()
	hub := newFakeHub(t)
	hub.serve(t, singleuser.Config{Version: "5.5.1"})
	v := hub.visitor(t, "nobody")
	for _, path := range []string{"/user/ann/api", "/user/ann/api/"} {
		res := v.do(http.MethodGet, path)
		assert.Equal(t, http.StatusOK, res.StatusCode)
		assert.Equal(t, "5.5.1", res.Header.Get("X-JupyterHub-Version"))
		var model map[string]string
		require.NoError(t, json.NewDecoder(res.Body).Decode(&model))
		assert.NotEmpty(t, model["version"])
	}
	res := v.do(http.MethodGet, "/user/ann/static/lab.css?v=x")
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Equal(t, "max-age=315360000", res.Header.Get("Cache-Control"))
	assert.Equal(t, "no-store", v.do(http.MethodGet, "/user/ann/static/lab.css").Header.Get("Cache-Control"))
	assert.Equal(t, http.StatusNotFound, v.do(http.MethodGet, "/user/ann/static/nope.css").StatusCode)
	assert.Equal(t, http.StatusNotFound, v.do(http.MethodGet, "/user/ann/static/..%2Ftemplates%2Ferror.html").StatusCode)
	assert.Zero(t, hub.asked)
}

func TestVisitorIsAskedAboutEachTimeUnlessConfigured(t *testing.T) { // HB-118, HB-127
	t.Parallel()
	revoke := func(t *testing.T, cfg singleuser.Config) int {
		hub := newFakeHub(t)
		hub.serve(t, cfg)
		v := hub.visitor(t, "bob")
		status, _ := v.get("/user/ann/lab")
		require.Equal(t, http.StatusOK, status)
		hub.mu.Lock()
		hub.users["token-of-bob"] = strings.Replace(guest, "access:servers!server=ann/", "access:servers!user=bob", 1)
		hub.mu.Unlock()
		status, _ = v.get("/user/ann/lab")
		return status
	}
	t.Run("a revoked share is refused at once", func(t *testing.T) {
		t.Parallel()
		assert.Equal(t, http.StatusForbidden, revoke(t, singleuser.Config{}))
	})
	t.Run("or when the cached answer is too old", func(t *testing.T) {
		t.Parallel()
		assert.Equal(t, http.StatusOK, revoke(t, singleuser.Config{CacheMaxAge: 300 * time.Second}))
	})
}

func TestHubInTroubleIsNoLogin(t *testing.T) { // HB-116
	t.Parallel()
	hub := newFakeHub(t)
	down := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Status: "503", Header: http.Header{}, Body: http.NoBody}, nil
	})}
	hub.serve(t, singleuser.Config{HTTPClient: down})
	v := hub.visitor(t, "ann")
	status, _ := v.get("/user/ann/lab", "Authorization", "token token-of-ann")
	assert.Equal(t, http.StatusBadGateway, status)
	status, body := v.get("/user/ann/api/me", "Authorization", "token token-of-ann")
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, body, `"reason":null`)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestLogoutForgetsTheVisitorAndGoesToTheHub(t *testing.T) { // HB-46
	t.Parallel()
	hub := newFakeHub(t)
	hub.serve(t, singleuser.Config{})
	v := hub.visitor(t, "ann")
	v.page("/user/ann/lab")
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res := v.do(http.MethodGet, "/user/ann/logout")
	assert.Equal(t, http.StatusFound, res.StatusCode)
	assert.Equal(t, "/hub/logout", res.Header.Get("Location"))
	res = v.do(http.MethodGet, "/user/ann/lab")
	assert.Equal(t, http.StatusFound, res.StatusCode, "to log in again")
	assert.Contains(t, res.Header.Get("Location"), "/hub/api/oauth2/authorize?")
}
