package httpapi_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// pageElements are the elements of which our pages consist, each with the attributes that it may have (SH-149).
var pageElements = map[string][]string{
	"html": {"lang"}, "head": nil, "meta": {"charset"}, "title": nil, "body": nil, "div": {"class"}, "h1": {"class"}, "p": {"class"},
	"a": {"href"}, "form": {"method", "action"}, "input": {"type", "name", "value"}, "label": nil, "span": nil, "button": {"type", "class"},
}

// sound checks a page whatever it shows: no element that we did not write, no attribute that we did not write, no link that leads away, and on
// an invitation exactly one form and one link where the visitor is told where they will be taken (SH-146, SH-147). It gives that link's
// address, "" on other pages.
func sound(t testing.TB, w *httptest.ResponseRecorder) (target string) {
	t.Helper()
	require.Equal(t, "text/html", w.Header().Get("Content-Type"))
	page := parse(t, w)
	for n := range page.Descendants() {
		switch n.Type {
		case html.ElementNode:
			allowed, known := pageElements[n.Data]
			require.True(t, known, "element %q", n.Data)
			for i, a := range n.Attr {
				require.True(t, slices.Contains(allowed, a.Key), "attribute %q of %q", a.Key, n.Data)
				require.False(t, slices.ContainsFunc(n.Attr[:i], func(b html.Attribute) bool { return a.Key == b.Key }), "attribute %q twice", a.Key)
			}
		case html.CommentNode:
			require.Fail(t, "a comment", n.Data)
		}
	}
	for _, a := range all(page, tag("a")) {
		staysHere(t, attr(a, "href"))
	}
	require.Len(t, all(page, tag("h1")), 1)
	require.LessOrEqual(t, len(all(page, tag("body"))), 1)
	if len(all(page, tag("form"))) == 0 {
		require.Empty(t, all(page, func(n *html.Node) bool { return slices.Contains([]string{"a", "input", "button"}, n.Data) }))
		require.NotNil(t, node(page, class("error")))
		return ""
	}
	require.Len(t, all(page, tag("form")), 1)
	require.Len(t, all(page, tag("input")), 2)
	require.Len(t, all(page, tag("button")), 1)
	require.Len(t, all(page, tag("a")), 2, "one to the server, one to the target")
	require.Equal(t, "", attr(node(page, tag("form")), "action"))
	footers := all(page, class("card-footer"))
	require.Len(t, footers, 1)
	links := all(footers[0], tag("a"))
	require.Len(t, links, 1, "exactly one link in the footer")
	target = attr(links[0], "href")
	require.NotNil(t, links[0].FirstChild)
	require.Equal(t, target, links[0].FirstChild.Data, "the link is what it says")
	return target
}

// staysHere reads an address as a browser does: white space in front and behind goes, tabs and line ends go wherever they are, a
// backslash is a slash; then it has to be a path, and no other host (SH-151).
func staysHere(t testing.TB, address string) {
	t.Helper()
	seen := strings.Trim(address, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f ")
	seen = strings.NewReplacer("\t", "", "\r", "", "\n", "", `\`, "/").Replace(seen)
	assert.True(t, strings.HasPrefix(seen, "/") && !strings.HasPrefix(seen, "//"), "%q leads away", address)
}
