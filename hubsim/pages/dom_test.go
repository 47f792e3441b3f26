package pages_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/hubsim/pages"
)

// hostile is a name as nobody should have it (HB-188).
const hostile = `<'&">` + "\u2028" + `</script><script>alert(1)</script>${7*7}`

func newPages(t *testing.T, cfg pages.Config) *pages.Pages {
	t.Helper()
	if cfg.Version == "" {
		cfg.Version = "5.5.1"
	}
	p, err := pages.New(cfg)
	require.NoError(t, err)
	return p
}

// record is what a page method answers.
func record(f func(w http.ResponseWriter)) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	f(rec)
	return rec
}

func parse(t *testing.T, rec *httptest.ResponseRecorder) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(rec.Body.String()))
	require.NoError(t, err)
	return doc
}

// all gives the elements that match, in document order.
func all(n *html.Node, match func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && match(d) {
			found = append(found, d)
		}
	}
	return found
}

func one(t *testing.T, n *html.Node, what string, match func(*html.Node) bool) *html.Node {
	t.Helper()
	found := all(n, match)
	require.Len(t, found, 1, what)
	return found[0]
}

func byID(t *testing.T, n *html.Node, id string) *html.Node {
	t.Helper()
	return one(t, n, "#"+id, func(e *html.Node) bool { return attr(e, "id") == id })
}

func hasID(n *html.Node, id string) bool {
	return len(all(n, func(e *html.Node) bool { return attr(e, "id") == id })) > 0
}

func tag(names ...string) func(*html.Node) bool {
	return func(e *html.Node) bool { return slices.Contains(names, e.Data) }
}

func class(name string) func(*html.Node) bool {
	return func(e *html.Node) bool { return slices.Contains(strings.Fields(attr(e, "class")), name) }
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// text is what a reader sees, white space collapsed.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// links are the addresses of the navigation bar, in order.
func links(t *testing.T, doc *html.Node) []string {
	t.Helper()
	nav := one(t, doc, "nav", tag("nav"))
	var hrefs []string
	for _, a := range all(nav, tag("a")) {
		hrefs = append(hrefs, attr(a, "href"))
	}
	return hrefs
}

// skeleton is the page without what values could change: tags and the names of
// their attributes.
func skeleton(doc *html.Node) []string {
	var s []string
	for d := range doc.Descendants() {
		if d.Type != html.ElementNode {
			continue
		}
		line := d.Data
		for _, a := range d.Attr {
			line += " " + a.Key
		}
		s = append(s, line)
	}
	return s
}
