package scopes_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

// V-110, V-111, V-115, SC-300 … SC-322
func TestRolesAreDefined(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	for _, name := range []string{"abc", "a_b", "a.b", "a~b", strings.Repeat("a", 255)} {
		_, err := reg.DefineRoles([]scopes.Role{{Name: name}})
		require.NoError(t, err, "V-110 SC-300 %s", name)
	}
	for _, name := range []string{"ab", "a1-", "0ab", "aB", "a b", "-ab", strings.Repeat("a", 256), "abc\n"} {
		_, err := reg.DefineRoles([]scopes.Role{{Name: name}})
		require.ErrorIs(t, err, scopes.ErrDefinition, "V-111 SC-300 Q-8 %q", name)
		require.ErrorContains(t, err, "Invalid role name: '")
	}
	for name, c := range map[string]struct {
		roles []scopes.Role
		want  string
	}{
		"V-115 SC-306 admin's scopes are fixed":   {[]scopes.Role{{Name: "admin", Scopes: []string{"users"}}}, "Cannot override admin role admin.scopes"},
		"SC-306 and its description":              {[]scopes.Role{{Name: "admin", Description: "mine"}}, "Cannot override admin role admin.description"},
		"V-115 SC-306 a role without name":        {[]scopes.Role{{Scopes: []string{"users"}}}, "missing a name"},
		"V-115 SC-21 a scope that does not exist": {[]scopes.Role{{Name: "r-1", Scopes: []string{"uses"}}}, "Scope 'uses' for role r-1 does not exist"},
		"SC-23 a filter without name":             {[]scopes.Role{{Name: "r-1", Scopes: []string{"users!user="}}}, "Empty string is not a valid filter"},
		"SC-320 a name listed twice":              {[]scopes.Role{{Name: "r-1"}, {Name: "r-1"}}, "Role r-1 multiply defined"},
	} {
		_, err := reg.DefineRoles(c.roles)
		require.ErrorContains(t, err, c.want, name)
	}

	more, err := reg.DefineRoles([]scopes.Role{
		{Name: "user", Scopes: []string{"self", "shares!user"}}, {Name: "r-1", Scopes: []string{"users", "users!user=x"}}, {Name: "admin"}, {Name: "server", Description: "mine"},
	})
	require.NoError(t, err)
	role, _ := more.Role("user")
	require.Equal(t, scopes.Role{Name: "user", Description: "Standard user privileges", Scopes: []string{"self", "shares!user"}}, role, "SC-321")
	role, _ = more.Role("r-1")
	require.Equal(t, []string{"users", "users!user=x"}, role.Scopes, "SC-305")
	role, _ = more.Role("server")
	require.Equal(t, []string{"users:activity!user", "access:servers!server"}, role.Scopes, "SC-321")
	back, err := more.DefineRoles([]scopes.Role{{Name: "r-1"}})
	require.NoError(t, err)
	role, _ = back.Role("r-1")
	require.Empty(t, role.Scopes, "V-116 SC-322")
	role, _ = back.Role("user")
	require.Equal(t, []string{"self"}, role.Scopes, "V-118 SC-322: a built-in role returns to its default")
	_, err = reg.RoleScopes("user", "nosuch")
	require.EqualError(t, err, "No such role: nosuch")
}

// V-112 … V-114, SC-330 … SC-333
func TestCustomScopesAreDefined(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	def := func(name string, subs ...string) scopes.Definition {
		return scopes.Definition{Name: name, Description: "x", Subscopes: subs}
	}
	for _, name := range []string{"custom:okay", "custom:a__", "custom:star:*"} {
		_, err := reg.Define([]scopes.Definition{def(name)})
		require.NoError(t, err, "V-112 SC-330 %s", name)
	}
	for _, name := range []string{"custom:a", "custom:ab", "custom:a_", "custom:a*", "custom:*a", "custom:Ab", "custom:a.b", "custom::ab",
		"custom:_ab", "notcustom:x", "custom:okay\n", "custom:" + strings.Repeat("a", scopes.MaxLength-scopes.MaxFilter-7)} {
		_, err := reg.Define([]scopes.Definition{def(name)})
		require.ErrorIs(t, err, scopes.ErrDefinition, "V-112 SC-330 Q-8 %s", name)
	}
	first, err := reg.Define([]scopes.Definition{def("custom:okay")})
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		defs []scopes.Definition
		want string
	}{
		{"V-113 SC-331 a built-in subscope", []scopes.Definition{def("custom:sub", "read:users")}, "not allowed"},
		{"V-113 SC-331 an undefined one", []scopes.Definition{def("custom:sub", "custom:undef")}, "not found"},
		{"V-113 SC-331 one of an earlier call", []scopes.Definition{def("custom:sub", "custom:okay")}, "not allowed"},
		{"SC-331 no description", []scopes.Definition{{Name: "custom:sub"}}, "needs a description"},
		{"SC-332 redefined", []scopes.Definition{{Name: "custom:okay", Description: "y"}}, "Cannot redefine"},
		{"SC-332 a built-in name", []scopes.Definition{def("read:users")}, "Cannot redefine"},
		{"SC-333 itself", []scopes.Definition{def("custom:aaa", "custom:aaa")}, "contains itself"},
		{"SC-333 a longer way round", []scopes.Definition{def("custom:aaa", "custom:bbb"), def("custom:bbb", "custom:ccc"), def("custom:ccc", "custom:bbb")}, "contains itself"},
	} {
		_, err := first.Define(c.defs)
		require.ErrorContains(t, err, c.want, c.name)
	}
	_, err = first.Define([]scopes.Definition{def("custom:okay")})
	require.NoError(t, err, "SC-332: the same again is fine")

	pair, err := reg.Define([]scopes.Definition{def("custom:par", "custom:chi"), def("custom:two", "custom:chi"), def("custom:chi")})
	require.NoError(t, err)
	got, err := pair.Expand(list(t, "custom:par!user"), alice, hub)
	require.NoError(t, err)
	same(t, "custom:par!user=alice custom:chi!user=alice", got) // V-114 SC-334
	_, known := reg.Lookup("custom:par")
	require.False(t, known, "the registry it was added to is as before")
}

// SC-160 … SC-162
func TestFieldsOfAModelFollowTheScopesHeld(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, have string
		on         scopes.Resource
		want, p60  string
	}{
		{"SC-160 the name", "read:users:name!user=alice", scopes.User("alice"), "admin kind name", "user_info"},
		{"SC-160 the union", "read:users:groups!group=g1 read:servers!user=alice", scopes.User("alice"), "groups kind name servers", ""},
		{"SC-160 the model", "read:users", scopes.User("alice"), "admin created groups kind last_activity name pending roles server", "user_info"},
		{"SC-160 nothing of somebody else", "read:users!user=bob", scopes.User("alice"), "", ""},
		{"SC-161 a server filter opens no user", "read:servers!server=alice/", scopes.User("alice"), "", ""},
		{"SC-162 a group", "read:groups:name", scopes.Group("g1"), "kind name", ""},
		{"SC-162 a service", "read:roles:services!service=svc", scopes.Service("svc"), "admin kind name roles", ""},
	} {
		s := set(t, c.have)
		require.Equal(t, c.want, strings.Join(scopes.New(scopes.P55).Fields(s, c.on, world), " "), c.name)
		require.ElementsMatch(t, strings.Fields(c.want+" "+c.p60), scopes.New(scopes.P60).Fields(s, c.on, world), c.name)
	}
}

func TestListsAndScopesAreBounded(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	long := "users!user=" + strings.Repeat("a", scopes.MaxFilter)
	_, err := scopes.Parse(long[:len(long)-len("user=")])
	require.NoError(t, err)
	require.ErrorIs(t, reg.Validate(strings.Repeat("a", scopes.MaxLength+1), ""), scopes.ErrTooLong)
	_, err = scopes.Parse(long)
	require.ErrorIs(t, err, scopes.ErrTooLong)
	require.ErrorIs(t, reg.Validate(long, ""), scopes.ErrTooLong)
	require.Less(t, len(err.Error()), 200)
	_, err = reg.ParseValid([]string{"users", long}, "token")
	require.ErrorIs(t, err, scopes.ErrTooLong)
	_, err = reg.ParseValid(make([]string, scopes.MaxScopes+1), "token")
	require.ErrorIs(t, err, scopes.ErrTooMany)
	_, err = reg.Expand(make([]scopes.Scope, scopes.MaxScopes+1), alice, hub)
	require.ErrorIs(t, err, scopes.ErrTooMany)
	got, err := reg.ParseValid([]string{"users", "shares!user"}, "token")
	require.NoError(t, err)
	require.Equal(t, "shares!user", got[1].String())
	_, err = reg.ParseValid([]string{"bogus"}, "token")
	require.ErrorIs(t, err, scopes.ErrUnknownScope)
	var e *scopes.Error
	require.True(t, errors.As(err, &e))
	require.Equal(t, "bogus", e.Scope)
	require.Empty(t, e.Filter)
	_, err = reg.ParseValid([]string{"servers!goup=a"}, "token")
	require.True(t, errors.As(err, &e))
	require.Equal(t, "goup=a", e.Filter, "an error names scope, filter and reason")
	require.ErrorIs(t, err, scopes.ErrUnknownFilter)
	require.Equal(t, "token", e.Who)
}

func TestProfilesHaveNames(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]scopes.Profile{"5.5": scopes.P55, "6.0": scopes.P60} {
		require.Equal(t, name, p.String())
		require.Equal(t, p, scopes.New(p).Profile())
	}
	require.Equal(t, scopes.P55, *new(scopes.Profile), "the zero value is the default")
	require.Panics(t, func() { scopes.New(scopes.Profile(9)) })
}

func TestResourcesNameThemselvesInFilters(t *testing.T) {
	t.Parallel()
	require.Equal(t, "x!server=alice/", scopes.Server("alice", "").Scope("x").String())
	require.Equal(t, "x!user=alice", scopes.User("alice").Scope("x").String())
	require.Equal(t, "x", scopes.Resource{}.Scope("x").String())
	require.Equal(t, "x!server", scopes.Scope{Base: "x"}.With("server", "").String())
	require.Equal(t, "server=a/", scopes.Scope{Base: "x", Kind: "server", Name: "a/"}.Filter())
	require.Equal(t, "server", scopes.Scope{Base: "x", Kind: "server"}.Filter())
	require.True(t, set(t, "a b!user=c").Contains(scopes.Scope{Base: "a", Kind: "user", Name: "z"}))
	require.Equal(t, 2, set(t, "a b!user=c").Len())
}
