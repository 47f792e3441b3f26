package scopes_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

// people is a roster of users with the roles listed, names and roles separated by spaces, as "alpha:user,r-one beta:".
func people(text string) map[string]scopes.Holder {
	out := map[string]scopes.Holder{}
	for _, one := range strings.Fields(text) {
		name, roles, _ := strings.Cut(one, ":")
		h := scopes.Holder{Admin: strings.Contains(roles, "admin")}
		if roles != "" {
			h.Roles = strings.Split(roles, ",")
		}
		out[name] = h
	}
	return out
}

// membersOf lists who holds a role.
func membersOf(r scopes.Roster, role string) string {
	users, services, held := r.Holders(role)
	return strings.Join(append(append(users, services...), held...), " ")
}

func entry(name string, e scopes.RoleEntry) scopes.RoleEntry {
	e.Name = name
	return e
}

// V-117, V-118, SC-320 … SC-329: what a start makes of who holds which role.
func TestAStartSaysWhoHoldsWhichRole(t *testing.T) {
	t.Parallel()
	none := []string{}
	before := scopes.Roster{
		Users:    people("alpha:user beta:user,wizard boss:admin,user"),
		Services: people("srv:wizard job:admin"),
		Groups:   people("crew:wizard"),
	}
	type load = scopes.RoleLoad
	for _, c := range []struct {
		name, role string
		load       load
		want       string
	}{
		{"V-117 SC-324 role user without users keeps its members", "user", load{Entries: []scopes.RoleEntry{entry("user", scopes.RoleEntry{})}}, "alpha beta boss"},
		{"V-117 SC-324 an empty list empties it", "user", load{Entries: []scopes.RoleEntry{entry("user", scopes.RoleEntry{Users: none})}}, ""},
		{"V-117 SC-324 SC-325 a list is exact, and who is new is created", "user", load{Entries: []scopes.RoleEntry{entry("user", scopes.RoleEntry{Users: []string{"alpha", "gamma"}})}}, "alpha gamma"},
		{"SC-324 an absent key empties another role", "wizard", load{Entries: []scopes.RoleEntry{entry("wizard", scopes.RoleEntry{})}}, ""},
		{"SC-324 each kind by itself", "wizard", load{Entries: []scopes.RoleEntry{entry("wizard", scopes.RoleEntry{Services: []string{"srv"}})}}, "srv"},
		{"SC-325 an unknown group is created", "wizard", load{Entries: []scopes.RoleEntry{entry("wizard", scopes.RoleEntry{Groups: []string{"crew", "newgroup"}})}}, "crew newgroup"},
		{"SC-325 who is created gets the defaults", "user", load{Entries: []scopes.RoleEntry{entry("wizard", scopes.RoleEntry{Users: []string{"Gamma"}})}, Normalize: strings.ToLower}, "alpha beta boss gamma"},
		{"SC-326 a default role that is not mentioned keeps its members", "user", load{}, "alpha beta boss"},
		{"SC-323 any other role that is not mentioned is gone", "wizard", load{}, ""},
		{"SC-324 admins by flag return when the key is absent", "admin", load{Entries: []scopes.RoleEntry{entry("admin", scopes.RoleEntry{})}}, "boss job"},
		{"SC-324 the flag follows the list when there is one", "admin", load{Entries: []scopes.RoleEntry{entry("admin", scopes.RoleEntry{Users: []string{"beta"}})}}, "beta job"},
		{"SC-326 configured admins join the list", "admin", load{Entries: []scopes.RoleEntry{entry("admin", scopes.RoleEntry{Users: []string{"beta"}})}, AdminUsers: []string{"chief"}}, "beta chief job"},
		{"SC-326 configured admins are admins without a list", "admin", load{AdminUsers: []string{"alpha"}}, "alpha boss job"},
		{"SC-326 allowed users have the role user", "user", load{AllowedUsers: []string{"delta"}, Entries: []scopes.RoleEntry{entry("user", scopes.RoleEntry{Users: none})}}, "alpha beta boss delta"},
		{"SC-327 a managed role without users keeps them", "wizard", load{Entries: []scopes.RoleEntry{{Role: scopes.Role{Name: "wizard", Managed: true}}}, AuthenticatorManages: true}, "beta"},
		{"SC-327 a managed role with users is exact", "wizard", load{Entries: []scopes.RoleEntry{{Role: scopes.Role{Name: "wizard", Managed: true}, Users: []string{"alpha"}}}, AuthenticatorManages: true}, "alpha"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			reg, err := scopes.New(scopes.P55).DefineRoles([]scopes.Role{{Name: "wizard", Scopes: []string{"read:hub"}}})
			require.NoError(t, err)
			got, err := reg.LoadRoles(c.load, before)
			require.NoError(t, err)
			require.Equal(t, c.want, membersOf(got.Roster, c.role))
			for _, m := range []map[string]scopes.Holder{got.Roster.Users, got.Roster.Services} {
				for name, h := range m {
					require.Equal(t, h.Admin, h.Holds("admin"), "flag and role of %s agree", name)
				}
			}
			require.Equal(t, "beta srv crew", membersOf(before, "wizard"), "what was handed in is as before")
		})
	}
}

// SC-301, SC-321 … SC-323, SC-328: what it makes of the roles themselves.
func TestAStartSaysWhatRolesAre(t *testing.T) {
	t.Parallel()
	scopesOf := func(r *scopes.Registry, name string) string {
		role, ok := r.Role(name)
		if !ok {
			return "no such role"
		}
		return strings.Join(role.Scopes, " ")
	}
	old, err := scopes.New(scopes.P60).DefineRoles([]scopes.Role{
		{Name: "user", Scopes: []string{"self", "shares!user"}}, {Name: "wizard", Scopes: []string{"users"}}, {Name: "managed", Scopes: []string{"groups"}, Managed: true}})
	require.NoError(t, err)
	got, err := old.LoadRoles(scopes.RoleLoad{}, scopes.Roster{})
	require.NoError(t, err)
	require.Equal(t, "no such role", scopesOf(got.Registry, "wizard"), "V-118 SC-323")
	require.Equal(t, "self", scopesOf(got.Registry, "user"), "V-118 SC-322")
	require.Equal(t, "groups", scopesOf(got.Registry, "managed"), "SC-323: the authenticator's stay")
	require.Equal(t, []string{"admin", "managed", "server", "token", "user"}, got.Registry.RoleNames())
	require.Empty(t, got.Warnings)

	for _, c := range []struct {
		name    string
		profile scopes.Profile
		load    scopes.RoleLoad
		want    string
		warns   string
	}{
		{"SC-328 extra scopes of users", scopes.P60, scopes.RoleLoad{ExtraUserScopes: []string{"shares!user"}}, "self shares!user", ""},
		{"SC-328 also where the role is listed for something else", scopes.P60, scopes.RoleLoad{ExtraUserScopes: []string{"shares!user"},
			Entries: []scopes.RoleEntry{{Role: scopes.Role{Name: "user", Description: "x"}}}}, "self shares!user", ""},
		{"SC-328 ignored where the role has scopes of its own", scopes.P60, scopes.RoleLoad{ExtraUserScopes: []string{"shares!user"},
			Entries: []scopes.RoleEntry{{Role: scopes.Role{Name: "user", Scopes: []string{"self"}}}}}, "self", "extra_user_scopes is ignored"},
		{"SC-328 a role user without self warns", scopes.P60, scopes.RoleLoad{
			Entries: []scopes.RoleEntry{{Role: scopes.Role{Name: "user", Scopes: []string{"read:hub"}}}}}, "read:hub", "lacks the scope self"},
		{"SC-328 unknown in 5.5", scopes.P55, scopes.RoleLoad{ExtraUserScopes: []string{"shares!user"}}, "self", "not known in JupyterHub 5.5"},
		{"SC-306 a role without scopes warns", scopes.P55, scopes.RoleLoad{Entries: []scopes.RoleEntry{{Role: scopes.Role{Name: "r-1"}}}}, "self", "role r-1 will have no scopes"},
	} {
		got, err := scopes.New(c.profile).LoadRoles(c.load, scopes.Roster{})
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, scopesOf(got.Registry, "user"), c.name)
		require.Contains(t, strings.Join(got.Warnings, "; "), c.warns, c.name)
		require.Equal(t, c.warns == "", len(got.Warnings) == 0, c.name)
	}
}

// SC-33, SC-320, SC-325, SC-327: what keeps a hub from starting.
func TestAStartIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		load       scopes.RoleLoad
	}{
		{"SC-33 an unknown scope", "Scope 'uses' for role r-1 does not exist", scopes.RoleLoad{Entries: []scopes.RoleEntry{{Role: scopes.Role{Name: "r-1", Scopes: []string{"uses"}}}}}},
		{"SC-320 a name listed twice", "Role r-1 multiply defined", scopes.RoleLoad{Entries: []scopes.RoleEntry{entry("r-1", scopes.RoleEntry{}), entry("r-1", scopes.RoleEntry{})}}},
		{"SC-325 an unknown service", "Found undefined service s in role r-1. Define it first in c.JupyterHub.services.",
			scopes.RoleLoad{Entries: []scopes.RoleEntry{entry("r-1", scopes.RoleEntry{Services: []string{"s"}})}}},
		{"SC-327 members where the authenticator decides", "When authenticator manages roles",
			scopes.RoleLoad{AuthenticatorManages: true, Entries: []scopes.RoleEntry{entry("r-1", scopes.RoleEntry{Groups: []string{"g"}})}}},
	} {
		_, err := scopes.New(scopes.P55).LoadRoles(c.load, scopes.Roster{})
		require.ErrorContains(t, err, c.want, c.name)
	}
}

// SC-329: a database from before roles.
func TestUsersFromBeforeRolesGetTheDefaults(t *testing.T) {
	t.Parallel()
	before := scopes.Roster{Users: map[string]scopes.Holder{"old": {}, "boss": {Admin: true}}, Services: map[string]scopes.Holder{"srv": {}}}
	got, err := scopes.New(scopes.P55).LoadRoles(scopes.RoleLoad{FirstStart: true}, before)
	require.NoError(t, err)
	require.Equal(t, "old", membersOf(got.Roster, "user"), "who is an admin by flag holds that role already, and no default more")
	require.Equal(t, "boss", membersOf(got.Roster, "admin"))
	got, err = scopes.New(scopes.P55).LoadRoles(scopes.RoleLoad{}, before)
	require.NoError(t, err)
	require.Empty(t, membersOf(got.Roster, "user"), "later, who holds nothing holds nothing")
}

// SC-301, SC-303: at creation, and for users at every login.
func TestDefaultRolesFollowKindAndFlag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind string
		h    scopes.Holder
		want string
	}{
		{"user", scopes.Holder{}, "user"},
		{"user", scopes.Holder{Admin: true, Roles: []string{"wizard"}}, "admin user wizard"},
		{"user", scopes.Holder{Roles: []string{"admin", "user"}}, "user"},
		{"service", scopes.Holder{}, ""},
		{"service", scopes.Holder{Admin: true}, "admin"},
		{"group", scopes.Holder{Roles: []string{"admin"}}, "admin"},
	} {
		require.Equal(t, c.want, strings.Join(c.h.WithDefaults(c.kind).Roles, " "), "%s %+v", c.kind, c.h)
	}
}

// SC-34, SC-327: roles that an authenticator brings at a login.
func TestALoginDoesNotResetWhatItDoesNotSay(t *testing.T) {
	t.Parallel()
	reg, err := scopes.New(scopes.P55).DefineRoles([]scopes.Role{{Name: "wizard", Description: "magic", Scopes: []string{"users"}}})
	require.NoError(t, err)
	got, err := reg.MergeRoles([]scopes.Role{{Name: "wizard", Scopes: []string{}}, {Name: "newrole", Scopes: []string{"groups"}}, {Name: "user", Description: "mine"}, {Name: "admin"}})
	require.NoError(t, err)
	role, _ := got.Role("wizard")
	require.Equal(t, scopes.Role{Name: "wizard", Description: "magic", Scopes: []string{"users"}}, role)
	role, _ = got.Role("newrole")
	require.Equal(t, scopes.Role{Name: "newrole", Scopes: []string{"groups"}, Managed: true}, role)
	role, _ = got.Role("user")
	require.Equal(t, scopes.Role{Name: "user", Description: "mine", Scopes: []string{"self"}}, role)
	for name, bad := range map[string]scopes.Role{
		"Invalid role name":          {Name: "A"},
		"does not exist":             {Name: "wizard", Scopes: []string{"bogus"}},
		"Cannot override admin role": {Name: "admin", Scopes: []string{"users"}},
	} {
		_, err := reg.MergeRoles([]scopes.Role{bad})
		require.ErrorContains(t, err, name, "SC-34")
	}
}

// SC-307, SC-323
func TestRolesAreDeleted(t *testing.T) {
	t.Parallel()
	reg, err := scopes.New(scopes.P55).DefineRoles([]scopes.Role{{Name: "wizard"}})
	require.NoError(t, err)
	_, err = reg.DeleteRole("user")
	require.EqualError(t, err, "Default role 'user' cannot be removed")
	_, err = reg.DeleteRole("nosuch")
	require.ErrorIs(t, err, scopes.ErrDefinition)
	got, err := reg.DeleteRole("wizard")
	require.NoError(t, err)
	require.Equal(t, []string{"admin", "server", "token", "user"}, got.RoleNames())
	r := scopes.Roster{Users: people("a:user,wizard"), Services: people("s:wizard"), Groups: people("g:wizard")}
	require.Empty(t, membersOf(r.Without("wizard"), "wizard"))
	require.Equal(t, "a", membersOf(r.Without("wizard"), "user"))
	require.Equal(t, "a s g", membersOf(r, "wizard"))
}
