package scopes

import (
	"fmt"
	"slices"
)

// RoleEntry is one entry of a hub's load_roles: a role, and who is to hold it (SC-320). A nil list is a key that is
// absent, which is not the same as an empty one (SC-324).
type RoleEntry struct {
	Role
	Users, Services, Groups []string
}

// RoleLoad is everything that decides who holds which role when a hub starts.
type RoleLoad struct {
	// Entries are those of the configuration, then those of the authenticator, the latter with Managed set.
	Entries []RoleEntry
	// AuthenticatorManages forbids entries of the configuration to name users or groups (SC-327).
	AuthenticatorManages bool
	AllowedUsers         []string // if any: they exist, and all users get the role user, for a hub then counts every user it knows as allowed (SC-326)
	AdminUsers           []string // exist and have the admin flag; they join a listed admin role (SC-326)
	ExtraUserScopes      []string // added to those of the role user; 6.0 only (SC-328)
	// FirstStart: there are users, but no roles yet, as in a database from before roles. Who holds none gets the defaults (SC-329).
	FirstStart bool
	// Normalize gives the name under which a user is known; nil leaves names as they are.
	Normalize func(user string) string
}

// Loaded is what came of it.
type Loaded struct {
	Registry *Registry
	Roster   Roster
	Warnings []string // for the hub's log: legal, but probably not what was meant
}

// LoadRoles says what a hub's role configuration makes of its roles, and of who holds them (SC-320 … SC-329). Nothing is changed:
// the roster that was handed in stays as it is. Roles that are neither built in, nor listed, nor managed by the
// authenticator are gone, with their assignments. Errors are those of [Registry.DefineRoles], and one that wraps
// [ErrDefinition] for an unknown service or a forbidden assignment.
func (r *Registry) LoadRoles(l RoleLoad, before Roster) (Loaded, error) {
	if l.Normalize == nil {
		l.Normalize = func(user string) string { return user }
	}
	for _, e := range l.Entries {
		if l.AuthenticatorManages && !e.Managed && len(e.Users)+len(e.Groups) > 0 {
			return Loaded{}, definition(e.Name, "When authenticator manages roles, `load_roles` can not be used for assigning roles to users nor groups. Offending role: %s", clip(e.Name))
		}
	}
	roles, warnings := r.configured(l)
	kept := r.clone()
	kept.roles = map[string]Role{}
	for name, role := range r.roles {
		if role.Managed {
			kept.roles[name] = role
		}
	}
	reg, err := kept.DefineRoles(roles)
	if err != nil {
		return Loaded{}, err
	}
	a := assignment{RoleLoad: l, Roster: before.keep(func(role string) bool { _, ok := reg.roles[role]; return ok })}
	if err := a.run(); err != nil {
		return Loaded{}, err
	}
	return Loaded{Registry: reg, Roster: a.Roster, Warnings: warnings}, nil
}

// configured gives the definitions among the entries, with the extra scopes of users.
func (r *Registry) configured(l RoleLoad) (roles []Role, warnings []string) {
	extra := l.ExtraUserScopes
	if len(extra) > 0 && r.profile == P55 {
		warnings = append(warnings, "extra_user_scopes is not known in JupyterHub 5.5 and is ignored")
		extra = nil
	}
	listed := false
	for _, e := range l.Entries {
		role := e.Role
		if role.Name == roleUser {
			listed = true
			switch {
			case role.Scopes == nil:
				role.Scopes = withExtra(extra)
			case len(extra) > 0:
				warnings = append(warnings, "role user has scopes of its own, extra_user_scopes is ignored")
			}
			if r.profile == P60 && role.Scopes != nil && !slices.Contains(role.Scopes, metaSelf) {
				warnings = append(warnings, "role user lacks the scope self, users may be unable to use their own servers")
			}
		}
		if len(role.Scopes) == 0 && !isBuiltinRole(role.Name) {
			warnings = append(warnings, fmt.Sprintf("role %s will have no scopes", clip(role.Name)))
		}
		roles = append(roles, role)
	}
	if !listed && len(extra) > 0 {
		roles = append(roles, Role{Name: roleUser, Scopes: withExtra(extra)})
	}
	return roles, warnings
}

// withExtra gives nil, which means the default, when there is nothing to add.
func withExtra(extra []string) []string {
	if len(extra) == 0 {
		return nil
	}
	return append([]string{metaSelf}, extra...)
}
