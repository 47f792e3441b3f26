package scopes

import (
	"slices"
	"strings"
)

// Set is a set of expanded scopes: every implied scope is listed, and no shorthand is left. It is immutable and safe for
// concurrent use; the zero Set is empty and denies everything.
//
// A base that is held unfiltered swallows its filtered forms (SC-60, SC-62); nothing else is dropped.
type Set struct{ bases map[string]*filters }

// filters is what one base is limited to. With all, the rest is empty.
type filters struct {
	all      bool
	users    map[string]struct{}
	groups   map[string]struct{}
	services map[string]struct{}
	servers  map[serverName]struct{}
	other    map[Scope]struct{} // filters of unknown kind: kept, listed, and never satisfied (SC-44)
}

// serverName is a server filter's name, split once so that a check needs no concatenation. bare marks a value
// without a slash: it is listed, covers no server, but has an owner part (SC-15).
type serverName struct {
	owner, name string
	bare        bool
}

func splitServer(value string) serverName {
	owner, name, ok := strings.Cut(value, "/")
	return serverName{owner, name, !ok}
}

func (n serverName) String() string {
	if n.bare {
		return n.owner
	}
	return n.owner + "/" + n.name
}

// SetOf collects scopes that are expanded already. It expands nothing and drops shorthands, which mean nothing without an owner (SC-80).
func SetOf(expanded ...Scope) Set {
	b := builder{}
	for _, s := range expanded {
		b.add(s)
	}
	return b.set()
}

// builder gathers a set. It must not be used after set().
type builder map[string]*filters

func (b builder) set() Set {
	if len(b) == 0 {
		return Set{}
	}
	return Set{bases: b}
}

func (b builder) at(base string) *filters {
	f := b[base]
	if f == nil {
		f = &filters{}
		b[base] = f
	}
	return f
}

func put[K comparable](m *map[K]struct{}, k K) {
	if *m == nil {
		*m = map[K]struct{}{}
	}
	(*m)[k] = struct{}{}
}

func (b builder) add(s Scope) {
	switch {
	case s.Kind == "":
		*b.at(s.Base) = filters{all: true}
		return
	case s.Name == "":
		return
	}
	f := b.at(s.Base)
	if f.all {
		return
	}
	switch s.Kind {
	case KindUser:
		put(&f.users, s.Name)
	case KindGroup:
		put(&f.groups, s.Name)
	case KindService:
		put(&f.services, s.Name)
	case KindServer:
		put(&f.servers, splitServer(s.Name))
	default:
		put(&f.other, s)
	}
}

func (b builder) addSet(s Set) {
	for base, f := range s.bases {
		if f.all {
			b.add(Scope{Base: base})
			continue
		}
		f.each(base, b.add)
	}
}

// each calls yield with every scope of one base, in no order.
func (f *filters) each(base string, yield func(Scope)) {
	if f.all {
		yield(Scope{Base: base})
		return
	}
	for n := range f.users {
		yield(Scope{base, KindUser, n})
	}
	for n := range f.servers {
		yield(Scope{base, KindServer, n.String()})
	}
	for n := range f.groups {
		yield(Scope{base, KindGroup, n})
	}
	for n := range f.services {
		yield(Scope{base, KindService, n})
	}
	for s := range f.other {
		yield(s)
	}
}

// Scopes lists the set, sorted (SC-3).
func (s Set) Scopes() []Scope {
	out := make([]Scope, 0, len(s.bases))
	for base, f := range s.bases {
		f.each(base, func(sc Scope) { out = append(out, sc) })
	}
	slices.SortFunc(out, Compare)
	return out
}

// Strings lists the set as texts, sorted: the form in which a hub shows it.
func (s Set) Strings() []string { return Strings(s.Scopes()) }

// String gives the scopes separated by spaces.
func (s Set) String() string { return strings.Join(s.Strings(), " ") }

// Len counts the scopes in the set.
func (s Set) Len() int {
	n := 0
	for base, f := range s.bases {
		f.each(base, func(Scope) { n++ })
	}
	return n
}

// Contains says whether exactly this scope is listed, or its base unfiltered. It is no access check: use [Set.Allows].
func (s Set) Contains(sc Scope) bool {
	f := s.bases[sc.Base]
	switch {
	case f == nil:
		return false
	case f.all:
		return true
	}
	var ok bool
	switch sc.Kind {
	case KindUser:
		_, ok = f.users[sc.Name]
	case KindGroup:
		_, ok = f.groups[sc.Name]
	case KindService:
		_, ok = f.services[sc.Name]
	case KindServer:
		_, ok = f.servers[splitServer(sc.Name)]
	default:
		_, ok = f.other[sc]
	}
	return ok
}

// Holds says whether a base is held in any form, filtered or not: what a list endpoint asks before it filters its rows (SC-96).
func (s Set) Holds(base string) bool { return s.bases[base] != nil }

// Unfiltered says whether a base is held without any filter.
func (s Set) Unfiltered(base string) bool {
	f := s.bases[base]
	return f != nil && f.all
}

// Kinds lists the kinds of filter under which a base is held, sorted; nothing for an unfiltered base or one not held (SC-96).
func (s Set) Kinds(base string) []string {
	var out []string
	f := s.bases[base]
	if f == nil || f.all {
		return out
	}
	f.each(base, func(sc Scope) { out = append(out, sc.Kind) })
	slices.Sort(out)
	return slices.Compact(out)
}

// Union gives everything that is in either set, reduced (SC-62).
func Union(sets ...Set) Set {
	b := builder{}
	for _, s := range sets {
		b.addSet(s)
	}
	return b.set()
}

// Equal says whether two sets list the same scopes.
func (s Set) Equal(t Set) bool { return slices.Equal(s.Scopes(), t.Scopes()) }
