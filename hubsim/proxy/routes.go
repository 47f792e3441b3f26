package proxy

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/hubshare/hubshare/internal/web"
)

// route is one prefix with its target. It is never changed, only replaced.
type route struct {
	prefix string
	serve  func(*tiedWriter, *http.Request)
	// life ends when the route is removed, and all that runs over it with it.
	life context.Context
	end  context.CancelFunc
	// release frees what the target holds, once nothing new can arrive.
	release func()
}

// routes finds the longest prefix by whole decoded segments (HB-74).
type routes struct {
	mu     sync.RWMutex
	byKey  map[string]*route
	depth  int // segments of the longest prefix ever added
	closed bool
}

// put replaces the route of that prefix; what ran over the old one ends.
func (t *routes) put(r *route) {
	segments := prefixSegments(r.prefix)
	t.mu.Lock()
	old := t.byKey[key(segments)]
	closed := t.closed
	if !closed {
		if t.byKey == nil {
			t.byKey = map[string]*route{}
		}
		t.byKey[key(segments)] = r
		t.depth = max(t.depth, len(segments))
	}
	t.mu.Unlock()
	if closed {
		old = r
	}
	old.finish()
}

// take removes and ends the route of that prefix, if there is one.
func (t *routes) take(prefix string) {
	k := key(prefixSegments(prefix))
	t.mu.Lock()
	old := t.byKey[k]
	delete(t.byKey, k)
	t.mu.Unlock()
	old.finish()
}

// close ends all routes; none can be added any more.
func (t *routes) close() {
	t.mu.Lock()
	all := t.byKey
	t.byKey, t.closed = nil, true
	t.mu.Unlock()
	for _, r := range all {
		r.finish()
	}
}

func (r *route) finish() {
	if r != nil {
		r.end()
		r.release()
	}
}

// find gives nil when no prefix matches. The path has a segment, maybe an empty
// one, behind the prefix: "/user/ann" alone is not ann's server's.
func (t *routes) find(segments []string) *route {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for n := min(len(segments)-1, t.depth); n > 0; n-- {
		if r := t.byKey[key(segments[:n])]; r != nil {
			return r
		}
	}
	return nil
}

// prefixSegments splits a decoded prefix, which no name can confuse, since none
// holds a slash.
func prefixSegments(prefix string) []string {
	if len(prefix) < 3 || prefix[0] != '/' || prefix[len(prefix)-1] != '/' {
		panic("proxy: a prefix begins and ends with a slash and has a name between, unlike " + prefix)
	}
	return strings.Split(prefix[1:len(prefix)-1], "/")
}

// pathSegments decodes like web.SplitPath, but lets bytes pass that are not
// UTF-8: they are the target's to judge (HB-196).
func pathSegments(escaped string) ([]string, error) {
	segments := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	for i, raw := range segments {
		s, err := url.PathUnescape(raw)
		if err != nil {
			return nil, web.ErrBadPath
		}
		segments[i] = s
	}
	return segments, nil
}

// key joins segments so that one with a slash inside stays one.
func key(segments []string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString(web.EscapeSegment(s))
		b.WriteByte('/')
	}
	return b.String()
}
