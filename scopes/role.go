package scopes

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Role is a named list of raw scopes (SC-305). Who holds it is a [Roster]'s affair.
type Role struct {
	Name        string
	Description string
	Scopes      []string // as written; nil where an entry does not say, which for a built-in role means its default (SC-321)
	Managed     bool     // defined by an authenticator that manages roles (SC-327), not by the configuration
}

// roleName: 3 to 255 characters (SC-300). \z, since a trailing newline is no part of a name.
var roleName = regexp.MustCompile(`^[a-z][a-z0-9\-_~.]{1,253}[a-z0-9]\z`)

// DefineRoles gives a registry with these roles besides the built-in ones (SC-320 … SC-322). An entry named after a built-in
// role is merged over it, missing parts keeping the default; other entries are taken as they are. Errors wrap
// [ErrDefinition], or name the scope that does not exist: a bad or repeated name, an attempt to change the role admin (SC-306).
func (r *Registry) DefineRoles(roles []Role) (*Registry, error) {
	out := r.clone()
	out.roles = maps.Clone(r.roles)
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
		}
		if err := r.checkRole(role); err != nil {
			return nil, err
		}
		seen[role.Name] = true
		out.roles[role.Name] = over(role, builtinRole(role.Name))
	}
	return out, nil
}

// MergeRoles gives a registry with these roles as an authenticator gives them at a login: what an entry does not say stays as it
// is (SC-327). A role that is new is marked as managed. Errors as of [Registry.DefineRoles] (SC-34).
func (r *Registry) MergeRoles(roles []Role) (*Registry, error) {
	out := r.clone()
	out.roles = maps.Clone(r.roles)
	for _, role := range roles {
		if err := r.checkRole(role); err != nil {
			return nil, err
		}
		if len(role.Scopes) == 0 {
			role.Scopes = nil
		}
		old, known := out.roles[role.Name]
		role.Managed = !known || old.Managed
		out.roles[role.Name] = over(role, old)
	}
	return out, nil
}

// DeleteRole gives a registry without a role; [Roster.Without] takes it from its holders. A built-in role, or one that does not
// exist, is an error that wraps [ErrDefinition] (SC-307).
func (r *Registry) DeleteRole(name string) (*Registry, error) {
	if isBuiltinRole(name) {
		return nil, definition(name, "Default role '%s' cannot be removed", name)
	}
	if _, ok := r.roles[name]; !ok {
		return nil, definition(name, "Cannot remove role '%s' that does not exist", clip(name))
	}
	out := r.clone()
	out.roles = maps.Clone(r.roles)
	delete(out.roles, name)
	return out, nil
}

// checkRole looks at name and scopes, and guards admin (SC-300, SC-306).
func (r *Registry) checkRole(role Role) error {
	if !roleName.MatchString(role.Name) {
		return definition(role.Name, "Invalid role name: '%s'. It must be 3 to 255 of a-z 0-9 - _ ~ . beginning with a letter and ending with a letter or digit", clip(role.Name))
	}
	if role.Name == roleAdmin {
		admin := builtinRole(roleAdmin)
		if role.Scopes != nil && !slices.Equal(role.Scopes, admin.Scopes) {
			return definition(roleAdmin, "Cannot override admin role admin.scopes = %v", clip(strings.Join(role.Scopes, " ")))
		}
		if role.Description != "" && role.Description != admin.Description {
			return definition(roleAdmin, "Cannot override admin role admin.description = %s", clip(role.Description))
		}
	}
	_, err := r.ParseValid(role.Scopes, "role "+role.Name)
	return err
}

// over lays an entry over what the role was; missing parts stay.
func over(role, was Role) Role {
	if role.Scopes == nil {
		role.Scopes = was.Scopes
	}
	if role.Description == "" {
		role.Description = was.Description
	}
	role.Scopes = slices.Clone(role.Scopes)
	return role
}

// builtinRole gives a built-in role, or the zero one.
func builtinRole(name string) Role {
	for _, b := range builtinRoles {
		if b.Name == name {
			return b
		}
	}
	return Role{}
}

func isBuiltinRole(name string) bool { return builtinRole(name).Name != "" }

// Role gives a role by name. Its slice must not be changed.
func (r *Registry) Role(name string) (Role, bool) {
	role, ok := r.roles[name]
	return role, ok
}

// RoleNames lists the roles, sorted.
func (r *Registry) RoleNames() []string { return slices.Sorted(maps.Keys(r.roles)) }

// RoleScopes gives the raw scopes of several roles, without repetitions, sorted. An unknown role is an error that wraps [ErrDefinition].
func (r *Registry) RoleScopes(names ...string) ([]Scope, error) {
	var out []Scope
	for _, n := range names {
		role, ok := r.roles[n]
		if !ok {
			return nil, definition(n, "No such role: %s", clip(n))
		}
		for _, text := range role.Scopes {
			// They were parsed when the role was defined, so none is refused here.
			if s, err := Parse(text); err == nil {
				out = append(out, s)
			}
		}
	}
	slices.SortFunc(out, Compare)
	return slices.Compact(out), nil
}
