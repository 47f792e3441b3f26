package twin_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// walker walks one hub and takes down what it answers.
type walker struct {
	t      testing.TB
	base   string // the hub's address, with its base path
	masks  *masks
	vars   map[string]string // what requests name in braces: secrets and numbers that a hub gave
	people map[string]*http.Client
	seen   map[string]bool
	out    []exchange
}

func newWalker(t testing.TB, base, named string) *walker {
	t.Helper()
	u, err := url.Parse(base)
	require.NoError(t, err)
	return &walker{t: t, base: base, masks: newMasks(u.Scheme + "://" + u.Host), vars: map[string]string{"named": named},
		people: map[string]*http.Client{}, seen: map[string]bool{}}
}

// person gives a browser of somebody's own: cookies are kept, redirects are not followed.
func (w *walker) person(name string) *http.Client {
	c := w.people[name]
	if c == nil {
		jar, err := cookiejar.New(nil)
		require.NoError(w.t, err)
		c = &http.Client{Jar: jar, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{DisableKeepAlives: true}}
		w.people[name] = c
	}
	return c
}

// answer is what a step may look into.
type answer struct {
	status   int
	location string
	body     []byte
}

func (a answer) field(t testing.TB, path ...string) string {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal(a.body, &v), "%s", a.body)
	for _, key := range path {
		object, ok := v.(map[string]any)
		require.True(t, ok, "%v in %s", path, a.body)
		v = object[key]
	}
	s, ok := v.(string)
	require.True(t, ok, "%v in %s", path, a.body)
	return s
}

// call is one request. Path is below the hub's base; {name} in Path, Body and header values stands for a variable.
type call struct {
	name   string
	who    string // whose browser asks; "" = a fresh one
	token  string // the variable that holds the token to bring; "" = none
	method string
	path   string
	header map[string]string
	body   string
	form   url.Values // a form as the browser would send it, with _xsrf unless it has one
	xsrf   bool       // send the XSRF header, as scripts of pages do
	keeps  secretPlaces
}

// do makes a request and takes down the answer.
func (w *walker) do(c call) answer {
	w.t.Helper()
	require.False(w.t, w.seen[c.name], "two steps are called %q", c.name)
	w.seen[c.name] = true
	a, x := w.send(c)
	w.out = append(w.out, x)
	return a
}

func (w *walker) send(c call) (answer, exchange) {
	w.t.Helper()
	client := w.person(c.who)
	if c.who == "" {
		delete(w.people, "")
		client = w.person("")
	}
	method := c.method
	if method == "" {
		method = http.MethodGet
	}
	target := w.base + strings.TrimPrefix(w.fill(c.path), "/")
	if strings.HasPrefix(c.path, "{") { // an address that the hub gave
		target = w.absolute(w.fill(c.path))
	}
	body, shown := w.fill(c.body), c.body
	if c.form != nil {
		form := url.Values{}
		for key, values := range c.form {
			form.Set(key, w.fill(values[0]))
		}
		if !form.Has("_xsrf") {
			form.Set("_xsrf", w.xsrfOf(client))
		}
		body, shown = form.Encode(), c.form.Encode()
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, target, strings.NewReader(body))
	require.NoError(w.t, err)
	if body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	if c.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "token "+w.vars[c.token])
	}
	if c.xsrf {
		req.Header.Set("X-XSRFToken", w.xsrfOf(client))
	}
	for key, value := range c.header {
		req.Header.Set(key, w.fill(value))
	}
	resp, err := client.Do(req)
	require.NoError(w.t, err, c.name)
	got, err := io.ReadAll(resp.Body)
	require.NoError(w.t, errors.Join(err, resp.Body.Close()), c.name)
	shown = strings.TrimSpace(method + " /" + strings.TrimPrefix(c.path, "/") + " " + shown)
	x := w.masks.record(c.name, shown, resp, got, c.keeps)
	return answer{status: resp.StatusCode, location: resp.Header.Get("Location"), body: got}, x
}

func (w *walker) absolute(address string) string {
	base, err := url.Parse(w.base)
	require.NoError(w.t, err)
	u, err := base.Parse(address)
	require.NoError(w.t, err)
	return u.String()
}

func (w *walker) xsrfOf(c *http.Client) string {
	u, err := url.Parse(w.base + "hub/")
	require.NoError(w.t, err)
	for _, cookie := range c.Jar.Cookies(u) {
		if cookie.Name == "_xsrf" {
			return cookie.Value
		}
	}
	return ""
}

// fill puts variables in place of their names in braces.
func (w *walker) fill(s string) string {
	for name, value := range w.vars {
		s = strings.ReplaceAll(s, "{"+name+"}", value)
	}
	return s
}

// api is a REST call with a token: path below hub/api/.
func (w *walker) api(name, token, method, path, body string) answer {
	w.t.Helper()
	return w.do(call{name: name, token: token, method: method, path: "hub/api/" + path, body: body})
}

// show is a page that somebody's browser asks for.
func (w *walker) show(name, who, path string) answer {
	w.t.Helper()
	return w.do(call{name: name, who: who, path: path})
}

// submit is a form that somebody's browser sends.
func (w *walker) submit(name, who, path string, form url.Values) answer {
	w.t.Helper()
	return w.do(call{name: name, who: who, method: http.MethodPost, path: path, form: form})
}

// await asks until a hub has come to rest, without taking anything down.
func (w *walker) await(token, path string, ready func(status int, body []byte) bool) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.base+w.fill(path), nil)
		if err != nil {
			return false
		}
		req.Close = true
		req.Header.Set("Authorization", "token "+w.vars[token])
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		body, err := io.ReadAll(resp.Body)
		return errors.Join(err, resp.Body.Close()) == nil && ready(resp.StatusCode, bytes.TrimSpace(body))
	}, time.Minute, 100*time.Millisecond, "%s, after %+v", path, w.out[len(w.out)-1])
}

// awaitServer waits until a server is ready, or gone.
func (w *walker) awaitServer(user, server string, up bool) {
	w.t.Helper()
	w.await("admin", "hub/api/users/"+user+"?include_stopped_servers", func(status int, body []byte) bool {
		var model struct {
			Servers map[string]struct {
				Ready   bool
				Stopped bool
				Pending *string
			}
		}
		if status != http.StatusOK || json.Unmarshal(body, &model) != nil {
			return false
		}
		s, ok := model.Servers[server]
		if !up {
			return !ok || s.Stopped && s.Pending == nil
		}
		return ok && s.Ready
	})
}
