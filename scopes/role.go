package scopes

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// Role is a named list of raw scopes (SC-305). Who holds it is the host's affair.
type Role struct {
	Name        string
	Description string
	Scopes      []string
}

// roleName: 3 to 255 characters (SC-300). \z, since a trailing newline is no part of a name.
var roleName = regexp.MustCompile(`^[a-z][a-z0-9\-_~.]{1,253}[a-z0-9]\z`)

// DefineRoles gives a registry with these roles besides the built-in ones (SC-320 … SC-322). An entry named after a built-in
// role is merged over it, missing parts keeping the default; other entries are taken as they are. Errors wrap
// [ErrDefinition], or name the scope that does not exist: a bad or repeated name, an attempt to change the role admin (SC-306).
func (r *Registry) DefineRoles(roles []Role) (*Registry, error) {
	out := &Registry{profile: r.profile, defs: r.defs, closure: r.closure, roles: maps.Clone(r.roles)}
	for _, b := range builtinRoles {
		out.roles[b.Name] = b
	}
	seen := map[string]bool{}
	for _, role := range roles {
		switch {
		case role.Name == "":
			return nil, definition("", "Role definition is missing a name")
		case seen[role.Name]:
			return nil, definition(role.Name, "Role %s multiply defined. Please check the `load_roles` configuration", role.Name)
		case !roleName.MatchString(role.Name):
			return nil, definition(clip(role.Name), "Invalid role name: '%s'. It must be 3 to 255 of a-z 0-9 - _ ~ . beginning with a letter and ending with a letter or digit", clip(role.Name))
		}
		seen[role.Name] = true
		if _, err := r.ParseValid(role.Scopes, "role "+role.Name); err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(builtinRoles, func(b Role) bool { return b.Name == role.Name }); i >= 0 {
			def := builtinRoles[i]
			if role.Name == "admin" {
				if role.Scopes != nil && !slices.Equal(role.Scopes, def.Scopes) {
					return nil, definition("admin", "Cannot override admin role admin.scopes = %v", role.Scopes)
				}
				if role.Description != "" && role.Description != def.Description {
					return nil, definition("admin", "Cannot override admin role admin.description = %s", role.Description)
				}
			}
			if role.Scopes == nil {
				role.Scopes = def.Scopes
			}
			if role.Description == "" {
				role.Description = def.Description
			}
		}
		role.Scopes = slices.Clone(role.Scopes)
		out.roles[role.Name] = role
	}
	return out, nil
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}

// Role gives a role by name. Its slice must not be changed.
func (r *Registry) Role(name string) (Role, bool) {
	role, ok := r.roles[name]
	return role, ok
}

// RoleScopes gives the raw scopes of several roles, without repetitions, sorted. An unknown role is an error that wraps [ErrDefinition].
func (r *Registry) RoleScopes(names ...string) ([]Scope, error) {
	var out []Scope
	for _, n := range names {
		role, ok := r.roles[n]
		if !ok {
			return nil, definition(clip(n), "No such role: %s", clip(n))
		}
		list, err := ParseAll(role.Scopes)
		if err != nil {
			return nil, fmt.Errorf("role %s: %w", n, err)
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, Compare)
	return slices.Compact(out), nil
}
