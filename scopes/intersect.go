package scopes

// Intersect gives what both sets allow (SC-70 … SC-77). Of two scopes that overlap the narrower is kept: a server of a user,
// or of a group's member, and a user of a group. A nil Groups only makes the result smaller, never larger.
func Intersect(a, b Set, g Groups) Set {
	out := builder{}
	for base, fa := range a.bases {
		fb := b.bases[base]
		switch {
		case fb == nil:
		case fa.all:
			fb.each(base, out.add)
		case fb.all:
			fa.each(base, out.add)
		default:
			meet(out, base, fa, fb)
			narrow(out, base, fa, fb, g)
			narrow(out, base, fb, fa, g)
		}
	}
	return out.set()
}

// meet keeps what is literally on both sides.
func meet(out builder, base string, a, b *filters) {
	one := Set{map[string]*filters{base: b}}
	a.each(base, func(s Scope) {
		if one.Contains(s) {
			out.add(s)
		}
	})
}

// narrow keeps a's servers and users that a wider filter of b covers.
func narrow(out builder, base string, a, b *filters, g Groups) {
	for n := range a.servers {
		if _, ok := b.users[n.owner]; ok || inAny(g, n.owner, b.groups) {
			out.add(Scope{base, KindServer, n.String()})
		}
	}
	for user := range a.users {
		if inAny(g, user, b.groups) {
			out.add(Scope{base, KindUser, user})
		}
	}
}

func inAny(g Groups, user string, groups map[string]struct{}) bool {
	if g == nil {
		return false
	}
	for group := range groups {
		if g.Member(user, group) {
			return true
		}
	}
	return false
}
