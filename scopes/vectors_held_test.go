package scopes_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

// V-73 … V-85: effective scopes of tokens (SC-354 … SC-358).
func TestATokenNeverExceedsItsOwner(t *testing.T) {
	t.Parallel()
	const idAlice = " read:users:groups!user=alice read:users:name!user=alice"
	const idBob = " read:users:groups!user=bob read:users:name!user=bob"
	for _, c := range []struct {
		name, token string
		owner       scopes.Owner
		client      scopes.Client
		roles, want string
	}{
		{"V-73 SC-355 self", "self", alice, hub, "self", all(selfOf, "!user=alice")},
		{"V-74 SC-355 the token is narrower", "read:users:activity!user", alice, hub, "read:users:activity", "read:users:activity!user=alice"},
		{"V-74 SC-355 the owner is narrower", "read:users:activity", alice, hub, "read:users:activity!user=alice", "read:users:activity!user=alice"},
		{"V-75 SC-355 implied by the owner's", "read:users:name", alice, hub, "users!user=x", "read:users:name!user=x"},
		{"V-76 SC-355 nothing stored", "", alice, hub, "self", idAlice},
		{"V-77 SC-355 an owner without roles", "", alice, hub, "", ""},
		{"V-78 SC-357 the client's access scope, asked for", "access:servers!server", alice, aliceLab, "self", "access:servers!server=alice/lab" + idAlice},
		{"V-78 SC-357 and not", "", alice, aliceLab, "self", "access:servers!server=alice/lab" + idAlice},
		{"V-79 SC-355 not held", "", alice, aliceLab, "read:users", idAlice},
		{"V-80 SC-355 access through a group's role", "access:servers!server=alice/lab", bob, aliceLab, "self access:servers!group=g1", "access:servers!server=alice/lab" + idBob},
		{"V-80 SC-356 the role is gone", "access:servers!server=alice/lab", bob, aliceLab, "self", idBob},
		{"V-81 SC-355 a group against a user", "servers!group=g1", alice, hub, "servers!user=bob", all(servers55, "!user=bob")},
		{"V-82 SC-355 less than asked", "users", alice, hub, "read:users:name", "read:users:name"},
		{"V-83 SC-354 inherit of a service", "inherit", svc, hub, "read:users:name self", "read:users:name"},
		{"V-84 SC-358 a service's identity", "", svc, hub, "read:users:name list:services", "read:services:name!service=svc"},
		{"V-85 SC-357 a service client", "", alice, svcApp, "access:services", "access:services!service=svc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			reg := scopes.New(scopes.P55)
			held := reg.Held(c.owner, list(t, c.roles), nil)
			got := reg.Effective(list(t, c.token), c.owner, c.client, held, world)
			same(t, c.want, got)
		})
	}
}

// V-86 … V-89: effective scopes of people and the tokens that inherit them (SC-50, SC-350, Q-5).
func TestSharesReachTheirGrantees(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	// V-86 SC-50: a group's role is read for the member.
	same(t, "read:hub "+all(servers55, "!user=alice"), reg.Held(alice, list(t, "read:hub servers!user"), nil))
	// V-87 SC-350
	same(t, "access:servers!server=alice/", reg.Held(carol, nil, list(t, "access:servers!server=alice/")))
	// V-88, V-89 Q-5: with us, shares count for tokens, those to groups too, and expanded.
	held := reg.Held(bob, list(t, "self"), list(t, "access:servers!server=alice/ servers!server=alice/"))
	got := reg.Effective([]scopes.Scope{scopes.Inherit}, bob, hub, held, world)
	require.True(t, got.Allows("read:servers", scopes.Server("alice", ""), nil))
	require.True(t, got.Allows("access:servers", scopes.Server("alice", ""), nil))
	require.False(t, got.Allows("access:servers", scopes.Server("alice", "lab"), nil))
	// SC-386: a share adds nothing about the user.
	require.False(t, reg.Held(bob, nil, list(t, "servers!server=alice/")).Allows("read:users:name", scopes.User("alice"), nil))
	// A scope that is no longer defined grants nothing.
	same(t, "", reg.Held(bob, list(t, "custom:old"), list(t, "custom:older!server=alice/")))
}

// V-90 … V-92: may this token be made (SC-341, SC-342).
func TestANewTokenMayNotExceedItsOwner(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	held := reg.Held(alice, list(t, "self"), nil)
	for _, c := range []struct{ name, raw, excess string }{
		{"V-90 SC-27 wider", "read:users", "read:users read:users:activity read:users:groups read:users:name"},
		{"V-91 SC-342 nothing to resolve to", "servers!server", ""},
		{"V-91 SC-342 expands to nothing", "read:users!server=alice/lab", ""},
		{"V-91 SC-341 inherit is left out", "inherit read:users!user", ""},
		{"V-92 SC-342 no scope", "(no_scope)", "(no_scope)"},
		{"V-92 SC-342 filtered metascope", "self!user=bob", "self!user=bob"},
		{"V-92 SC-342 filtered inherit", "inherit!user", "inherit!user=alice"},
		{"V-92 SC-341 the rest must hold", "inherit delete:users", "delete:users"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := reg.Excess(list(t, c.raw), alice, hub, held, world)
			require.NoError(t, err)
			same(t, c.excess, got)
		})
	}
	_, err := reg.Excess([]scopes.Scope{{Base: "bogus"}}, alice, hub, held, world)
	require.ErrorIs(t, err, scopes.ErrUnknownScope)
}

// V-94 … V-101: requested against held (SC-420, SC-421).
func TestResolveSplitsARequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, requested, have string
		owner                 scopes.Owner
		client                scopes.Client
		allowed, denied       string
	}{
		{"V-94 covered, kept raw", "read:users:name!user", "read:users:name!user=alice", alice, svcApp, "read:users:name!user", ""},
		{"V-95 a server of the user", "read:servers!server", "read:servers!user", alice, aliceLab, "read:servers!server", ""},
		{"V-96 in part", "admin:servers!server", "read:servers", alice, aliceLab, "read:servers!server=alice/lab", "admin:servers!server"},
		{"V-97 in part, by user", "read:users:name", "self", alice, svcApp, "read:users:name!user=alice", "read:users:name"},
		{"V-98 inherit only literally", "inherit", "self", alice, hub, "", "inherit"},
		{"V-98 inherit satisfies nothing else", "self", "inherit", alice, hub, "", "self"},
		{"V-99 SC-421 expands to nothing", "servers!server", "self", alice, svcApp, "servers!server", ""},
		{"V-100 a group against one member", "access:servers!group=g1", "access:servers!user=bob", bob, hub, "access:servers!user=bob", "access:servers!group=g1"},
		{"V-101 SC-400 a server token", "users:activity!user access:servers!server=alice/lab", "self inherit", alice, hub, "access:servers!server=alice/lab users:activity!user", ""},
		{"V-101 SC-400 inherit alone", "users:activity!user access:servers!server=alice/lab", "inherit", alice, hub, "", "access:servers!server=alice/lab users:activity!user"},
		{"SC-420 literally, twice", "x x", "x", alice, hub, "x", ""},
		{"SC-420 unknown", "bogus", "self", alice, hub, "", "bogus"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			allowed, denied := scopes.New(scopes.P55).Resolve(list(t, c.requested), list(t, c.have), c.owner, c.client, world)
			require.Equal(t, strings.Fields(c.allowed), scopes.Strings(allowed))
			require.Equal(t, strings.Fields(c.denied), scopes.Strings(denied))
		})
	}
}

// V-106, V-107: the lines of the consent and the accept page (SC-430, SC-431).
func TestScopesAreDescribedToPeople(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	for raw, want := range map[string]string{
		"access:servers!server=alice/": "server alice/",
		"read:users!user":              "only you",
		"read:users!user=alice":        "only you",
		"read:users!user=bob":          "user bob",
		"servers!group=g1":             "users in group g1",
		"access:services!service=svc":  "service svc",
		"users":                        "",
		"access:servers!server":        "this server", // HB-193
	} {
		got, err := reg.Describe(list(t, raw), "alice")
		require.NoError(t, err)
		require.Equal(t, want, got[0].Filter, raw)
		require.NotEmpty(t, got[0].Text)
	}
	got, err := reg.Describe(list(t, "access:servers"), "alice")
	require.NoError(t, err)
	require.Equal(t, "Access user servers via API or browser.", got[0].Text) // HB-192
	_, err = reg.Describe([]scopes.Scope{{Base: "bogus"}}, "alice")
	require.ErrorIs(t, err, scopes.ErrUnknownScope)
	asked, err := reg.Consent(nil, nil, "alice")
	require.NoError(t, err)
	require.Equal(t, []scopes.Description{{Text: "Identify the owner of the requesting entity."}}, asked.Lines) // SC-431
	for _, name := range reg.Names() {
		d, ok := reg.Lookup(name)
		require.True(t, ok)
		require.NotEmpty(t, d.Description, name)
	}
}

// V-120 SC-357 SC-358
func TestIdentifyAndAccessScopes(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"read:users:groups!user=alice", "read:users:name!user=alice"}, scopes.Strings(alice.Identify()))
	require.Equal(t, []string{"read:services:name!service=svc"}, scopes.Strings(svc.Identify()))
	require.Equal(t, []string{"read:users:groups!user", "read:users:name!user"}, scopes.Strings(scopes.IdentifyRaw()))
	require.Empty(t, scopes.Owner{Kind: "group", Name: "g1"}.Identify())
	s, ok := aliceLab.Access()
	require.True(t, ok)
	require.Equal(t, "access:servers!server=alice/lab", s.String())
	s, ok = svcApp.Access()
	require.True(t, ok)
	require.Equal(t, "access:services!service=svc", s.String())
	_, ok = hub.Access()
	require.False(t, ok)
}
