package scopes

import (
	"slices"
	"strings"
)

// Allows says whether an action may be done to a resource (SC-80 … SC-88, SC-90). A filter on a user covers that user's servers,
// a filter on a group its members and their servers, at this moment. For the zero Resource only the unfiltered scope will do.
// It does not allocate. Where neither the name nor its owner decides, each group filter on the base costs one question to g, or if g
// is a [GroupLister] and there are many, each group of the user one look-up.
func (s Set) Allows(base string, on Resource, g Groups) bool {
	c := s.content()
	base, bit := place(base)
	if base == "" {
		if c.all&bit != 0 {
			return true
		}
		if c.held&bit == 0 {
			return false
		}
	} else if c.unfiltered(base) != 0 {
		return true
	}
	switch on.Kind {
	case KindServer:
		owner := hashName(on.Owner)
		return c.at(seal(kindUser, base, owner), base, "", on.Owner)&bit != 0 ||
			c.at(seal(kindServer, base, mix(hashName(on.Name), owner)), base, on.Owner, on.Name)&bit != 0 ||
			c.byGroups(on.Owner, base, bit, g) != 0
	case KindUser:
		return c.at(seal(kindUser, base, hashName(on.Name)), base, "", on.Name)&bit != 0 ||
			c.byGroups(on.Name, base, bit, g) != 0
	case KindGroup:
		return c.under(kindGroup, key{base: base, name: on.Name})&bit != 0
	case KindService:
		return c.under(kindService, key{base: base, name: on.Name})&bit != 0
	}
	return false
}

// Has is [Set.Allows] for a required scope in its text form: base, or base filtered to one resource. A shorthand
// is an error that wraps [ErrUnexpanded] (SC-80).
func (s Set) Has(required Scope, g Groups) (bool, error) {
	on := Resource{Kind: required.Kind, Name: required.Name}
	switch {
	case required.Unfiltered():
		return s.Allows(required.Base, Resource{}, g), nil
	case required.Name == "":
		return false, unexpanded(required)
	case required.Kind == KindServer:
		k, owner, name := split(KindServer, required.Name)
		if k == kindBare {
			// Not the name of a server: only a literally equal scope, or one on its owner part, answers (SC-15).
			return s.Contains(required) || s.Allows(required.Base, User(owner), g), nil
		}
		on.Owner, on.Name = owner, name
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
}

// Explain answers whether any of several bases allows an action on a resource, by which scope, or what was missing (SC-93 … SC-95).
// A nil g knows nobody. It allows exactly what [Set.Allows] allows, at the price of looking for a name to give.
func (s Set) Explain(bases []string, on Resource, g Groups) Decision {
	held := false
	// The first base that allows ends the search, since scopes only ever add: nothing after it could take that back. A refusal
	// has asked all of them, because Hidden is about every base.
	for _, base := range bases {
		if by, ok := s.witness(base, on, g); ok {
			return Decision{Allowed: true, By: by}
		}
		held = held || s.Holds(base)
	}
	return Decision{Missing: slices.Clone(bases), Hidden: held && on.Kind != ""}
}

// witness names the widest held scope that allows an action. It is apart from Allows on purpose: that one stops at whatever it finds
// first, in no order that a reader could be told. What must agree is the answer, and the properties hold it to that.
func (s Set) witness(base string, on Resource, g Groups) (Scope, bool) {
	c := s.content()
	at, bit := place(base)
	if c.unfiltered(at)&bit != 0 {
		return Scope{Base: base}, true
	}
	user := on.Owner
	if on.Kind == KindUser {
		user = on.Name
	}
	if on.Kind == KindUser || on.Kind == KindServer {
		if c.under(kindUser, key{base: at, name: user})&bit != 0 {
			return Scope{base, KindUser, user}, true
		}
		if group := c.firstGroup(user, at, bit, g); group != "" {
			return Scope{base, KindGroup, group}, true
		}
	}
	return on.Scope(base), s.Allows(base, on, g)
}

// firstGroup names the first by name of the group filters through which a user is covered, or "".
func (c *content) firstGroup(user, base string, bit mask, g Groups) string {
	var first string
	consider := func(name string) {
		if first == "" || name < first {
			first = name
		}
	}
	if l, ok := g.(GroupLister); ok {
		for _, name := range l.GroupsOf(user) {
			if c.under(kindGroup, key{base: base, name: name})&bit != 0 {
				consider(name)
			}
		}
		return first
	}
	for _, i := range c.groups {
		if e := &c.list[i]; g != nil && e.base == base && e.mask&bit != 0 && g.Member(user, e.name) {
			consider(e.name)
		}
	}
	return first
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
