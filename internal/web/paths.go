package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// ErrBadPath tells that a path holds a broken percent-escape or decodes to
// something that is not UTF-8. It is the client's fault: answer 400 (SH-170).
var ErrBadPath = errors.New("path is not valid percent-encoded utf-8")

// EscapeSegment percent-encodes s as one path segment: ASCII letters, digits
// and _ . - ~ @ stay, every other byte becomes %XX in upper-case hex (HB-3,
// SH-171). The result never holds a '/'.
func EscapeSegment(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if keepsLiteral(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

func keepsLiteral(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("_.-~@", c) >= 0
}

// SplitPath cuts an escaped path at its literal slashes and decodes each
// segment once; '+' stays '+', an encoded slash is data (SH-170, HB-3). One
// leading '/' is dropped, nothing else is: "/a/" gives "a" and "", "//a" gives
// "" and "a", "/" gives one empty segment, "" gives none. Dot segments are
// ordinary names. The error is ErrBadPath, wrapped.
func SplitPath(escaped string) ([]string, error) {
	if escaped == "" {
		return nil, nil
	}
	segments := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	for i, raw := range segments {
		s, err := url.PathUnescape(raw)
		if err != nil || !utf8.ValidString(s) {
			return nil, fmt.Errorf("segment %d: %w", i+1, ErrBadPath)
		}
		segments[i] = s
	}
	return segments, nil
}

// EscapedPath is the request's path as the client sent it. It differs from
// url.URL.EscapedPath in one case that matters for routing: when the client
// left a byte raw that should have been escaped, the standard library encodes
// the decoded path anew, and an encoded slash would become a separator.
func EscapedPath(r *http.Request) string {
	if raw := r.URL.RawPath; raw != "" {
		if p, err := url.PathUnescape(raw); err == nil && p == r.URL.Path {
			return raw
		}
	}
	return r.URL.EscapedPath()
}

// requestURI is path and query as sent, also when the query is a bare '?'.
func requestURI(r *http.Request) string {
	uri := EscapedPath(r)
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		uri += "?" + r.URL.RawQuery
	}
	return uri
}
