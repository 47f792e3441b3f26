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
	granted := newBuilder(len(requested))
	for _, s := range allowed {
		r.expandInto(granted, s, o, c)
	}
	held := r.expandKnown(have, o, c)
	for _, s := range slices.Compact(rest) {
		if _, known := r.implies(s.Base); !known {
			denied = append(denied, s)
			continue
		}
		want := minus(r.expandKnown([]Scope{s}, o, c).content(), &granted.content)
		got := Intersect(want, held, g)
		if got.Equal(want) { // also when nothing is wanted
			allowed = append(allowed, s)
			r.expandInto(granted, s, o, c)
			continue
		}
		denied = append(denied, s)
		for _, part := range got.Scopes() {
			allowed = append(allowed, part)
			r.expandInto(granted, part, o, c)
		}
	}
	slices.SortFunc(allowed, Compare)
	return slices.Compact(allowed), denied
}
