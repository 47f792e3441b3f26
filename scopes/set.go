package scopes

import (
	"cmp"
	"slices"
	"strings"
)

// Set is a set of expanded scopes: every implied scope is listed, and no shorthand is left. It is immutable and safe for
// concurrent use; the zero Set is empty and denies everything.
//
// A base that is held unfiltered swallows its filtered forms (SC-60, SC-62); nothing else is dropped.
// Sets are compared with [Set.Equal], not with ==.
type Set struct {
	_ [0]func() // == would compare where they are kept
	c *content
}

func (s Set) content() *content {
	if s.c == nil {
		return &nothing
	}
	return s.c
}

// SetOf collects scopes that are expanded already. It expands nothing and drops shorthands, which mean nothing without an owner (SC-80).
func SetOf(expanded ...Scope) Set {
	b := newBuilder(len(expanded))
	for _, s := range expanded {
		b.add(s)
	}
	return b.set()
}

// each calls yield with every scope, in no order.
func (c *content) each(yield func(Scope)) {
	c.all.each(func(base string) { yield(Scope{Base: base}) })
	for i := range c.list {
		c.list[i].each(yield)
	}
}

// Scopes lists the set, sorted (SC-3).
func (s Set) Scopes() []Scope {
	type line struct {
		text string
		Scope
	}
	lines := make([]line, 0, s.Len())
	s.content().each(func(sc Scope) { lines = append(lines, line{sc.String(), sc}) })
	slices.SortFunc(lines, func(a, b line) int { return cmp.Compare(a.text, b.text) })
	out := make([]Scope, len(lines))
	for i, l := range lines {
		out[i] = l.Scope
	}
	return out
}

// Strings lists the set as texts, sorted: the form in which a hub shows it.
func (s Set) Strings() []string {
	out := make([]string, 0, s.Len())
	s.content().each(func(sc Scope) { out = append(out, sc.String()) })
	slices.Sort(out)
	return out
}

// String gives the scopes separated by spaces.
func (s Set) String() string { return strings.Join(s.Strings(), " ") }

// Len counts the scopes in the set.
func (s Set) Len() int {
	c := s.content()
	n := c.all.count()
	for i := range c.list {
		n += c.list[i].mask.count()
	}
	return n
}

// Contains says whether exactly this scope is listed, or its base unfiltered. It is no access check: use [Set.Allows].
func (s Set) Contains(sc Scope) bool {
	c := s.content()
	base, bit := place(sc.Base)
	if c.unfiltered(base)&bit != 0 {
		return true
	}
	if sc.Name == "" {
		return false
	}
	k, owner, name := split(sc.Kind, sc.Name)
	return c.under(k, key{base, owner, name})&bit != 0
}

// place says where a base is kept: the built-in ones together, any other under its name, the empty one nowhere.
func place(base string) (string, mask) {
	if bit := bitOf(base); bit != 0 {
		return "", bit
	}
	return base, only
}

// Holds says whether a base is held in any form, filtered or not: what a list endpoint asks before it filters its rows (SC-96).
func (s Set) Holds(base string) bool {
	c := s.content()
	if bit := bitOf(base); bit != 0 {
		return c.held&bit != 0
	}
	id := key{base: base}
	return base != "" && c.find(hash(kindHead, id), base, "", "") != nil
}

// Unfiltered says whether a base is held without any filter.
func (s Set) Unfiltered(base string) bool { return s.Contains(Scope{Base: base}) }

// Kinds lists the kinds of filter under which a base is held, sorted; nothing for an unfiltered base or one not held (SC-96).
func (s Set) Kinds(base string) []string {
	var out []string
	c := s.content()
	base, bit := place(base)
	for i := range c.list {
		if e := &c.list[i]; e.base == base && e.mask&bit != 0 && e.kind() != kindHead {
			kind, _ := e.filter()
			out = append(out, kind)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Union gives everything that is in any of the sets, reduced (SC-62).
func Union(sets ...Set) Set {
	n := 0
	for _, s := range sets {
		n += len(s.content().list)
	}
	b := newBuilder(2 * n)
	for _, s := range sets {
		c := s.content()
		b.all |= c.all
		for i := range c.list {
			b.addEntry(&c.list[i], c.list[i].mask)
		}
	}
	return b.set()
}

// Minus gives the scopes of s that t does not list, text for text: nothing is said about what they reach.
func (s Set) Minus(t Set) Set { return minus(s.content(), t.content()) }

// minus also takes a d that is still being built, and so not reduced yet.
func minus(c, d *content) Set {
	b := newBuilder(2 * len(c.list))
	b.all = c.all &^ d.all
	for i := range c.list {
		e := &c.list[i]
		left := e.mask
		if same := d.find(e.hash, e.base, e.owner, e.name); same != nil {
			left &^= same.mask &^ d.swallows(e)
		}
		b.addEntry(e, left)
	}
	return b.set()
}

// swallows gives the bases held without filter, for an entry that has one.
func (c *content) swallows(e *entry) mask {
	if e.kind() == kindHead {
		return 0
	}
	return c.unfiltered(e.base)
}

// Equal says whether two sets list the same scopes.
func (s Set) Equal(t Set) bool {
	c, d := s.content(), t.content()
	if c.all != d.all || len(c.list) != len(d.list) {
		return false
	}
	for i := range c.list {
		e := &c.list[i]
		if same := d.find(e.hash, e.base, e.owner, e.name); same == nil || same.mask != e.mask {
			return false
		}
	}
	return true
}
