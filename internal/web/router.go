package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Router finds the handler of an escaped path. It never cleans a path and
// never redirects, because "/shares/a" and "/shares/a/" are two resources
// (HB-4); methods are the handlers' business.
//
// A pattern is an escaped path whose segments are literals, {name} (not
// empty), {name?} (may be empty, but its slash must be there) or, as the last
// one, {name...}: the rest behind that slash, none included. At each segment a
// literal is preferred to {name}, that to {name?}, that to {name...}.
//
// The zero value is ready. Register everything before serving; after that it
// is safe for concurrent use.
type Router struct {
	// NotFound answers paths without a handler; nil = 404 in JSON.
	NotFound http.Handler
	// BadPath answers paths that cannot be decoded; nil = 400 in JSON.
	BadPath http.Handler

	root node
}

// node is one position in the tree of patterns. Parameter names live at the
// leaves, so that two patterns may name the same position differently.
type node struct {
	literal map[string]*node
	param   *node // {name}
	maybe   *node // {name?}
	rest    *leaf // {name...}
	end     *leaf
}

type leaf struct {
	pattern string
	names   []string
	handler http.Handler
}

// Handle registers h for a pattern. It panics when the pattern is malformed or
// matches exactly what an earlier one does: both are mistakes in the program.
func (rt *Router) Handle(pattern string, h http.Handler) {
	if h == nil {
		panic(fmt.Sprintf("web: pattern %q has no handler", pattern))
	}
	if !strings.HasPrefix(pattern, "/") {
		panic(fmt.Sprintf("web: pattern %q does not begin with a slash", pattern))
	}
	l := &leaf{pattern: pattern, handler: h}
	at := &rt.root
	segments := strings.Split(pattern[1:], "/")
	for i, s := range segments {
		name, kind := parameter(pattern, s)
		if kind != ' ' {
			for _, other := range l.names {
				if other == name {
					panic(fmt.Sprintf("web: pattern %q names %q twice", pattern, name))
				}
			}
			l.names = append(l.names, name)
		}
		switch kind {
		case '.':
			if i != len(segments)-1 {
				panic(fmt.Sprintf("web: pattern %q goes on after {%s...}", pattern, name))
			}
			place(&at.rest, l)
			return
		case '?':
			at = child(&at.maybe)
		case '!':
			at = child(&at.param)
		default:
			if at.literal == nil {
				at.literal = map[string]*node{}
			}
			next := at.literal[name]
			at.literal[name] = child(&next)
			at = next
		}
	}
	place(&at.end, l)
}

// parameter reads one segment of a pattern; kind is '!' for {name}, '?', '.'
// for {name...} and ' ' for a literal, which comes back decoded.
func parameter(pattern, s string) (name string, kind byte) {
	kind = ' '
	if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
		name, kind = s[1:len(s)-1], '!'
		if n, ok := strings.CutSuffix(name, "..."); ok {
			name, kind = n, '.'
		} else if n, ok := strings.CutSuffix(name, "?"); ok {
			name, kind = n, '?'
		}
		if name == "" {
			panic(fmt.Sprintf("web: pattern %q has a parameter without a name", pattern))
		}
	} else {
		name = s
	}
	if strings.ContainsAny(name, "{}") {
		panic(fmt.Sprintf("web: pattern %q has a stray brace in %q", pattern, s))
	}
	if kind != ' ' {
		return name, kind
	}
	decoded, err := SplitPath("/" + s)
	if err != nil {
		panic(fmt.Sprintf("web: pattern %q: %v", pattern, err))
	}
	return decoded[0], kind
}

func child(n **node) *node {
	if *n == nil {
		*n = &node{}
	}
	return *n
}

func place(at **leaf, l *leaf) {
	if *at != nil {
		panic(fmt.Sprintf("web: pattern %q matches what %q does", l.pattern, (*at).pattern))
	}
	*at = l
}

// Lookup finds the handler for the request's path. Parameters are decoded,
// except {name...}, which stays as it was sent: decoding would turn an encoded
// slash into a separator. ok is false when nothing matches; err is ErrBadPath,
// wrapped, when the path cannot be decoded.
func (rt *Router) Lookup(r *http.Request) (h http.Handler, params map[string]string, ok bool, err error) {
	l, params, err := rt.find(r)
	if l == nil || err != nil {
		return nil, nil, false, err
	}
	return l.handler, params, true, nil
}

func (rt *Router) find(r *http.Request) (*leaf, map[string]string, error) {
	escaped := EscapedPath(r)
	segments, err := SplitPath(escaped)
	if err != nil {
		return nil, nil, err
	}
	m := match{segments: segments, escaped: strings.Split(strings.TrimPrefix(escaped, "/"), "/")}
	l := m.walk(&rt.root, 0)
	if l == nil {
		return nil, nil, nil
	}
	params := make(map[string]string, len(l.names))
	for i, name := range l.names {
		params[name] = m.values[i]
	}
	return l, params, nil
}

// match is one search; values are those of the parameters on the way down.
type match struct {
	segments, escaped []string
	values            []string
}

// walk tries the most particular branch first and comes back from dead ends.
// A node of the tree is visited once at most, so no path makes this slow.
func (m *match) walk(n *node, i int) *leaf {
	if i == len(m.segments) {
		return n.end
	}
	s := m.segments[i]
	if next := n.literal[s]; next != nil {
		if l := m.walk(next, i+1); l != nil {
			return l
		}
	}
	depth := len(m.values)
	if n.param != nil && s != "" {
		m.values = append(m.values[:depth], s)
		if l := m.walk(n.param, i+1); l != nil {
			return l
		}
	}
	if n.maybe != nil {
		m.values = append(m.values[:depth], s)
		if l := m.walk(n.maybe, i+1); l != nil {
			return l
		}
	}
	m.values = m.values[:depth]
	if n.rest != nil {
		m.values = append(m.values, strings.Join(m.escaped[i:], "/"))
	}
	return n.rest
}

// ServeHTTP hands the request to the handler of its path, with each parameter
// set as a path value and the pattern in r.Pattern.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l, params, err := rt.find(r)
	switch {
	case err != nil:
		serveOr(rt.BadPath, http.StatusBadRequest, w, r)
	case l == nil:
		serveOr(rt.NotFound, http.StatusNotFound, w, r)
	default:
		for name, value := range params {
			r.SetPathValue(name, value)
		}
		r.Pattern = l.pattern
		l.handler.ServeHTTP(w, r)
	}
}

func serveOr(h http.Handler, status int, w http.ResponseWriter, r *http.Request) {
	if h == nil {
		WriteError(w, &Error{Status: status})
		return
	}
	h.ServeHTTP(w, r)
}

// Patterns lists what was registered, sorted.
func (rt *Router) Patterns() []string {
	out := rt.root.patterns(nil)
	slices.Sort(out)
	return out
}

func (n *node) patterns(out []string) []string {
	if n == nil {
		return out
	}
	for _, l := range []*leaf{n.rest, n.end} {
		if l != nil {
			out = append(out, l.pattern)
		}
	}
	for _, next := range n.literal {
		out = next.patterns(out)
	}
	return n.maybe.patterns(n.param.patterns(out))
}
