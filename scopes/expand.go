package scopes

import "strings"

// implied is what a base stands for once expanded (SC-40).
type implied struct {
	bases, onServer mask     // of a built-in base: those implied, and those left where the filter is a server (SC-41)
	custom          []string // of a custom scope: those implied
}

// Expand lists everything that raw scopes imply for an owner and a client (SC-40 … SC-46). A shorthand without a target, and
// self for anything but a user, contribute nothing. A base that the registry does not know is an error that wraps
// [ErrUnknownScope]; more than [MaxScopes] are one that wraps [ErrTooMany].
func (r *Registry) Expand(raw []Scope, o Owner, c Client) (Set, error) {
	if len(raw) > MaxScopes {
		return Set{}, tooMany(len(raw))
	}
	b := newBuilder(len(raw))
	for _, s := range raw {
		if !r.expandInto(b, s, o, c) {
			return Set{}, unknownScope(clip(s.String()), "")
		}
	}
	return b.set(), nil
}

// expandKnown is Expand for stored scopes: a custom scope that is no longer defined grants nothing, and is no reason to fail.
func (r *Registry) expandKnown(raw []Scope, o Owner, c Client) Set {
	b := newBuilder(len(raw))
	for _, s := range raw {
		r.expandInto(b, s, o, c)
	}
	return b.set()
}

// expandInto reports whether the base is known.
func (r *Registry) expandInto(b *builder, s Scope, o Owner, c Client) bool {
	what, known := r.implies(s.Base)
	if !known {
		return false
	}
	if s == (Scope{Base: metaSelf}) {
		if o.Kind == KindUser {
			b.addMask(KindUser, o.Name, r.self)
		}
		return true
	}
	name := s.Name
	if s.Kind != "" && name == "" {
		if name = resolve(s.Kind, o, c); name == "" {
			return true
		}
	}
	if strings.HasPrefix(s.Kind, KindServer) {
		b.addMask(s.Kind, name, what.onServer)
	} else {
		b.addMask(s.Kind, name, what.bases)
	}
	for _, base := range what.custom {
		b.addBase(base, s.Kind, name)
	}
	return true
}

// implies looks a base up.
func (r *Registry) implies(base string) (*implied, bool) {
	if bit := bitOf(base); bit != 0 {
		return &r.builtins[bit.index()], r.known&bit != 0
	}
	what, ok := r.custom[base]
	return what, ok
}

// resolve gives the name that a shorthand stands for, or "" (SC-49).
func resolve(kind string, o Owner, c Client) string {
	switch kind {
	case KindUser:
		if o.Kind == KindUser {
			return o.Name
		}
	case KindServer:
		return c.Server
	case KindService:
		if c.Service != "" {
			return c.Service
		}
		if o.Kind == KindService {
			return o.Name
		}
	}
	return ""
}
