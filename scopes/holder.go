package scopes

import (
	"maps"
	"slices"
)

// The built-in roles that a hub hands out by itself (SC-301).
const (
	roleUser  = "user"
	roleAdmin = "admin"
)

// Holder is a user, service or group as far as roles go.
type Holder struct {
	Admin bool     // the admin flag of a user or service; groups have none
	Roles []string // names of the roles it holds itself, sorted; a group's roles are not copied to its members (SC-304)
}

// WithDefaults gives the holder as it is after creation, and for a user after every login (SC-301, SC-303): a user has the role
// user; a user or service has the role admin exactly if its flag is set; a group has nothing by default. kind is
// [KindUser], [KindService] or [KindGroup].
func (h Holder) WithDefaults(kind string) Holder {
	if kind == KindGroup {
		return h
	}
	h = h.without(roleAdmin)
	if h.Admin {
		h = h.with(roleAdmin)
	}
	if kind == KindUser {
		h = h.with(roleUser)
	}
	return h
}

// Holds says whether the holder itself has a role.
func (h Holder) Holds(role string) bool { return slices.Contains(h.Roles, role) }

func (h Holder) with(role string) Holder {
	if !h.Holds(role) {
		h.Roles = append(slices.Clone(h.Roles), role)
		slices.Sort(h.Roles)
	}
	return h
}

func (h Holder) without(role string) Holder {
	return h.keep(func(r string) bool { return r != role })
}

// keep gives the holder with only some of the roles, sorted.
func (h Holder) keep(ok func(role string) bool) Holder {
	h.Roles = slices.DeleteFunc(slices.Clone(h.Roles), func(r string) bool { return !ok(r) })
	slices.Sort(h.Roles)
	h.Roles = slices.Compact(h.Roles)
	return h
}

// Roster says who exists on a hub, by name, and which roles they hold.
type Roster struct{ Users, Services, Groups map[string]Holder }

// Without gives the roster after a role was deleted: all its assignments go with it (SC-323).
func (t Roster) Without(role string) Roster {
	return t.keep(func(r string) bool { return r != role })
}

// keep gives a copy that shares nothing, in which only some roles are held.
func (t Roster) keep(ok func(role string) bool) Roster {
	kept := func(m map[string]Holder) map[string]Holder {
		out := make(map[string]Holder, len(m))
		for name, h := range m {
			out[name] = h.keep(ok)
		}
		return out
	}
	return Roster{kept(t.Users), kept(t.Services), kept(t.Groups)}
}

// Holders lists who holds a role themselves, each kind sorted.
func (t Roster) Holders(role string) (users, services, groups []string) {
	who := func(m map[string]Holder) []string {
		out := slices.Sorted(maps.Keys(m))
		return slices.DeleteFunc(out, func(name string) bool { return !m[name].Holds(role) })
	}
	return who(t.Users), who(t.Services), who(t.Groups)
}
