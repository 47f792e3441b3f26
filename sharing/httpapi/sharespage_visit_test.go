package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

const sharesPath = "/hub/shares"

// sharesVisit is the page of shares as one user has it before them.
type sharesVisit struct {
	f     *fixture
	who   string
	token string
	doc   *html.Node
}

// sharesOf opens the page.
func (f *fixture) sharesOf(who, query string) *sharesVisit {
	f.t.Helper()
	w := f.do(http.MethodGet, sharesPath+query, "", cookie(url.QueryEscape(who)))
	require.Equal(f.t, http.StatusOK, w.Code, w.Body.String())
	v := &sharesVisit{f: f, who: who}
	for _, c := range w.Result().Cookies() {
		if c.Name == "_xsrf" {
			v.token = c.Value
		}
	}
	v.doc = parse(f.t, w)
	wellMade(f.t, v.doc)
	return v
}

// press sends the form that a button is in, with some fields filled in, as a browser does.
func (v *sharesVisit) press(button *html.Node, fill url.Values) *httptest.ResponseRecorder {
	v.f.t.Helper()
	require.NotNil(v.f.t, button, "the button")
	at := button
	for at.Data != "form" {
		at = at.Parent
		require.NotNil(v.f.t, at, "the button is in no form")
	}
	require.Equal(v.f.t, "post", attr(at, "method"))
	fields := url.Values{}
	for _, n := range all(at, func(*html.Node) bool { return true }) {
		switch n.Data {
		case "input":
			fields.Set(attr(n, "name"), attr(n, "value"))
		case "select":
			options := all(n, tag("option"))
			chosen := options[0]
			for _, o := range options {
				if has(o, "selected") {
					chosen = o
				}
			}
			fields.Set(attr(n, "name"), attr(chosen, "value"))
		}
	}
	if name := attr(button, "name"); name != "" {
		fields.Set(name, attr(button, "value"))
	}
	for name, values := range fill {
		require.True(v.f.t, fields.Has(name), "the form has no field %s", name)
		fields[name] = values
	}
	to, err := url.Parse(sharesPath)
	require.NoError(v.f.t, err)
	to, err = to.Parse(attr(at, "action"))
	require.NoError(v.f.t, err)
	return v.send(to.String(), fields)
}

// send posts to the page with the proof that belongs to it, if the fields have it.
func (v *sharesVisit) send(to string, fields url.Values) *httptest.ResponseRecorder {
	v.f.t.Helper()
	return v.f.do(http.MethodPost, to, fields.Encode(), cookie(url.QueryEscape(v.who)), header("Content-Type", form), func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "_xsrf", Value: v.token})
	})
}

// with adds the proof to fields.
func (v *sharesVisit) with(fields ...string) url.Values {
	out := url.Values{"_xsrf": {v.token}}
	for i := 0; i < len(fields); i += 2 {
		out.Set(fields[i], fields[i+1])
	}
	return out
}

// server is the part about one server of the visitor's.
func (v *sharesVisit) server(name string) *html.Node {
	v.f.t.Helper()
	s := node(v.doc, func(n *html.Node) bool {
		return class("my-server")(n) && attr(n, "data-owner") == v.who && attr(n, "data-server") == name
	})
	require.NotNil(v.f.t, s, "server %q", name)
	return s
}

func byID(id string) func(*html.Node) bool {
	return func(n *html.Node) bool { return attr(n, "id") == id }
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func within(element, name string) func(n *html.Node) *html.Node {
	return func(n *html.Node) *html.Node {
		return node(n, func(n *html.Node) bool { return n.Data == element && class(name)(n) })
	}
}

// rows are the cells of the rows of a kind, as they read.
func rows(n *html.Node, kind string) (out [][]string) {
	for _, body := range all(n, class(kind)) {
		for _, tr := range all(body, tag("tr")) {
			var row []string
			for _, cell := range all(tr, func(n *html.Node) bool { return n.Data == "th" || n.Data == "td" }) {
				row = append(row, text(cell))
			}
			out = append(out, row)
		}
	}
	return out
}

// submitOf is the button that sends the form in a details.
func submitOf(n *html.Node, details string) *html.Node {
	box := within("details", details)(n)
	if box == nil {
		return nil
	}
	return node(box, func(n *html.Node) bool { return n.Data == "button" })
}

// wellMade checks what holds of the page whatever it shows: it needs no script, headings are in order, every field that is seen has a label, header cells say
// what they head, ids are unique, buttons have names of their own, each form has the proof, and nothing leads off this host (SH-149).
func wellMade(t testing.TB, doc *html.Node) {
	t.Helper()
	level := 0
	ids, labels, names := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, n := range all(doc, tag("label")) {
		labels[attr(n, "for")] = true
	}
	for _, n := range all(doc, func(*html.Node) bool { return true }) {
		if id := attr(n, "id"); id != "" {
			assert.False(t, ids[id], "id %s twice", id)
			ids[id] = true
		}
		for _, a := range n.Attr {
			assert.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "style", "%s of %s", a.Key, n.Data)
		}
		switch n.Data {
		case "script", "style", "img", "iframe", "object", "b", "i":
			assert.Fail(t, "the page has no such element", n.Data)
		case "h1", "h2", "h3", "h4":
			next := int(n.Data[1] - '0')
			assert.LessOrEqual(t, next, level+1, "the heading %q", text(n))
			level = next
		case "input", "select":
			if attr(n, "type") != "hidden" {
				assert.True(t, labels[attr(n, "id")], "a label for %s", attr(n, "name"))
			}
		case "th":
			assert.Contains(t, []string{"row", "col"}, attr(n, "scope"))
		case "button", "summary":
			assert.False(t, names[text(n)], "two buttons %q", text(n))
			names[text(n)] = true
		case "form":
			assert.Equal(t, "post", attr(n, "method"))
			assert.True(t, strings.HasPrefix(attr(n, "action"), "?"), "it posts to the page itself")
			proofs := all(n, func(n *html.Node) bool { return attr(n, "name") == "_xsrf" })
			if assert.Len(t, proofs, 1) {
				assert.NotEmpty(t, attr(proofs[0], "value"))
			}
		case "a":
			if href := attr(n, "href"); !strings.HasPrefix(href, "#") && !strings.HasPrefix(href, "?") {
				staysHere(t, href)
			}
		}
	}
	require.NotNil(t, node(doc, byID("shares-page")))
}
