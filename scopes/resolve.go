package scopes

import "slices"

// Resolve splits requested raw scopes into those that have covers and the rest (SC-420, SC-421). A scope that is covered in part
// adds its covered, expanded part to allowed and is denied itself. Both results are sorted.
// Scopes of either list that the registry does not know are denied, or give nothing.
func (r *Registry) Resolve(requested, have []Scope, o Owner, c Client, g Groups) (allowed, denied []Scope) {
	has := make(map[Scope]bool, len(have))
	for _, s := range have {
		has[s] = true
	}
	var rest []Scope
	for _, s := range requested {
		if has[s] {
			allowed = append(allowed, s)
		} else {
			rest = append(rest, s)
		}
	}
	slices.SortFunc(rest, Compare)
	granted := r.expandKnown(allowed, o, c)
	held := r.expandKnown(have, o, c)
	for _, s := range slices.Compact(rest) {
		if _, known := r.closure[s.Base]; !known {
			denied = append(denied, s)
			continue
		}
		want := minus(r.expandKnown([]Scope{s}, o, c), granted)
		got := Intersect(want, held, g)
		switch {
		case got.Equal(want): // also when nothing is wanted
			allowed = append(allowed, s)
			granted = Union(granted, want)
		default:
			allowed = append(allowed, got.Scopes()...)
			granted = Union(granted, got)
			denied = append(denied, s)
		}
	}
	slices.SortFunc(allowed, Compare)
	return slices.Compact(allowed), denied
}

// minus drops what is literally in b.
func minus(a, b Set) Set {
	out := builder{}
	for _, s := range a.Scopes() {
		if !b.Contains(s) {
			out.add(s)
		}
	}
	return out.set()
}
