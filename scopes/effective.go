package scopes

import "slices"

// Held is everything an owner may do at this moment: the raw scopes of their roles (own, and for a user those of their groups,
// SC-304), and the scopes of the shares they receive, directly and through groups, both expanded (SC-350, SC-351, SH-161).
// Scopes that the registry does not know, such as those of a custom scope since removed, give nothing.
func (r *Registry) Held(o Owner, roles, shares []Scope) Set {
	b := newBuilder(len(roles) + len(shares))
	for _, s := range roles {
		r.expandInto(b, s, o, Client{})
	}
	for _, s := range shares {
		r.expandInto(b, s, o, Client{})
	}
	return b.set()
}

// HeldByStock is what a stock hub cuts tokens by (SC-352, Q-5): shares to the owner's groups are left out of direct, and
// the scopes of direct shares count as they are stored, unexpanded. Hand it to [Registry.Effective] in place of [Registry.Held] only
// to reproduce such a hub; sessions use Held there too.
func (r *Registry) HeldByStock(o Owner, roles, direct []Scope) Set {
	return Union(r.expandKnown(roles, o, Client{}), SetOf(direct...))
}

// Effective is what a token may do at this moment: its stored raw scopes, the access scope of the client it was issued to and its owner's
// identify scopes, never more than its owner holds (SC-354 … SC-358). A token with inherit has exactly what its owner holds.
// Nothing is stored: when rights return to the owner, the token has them again (SC-356).
func (r *Registry) Effective(token []Scope, o Owner, c Client, held Set, g Groups) Set {
	if slices.Contains(token, Inherit) {
		return held
	}
	b := newBuilder(len(token) + 3)
	for _, s := range token {
		r.expandInto(b, s, o, c)
	}
	if s, ok := c.Access(); ok {
		b.add(s)
	}
	for _, s := range o.Identify() {
		b.add(s)
	}
	return Intersect(b.set(), held, g)
}

// Access gives the scope that opens the server or service of a client; false for the hub's own client (SC-357).
func (c Client) Access() (Scope, bool) {
	switch {
	case c.Server != "":
		return Scope{"access:servers", KindServer, c.Server}, true
	case c.Service != "":
		return Scope{"access:services", KindService, c.Service}, true
	}
	return Scope{}, false
}

// Identify gives the scopes that every token of an owner carries, so that its holder can be told who they are (SC-358).
// For an Owner of no known kind there are none.
func (o Owner) Identify() []Scope {
	switch o.Kind {
	case KindUser:
		return []Scope{{"read:users:groups", KindUser, o.Name}, {"read:users:name", KindUser, o.Name}}
	case KindService:
		return []Scope{{"read:services:name", KindService, o.Name}}
	}
	return nil
}

// IdentifyRaw gives the identify scopes of whoever the user will be, as an OAuth client asks for them (SC-358, OA-28).
func IdentifyRaw() []Scope {
	return []Scope{{"read:users:groups", KindUser, ""}, {"read:users:name", KindUser, ""}}
}

// Excess gives what raw scopes imply beyond what their owner holds: the reason to refuse a new token (SC-341). inherit
// exceeds nothing when it stands alone, and is left out of a longer list.
func (r *Registry) Excess(raw []Scope, o Owner, c Client, held Set, g Groups) (Set, error) {
	rest := slices.DeleteFunc(slices.Clone(raw), func(s Scope) bool { return s == Inherit })
	want, err := r.Expand(rest, o, c)
	if err != nil {
		return Set{}, err
	}
	return want.Minus(Intersect(want, held, g)), nil
}

// Granted gives those of the required scopes that a service or server may take as granted, having been told by the hub what its
// visitor's token may do (SC-432). One of them is enough. It knows no groups, so a group's scope opens nothing.
func Granted(required []Scope, told Set) []Scope {
	both := Intersect(SetOf(required...), told, nil)
	return slices.DeleteFunc(slices.Clone(required), func(s Scope) bool { return !both.Contains(s) })
}
