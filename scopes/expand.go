package scopes

import "strings"

// Expand lists everything that raw scopes imply for an owner and a client (SC-40 … SC-46). A shorthand without a target, and
// self for anything but a user, contribute nothing. A base that the registry does not know is an error that wraps [ErrUnknownScope].
func (r *Registry) Expand(raw []Scope, o Owner, c Client) (Set, error) {
	b := builder{}
	for _, s := range raw {
		if !r.expandInto(b, s, o, c) {
			return Set{}, unknownScope(clip(s.String()), "")
		}
	}
	return b.set(), nil
}

// expandKnown is Expand for stored scopes: a custom scope that is no longer defined grants nothing, and is no reason to fail.
func (r *Registry) expandKnown(raw []Scope, o Owner, c Client) Set {
	b := builder{}
	for _, s := range raw {
		r.expandInto(b, s, o, c)
	}
	return b.set()
}

// expandInto reports whether the base is known.
func (r *Registry) expandInto(b builder, s Scope, o Owner, c Client) bool {
	implied, known := r.closure[s.Base]
	if !known {
		return false
	}
	if s == (Scope{Base: metaSelf}) {
		if o.Kind == KindUser {
			for _, base := range selfScopes {
				for _, sub := range r.closure[base] {
					b.add(Scope{sub, KindUser, o.Name})
				}
			}
		}
		return true
	}
	name := s.Name
	if s.Kind != "" && name == "" {
		if name = resolve(s.Kind, o, c); name == "" {
			return true
		}
	}
	// A server has no name, groups or activity of a user to read; whatever would read a user is dropped there, the scope itself included (SC-41).
	onServer := strings.HasPrefix(s.Kind, KindServer)
	for _, base := range implied {
		if onServer && strings.HasPrefix(base, "read:user") {
			continue
		}
		b.add(Scope{base, s.Kind, name})
	}
	return true
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
