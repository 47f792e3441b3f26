package hubsim

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
)

const recordBody = 4096 // bytes of a request's body that are kept

// copying keeps the beginning of a body that somebody reads.
type copying struct {
	io.ReadCloser
	form  bool
	limit int
	kept  []byte
	cut   bool
}

func (c *copying) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	room := min(n, c.limit-len(c.kept))
	c.kept = append(c.kept, p[:room]...)
	c.cut = c.cut || room < n
	return n, err
}

// copyBody has a request's body kept if it is of a kind whose secrets can be told from the rest.
func (h *Hub) copyBody(r *http.Request, e *entry) {
	if h.cfg.RecordBody < 0 || r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return
	}
	limit := h.cfg.RecordBody
	if limit == 0 {
		limit = recordBody
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case kind == "application/x-www-form-urlencoded":
		e.body = &copying{ReadCloser: r.Body, limit: limit, form: true}
	case kind == "" || kind == "application/json" || strings.HasSuffix(kind, "+json"):
		e.body = &copying{ReadCloser: r.Body, limit: limit}
	default:
		return
	}
	r.Body = e.body
}

const (
	hidden    = "REDACTED"
	hiddenAll = "REDACTED: it is cut off, or is not of the kind that it says"
)

// text is what is shown of a body. What cannot be read is not shown, since it may hold anything.
func (c *copying) text(secrets bool) string {
	switch {
	case c == nil || len(c.kept) == 0:
		return ""
	case secrets:
		return string(bytes.ToValidUTF8(c.kept, []byte("\uFFFD")))
	case c.form:
		return c.formText()
	case c.cut:
		return hiddenAll
	}
	var value any
	dec := json.NewDecoder(bytes.NewReader(c.kept))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil || dec.More() {
		return hiddenAll
	}
	clean, changed := scrubJSON(value, 0)
	if !changed {
		return string(c.kept)
	}
	text, err := json.Marshal(clean)
	if err != nil {
		return hiddenAll
	}
	return string(text)
}

func (c *copying) formText() string {
	text := string(c.kept)
	if c.cut {
		text, _, _ = cutLast(text, "&") // a value without its end could be a part of a secret that does not look like one
	}
	pairs := strings.Split(text, "&")
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		switch {
		case err != nil:
			pairs[i] = hidden
		case ok && value != "" && isSecret(plain):
			pairs[i] = name + "=" + hidden
		case ok:
			pairs[i] = strings.TrimPrefix(web.ScrubURL("?"+pair), "?")
		}
	}
	return strings.Join(pairs, "&")
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// isSecret says whether a field's name speaks of a secret.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"password", "secret", "token", "code", "key", "auth", "_xsrf", "state", "verifier"}, func(part string) bool { return strings.Contains(name, part) })
}

// scrubJSON hides the values of fields that speak of secrets, and secrets inside addresses.
func scrubJSON(value any, depth int) (clean any, changed bool) {
	if depth > maxDepth {
		return hidden, true
	}
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if text, ok := inner.(string); ok && isSecret(name) && text != "" {
				v[name], changed = hidden, true
				continue
			}
			cleaned, differs := scrubJSON(inner, depth+1)
			v[name], changed = cleaned, changed || differs
		}
	case []any:
		for i, inner := range v {
			cleaned, differs := scrubJSON(inner, depth+1)
			v[i], changed = cleaned, changed || differs
		}
	case string:
		if strings.Contains(v, "?") {
			cleaned := web.ScrubURL(v)
			return cleaned, cleaned != v
		}
	}
	return value, changed
}

// internalHeader marks what the hub's own stand-in servers ask, by a word that nobody else knows.
const internalHeader = "X-Hubsim-Internal"

// marking says who asks.
type marking struct {
	next http.RoundTripper
	word string
}

func (m *marking) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(internalHeader, m.word)
	return m.next.RoundTrip(r)
}

// CloseIdleConnections is for the client's method of that name.
func (m *marking) CloseIdleConnections() {
	if c, ok := m.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// tookMark says whether a stand-in server asks, and takes the mark off.
func (h *Hub) tookMark(r *http.Request) bool {
	word := r.Header[internalHeader]
	if len(word) == 0 {
		return false
	}
	r.Header = r.Header.Clone()
	delete(r.Header, internalHeader)
	return subtle.ConstantTimeCompare([]byte(word[0]), []byte(h.internalWord)) == 1
}

// noteHandler keeps which path of the hub took a request.
func noteHandler(r *http.Request) {
	if e := entryOf(r); e != nil {
		e.Handler = r.Pattern
	}
}
