package web

import (
	"net/http"
	"strings"
)

// BearerToken is the secret in the Authorization header: scheme "token" or
// "Bearer" in any case, one or more spaces, a secret without spaces (SH-50,
// HB-130). Any other scheme or shape is as good as no header. A token in the
// URL is never looked at.
func BearerToken(r *http.Request) (secret string, ok bool) {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "token") && !strings.EqualFold(scheme, "bearer") {
		return "", false
	}
	fields := strings.Fields(rest)
	if len(fields) != 1 {
		return "", false
	}
	return fields[0], true
}
