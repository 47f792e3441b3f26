package web

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ValidateNext turns the value of a next argument into a path on this host, or
// refuses it (SH-151, OA-105, OA-106, HB-43). An address on one of the own
// origins is cut to its path, query and fragment. ok is false for everything
// that could lead elsewhere and for values that hold control characters or are
// not UTF-8; the caller then uses its default, as if next were absent.
//
// An accepted path begins with '/' and never with two; it is safe in a
// Location header, but not in HTML unless escaped.
func ValidateNext(raw string, own ...Origin) (path string, ok bool) {
	next := strings.TrimSpace(raw)
	if !utf8.ValidString(next) || strings.ContainsFunc(next, unicode.IsControl) {
		return "", false
	}
	// Browsers read a backslash as a slash.
	next = strings.ReplaceAll(next, `\`, "%5C")
	if strings.HasPrefix(next, "///") {
		next = "//" + strings.TrimLeft(next, "/")
	}
	next = stripOrigin(next, own)
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") {
		return "", false
	}
	return next, true
}

// stripOrigin compares the text, not a parsed host: "//host@evil" and
// "//host.evil" must not count as own.
func stripOrigin(next string, own []Origin) string {
	for _, o := range own {
		if o.Host == "" {
			continue
		}
		for _, prefix := range []string{o.String(), "//" + o.Host} {
			rest, found := strings.CutPrefix(next, prefix)
			if found && (rest == "" || rest[0] == '/') {
				return "/" + strings.TrimLeft(rest, "/")
			}
		}
	}
	return next
}

// LoginRedirect is the address that sends a visitor to log in and then back to
// what this request asked for: path and query as sent, escaped once more, so
// that a share code and a nested next survive (SH-141, HB-12).
func LoginRedirect(loginURL string, r *http.Request) string {
	sep := "?"
	if strings.Contains(loginURL, "?") {
		sep = "&"
	}
	return loginURL + sep + "next=" + url.QueryEscape(requestURI(r))
}
