package web_test

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/web"
)

const paged = "application/jupyterhub-pagination+json"

func list(query, accept string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8000/hub/api/share-codes/a%2Fb/"+query, nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	return r
}

// SH-66, SH-67, HB-136; transcripts 55 to 61
func TestParsePage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query, accept string
		limits        web.PageLimits
		want          web.Page
	}{
		"nothing said":                      {"", "", web.PageLimits{}, web.Page{Limit: 200}},
		"the paged form asked for":          {"", paged, web.PageLimits{}, web.Page{Limit: 50}},
		"among others, in capitals":         {"", "text/html , Application/JupyterHub-Pagination+JSON", web.PageLimits{}, web.Page{Limit: 50}},
		"a quality defeats it":              {"", paged + ";q=1", web.PageLimits{}, web.Page{Limit: 200}},
		"another type does not do":          {"", "application/json", web.PageLimits{}, web.Page{Limit: 200}},
		"own limits":                        {"", paged, web.PageLimits{Default: 5, Max: 10}, web.Page{Limit: 5}},
		"own maximum":                       {"?limit=11", "", web.PageLimits{Default: 5, Max: 10}, web.Page{Limit: 10}},
		"a default above the maximum":       {"", paged, web.PageLimits{Max: 10}, web.Page{Limit: 10}},
		"given":                             {"?limit=7&offset=3", "", web.PageLimits{}, web.Page{Offset: 3, Limit: 7}},
		"signs are dropped":                 {"?limit=-7&offset=-3", "", web.PageLimits{}, web.Page{Offset: 3, Limit: 7}},
		"a plus is one too":                 {"?limit=%2B7", "", web.PageLimits{}, web.Page{Limit: 7}},
		"at least one":                      {"?limit=0", "", web.PageLimits{}, web.Page{Limit: 1}},
		"at most the maximum":               {"?limit=1000000", "", web.PageLimits{}, web.Page{Limit: 200}},
		"the last of several":               {"?limit=7&limit=8", "", web.PageLimits{}, web.Page{Limit: 8}},
		"white space around":                {"?limit=%207%20", "", web.PageLimits{}, web.Page{Limit: 7}},
		"more than any list":                {"?offset=99999999999999999999999", "", web.PageLimits{}, web.Page{Offset: math.MaxInt32, Limit: 200}},
		"less than any integer":             {"?offset=-9223372036854775808", "", web.PageLimits{}, web.Page{Offset: math.MaxInt32, Limit: 200}},
		"far below":                         {"?limit=-99999999999999999999999", "", web.PageLimits{}, web.Page{Limit: 200}},
		"the accept header of many clients": {"", "*/*", web.PageLimits{}, web.Page{Limit: 200}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := web.ParsePage(list(c.query, c.accept), c.limits)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	for _, query := range []string{"?limit=x", "?limit=", "?offset=", "?offset=1.0", "?limit=0x10", "?limit=7&limit=", "?offset=1e3", "?offset=%ff"} {
		t.Run("refuses "+query, func(t *testing.T) {
			t.Parallel()
			_, err := web.ParsePage(list(query, ""), web.PageLimits{})
			var e *web.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, 400, e.Status)
			assert.Equal(t, "Invalid argument type, offset and limit must be integers", e.Text())
		})
	}
}

// SH-68; transcript 61
func TestLinks(t *testing.T) {
	t.Parallel()
	const at = "http://127.0.0.1:8000/hub/api/share-codes/a%2Fb/"
	origin := web.Origin{Scheme: "http", Host: "127.0.0.1:8000"}
	for name, c := range map[string]struct {
		query string
		total int
		next  string
	}{
		"limit given":                      {"?limit=1", 4, at + "?limit=1&offset=1"},
		"both given, one twice":            {"?offset=1&x=y&limit=2&offset=2", 9, at + "?offset=4&x=y&limit=2"},
		"others as they were sent":         {"?a=%20b+c&&_=%zz&limit=1", 4, at + "?a=%20b+c&_=%zz&limit=1&offset=1"},
		"spelt with an escape":             {"?l%69mit=1", 4, at + "?limit=1&offset=1"},
		"exactly the last page":            {"?limit=2&offset=2", 4, ""},
		"a short last page":                {"?limit=3&offset=2", 4, ""},
		"past the end":                     {"?offset=5", 4, ""},
		"far past the end":                 {"?offset=99999999999999", 4, ""},
		"an empty list":                    {"", 0, ""},
		"more than the default page holds": {"", 201, at + "?offset=200&limit=200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := list(c.query, "")
			page, err := web.ParsePage(r, web.PageLimits{})
			require.NoError(t, err)
			links := page.Links(r, c.total, origin)
			assert.Equal(t, page, web.Page{Offset: links.Offset, Limit: links.Limit})
			assert.Equal(t, c.total, links.Total)
			if c.next == "" {
				assert.Nil(t, links.Next)
				return
			}
			require.NotNil(t, links.Next)
			assert.Equal(t, c.next, links.Next.URL)
			assert.Equal(t, page.Offset+page.Limit, links.Next.Offset)
			assert.Equal(t, page.Limit, links.Next.Limit)
		})
	}
	text, err := json.Marshal(web.Page{Limit: 200}.Links(list("", ""), 0, origin))
	require.NoError(t, err)
	assert.Equal(t, `{"offset":0,"limit":200,"total":0,"next":null}`, string(text))
}

// SH-222: following next from page to page shows every entry once.
func TestPagesConcatenateToTheWholeList(t *testing.T) {
	t.Parallel()
	const total = 23
	seen := 0
	r := list("?limit=5&x=1", "")
	for {
		page, err := web.ParsePage(r, web.PageLimits{})
		require.NoError(t, err)
		assert.Equal(t, seen, page.Offset)
		seen = min(page.Offset+page.Limit, total)
		next := page.Links(r, total, web.BrowserOrigin(r)).Next
		if next == nil {
			break
		}
		r = httptest.NewRequest(http.MethodGet, next.URL, nil)
	}
	assert.Equal(t, total, seen)
}

func FuzzParsePage(f *testing.F) {
	f.Add("limit=1&offset=2", 5)
	f.Add("offset=-9223372036854775808", 1)
	f.Add("limit=%zz&&;", 0)
	f.Fuzz(func(t *testing.T, query string, total int) {
		r := &http.Request{Host: "h", URL: &url.URL{Path: "/x", RawQuery: query}, Header: http.Header{}}
		page, err := web.ParsePage(r, web.PageLimits{})
		if err != nil {
			var e *web.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, 400, e.Status)
			return
		}
		assert.GreaterOrEqual(t, page.Offset, 0)
		assert.GreaterOrEqual(t, page.Limit, 1)
		assert.LessOrEqual(t, page.Limit, 200)
		if next := page.Links(r, total, web.Origin{Scheme: "http", Host: "h"}).Next; next != nil {
			assert.Less(t, next.Offset, total)
			_, raw, _ := strings.Cut(next.URL, "?")
			r.URL.RawQuery = raw
			again, err := web.ParsePage(r, web.PageLimits{})
			require.NoError(t, err)
			assert.Equal(t, web.Page{Offset: next.Offset, Limit: next.Limit}, again)
		}
	})
}
