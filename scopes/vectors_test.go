package scopes_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

const (
	users     = "users list:users read:users read:users:activity read:users:groups read:users:name users:activity"
	servers55 = "servers read:servers delete:servers read:users:name"
)

// V-1 … V-29 and V-114: what raw scopes expand to. p60 is what the 6.0 profile adds (SC-1).
func TestRawScopesExpandToEverythingTheyImply(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, raw string
		owner     scopes.Owner
		client    scopes.Client
		want, p60 string
	}{
		{"V-1 SC-40 users", "users", nobody, hub, users, ""},
		{"V-2 SC-40 admin:users", "admin:users", nobody, hub, users + " admin:users admin:auth_state delete:users read:roles:users", ""},
		{"V-3 SC-40 servers", "servers", nobody, hub, servers55, "start:servers"},
		{"V-4 SC-40 admin:servers", "admin:servers", nobody, hub, servers55 + " admin:servers admin:server_state", "start:servers"},
		{"V-5 SC-40 admin:groups", "admin:groups", nobody, hub, "admin:groups groups delete:groups list:groups read:groups read:groups:name read:roles:groups", ""},
		{"V-6 SC-40 admin:services", "admin:services", nobody, hub, "admin:services list:services read:services read:services:name read:roles:services", ""},
		{"V-7 SC-40 shares", "shares", nobody, hub, "shares access:servers read:shares users:shares read:users:shares groups:shares read:groups:shares", ""},
		{"V-8 SC-40 a filter is kept", "tokens!group=hobbits", nobody, hub, "tokens!group=hobbits read:tokens!group=hobbits", ""},
		{"V-9 SC-41 a server has no user to read", "servers!server=alice/lab", nobody, hub, all("servers read:servers delete:servers", "!server=alice/lab"), "start:servers!server=alice/lab"},
		{"V-10 SC-41 not even the scope itself", "read:users!server=alice/lab", nobody, hub, "", ""},
		{"V-11 SC-41 admin:users on a server", "admin:users!server=alice/lab", nobody, hub, all("admin:users admin:auth_state delete:users list:users users users:activity read:roles:users", "!server=alice/lab"), ""},
		{"V-12 SC-41 shares on a server", "shares!server=alice/", nobody, hub, all("shares access:servers read:shares users:shares groups:shares read:groups:shares", "!server=alice/"), ""},
		{"V-13 SC-46 self of a user", "self", alice, hub, all(selfOf, "!user=alice"), "start:servers!user=alice"},
		{"V-14 SC-46 self of a service", "self", svc, hub, "", ""},
		{"V-14 SC-46 self of nobody", "self", nobody, hub, "", ""},
		{"V-14 SC-46 self of a group", "self", scopes.Owner{Kind: "group", Name: "g1"}, hub, "", ""},
		{"V-15 SC-47 inherit stays", "inherit", alice, hub, "inherit", ""},
		{"V-15 SC-47 no scope stays", "(no_scope)", alice, hub, "(no_scope)", ""},
		{"V-16 SC-48 a filtered metascope is none", "self!user=bob", alice, hub, "self!user=bob", ""},
		{"SC-48 its shorthand is resolved", "inherit!user", alice, hub, "inherit!user=alice", ""},
		{"V-17 SC-49 a service is no user", "servers!user", svc, hub, "", ""},
		{"V-18 SC-49 the client's service", "servers!service", alice, svcApp, all(servers55, "!service=svc"), "start:servers!service=svc"},
		{"V-19 SC-49 the client's server", "servers!server", alice, aliceLab, all("servers read:servers delete:servers", "!server=alice/lab"), "start:servers!server=alice/lab"},
		{"V-20 SC-49 a service client has no server", "servers!server", alice, svcApp, "", ""},
		{"V-21 SC-49 the owning service", "access:services!service", svc, aliceLab, "access:services!service=svc", ""},
		{"SC-49 the issuing service goes before the owning one", "access:services!service", svc, scopes.Client{Service: "w"}, "access:services!service=w", ""},
		{"V-22 SC-43 unfiltered swallows filtered", "self read:users", alice, hub,
			all("access:servers delete:servers read:servers read:shares read:tokens read:users:shares servers tokens users:activity users:shares", "!user=alice") +
				" read:users read:users:activity read:users:groups read:users:name", "start:servers!user=alice"},
		{"V-23 SC-301 role server, its own client", "users:activity!user access:servers!server", alice, aliceLab, "users:activity!user=alice read:users:activity!user=alice access:servers!server=alice/lab", ""},
		{"V-24 SC-301 role server, no client", "users:activity!user access:servers!server", alice, hub, "users:activity!user=alice read:users:activity!user=alice", ""},
		{"V-26 SC-11 a lone exclamation mark", "users!", nobody, hub, users, ""},
		{"V-28 SC-10 the first equals sign splits", "users!user=a=b", nobody, hub, all(users, "!user=a=b"), ""},
		{"SC-10 the first exclamation mark splits", "read:users:name!user=a!b", nobody, hub, "read:users:name!user=a!b", ""},
		{"SC-44 an unknown kind grants nothing useful and stays", "read:tokens!goup=a", nobody, hub, "read:tokens!goup=a", ""},
		{"SC-52 the shorthand is the whole filter", "read:tokens!user=user", alice, hub, "read:tokens!user=user", ""},
		{"V-38 SC-62 reduced", "access:services access:services!service=x", nobody, hub, "access:services", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := scopes.New(scopes.P55).Expand(list(t, c.raw), c.owner, c.client)
			require.NoError(t, err)
			same(t, c.want, got)
			got, err = scopes.New(scopes.P60).Expand(list(t, c.raw), c.owner, c.client)
			require.NoError(t, err)
			same(t, c.want+" "+c.p60, got)
		})
	}
}

func TestAnUnknownScopeDoesNotExpand(t *testing.T) {
	t.Parallel()
	// V-29 SC-44
	_, err := scopes.New(scopes.P55).Expand([]scopes.Scope{{Base: "bogus"}}, alice, hub)
	require.ErrorIs(t, err, scopes.ErrUnknownScope)
	// V-27 SC-23, Q-10: always, whatever else is asked for.
	_, err = scopes.ParseAll([]string{"users", "users!user="})
	require.ErrorIs(t, err, scopes.ErrEmptyFilter)
	require.EqualError(t, err, "Empty string is not a valid filter: users!user=")
	// SC-12: there is no shorthand for groups.
	_, err = scopes.Parse("servers!group")
	require.ErrorIs(t, err, scopes.ErrEmptyFilter)
}

// V-25 SC-302
func TestTheAdminRoleHoldsEveryBuiltinScopeUnfiltered(t *testing.T) {
	t.Parallel()
	for profile, n := range map[scopes.Profile]int{scopes.P55: 44, scopes.P60: 45} {
		reg, err := scopes.New(profile).Define([]scopes.Definition{{Name: "custom:okay", Description: "x"}})
		require.NoError(t, err)
		roles, err := reg.RoleScopes("user", "admin")
		require.NoError(t, err)
		held := reg.Held(alice, roles, nil)
		require.Equal(t, n, held.Len())
		for _, name := range reg.Names() {
			inert := name == "self" || name == "inherit" || name == "(no_scope)" || name == "custom:okay"
			require.Equal(t, !inert, held.Unfiltered(name), name)
		}
	}
}

// V-30 … V-35, V-119: does this scope exist.
func TestScopesAreValidated(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	for _, c := range []struct{ name, raw, who, want string }{
		{"V-30 SC-20 the draft name", "all", "", "Draft scope 'all' is now called 'inherit'"},
		{"V-30 SC-20 the draft name, filtered", "all!user", "", "Draft scope 'all' is now called 'inherit'"},
		{"V-31 SC-21 unknown", "bogus", "token", "Scope 'bogus' for token does not exist"},
		{"SC-21 nobody named", "bogus", "", "Scope 'bogus'  does not exist"},
		{"V-32 SC-22 groups have no shorthand", "servers!group", "token", "Scope filter group '!group' in scope 'servers!group' for token does not exist"},
		{"V-33 SC-22 a misspelt kind", "groups!goup=a", "role r-1", "Scope filter goup=a '!goup=a' in scope 'groups!goup=a' for role r-1 does not exist"},
		{"V-34 SC-23 an empty name passes here", "users!user=", "", ""},
		{"V-34 SC-11 a lone exclamation mark", "users!", "", ""},
		{"V-34 SC-24 a filtered metascope", "self!user=bob", "", ""},
		{"V-34 SC-15 a server without slash", "servers!server=alice", "", ""},
		{"V-35 SC-13 empty", "", "", "Scope ''  does not exist"},
		{"V-35 SC-13 nothing is trimmed", " users", "", "Scope ' users'  does not exist"},
		{"V-35 SC-13 case counts", "Users", "", "Scope 'Users'  does not exist"},
		{"V-35 SC-13 no prefixes", "read:users:", "", "Scope 'read:users:'  does not exist"},
		{"V-35 SC-13 custom but undefined", "custom:nope", "", "Scope 'custom:nope'  does not exist"},
		{"V-119 SC-1 not in 5.5", "start:servers", "", "Scope 'start:servers'  does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := reg.Validate(c.raw, c.who)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.want)
		})
	}
	require.NoError(t, scopes.New(scopes.P60).Validate("start:servers", ""), "V-119 SC-1: it is there in 6.0")
}

// V-36, V-37: collecting scopes reduces them (SC-60 … SC-62).
func TestSetsAreReducedAndListed(t *testing.T) {
	t.Parallel()
	s := set(t, "users groups!group=foo servers!server=u/b servers!server=u/z servers!user=v")
	require.Equal(t, []string{"groups!group=foo", "servers!server=u/b", "servers!server=u/z", "servers!user=v", "users"}, s.Strings())
	require.True(t, s.Unfiltered("users"))
	require.Equal(t, []string{"server", "user"}, s.Kinds("servers"))
	require.Empty(t, s.Kinds("users"))
	same(t, "x", set(t, "x x!user=a"))
	same(t, "x", set(t, "x!user=a x"))
	same(t, "x!user=a x!server=a/b", set(t, "x!user=a x!server=a/b"))
	same(t, "users read:users", set(t, "users read:users"))
	require.Equal(t, "x!server=a", set(t, "x!server=a x!user").String(), "SC-15; and a shorthand means nothing in a set")
}

// V-39 … V-53: intersection (SC-70 … SC-77).
func TestIntersectionKeepsWhatBothAllow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, a, b string
		blind      bool // no live membership
		want       string
	}{
		{"V-39 SC-70 bases are compared as they are", "admin:users", "read:users", false, ""},
		{"V-40 SC-71 unfiltered with filtered", "x x!user=a", "x!group=q", false, "x!group=q"},
		{"SC-71 unfiltered with unfiltered", "x", "x", false, "x"},
		{"V-41 SC-72 a user's server", "x!user=abc", "x!server=abc/xyz", false, "x!server=abc/xyz"},
		{"V-42 SC-76 no prefixes", "read:servers!user=al", "read:servers!server=alice/lab", false, ""},
		{"V-43 SC-72 a group's member", "users!group=g1", "users!user=alice", false, "users!user=alice"},
		{"V-44 SC-73 membership unknown", "users!group=g1", "users!user=alice", true, ""},
		{"V-45 SC-72 not a member", "users!group=g1", "users!user=ghost", false, ""},
		{"V-46 SC-72 members and their servers", "x!group=g1", "x!server=bob/z x!user=alice", false, "x!server=bob/z x!user=alice"},
		{"V-47 SC-74 groups with common members", "x!group=g1", "x!group=g2", false, ""},
		{"V-48 SC-75 the narrower is kept too", "x!user=a x!server=a/x", "x!user=a", false, "x!server=a/x x!user=a"},
		{"V-49 SC-72 both ways", "x!server=alice/lab x!group=g2", "x!server=carol/x x!user=alice", false, "x!server=alice/lab x!server=carol/x"},
		{"V-50 SC-72 users of each other's groups", "x!user=alice x!group=g2", "x!user=carol x!group=g1", false, "x!user=alice x!user=carol"},
		{"V-51 SC-15 a server value without slash", "x!server=a", "x!user=a", false, "x!server=a"},
		{"V-51 SC-15 is not the default server", "x!server=a/", "x!server=a", false, ""},
		{"V-52 SC-74 services meet only themselves", "x!group=g1", "x!service=s", false, ""},
		{"SC-74 and they do", "x!service=s x!service=r", "x!service=s", false, "x!service=s"},
		{"V-53 SC-72 several ways", "x!user=bob", "x!group=g2 x!server=bob/2", false, "x!server=bob/2 x!user=bob"},
		{"SC-44 unknown kinds meet literally", "x!goup=a", "x!goup=a", false, "x!goup=a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var g scopes.Groups = world
			if c.blind {
				g = nil
			}
			a, b := set(t, c.a), set(t, c.b)
			same(t, c.want, scopes.Intersect(a, b, g))
			same(t, c.want, scopes.Intersect(b, a, g)) // SC-77
			require.True(t, scopes.Intersect(a, a, g).Equal(a), "SC-77")
		})
	}
}

// V-54 … V-60: does a set have a required scope (SC-80 … SC-88).
func TestHasARequiredScope(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, required, have string
		want, blind          bool
	}{
		{"V-54 SC-87 by group", "read:users!user=bob", "read:users!group=g1", true, false},
		{"V-54 SC-87 membership unknown", "read:users!user=bob", "read:users!group=g1", false, true},
		{"V-55 SC-87 a server need not exist", "read:servers!server=bob/anything", "read:servers!group=g1", true, false},
		{"V-56 SC-86 by owner", "read:servers!server=bob/", "read:servers!user=bob", true, false},
		{"V-57 SC-88 a server is not its user", "read:servers!user=bob", "read:servers!server=bob/", false, false},
		{"V-58 SC-88 a user is not their group", "read:groups!group=g1", "read:groups!user=bob", false, false},
		{"V-59 SC-4 nothing is inferred", "users", "admin:users", false, false},
		{"V-61 SC-83 unfiltered is needed", "read:users", "read:users!user=x", false, false},
		{"V-63 SC-81 another base", "read:users", "read:groups!user=x", false, false},
		{"SC-82 unfiltered does for all", "read:users!service=x", "read:users", true, false},
		{"SC-85 literally", "x!service=s", "x!service=s", true, false},
		{"SC-85 a bare server value, literally", "x!server=a", "x!server=a", true, false},
		{"SC-86 a bare server value, by owner", "x!server=a", "x!user=a", true, false},
		{"SC-88 an unknown kind", "x!goup=s", "x!goup=s", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var g scopes.Groups = world
			if c.blind {
				g = nil
			}
			got, err := set(t, c.have).Has(list(t, c.required)[0], g)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	// V-60 SC-80
	_, err := set(t, "read:users").Has(scopes.Scope{Base: "read:users", Kind: "user"}, nil)
	require.ErrorIs(t, err, scopes.ErrUnexpanded)
	require.EqualError(t, err, "Unexpanded scope filter read:users!user not allowed. Use expanded scopes.")
	// V-61, SC-96: a list endpoint asks for the base in any form, then filters.
	require.True(t, set(t, "read:users!user=x").Holds("read:users"))
	require.False(t, set(t, "read:groups!user=x").Holds("read:users"), "V-63")
}

// V-64, V-65: what a filter reaches (SC-90).
func TestAllowsOnResources(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, have string
		on         scopes.Resource
		want       bool
	}{
		{"V-64 a server of a group's member", "x!group=g1", scopes.Server("alice", "lab"), true},
		{"V-64 not a member", "x!group=g1", scopes.User("carol"), false},
		{"V-64 a group is no user", "x!user=alice", scopes.Group("g1"), false},
		{"V-64 a user is no server", "x!server=alice/lab", scopes.User("alice"), false},
		{"V-65 Q-3 the bare server name", "x!server=lab", scopes.Server("alice", "lab"), false},
		{"SC-14 the default server", "x!server=alice/", scopes.Server("alice", ""), true},
		{"SC-76 no prefixes", "x!user=al", scopes.Server("alice", "lab"), false},
		{"SC-90 a group", "x!group=g9", scopes.Group("g9"), true},
		{"SC-90 a service", "x!service=s", scopes.Service("s"), true},
		{"nothing in particular needs it unfiltered", "x!user=alice", scopes.Resource{}, false},
		{"nothing in particular, unfiltered", "x", scopes.Resource{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, set(t, c.have).Allows("x", c.on, world))
		})
	}
	require.False(t, scopes.Set{}.Allows("x", scopes.User("a"), world), "the zero set denies")
}

// V-66 … V-72: the guard of an endpoint (SC-91 … SC-95, SC-98).
func TestExplainTellsHiddenFromForbidden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, bases, have string
		on                scopes.Resource
		want              string
		hidden            bool
	}{
		{"V-67 SC-94 held for another", "read:users read:users:name", "read:users:name!user=x", scopes.User("y"), "No access to resources or resources not found", true},
		{"V-68 SC-95 not held", "read:users read:users:name", "users!user=x", scopes.User("x"), "Action is not authorized with current scopes; requires any of [read:users, read:users:name]", false},
		{"V-69 SC-91 the default server", "servers", "servers!server=bob/", scopes.Server("bob", ""), "allowed by servers!server=bob/", false},
		{"V-69 SC-94 another server of the owner", "servers", "servers!server=bob/", scopes.Server("bob", "z"), "No access to resources or resources not found", true},
		{"V-70 SC-95 no resource to hide", "admin:users", "admin:users!user=x", scopes.Resource{}, "Action is not authorized with current scopes; requires any of [admin:users]", false},
		{"V-72 Q-4 the owner as a whole, by one server", "shares", "shares!server=bob/", scopes.User("bob"), "No access to resources or resources not found", true},
		{"V-72 Q-4 the owner as a whole, by user", "shares", "shares!user=bob", scopes.User("bob"), "allowed by shares!user=bob", false},
		{"SC-93 any of them, by group", "a b", "b!group=g2 b!group=g1", scopes.Server("bob", "x"), "allowed by b!group=g1", false},
		{"SC-93 unfiltered", "a", "a", scopes.User("x"), "allowed by a", false},
		{"SC-93 by owner", "a", "a!user=x", scopes.Server("x", "y"), "allowed by a!user=x", false},
		{"SC-93 by group itself", "a", "a!group=x", scopes.Group("x"), "allowed by a!group=x", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := set(t, c.have).Explain(strings.Fields(c.bases), c.on, world)
			require.Equal(t, c.want, d.String())
			require.Equal(t, c.hidden, d.Hidden)
		})
	}
}
