package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
)

const form = "application/x-www-form-urlencoded"

// open gets the accept page and gives its XSRF token as well, from the cookie that it set.
func (f *fixture) open(who, query string, options ...option) (w *httptest.ResponseRecorder, token string) {
	f.t.Helper()
	w = f.do(http.MethodGet, "/hub/accept-share?"+query, "", append(options, cookie(who))...)
	for _, c := range w.Result().Cookies() {
		if c.Name == "_xsrf" {
			token = c.Value
			assert.Equal(f.t, "/hub/", c.Path, "SH-148")
		}
	}
	return w, token
}

// submit posts the form of the accept page with the token that belongs to it.
func (f *fixture) submit(who, token, query, body string, options ...option) *httptest.ResponseRecorder {
	f.t.Helper()
	options = append(options, cookie(who), header("Content-Type", form), func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "_xsrf", Value: token})
	})
	return f.do(http.MethodPost, "/hub/accept-share?"+query, body+"&_xsrf="+url.QueryEscape(token), options...)
}

// accept takes a code up as a user would.
func (f *fixture) accept(t *testing.T, who, code string) {
	t.Helper()
	_, token := f.open(who, "code="+code)
	w := f.submit(who, token, "code="+code, "code="+code)
	require.Equal(t, http.StatusFound, w.Code, w.Body.String())
	require.Equal(t, "/user/sharer/", w.Header().Get("Location"))
}

// node finds the first element below n that a test accepts.
func node(n *html.Node, accept func(*html.Node) bool) *html.Node {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && accept(d) {
			return d
		}
	}
	return nil
}

func all(n *html.Node, accept func(*html.Node) bool) (out []*html.Node) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && accept(d) {
			out = append(out, d)
		}
	}
	return out
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func tag(name string) func(*html.Node) bool { return func(n *html.Node) bool { return n.Data == name } }

func class(name string) func(*html.Node) bool {
	return func(n *html.Node) bool {
		for _, c := range strings.Fields(attr(n, "class")) {
			if c == name {
				return true
			}
		}
		return false
	}
}

// text is what a reader sees, with white space folded.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func parse(t testing.TB, w *httptest.ResponseRecorder) *html.Node {
	t.Helper()
	page, err := html.Parse(w.Body)
	require.NoError(t, err)
	return page
}

// refusal is status and text of an error page (SH-145).
func refusal(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	box := node(parse(t, w), class("error"))
	require.NotNil(t, box)
	return text(box)
}

// TestAcceptPage is SH-146 and SH-147, as transcript 31 has it.
func TestAcceptPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _ := f.code("sharer", "sharer/", `{"scopes": ["access:servers", "servers"]}`)
	w, token := f.open("shared-with", "code="+code)
	require.Equal(t, http.StatusOK, w.Code)
	require.NotEmpty(t, token)
	h := w.Header()
	assert.Equal(t, "text/html", h.Get("Content-Type"))
	assert.Equal(t, "no-store", h.Get("Cache-Control"), "SH-62")
	assert.Equal(t, "strict-origin", h.Get("Referrer-Policy"))
	assert.Equal(t, "frame-ancestors 'none'; report-uri /hub/security/csp-report", h.Get("Content-Security-Policy"))
	assert.Equal(t, httpapi.DefaultVersion, h.Get("X-JupyterHub-Version"))

	page := parse(t, w)
	container := node(page, class("container"))
	require.NotNil(t, container)
	assert.Equal(t, "div", container.Data)
	assert.Equal(t, "Accept sharing invitation", text(node(container, tag("h1"))))
	lead := node(container, class("lead"))
	assert.Equal(t, "p", lead.Data)
	assert.Equal(t, "You (shared-with) have been invited to access sharer's server at /user/sharer/", text(lead))
	assert.Equal(t, "/user/sharer/", attr(node(lead, tag("a")), "href"))
	assert.Nil(t, node(container, class("alert")), "the server runs")

	forms := all(page, tag("form"))
	require.Len(t, forms, 1)
	assert.Equal(t, "post", attr(forms[0], "method"))
	assert.Equal(t, "", attr(forms[0], "action"))
	fields := map[string]string{}
	for _, input := range all(forms[0], tag("input")) {
		assert.Equal(t, "hidden", attr(input, "type"))
		fields[attr(input, "name")] = attr(input, "value")
	}
	assert.Equal(t, map[string]string{"_xsrf": token, "code": code}, fields)
	buttons := all(page, func(n *html.Node) bool { return attr(n, "type") == "submit" })
	require.Len(t, buttons, 1)
	assert.Equal(t, "button", buttons[0].Data)
	assert.Equal(t, "Accept invitation", text(buttons[0]))
	lines := []string{}
	for _, label := range all(forms[0], tag("label")) {
		lines = append(lines, text(label))
	}
	assert.Equal(t, []string{
		"Access user servers via API or browser. Applies to server sharer/.", "Start and stop user servers. Applies to server sharer/.",
	}, lines, "HB-192")
	footer := node(container, class("card-footer"))
	links := all(footer, tag("a"))
	require.Len(t, links, 1)
	assert.Equal(t, "/user/sharer/", attr(links[0], "href"))
	assert.Equal(t, "/user/sharer/", text(links[0]))

	// SH-142: nothing happened by looking.
	assert.Zero(t, f.list("sharer", "share-codes/sharer/").Items[0].ExchangeCount)
	assert.Empty(t, f.list("sharer", "shares/sharer/").Items)
}

// TestAcceptPageOfAStoppedNamedServer is transcript 251, with a name.
func TestAcceptPageOfAStoppedNamedServer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.hub.AddServer("sharer", "lab")
	code, _ := f.code("sharer", "sharer/lab", "")
	w, token := f.open("shared-with", "code="+code)
	page := parse(t, w)
	assert.Equal(t, "You (shared-with) have been invited to access sharer's server (lab) at /user/sharer/lab/", text(node(page, class("lead"))))
	alert := text(node(page, class("alert")))
	assert.Contains(t, alert, "The server at /user/sharer/lab/ is not currently running.")
	assert.Contains(t, alert, "ask sharer")
	w = f.submit("shared-with", token, "", "code="+code)
	assert.Equal(t, http.StatusFound, w.Code, "SH-152 a stopped server's share can be accepted")
	assert.Equal(t, "/user/sharer/lab/", w.Header().Get("Location"))
}

// TestAcceptingWalk is SH-141 and SH-152, transcripts 28, 41 and 51.
func TestAcceptingWalk(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _ := f.code("sharer", "sharer/", "")
	w := f.do(http.MethodGet, "/hub/accept-share?code="+code+"&next=%2Fuser%2Fsharer%2Flab", "")
	assert.Equal(t, http.StatusFound, w.Code)
	assert.Equal(t, "/hub/login?next=%2Fhub%2Faccept-share%3Fcode%3D"+code+"%26next%3D%252Fuser%252Fsharer%252Flab", w.Header().Get("Location"))
	assert.Empty(t, w.Body.String())

	// SH-50: a token does not log anybody in here.
	w = f.do(http.MethodGet, "/hub/accept-share?code="+code, "", header("Authorization", "token shared-with-token"))
	assert.Equal(t, http.StatusFound, w.Code)

	for range 2 {
		f.accept(t, "shared-with", code)
	}
	assert.Equal(t, 2, f.list("sharer", "share-codes/sharer/").Items[0].ExchangeCount, "SH-152 accepting again counts again")
	assert.Len(t, f.list("sharer", "shares/sharer/").Items, 1)

	w = f.do(http.MethodGet, "/hub/accept-share/?code=a%20b&next=/x", "")
	assert.Equal(t, http.StatusFound, w.Code, "SH-140")
	assert.Equal(t, "/hub/accept-share?code=a%20b&next=/x", w.Header().Get("Location"))
	for _, path := range []string{"/hub/accept-share", "/hub/accept-share/"} {
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodHead, http.MethodOptions} {
			assert.Equal(t, http.StatusMethodNotAllowed, f.do(method, path, "", cookie("shared-with")).Code, method)
		}
	}
	assert.Equal(t, http.StatusMethodNotAllowed, f.do(http.MethodPost, "/hub/accept-share/", "").Code)
}

// TestAcceptRefusals is SH-142 and SH-143: the same mistakes have other statuses when the form is posted.
func TestAcceptRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _ := f.code("sharer", "sharer/", "")
	expired, _ := f.code("sharer", "sharer/", `{"expires_in": 60}`)
	deleted, id := f.code("sharer", "sharer/", "")
	f.must("sharer", http.MethodDelete, "share-codes/sharer/?id="+id, "")
	f.advance(time.Minute)
	_, token := f.open("shared-with", "code="+code)
	_, owners := f.open("stranger", "code="+code)
	_ = owners
	const gone = "404 : Not Found Share not found or expired"

	for name, c := range map[string]struct {
		who, query, want string
	}{
		"34 a wrong code":                     {"shared-with", "code=wrong", gone},
		"an expired code":                     {"shared-with", "code=" + expired, gone},
		"118 a deleted code":                  {"shared-with", "code=" + deleted, gone},
		"an empty code":                       {"shared-with", "code=", gone},
		"a code that is none":                 {"shared-with", "code=%ff%00", gone},
		"the last of several codes":           {"shared-with", "code=" + code + "&code=wrong", gone},
		"a code's id is no code":              {"shared-with", "code=sc_1", gone},
		"35 no code":                          {"shared-with", "", "400 : Bad Request Missing argument code"},
		"32 the owner":                        {"sharer", "code=" + code, "403 : Forbidden You can't share with yourself!"},
		"white space around a code is no ill": {"shared-with", "code=+" + code + "%20", ""},
	} {
		t.Run("GET "+name, func(t *testing.T) {
			t.Parallel()
			w, _ := f.open(c.who, c.query)
			assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			assert.Equal(t, "strict-origin", w.Header().Get("Referrer-Policy"))
			if c.want == "" {
				assert.Equal(t, http.StatusOK, w.Code)
				return
			}
			assert.Equal(t, c.want, refusal(t, w))
			assert.True(t, strings.HasPrefix(c.want, http.StatusText(w.Code)) || strings.Contains(c.want, http.StatusText(w.Code)))
		})
	}
	for name, c := range map[string]struct {
		query, body, want string
	}{
		"36 a wrong code":              {"", "code=wrong", "400 : Bad Request Invalid share code: wrong"},
		"241 an expired code":          {"", "code=" + expired, "400 : Bad Request Invalid share code: " + expired},
		"the body wins over the query": {"code=" + code, "code=wrong", "400 : Bad Request Invalid share code: wrong"},
		"37 no code":                   {"", "x=y", "400 : Bad Request Missing argument code"},
		"markup for a code":            {"", "code=%3Cimg+src%3Dx%3E", "400 : Bad Request Invalid share code: <img src=x>"},
	} {
		t.Run("POST "+name, func(t *testing.T) {
			t.Parallel()
			w := f.submit("shared-with", token, c.query, c.body)
			assert.Equal(t, http.StatusBadRequest, w.Code)
			assert.Equal(t, c.want, refusal(t, w))
		})
	}
	t.Run("POST 33 the owner", func(t *testing.T) {
		t.Parallel()
		other, _ := f.code("stranger", "stranger/", "")
		_, token := f.open("sharer", "code="+other)
		w := f.submit("sharer", token, "", "code="+code)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Equal(t, "400 : Bad Request You can't share with yourself!", refusal(t, w))
	})
}

// TestNext is SH-149 to SH-151: where accepting leads, and that the page shows exactly that.
func TestNext(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _ := f.code("sharer", "sharer/", "")
	const home = "/user/sharer/"
	for name, c := range map[string]struct{ next, want string }{
		"254 a path":                                     {"/hub/home", "/hub/home"},
		"GHSA-c4gm-pwx9-9w8j markup stays text":          {`/hub/home"><img>`, `/hub/home"><img>`},
		"single quotes and ampersands as well":           {`/x'&amp;<script>`, `/x'&amp;<script>`},
		"query and fragment stay":                        {"/user/sharer/lab?a=b%20c&d#e", "/user/sharer/lab?a=b%20c&d#e"},
		"names beyond ascii":                             {"/user/jané/", "/user/jané/"},
		"CVE-2026-33709, 253 another host":               {"https://example.net/x", home},
		"another host without a scheme":                  {"//example.net/x", home},
		"and with backslashes":                           {`/\example.net`, "/%5Cexample.net"},
		"three slashes":                                  {"///example.net/x", home},
		"the own host":                                   {"http://example.com/hub/home", "/hub/home"},
		"the own host twice":                             {"//example.com//example.net", "/example.net"},
		"a relative path":                                {"hub/home", home},
		"a script":                                       {"javascript:alert(1)", home},
		"empty":                                          {"", home},
		"white space around it":                          {"  /hub/home ", "/hub/home"},
		"SH-151 a control character":                     {"/hub\r\nSet-Cookie: x=y", home},
		"a tab, which browsers drop, in the first place": {"/\t/example.net", home},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			query := "code=" + code + "&next=" + url.QueryEscape(c.next)
			w, token := f.open("shared-with", query)
			require.Equal(t, http.StatusOK, w.Code)
			page := parse(t, w)
			links := all(node(page, class("card-footer")), tag("a"))
			require.Len(t, links, 1)
			assert.Equal(t, c.want, attr(links[0], "href"))
			assert.Equal(t, c.want, links[0].FirstChild.Data)
			assert.Empty(t, all(page, func(n *html.Node) bool { return n.Data == "img" || n.Data == "script" }))

			w = f.submit("shared-with", token, query, "code="+code)
			require.Equal(t, http.StatusFound, w.Code)
			location := w.Header().Get("Location")
			assert.True(t, strings.HasPrefix(location, "/") && !strings.HasPrefix(location, "//"), location)
			if !strings.ContainsAny(c.want, "é") {
				assert.Equal(t, c.want, location)
			}
		})
	}
}

// TestNextOfAPublicHub: own addresses are those of the public URL, not of whatever Host header came along (SH-151).
func TestNextOfAPublicHub(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *httpapi.Config) { c.PublicURL = "https://hub.example.org/" })
	code, _ := f.code("sharer", "sharer/", "")
	w, token := f.open("shared-with", "code="+code)
	require.Equal(t, http.StatusOK, w.Code)
	assert.Contains(t, w.Header().Get("Set-Cookie"), "; Secure")
	for next, want := range map[string]string{"https://hub.example.org/hub/home": "/hub/home", "http://example.com/hub/home": "/user/sharer/"} {
		w := f.submit("shared-with", token, "next="+url.QueryEscape(next), "code="+code)
		assert.Equal(t, want, w.Header().Get("Location"))
	}
}

// TestOddNames is SH-170 to SH-174: names that would break a path, a page or a scope if anybody forgot to escape.
func TestOddNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ owner, server, path, url string }{
		{"jané doe@x.org", "", "jan%C3%A9%20doe@x.org/", "/user/jan%C3%A9%20doe@x.org/"},
		{`<'&">`, `<b>"lab"</b>`, "%3C'%26%22%3E/%3Cb%3E%22lab%22%3C%2Fb%3E", "/user/%3C%27%26%22%3E/%3Cb%3E%22lab%22%3C%2Fb%3E/"},
		{"a/b", "c/d", "a%2Fb/c%2Fd", "/user/a%2Fb/c%2Fd/"},
		{"a+b", "c d", "a+b/c%20d", "/user/a%2Bb/c%20d/"},
		{"日本語", "サーバー", "%E6%97%A5%E6%9C%AC%E8%AA%9E/%E3%82%B5%E3%83%BC%E3%83%90%E3%83%BC", "/user/%E6%97%A5%E6%9C%AC%E8%AA%9E/%E3%82%B5%E3%83%BC%E3%83%90%E3%83%BC/"},
		{"..", ".", "%2e%2E/.", "/user/../."},
		{"x!server=y", "=!", "x!server=y/=!", "/user/x%21server%3Dy/%3D%21/"},
		{"{{.}}", "${x}", "%7B%7B.%7D%7D/$%7Bx%7D", "/user/%7B%7B.%7D%7D/%24%7Bx%7D/"},
	} {
		t.Run(c.owner, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.hub.AddUser(c.owner, "self", "shares!user")
			if c.server != "" {
				f.hub.AddServer(c.owner, c.server)
			}
			by := f.service
			code, secret, err := by.CreateCode(t.Context(), f.hub.Caller(t.Context(), c.owner), sharing.CodeRequest{Server: sharing.ServerName{Owner: c.owner, Name: c.server}})
			require.NoError(t, err)
			assert.Equal(t, "access:servers!server="+c.owner+"/"+c.server, code.Scopes[0].String())

			w, token := f.open("shared-with", "code="+secret.Reveal())
			require.Equal(t, http.StatusOK, w.Code)
			page := parse(t, w)
			named := ""
			if c.server != "" {
				named = " (" + c.server + ")"
			}
			target := strings.TrimSuffix(c.url, "/") + "/"
			assert.Equal(t, "You (shared-with) have been invited to access "+c.owner+"'s server"+named+" at "+target, text(node(page, class("lead"))))
			assert.Equal(t, "Access user servers via API or browser. Applies to server "+c.owner+"/"+c.server+".", text(node(page, tag("label"))))
			assert.Equal(t, target, attr(node(page, tag("a")), "href"))
			assert.Empty(t, all(page, tag("b")))
			w = f.submit("shared-with", token, "", "code="+secret.Reveal())
			require.Equal(t, http.StatusFound, w.Code)
			assert.Equal(t, target, w.Header().Get("Location"))

			l := f.list("admin", "shares/"+c.path)
			require.Len(t, l.Items, 1)
			assert.Equal(t, c.owner, l.Items[0].Server.User.Name)
			assert.Equal(t, c.server, l.Items[0].Server.Name)
			assert.Equal(t, target, l.Items[0].Server.URL)
			assert.Equal(t, []string{"access:servers!server=" + c.owner + "/" + c.server}, l.Items[0].Scopes)
			f.must("shared-with", http.MethodDelete, "users/shared-with/shared/"+c.path, "")
		})
	}
}

// TestOddVisitor: whoever accepts is shown, and escaped.
func TestOddVisitor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const name = `<script>alert('&')</script>`
	f.hub.AddUser(name, "self")
	code, _ := f.code("sharer", "sharer/", "")
	w := f.do(http.MethodGet, "/hub/accept-share?code="+code, "", func(r *http.Request) { r.Header.Set("Cookie", "login="+name) })
	require.Equal(t, http.StatusOK, w.Code)
	page := parse(t, w)
	assert.Contains(t, text(node(page, class("lead"))), "You ("+name+") have been invited")
	assert.Nil(t, node(page, tag("script")))
}
