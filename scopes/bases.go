package scopes

import "math/bits"

// mask is a set of built-in bases, one bit each in the order of builtins. Everything that one raw scope implies carries
// the same filter (SC-40), so a filter with a mask says in two words what would otherwise be up to eleven scopes.
type mask uint64

// only is the mask of a base that is no built-in one: such an entry stands for itself alone. No built-in base has this bit.
const only mask = 1 << 63

// index numbers the bits of a one-bit mask.
func (m mask) index() int { return bits.TrailingZeros64(uint64(m)) }

func (m mask) count() int { return bits.OnesCount64(uint64(m)) }

// each calls yield with the names of the bases in a mask.
func (m mask) each(yield func(base string)) {
	for ; m != 0; m &= m - 1 {
		yield(builtins[m.index()].name)
	}
}

// baseTable finds the bit of a built-in base. It is a hash table of fixed size made for these names, since
// this is the first step of every check.
type baseTable [256]struct {
	name string
	bit  mask
}

// bases is the table of all built-in scopes of all profiles. It never changes.
var bases = func() *baseTable {
	t := &baseTable{}
	for i, b := range builtins {
		at := slotOf(b.name)
		for t[at].bit != 0 {
			at++
		}
		t[at].name, t[at].bit = b.name, 1<<i
	}
	return t
}()

// slotOf looks at the length and two bytes, which spreads the built-in names well.
func slotOf(name string) uint8 {
	n := len(name)
	return uint8(n) + name[n-1]*3 + name[n/2]*23
}

// bitOf gives the bit of a built-in base, or 0 for any other name.
func bitOf(name string) mask {
	if name == "" {
		return 0
	}
	for at := slotOf(name); bases[at].bit != 0; at++ {
		if bases[at].name == name {
			return bases[at].bit
		}
	}
	return 0
}

// maskOf collects built-in names.
func maskOf(names ...string) mask {
	var m mask
	for _, n := range names {
		m |= bitOf(n)
	}
	return m
}
