package services_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/e2e/realhub"
	"github.com/hubshare/hubshare/oauth/hubauth"
)

const (
	adminToken   = "secret-of-the-admin"
	serviceToken = "secret-of-the-service"
	prefix       = "/services/whoami/"
)

// office is a real hub and a service of it: members of group team may enter, ann is one and bob is not.
type office struct {
	t     *testing.T
	hub   *realhub.Hub
	auth  *hubauth.Auth
	asked atomic.Int64 // how often the service has asked the hub
}

// opens is set before a request that shall reach the service, so the handler need not be there when the hub is started.
type opens struct{ handler atomic.Pointer[http.Handler] }

func (o *opens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := o.handler.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
}

func newOffice(t *testing.T, release realhub.Release) *office {
	t.Helper()
	env := realhub.ForTest(t, release)
	door := &opens{}
	server := httptest.NewServer(door)
	t.Cleanup(server.Close)
	hub, err := realhub.Start(t.Context(), realhub.Options{Env: env, AdminToken: adminToken, Users: []string{"ann", "bob"},
		Groups: map[string][]string{"team": {"ann"}},
		Roles:  []realhub.Role{{Name: "visiting", Scopes: []string{"access:services!service=whoami"}, Groups: []string{"team"}}},
		Services: []realhub.Service{{Name: "whoami", URL: server.URL, APIToken: serviceToken, OAuthClientID: "service-whoami",
			OAuthClientAllowedScopes: []string{"read:users:groups!user"}}}})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, hub.Close())
		if t.Failed() {
			t.Log(hub.Output())
		}
	})
	o := &office{t: t, hub: hub}
	o.auth, err = hubauth.New(hubauth.Config{APIURL: hub.URL + "hub/api", APIToken: serviceToken, ClientID: "service-whoami", Prefix: prefix, BaseURL: "/",
		AccessScopes: []string{"access:services!service=whoami"}, Version: release.Version(),
		HTTPClient: &http.Client{Timeout: time.Minute, Transport: counted{&http.Transport{DisableKeepAlives: true}, &o.asked}}})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle(prefix, o.auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := hubauth.UserFrom(r.Context())
		_, _ = fmt.Fprintf(w, "%s %s %v at %s", u.Kind, u.Name, u.Groups, r.URL) // whoever asked may be gone
	})))
	mux.Handle(prefix+"logout", o.auth.LogoutHandler())
	var handler http.Handler = mux
	door.handler.Store(&handler)
	return o
}

// counted counts requests.
type counted struct {
	next http.RoundTripper
	n    *atomic.Int64
}

func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.next.RoundTrip(r)
}

// rest asks the hub's API as its admin.
func (o *office) rest(method, path, body string) []byte {
	o.t.Helper()
	status, answer := o.ask(method, "hub/api/"+path, adminToken, body)
	require.Less(o.t, status, 300, "%s", answer)
	return answer
}

func (o *office) ask(method, path, token, body string) (status int, answer []byte) {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), method, o.hub.URL+strings.TrimPrefix(path, "/"), strings.NewReader(body))
	require.NoError(o.t, err)
	req.Close = true
	req.Header.Set("Authorization", "token "+token)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	require.NoError(o.t, err)
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	require.NoError(o.t, err)
	return resp.StatusCode, answer
}

func (o *office) tokenOf(user string) string {
	o.t.Helper()
	var made struct{ Token string }
	require.NoError(o.t, json.Unmarshal(o.rest("POST", "users/"+user+"/tokens", `{}`), &made))
	return made.Token
}

// visitor is a person at a browser, which follows redirects and remembers where it was led.
type visitor struct {
	t    *testing.T
	base string
	c    *http.Client
	led  []*url.URL
}

type page struct {
	status int
	url    *url.URL
	text   string
}

func (o *office) visitor() *visitor {
	o.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(o.t, err)
	v := &visitor{t: o.t, base: o.hub.URL}
	v.c = &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		v.led = append(v.led, r.URL)
		if len(via) > 12 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return v
}

func (v *visitor) do(method string, to *url.URL, form url.Values) page {
	v.t.Helper()
	v.led = nil
	req, err := http.NewRequestWithContext(v.t.Context(), method, to.String(), strings.NewReader(form.Encode()))
	require.NoError(v.t, err)
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	req.Header.Set("Sec-Fetch-Dest", "document")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := v.c.Do(req)
	require.NoError(v.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(v.t, err)
	return page{resp.StatusCode, resp.Request.URL, string(body)}
}

func (v *visitor) get(path string) page {
	v.t.Helper()
	to, err := url.Parse(v.base + strings.TrimPrefix(path, "/"))
	require.NoError(v.t, err)
	return v.do(http.MethodGet, to, nil)
}

// submit sends the form of a page, filled in.
func (v *visitor) submit(p page, fill url.Values) page {
	v.t.Helper()
	doc, err := html.Parse(strings.NewReader(p.text))
	require.NoError(v.t, err)
	form, action, found := url.Values{}, "", false
	for n := range doc.Descendants() {
		switch {
		case n.Type == html.ElementNode && n.Data == "form" && strings.EqualFold(attribute(n, "method"), "post"):
			action, found = attribute(n, "action"), true
		case n.Type == html.ElementNode && n.Data == "input" && attribute(n, "type") == "hidden" && attribute(n, "name") != "":
			form.Add(attribute(n, "name"), attribute(n, "value"))
		}
	}
	require.True(v.t, found, "no form on %s: %s", p.url, p.text)
	for key, values := range fill {
		form[key] = values
	}
	to := p.url
	if action != "" {
		to, err = p.url.Parse(action)
		require.NoError(v.t, err)
	}
	return v.do(http.MethodPost, to, form)
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// enters goes to the service by way of the hub's login.
func (v *visitor) enters(path, name string) page {
	v.t.Helper()
	login := v.get(path)
	require.Equal(v.t, "/hub/login", login.url.Path)
	return v.submit(login, url.Values{"username": {name}, "password": {"x"}})
}
