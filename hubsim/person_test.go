package hubsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/hubsim"
)

// person is somebody with a browser without scripts.
type person struct {
	t   *testing.T
	hub *hubsim.Hub
	c   *http.Client
}

// page is what a person sees.
type page struct {
	status int
	url    *url.URL
	header http.Header
	body   string
	doc    *html.Node
}

// stranger is somebody who has not been here before.
func stranger(t *testing.T, hub *hubsim.Hub) *person { return with(t, hub, hub.Client("")) }

// known is somebody who is logged in.
func known(t *testing.T, hub *hubsim.Hub, user string) *person { return with(t, hub, hub.Client(user)) }

func with(t *testing.T, hub *hubsim.Hub, c *http.Client) *person {
	t.Cleanup(c.CloseIdleConnections)
	return &person{t, hub, c}
}

// at makes an address below the hub's prefix absolute.
func (p *person) at(path string) string {
	if strings.HasPrefix(path, "http:") || strings.HasPrefix(path, "https:") {
		return path
	}
	return p.hub.HubURL() + path
}

func (p *person) do(req *http.Request) page {
	p.t.Helper()
	res, err := p.c.Do(req)
	require.NoError(p.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	doc, err := html.Parse(strings.NewReader(string(body)))
	require.NoError(p.t, err)
	return page{res.StatusCode, res.Request.URL, res.Header, string(body), doc}
}

func (p *person) get(path string) page {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.at(path), nil)
	require.NoError(p.t, err)
	return p.do(req)
}

func (p *person) post(path string, form url.Values) page {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.at(path), strings.NewReader(form.Encode()))
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(req)
}

// submit sends the form of a page with some fields filled in, as a click on its only button would.
func (p *person) submit(on page, fill url.Values) page {
	p.t.Helper()
	form, action := on.form(p.t)
	for k, v := range fill {
		form[k] = v
	}
	to, err := on.url.Parse(action)
	require.NoError(p.t, err)
	if action == "" {
		to = on.url
	}
	return p.post(to.String(), form)
}

func (p *person) logIn(on page, name string) page {
	p.t.Helper()
	return p.submit(on, url.Values{"username": {name}, "password": {"x"}})
}

// staysPut makes a person look at redirects instead of following them.
func (p *person) staysPut() *person {
	c := *p.c
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &person{p.t, p.hub, &c}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "script" && d.Parent.Data != "style" {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// all finds elements by tag and class; "" is any.
func (p page) all(tag, class string) (out []*html.Node) {
	for n := range p.doc.Descendants() {
		if n.Type != html.ElementNode || tag != "" && n.Data != tag {
			continue
		}
		if class == "" || strings.Contains(" "+attr(n, "class")+" ", " "+class+" ") {
			out = append(out, n)
		}
	}
	return out
}

func (p page) heading() string {
	for _, n := range p.all("h1", "") {
		return text(n)
	}
	return ""
}

func (p page) text() string { return text(p.doc) }

// form gives the fields that a browser would send without anything being typed, and the action.
func (p page) form(t *testing.T) (fields url.Values, action string) {
	t.Helper()
	forms := p.all("form", "")
	require.NotEmpty(t, forms, "no form on %s: %s", p.url, p.text())
	fields = url.Values{}
	for n := range forms[0].Descendants() {
		name := attr(n, "name")
		if n.Data != "input" || name == "" || attr(n, "type") == "submit" || attr(n, "type") == "checkbox" {
			continue
		}
		fields.Add(name, attr(n, "value"))
	}
	return fields, attr(forms[0], "action")
}

// labConfig is the configuration that a server's page gives to scripts.
func (p page) labConfig(t *testing.T) map[string]any {
	t.Helper()
	for _, n := range p.all("script", "") {
		if attr(n, "id") == "jupyter-config-data" {
			var out map[string]any
			require.NoError(t, json.Unmarshal([]byte(n.FirstChild.Data), &out))
			return out
		}
	}
	require.Fail(t, "no configuration", "on %s: %s", p.url, p.text())
	return nil
}

// call is a request to the REST API with a token, as a script of a page makes it.
func call(t *testing.T, hub *hubsim.Hub, token, method, path, body string) (status int, answer map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, hub.APIURL()+path, strings.NewReader(body))
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: trusting(hub)}}
	res, err := c.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	if len(raw) > 0 {
		require.NoError(t, json.Unmarshal(raw, &answer), "%s", raw)
	}
	return res.StatusCode, answer
}

// time0 is where standing clocks begin.
var time0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
