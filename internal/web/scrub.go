package web

import (
	"net/url"
	"strings"
)

// maxNesting is how many addresses inside addresses are opened; what lies
// deeper is hidden unread.
const maxNesting = 8

// ScrubURL makes an address fit for a log: the value of every query parameter
// whose name contains token, auth, key, code, state or _xsrf becomes REDACTED,
// also inside addresses that are themselves values, such as the next of a login
// redirect (OA-192, SH-181). Values that cannot be decoded are hidden whole.
// The rest of the text stays as it is. The result is for people, not for
// another request.
func ScrubURL(raw string) string { return scrub(raw, maxNesting) }

func scrub(raw string, depth int) string {
	address, fragment, hasFragment := strings.Cut(raw, "#")
	path, query, hasQuery := strings.Cut(address, "?")
	out := scrubPath(path, depth)
	if hasQuery {
		out += "?" + scrubQuery(query, depth)
	}
	if hasFragment {
		out += "#" + scrubValue(fragment, depth)
	}
	return out
}

// scrubPath looks behind an encoded question mark: a link that someone escaped
// once too often still carries its secrets.
func scrubPath(path string, depth int) string {
	for i := 0; i+3 <= len(path); i++ {
		if strings.EqualFold(path[i:i+3], "%3f") {
			return path[:i+3] + scrubEncoded(path[i+3:], depth)
		}
	}
	return path
}

func scrubQuery(query string, depth int) string {
	var b strings.Builder
	for query != "" {
		pair := query
		end := strings.IndexAny(query, "&;")
		if end >= 0 {
			pair = query[:end]
		}
		b.WriteString(scrubPair(pair, depth))
		if end < 0 {
			break
		}
		b.WriteByte(query[end])
		query = query[end+1:]
	}
	return b.String()
}

func scrubPair(pair string, depth int) string {
	key, value, ok := strings.Cut(pair, "=")
	name, err := url.QueryUnescape(key)
	key = scrubEncoded(key, depth) // an address may also stand where a name belongs
	switch {
	case !ok:
		return key
	case value == "":
		return key + "="
	case err != nil || secretName(name):
		return key + "=" + redacted
	}
	return key + "=" + scrubEncoded(value, depth)
}

func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"token", "auth", "key", "code", "state", "_xsrf"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// scrubEncoded opens one layer of encoding; text with nothing to hide comes
// back byte for byte.
func scrubEncoded(value string, depth int) string {
	decoded, err := url.QueryUnescape(value)
	if err != nil {
		return redacted
	}
	if !strings.ContainsAny(decoded, "=%") {
		return value
	}
	if depth == 0 {
		return redacted
	}
	if clean := scrubValue(decoded, depth-1); clean != decoded {
		return url.QueryEscape(clean)
	}
	return value
}

// scrubValue treats text without a question mark as a bare query.
func scrubValue(value string, depth int) string {
	if strings.Contains(value, "?") {
		return scrub(value, depth)
	}
	return scrubQuery(value, depth)
}
