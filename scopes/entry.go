package scopes

import "strings"

// kind is the kind of filter of an entry.
type kind uint32

const (
	kindHead    kind = iota // not a filter: that a base which is no built-in one is held; unfiltered, if its mask is not 0
	kindUser                // name
	kindServer              // owner and name
	kindBare                // a server's value without a slash, in owner: listed, names no server, has an owner part (SC-15)
	kindGroup               // name
	kindService             // name
	kindOther               // a kind that nobody knows, in owner, with its name: kept, listed, never satisfied (SC-44)
	kindBits    = 7         // where the kind stands in a hash
)

// key says which entry is meant. base is empty for the built-in bases, which share entries.
type key struct{ base, owner, name string }

// entry is one filter, and the bases that are held under it.
type entry struct {
	hash uint32 // of kind and key; its low bits are the kind, so that equal hashes mean equal kinds
	mask mask
	key
}

func (e *entry) kind() kind { return kind(e.hash & kindBits) }

// is compares what equal hashes do not settle. Most parts are empty, and need no call then.
func (e *entry) is(base, owner, name string) bool {
	return same(e.name, name) && same(e.owner, owner) && same(e.base, base)
}

func same(a, b string) bool { return len(a) == len(b) && (len(a) == 0 || a == b) }

// hash places a key of some kind.
func hash(k kind, id key) uint32 {
	h := hashName(id.name)
	if k == kindServer || id.owner != "" {
		h = mixName(h, id.owner)
	}
	return seal(k, id.base, h)
}

// seal finishes a hash with the base, unless it is a built-in one, and the kind.
func seal(k kind, base string, h uint64) uint32 {
	if base != "" {
		h = mixName(h, base)
	}
	return uint32(h)&^kindBits | uint32(k)
}

// split gives the parts under which a filter is kept.
func split(filterKind, value string) (k kind, owner, name string) {
	switch filterKind {
	case KindUser:
		return kindUser, "", value
	case KindGroup:
		return kindGroup, "", value
	case KindService:
		return kindService, "", value
	case KindServer:
		owner, name, ok := strings.Cut(value, "/")
		if !ok {
			return kindBare, owner, ""
		}
		return kindServer, owner, name
	}
	return kindOther, filterKind, value
}

// filter gives kind and value as a [Scope] has them.
func (e *entry) filter() (kind, value string) {
	switch e.kind() {
	case kindUser:
		return KindUser, e.name
	case kindGroup:
		return KindGroup, e.name
	case kindService:
		return KindService, e.name
	case kindServer:
		return KindServer, e.owner + "/" + e.name
	case kindBare:
		return KindServer, e.owner
	case kindOther:
		return e.owner, e.name
	}
	return "", ""
}

// each calls yield with every scope that an entry stands for.
func (e *entry) each(yield func(Scope)) {
	if e.mask == 0 {
		return
	}
	kind, value := e.filter()
	if e.base != "" {
		yield(Scope{e.base, kind, value})
		return
	}
	e.mask.each(func(base string) { yield(Scope{base, kind, value}) })
}
