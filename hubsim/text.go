package hubsim

import (
	"crypto/sha256"
	"crypto/subtle"
	"html"
	"net/url"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
)

func queryEscape(s string) string { return url.QueryEscape(s) }

func htmlEscape(s string) string { return html.EscapeString(s) }

// sameSecret compares in constant time, whatever the lengths.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func originOf(rawURL string) (web.Origin, bool) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return web.Origin{}, false
	}
	return web.Origin{Scheme: u.Scheme, Host: u.Host}, true
}

// plainPath decodes an escaped path segment by segment.
func plainPath(escaped string) (string, error) {
	segments, err := web.SplitPath(escaped)
	if err != nil {
		return "", err
	}
	return "/" + strings.Join(segments, "/"), nil
}
