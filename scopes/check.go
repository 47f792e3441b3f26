package scopes

import (
	"slices"
	"strings"
)

// Allows says whether an action may be done to a resource (SC-80 … SC-88, SC-90). A filter on a user covers that user's servers,
// a filter on a group its members and their servers, at this moment. For the zero Resource only the unfiltered scope will do.
// It does not allocate.
func (s Set) Allows(base string, on Resource, g Groups) bool {
	f := s.bases[base]
	if f == nil {
		return false
	}
	return f.all || f.covers(on, g)
}

func (f *filters) covers(on Resource, g Groups) bool {
	switch on.Kind {
	case KindServer:
		if _, ok := f.servers[serverName{owner: on.Owner, name: on.Name}]; ok {
			return true
		}
		if _, ok := f.users[on.Owner]; ok {
			return true
		}
		return inAny(g, on.Owner, f.groups)
	case KindUser:
		if _, ok := f.users[on.Name]; ok {
			return true
		}
		return inAny(g, on.Name, f.groups)
	case KindGroup:
		_, ok := f.groups[on.Name]
		return ok
	case KindService:
		_, ok := f.services[on.Name]
		return ok
	}
	return false
}

// Has is [Set.Allows] for a required scope in its text form: base, or base filtered to one resource. A shorthand
// is an error that wraps [ErrUnexpanded] (SC-80).
func (s Set) Has(required Scope, g Groups) (bool, error) {
	on := Resource{Kind: required.Kind, Name: required.Name}
	switch {
	case required.Kind == "":
		return s.Allows(required.Base, Resource{}, g), nil
	case required.Name == "":
		text := required.String()
		return false, &Error{Scope: text, err: ErrUnexpanded, text: "Unexpanded scope filter " + text + " not allowed. Use expanded scopes."}
	case required.Kind == KindServer:
		n := splitServer(required.Name)
		if n.bare {
			// Not the name of a server: only a literally equal scope, or one on its owner part, answers (SC-15).
			return s.Contains(required) || s.Allows(required.Base, User(n.owner), g), nil
		}
		on.Owner, on.Name = n.owner, n.name
	}
	return s.Allows(required.Base, on, g), nil
}

// Decision explains an answer.
type Decision struct {
	Allowed bool
	By      Scope    // the held scope that allowed it
	Missing []string // when refused: the bases of which any one would have done, as asked
	// Hidden: a base is held, but for other resources. The caller must not learn whether this one exists: answer as for a
	// resource that does not (SC-94; 404 in HTTP). Otherwise a refusal may say what is missing (SC-95; 403).
	Hidden bool
	on     Resource
}

// Explain answers whether any of several bases allows an action on a resource, by which scope, or what was missing (SC-93 … SC-95).
func (s Set) Explain(bases []string, on Resource, g Groups) Decision {
	held := false
	for _, base := range bases {
		f := s.bases[base]
		if f == nil {
			continue
		}
		held = true
		if f.all || f.covers(on, g) {
			return Decision{Allowed: true, By: f.witness(base, on, g), on: on}
		}
	}
	return Decision{Missing: slices.Clone(bases), Hidden: held && on.Kind != "", on: on}
}

// witness names the widest held scope that covers a resource.
func (f *filters) witness(base string, on Resource, g Groups) Scope {
	user := on.Owner
	if on.Kind == KindUser {
		user = on.Name
	}
	if f.all {
		return Scope{Base: base}
	}
	if on.Kind == KindUser || on.Kind == KindServer {
		if _, ok := f.users[user]; ok {
			return Scope{base, KindUser, user}
		}
		var found []string
		for group := range f.groups {
			if g != nil && g.Member(user, group) {
				found = append(found, group)
			}
		}
		if len(found) > 0 {
			return Scope{base, KindGroup, slices.Min(found)}
		}
	}
	return on.Scope(base)
}

// String says it in one line, with the texts of SC-94 and SC-95.
func (d Decision) String() string {
	switch {
	case d.Allowed:
		return "allowed by " + d.By.String()
	case d.Hidden:
		return "No access to resources or resources not found"
	}
	return "Action is not authorized with current scopes; requires any of [" + strings.Join(d.Missing, ", ") + "]"
}
