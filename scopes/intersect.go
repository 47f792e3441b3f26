package scopes

// Intersect gives what both sets allow (SC-70 … SC-77). Of two scopes that overlap the narrower is kept: a server of a user,
// or of a group's member, and a user of a group. A nil Groups only makes the result smaller, never larger.
//
// It takes time in proportion to both sets together; if either holds many groups, that needs a [GroupLister].
func Intersect(a, b Set, g Groups) Set {
	c, d := a.content(), b.content()
	out := newBuilder(len(c.list) + len(d.list))
	out.all = c.all & d.all
	out.narrow(c, d, g)
	out.narrow(d, c, g)
	return out.set()
}

// narrow keeps of c what d covers: bases held unfiltered there, the same filters, servers and users within wider filters.
func (b *builder) narrow(c, d *content, g Groups) {
	for i := range c.list {
		e := &c.list[i]
		covered := d.unfiltered(e.base)
		if missing := e.mask &^ covered; missing != 0 {
			if same := d.find(e.hash, e.base, e.owner, e.name); same != nil {
				covered |= same.mask
			}
			covered |= d.within(e, missing&^covered, g)
		}
		b.addEntry(e, e.mask&covered)
	}
}

// within gives those of the wanted bases that a wider filter covers for an entry: for a server its owner or a group of
// theirs, for a user a group.
func (c *content) within(e *entry, wanted mask, g Groups) mask {
	if wanted == 0 {
		return 0
	}
	switch e.kind() {
	case kindServer, kindBare:
		got := c.under(kindUser, key{base: e.base, name: e.owner}) & wanted
		if rest := wanted &^ got; rest != 0 {
			got |= c.byGroups(e.owner, e.base, rest, g)
		}
		return got
	case kindUser:
		return c.byGroups(e.name, e.base, wanted, g)
	}
	return 0
}
