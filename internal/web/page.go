package web

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// PaginationMediaType is the media type by which a client asks for the paged
// form of a list (SH-66).
const PaginationMediaType = "application/jupyterhub-pagination+json"

// Page is one window on a list: Offset ≥ 0, Limit ≥ 1.
type Page struct{ Offset, Limit int }

// PageLimits bound the windows. Zero fields = 50 and 200.
type PageLimits struct {
	Default int // limit of clients that ask for the paged form without naming one
	Max     int // highest limit, and the one of clients that ask for nothing
}

// Pagination is the "_pagination" object beside the items of a page (SH-68).
type Pagination struct {
	Offset int       `json:"offset"`
	Limit  int       `json:"limit"`
	Total  int       `json:"total"`
	Next   *NextPage `json:"next"`
}

// NextPage is where the following page is; URL is absolute.
type NextPage struct {
	Offset int    `json:"offset"`
	Limit  int    `json:"limit"`
	URL    string `json:"url"`
}

// AcceptsPagination tells whether the client asked for the paged form: one
// element of Accept equals the media type, without parameters (SH-66).
func AcceptsPagination(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept") {
		for _, element := range strings.Split(line, ",") {
			if strings.ToLower(strings.TrimSpace(element)) == PaginationMediaType {
				return true
			}
		}
	}
	return false
}

// ParsePage reads offset and limit from the query (SH-66, SH-67, HB-136): the
// last of repeated ones, without its sign, the limit clamped to 1…Max. The
// error is an *Error with status 400.
func ParsePage(r *http.Request, l PageLimits) (Page, error) {
	if l.Max <= 0 {
		l.Max = 200
	}
	if l.Default <= 0 {
		l.Default = 50
	}
	page := Page{Limit: l.Max}
	if AcceptsPagination(r) {
		page.Limit = l.Default
	}
	query := r.URL.Query()
	for name, value := range map[string]*int{"offset": &page.Offset, "limit": &page.Limit} {
		given := query[name]
		if len(given) == 0 {
			continue
		}
		n, ok := magnitude(strings.TrimSpace(given[len(given)-1]))
		if !ok {
			return Page{}, Errorf(http.StatusBadRequest, "Invalid argument type, offset and limit must be integers")
		}
		*value = n
	}
	page.Limit = min(max(page.Limit, 1), l.Max)
	return page, nil
}

// magnitude is the absolute value of a decimal integer. What is beyond the
// 31-bit range is beyond every list too, and is cut there, so that sums of an
// offset and a limit stay in range.
func magnitude(s string) (int, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	if n < -math.MaxInt32 || n > math.MaxInt32 {
		return math.MaxInt32, true
	}
	if n < 0 {
		n = -n
	}
	return int(n), true
}

// Links describes this page of a list with total entries (SH-68). The next
// page's address is the request's own on origin o, with offset and limit
// replaced and all other parameters as they were sent.
func (p Page) Links(r *http.Request, total int, o Origin) Pagination {
	links := Pagination{Offset: p.Offset, Limit: p.Limit, Total: total}
	// Written so that no sum can overflow.
	if p.Offset >= total || p.Limit >= total-p.Offset {
		return links
	}
	next := &NextPage{Offset: p.Offset + p.Limit, Limit: p.Limit}
	next.URL = o.String() + EscapedPath(r) + "?" + replacePage(r.URL.RawQuery, next.Offset, next.Limit)
	links.Next = next
	return links
}

func replacePage(query string, offset, limit int) string {
	values := map[string]string{
		"offset": "offset=" + strconv.Itoa(offset),
		"limit":  "limit=" + strconv.Itoa(limit),
	}
	var pairs []string
	for _, pair := range strings.Split(query, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(key); err == nil {
			key = decoded
		}
		if key == "offset" || key == "limit" {
			pair = values[key]
			values[key] = ""
		}
		if pair != "" {
			pairs = append(pairs, pair)
		}
	}
	for _, key := range []string{"offset", "limit"} {
		if values[key] != "" {
			pairs = append(pairs, values[key])
		}
	}
	return strings.Join(pairs, "&")
}
