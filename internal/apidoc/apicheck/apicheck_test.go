package apicheck_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/apidoc"
	"github.com/hubshare/hubshare/internal/apidoc/apicheck"
)

const (
	server = `{"name":"","full_name":"ann/","last_activity":null,"started":null,"pending":null,"ready":false,"stopped":true,"url":"/user/ann/","user_options":{},` +
		`"progress_url":"/hub/api/users/ann/server/progress","full_url":null,"full_progress_url":null}`
	ann     = `{"kind":"user","name":"ann","servers":{"":` + server + `}}`
	refusal = `{"status":403,"message":"Missing or invalid credentials."}`
	tag     = `"00ff"`
)

func newChecker(t testing.TB, v apidoc.Variant) *apicheck.Checker {
	t.Helper()
	c, err := apicheck.New(v)
	require.NoError(t, err)
	return c
}

func answer(method, path string, status int, kind, body string, headers ...string) apicheck.Answer {
	a := apicheck.Answer{Method: method, Path: path, Status: status, Header: http.Header{"X-Jupyterhub-Version": {"5.5.1"}}, Body: []byte(body)}
	if kind != "" {
		a.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(headers); i += 2 {
		a.Header.Set(headers[i], headers[i+1])
	}
	return a
}

func TestAnswersAsDescribedPass(t *testing.T) {
	t.Parallel()
	const js = "application/json"
	check := newChecker(t, apidoc.Variant{})
	for name, a := range map[string]apicheck.Answer{
		"a model":                            answer("GET", "/hub/api/users/ann", 200, js, ann, "ETag", tag),
		"a model of somebody with odd names": answer("GET", "/hub/api/users/%3Cann%2Fb%3E", 200, js, ann, "ETag", tag),
		"a refusal":                          answer("GET", "/hub/api/users/ann", 403, js, refusal),
		"a path that is none":                answer("GET", "/hub/api/nothing", 404, js, `{"status":404,"message":"Not Found"}`),
		"a method that is none":              answer("PUT", "/hub/api/users/ann", 405, js, `{"status":405,"message":"Method Not Allowed"}`),
		"a preflight (HB-132)":               answer("OPTIONS", "/hub/api/users/ann", 200, js, ""),
		"nothing":                            answer("DELETE", "/hub/api/shares/ann/", 204, "", ""),
		"nothing new":                        answer("GET", "/hub/api/users/ann", 304, "", "", "ETag", tag),
		"a page":                             answer("GET", "/hub/api/oauth2/authorize", 200, "text/html", "<p>"),
		"a stream (HB-100)": answer("GET", "/hub/api/users/ann/servers//progress", 200, "text/event-stream", "\ndata: {\"progress\":0,\"message\":\"x\"}\n\n",
			"Cache-Control", "no-cache"),
		"what is not the API":           answer("GET", "/hub/home", 500, "text/html", "?"),
		"what only looks like the API":  answer("GET", "/hub/apiary", 500, "text/html", "?"),
		"a path that cannot be decoded": answer("GET", "/hub/api/%zz", 400, "text/html", "?"),
	} {
		assert.NoError(t, check.Check(a), name)
	}
}

// HB-4, HB-7, HB-133, HB-141: everything else is an error that says what is wrong.
func TestAnswersThatAreNotDescribedFail(t *testing.T) {
	t.Parallel()
	const js = "application/json"
	check := newChecker(t, apidoc.Variant{})
	for name, c := range map[string]struct {
		a    apicheck.Answer
		want string
	}{
		"a path that is none":       {answer("GET", "/hub/api/nothing", 200, js, "{}"), "GET /hub/api/nothing answered 200, but the API description has no such path"},
		"a path of extensions":      {answer("GET", "/hub/api/shares", 200, js, "{}"), "no such path"},
		"a method that is none":     {answer("PUT", "/hub/api/users/ann", 200, js, "{}"), "no such method for /api/users/{user}"},
		"a method of profile 6.0":   {answer("GET", "/hub/api/users/ann/server", 200, js, server), "no such method"},
		"a status that is none":     {answer("GET", "/hub/api/users/ann", 418, js, refusal), "no such status"},
		"another type":              {answer("GET", "/hub/api/users/ann", 200, "text/html", ann, "ETag", tag), `Content-Type "text/html"`},
		"no type":                   {answer("GET", "/hub/api/users/ann", 200, "", ann, "ETag", tag), `Content-Type ""`},
		"a body where none is":      {answer("DELETE", "/hub/api/shares/ann/", 204, "", "x"), "with a body"},
		"a body of a preflight":     {answer("OPTIONS", "/hub/api/users/ann", 200, js, "{}"), "with a body"},
		"what is no JSON":           {answer("GET", "/hub/api/users/ann", 200, js, "{", "ETag", tag), "no JSON"},
		"an unknown key":            {answer("GET", "/hub/api/users/ann", 200, js, `{"kind":"user","name":"ann","colour":1}`, "ETag", tag), "at '': additional properties 'colour' not allowed"},
		"an unknown key further in": {answer("GET", "/hub/api/users/ann", 200, js, strings.Replace(ann, `"ready"`, `"state60":1,"ready"`, 1), "ETag", tag), "state60"},
		"a missing key":             {answer("GET", "/hub/api/users/ann", 200, js, `{"kind":"user"}`, "ETag", tag), "missing property 'name'"},
		"a missing key that goes along": {answer("GET", "/hub/api/users/ann", 200, js, `{"kind":"user","name":"ann","created":"2026-01-02T03:04:05Z"}`, "ETag", tag),
			"'admin', 'roles', 'groups', 'server', 'pending', 'last_activity' required"},
		"a value of another kind":        {answer("GET", "/hub/api/users/ann", 200, js, `{"kind":"user","name":"ann","admin":1}`, "ETag", tag), "at '/admin': got number, want boolean"},
		"a time that is none":            {answer("GET", "/hub/api/users/ann", 200, js, strings.Replace(ann, `"started":null`, `"started":"2026-01-02 03:04"`, 1), "ETag", tag), "/started"},
		"a stopped server that is ready": {answer("GET", "/hub/api/users/ann", 200, js, strings.Replace(ann, `"ready":false`, `"ready":true`, 1), "ETag", tag), "/ready"},
		"a header that is missing":       {answer("GET", "/hub/api/users/ann", 200, js, ann), "without the header ETag"},
		"a header with another value":    {answer("GET", "/hub/api/users/ann", 200, js, ann, "ETag", "x"), "with ETag: x"},
		"an error of another status":     {answer("GET", "/hub/api/users/ann", 404, js, refusal), "another status in its body: 403"},
		"an error with something to it":  {answer("GET", "/hub/api/users/ann", 403, js, `{"status":403,"message":"no","detail":"x"}`), "detail"},
		"an error without a message":     {answer("GET", "/hub/api/nothing", 404, js, `{"status":404}`), "message"},
		"an event that is none": {answer("GET", "/hub/api/users/ann/server/progress", 200, "text/event-stream", "data: {\"progress\":101,\"message\":\"x\"}\n", "Cache-Control", "no-cache"),
			"/progress"},
		"a line that is no event": {answer("GET", "/hub/api/users/ann/server/progress", 200, "text/event-stream", "what: {}\n", "Cache-Control", "no-cache"), "no event"},
		"a text where none is":    {answer("POST", "/hub/api/users/ann/server", 201, "text/plain", "x"), "a text that"},
	} {
		err := check.Check(c.a)
		if assert.Error(t, err, name) {
			assert.Contains(t, err.Error(), c.want, name)
			assert.NotContains(t, err.Error(), "\n", name)
		}
	}
	a := answer("GET", "/hub/api/", 200, js, `{"version":"5.5.1"}`)
	require.NoError(t, check.Check(a))
	a.Header.Del("X-JupyterHub-Version")
	require.ErrorContains(t, check.Check(a), "X-JupyterHub-Version")
}

func TestEveryVariantCompiles(t *testing.T) {
	t.Parallel()
	stock := newChecker(t, apidoc.Variant{Prefix: "/@/space%20word/hub/"}).Operations()
	more := newChecker(t, apidoc.Variant{Profile60: true, Extensions: true, Docs2: true}).Operations()
	assert.Contains(t, stock, apicheck.Operation{Method: "GET", Path: "/api/users/{user}"})
	assert.NotContains(t, stock, apicheck.Operation{Method: "PUT", Path: "/api/users/{user}/server"})
	assert.Contains(t, more, apicheck.Operation{Method: "PUT", Path: "/api/users/{user}/server"})
	assert.Subset(t, more, stock)
}

// The client gets what the handler wrote, and flushing works.
func TestWatchChangesNothing(t *testing.T) {
	t.Parallel()
	check := newChecker(t, apidoc.Variant{})
	var said []string
	server := httptest.NewServer(check.Watch(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-JupyterHub-Version", "5.5.1")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"version":`)
		assert.NoError(t, http.NewResponseController(w).Flush())
		_, _ = io.WriteString(w, `5}`)
	}), func(err error) { said = append(said, err.Error()) }))
	res, err := http.Get(server.URL + "/hub/api/")
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, `{"version":5}`, string(body))
	server.Close() // which waits for the request
	require.Len(t, said, 1)
	assert.Contains(t, said[0], "GET /hub/api/ answered 200 with a body that the API description does not allow: at '/version': got number, want string")
}
