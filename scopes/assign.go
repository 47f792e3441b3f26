package scopes

import "slices"

// assignment is a run over the entries of a [RoleLoad]; it changes its own roster.
type assignment struct {
	RoleLoad
	Roster
}

func (a *assignment) run() error {
	admins, allowed := a.normal(a.AdminUsers), a.normal(a.AllowedUsers)
	for _, name := range admins {
		h, known := a.Users[name]
		h.Admin = true
		if !known {
			h = h.WithDefaults(KindUser)
		}
		a.Users[name] = h
	}
	for _, name := range allowed {
		exist(a.Users, name)
	}
	var listed struct{ users, services bool } // the members of the role admin
	for _, e := range a.Entries {
		if e.Name == roleAdmin {
			if len(admins) > 0 {
				e.Users = append(slices.Clone(e.Users), admins...)
			}
			listed.users, listed.services = e.Users != nil, e.Services != nil
		}
		if err := a.enter(e); err != nil {
			return err
		}
	}
	if len(allowed) > 0 {
		for name, h := range a.Users {
			a.Users[name] = h.with(roleUser)
		}
	}
	agree(a.Users, listed.users)
	agree(a.Services, listed.services)
	if a.FirstStart {
		for name, h := range a.Users {
			if len(h.Roles) == 0 {
				a.Users[name] = h.WithDefaults(KindUser)
			}
		}
	}
	return nil
}

// normal gives the names under which users are known.
func (a *assignment) normal(users []string) []string {
	out := make([]string, len(users))
	for i, name := range users {
		out[i] = a.Normalize(name)
	}
	return out
}

// enter makes an entry's lists the role's members, for each kind: a list exactly, and an absent one as if it were empty, except
// where others than the configuration decide who is a user (SC-324).
func (a *assignment) enter(e RoleEntry) error {
	if e.Users != nil || !e.Managed && e.Name != roleUser {
		users := a.normal(e.Users)
		for _, name := range users {
			if h, known := a.Users[name]; !known {
				a.Users[name] = h.WithDefaults(KindUser) // SC-325
			}
		}
		exactly(a.Users, e.Name, users)
	}
	for _, name := range e.Services {
		if _, ok := a.Services[name]; !ok {
			return definition(e.Name, "Found undefined service %s in role %s. Define it first in c.JupyterHub.services.", clip(name), e.Name)
		}
	}
	exactly(a.Services, e.Name, e.Services)
	for _, name := range e.Groups {
		exist(a.Groups, name)
	}
	exactly(a.Groups, e.Name, e.Groups)
	return nil
}

// exist makes sure of somebody, with no role if they are new.
func exist(all map[string]Holder, name string) {
	if _, known := all[name]; !known {
		all[name] = Holder{}
	}
}

// exactly lets these and nobody else hold a role.
func exactly(all map[string]Holder, role string, members []string) {
	in := make(map[string]bool, len(members))
	for _, name := range members {
		in[name] = true
	}
	for name, h := range all {
		if !in[name] {
			all[name] = h.without(role)
			continue
		}
		all[name] = h.with(role)
	}
}

// agree lets flag and role of admins say the same: the role makes the flag; the flag makes the role, unless the
// members are listed, then it goes (SC-324).
func agree(all map[string]Holder, listed bool) {
	for name, h := range all {
		switch holds := h.Holds(roleAdmin); {
		case holds:
			h.Admin = true
		case h.Admin && listed:
			h.Admin = false
		case h.Admin:
			h = h.with(roleAdmin)
		}
		all[name] = h
	}
}
