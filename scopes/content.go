package scopes

import "slices"

// content is the inside of a [Set]: filters, each with the bases held under it. It is written by a builder, then never changed.
type content struct {
	all    mask     // built-in bases held without filter
	held   mask     // built-in bases held in any form
	list   []entry  // filters, in the order in which they were met
	index  []slot   // an open hash table into list; nil while list is short
	groups []uint32 // positions of the group filters
}

// slot is a place in the table: the hash of an entry, and its position in list plus one; 0 is an empty place.
type slot struct{ hash, at uint32 }

// short lists are read through, which is faster than a table.
const short = 8

// nothing is the inside of the zero Set.
var nothing content

// find gives the entry of a key, or nil.
func (c *content) find(h uint32, base, owner, name string) *entry {
	if c.index == nil {
		for i := range c.list {
			if e := &c.list[i]; e.hash == h && e.is(base, owner, name) {
				return e
			}
		}
		return nil
	}
	last := uint32(len(c.index) - 1)
	for at := h >> 3 & last; ; at++ {
		s := c.index[at&last]
		if s.at == 0 {
			return nil
		}
		if s.hash == h {
			if e := &c.list[s.at-1]; e.is(base, owner, name) {
				return e
			}
		}
	}
}

// under gives the bases held under exactly one filter.
func (c *content) under(k kind, id key) mask {
	return c.at(hash(k, id), id.base, id.owner, id.name)
}

func (c *content) at(h uint32, base, owner, name string) mask {
	if e := c.find(h, base, owner, name); e != nil {
		return e.mask
	}
	return 0
}

// unfiltered gives the bases among one entry's that are held without filter: all built-in ones, or the one base that is none.
func (c *content) unfiltered(base string) mask {
	if base == "" {
		return c.all
	}
	return c.under(kindHead, key{base: base})
}

// few group filters are asked about one by one even where groups could be listed.
const few = 4

// byGroups gives those of the wanted bases that a group of the user's brings.
func (c *content) byGroups(user, base string, wanted mask, g Groups) mask {
	if g == nil || len(c.groups) == 0 {
		return 0
	}
	var got mask
	if l, ok := g.(GroupLister); ok && len(c.groups) > few {
		for _, name := range l.GroupsOf(user) {
			got |= c.under(kindGroup, key{base: base, name: name})
		}
		return got & wanted
	}
	for _, i := range c.groups {
		e := &c.list[i]
		if more := e.mask & wanted &^ got; more != 0 && e.base == base && g.Member(user, e.name) {
			got |= more
		}
	}
	return got
}

// builder gathers a content. It must not be used after set.
type builder struct{ content }

// newBuilder makes room for n scopes. About every second one brings a filter of its own.
func newBuilder(n int) *builder {
	return &builder{content{list: make([]entry, 0, min(n/2+2, MaxScopes))}}
}

// set gives what was gathered, reduced: what is held unfiltered swallows its filtered forms (SC-62).
func (b *builder) set() Set {
	b.held = b.all
	var swallowed bool
	var groups int
	for i := range b.list {
		e := &b.list[i]
		if e.kind() == kindHead {
			continue
		}
		if e.kind() == kindGroup {
			groups++
		}
		e.mask &^= b.unfiltered(e.base)
		if e.base == "" {
			b.held |= e.mask
		}
		swallowed = swallowed || e.mask == 0
	}
	if swallowed {
		b.list = slices.DeleteFunc(b.list, func(e entry) bool { return e.mask == 0 && e.kind() != kindHead })
		b.reindex(len(b.index))
	}
	if len(b.list) == 0 && b.all == 0 {
		return Set{}
	}
	if groups > 0 {
		b.groups = make([]uint32, 0, groups)
		for i := range b.list {
			if b.list[i].kind() == kindGroup {
				b.groups = append(b.groups, uint32(i))
			}
		}
	}
	return Set{c: &b.content}
}

// reindex makes the table anew, with n places; a power of two, at least twice as long as the list.
func (b *builder) reindex(n int) {
	if n == 0 {
		return
	}
	b.index = make([]slot, n)
	for i := range b.list {
		b.place(uint32(i))
	}
}

func (b *builder) place(i uint32) {
	last := uint32(len(b.index) - 1)
	h := b.list[i].hash
	at := h >> 3 & last
	for b.index[at].at != 0 {
		at = (at + 1) & last
	}
	b.index[at] = slot{h, i + 1}
}

// put adds bases to a filter.
func (b *builder) put(h uint32, id key, m mask) {
	if e := b.find(h, id.base, id.owner, id.name); e != nil {
		e.mask |= m
		return
	}
	b.list = append(b.list, entry{hash: h, mask: m, key: id})
	switch n := len(b.list); {
	case n <= short:
	case n*2 > len(b.index):
		size := 4 * short
		for size < 2*max(n, cap(b.list)) {
			size *= 2
		}
		b.reindex(size)
	default:
		b.place(uint32(n - 1))
	}
}

// addMask adds built-in bases under one filter, or none. A filter without name is none that could be held.
func (b *builder) addMask(filterKind, value string, m mask) {
	switch {
	case m == 0 || filterKind != "" && value == "":
		return
	case filterKind == "" && value == "":
		b.all |= m
		return
	}
	k, owner, name := split(filterKind, value)
	id := key{owner: owner, name: name}
	b.put(hash(k, id), id, m)
}

// addBase adds a base that is no built-in one.
func (b *builder) addBase(base, filterKind, value string) {
	head := key{base: base}
	switch {
	case base == "" || filterKind != "" && value == "":
		return
	case filterKind == "" && value == "":
		b.put(hash(kindHead, head), head, only)
		return
	}
	b.put(hash(kindHead, head), head, 0)
	k, owner, name := split(filterKind, value)
	id := key{base: base, owner: owner, name: name}
	b.put(hash(k, id), id, only)
}

// add adds one expanded scope; a shorthand means nothing here, nor does a scope without base.
func (b *builder) add(s Scope) {
	if bit := bitOf(s.Base); bit != 0 {
		b.addMask(s.Kind, s.Name, bit)
		return
	}
	b.addBase(s.Base, s.Kind, s.Name)
}

// addEntry adds some bases of an entry of another set.
func (b *builder) addEntry(e *entry, m mask) {
	if m == 0 {
		return
	}
	if e.base != "" && e.kind() != kindHead {
		head := key{base: e.base}
		b.put(hash(kindHead, head), head, 0)
	}
	b.put(e.hash, e.key, m)
}
