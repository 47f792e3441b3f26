package scopes_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

// V-88, V-89, SC-352, SH-161, Q-5: what a stock hub makes of shares where tokens are concerned.
func TestAStockHubCutsTokensByLess(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	shared := list(t, "access:servers!server=alice/ servers!server=alice/")
	inherit := []scopes.Scope{scopes.Inherit}
	own := all(selfOf, "!user=bob")

	stock := reg.HeldByStock(bob, list(t, "self"), nil) // shared with a group: no direct share
	same(t, own, reg.Effective(inherit, bob, hub, stock, world))

	stock = reg.HeldByStock(bob, list(t, "self"), shared)
	same(t, own+" access:servers!server=alice/ servers!server=alice/", reg.Effective(inherit, bob, hub, stock, world))
	require.False(t, stock.Allows("read:servers", scopes.Server("alice", ""), world), "V-89: not expanded")
	require.True(t, reg.Held(bob, list(t, "self"), shared).Allows("read:servers", scopes.Server("alice", ""), world), "V-89: in bob's session it is")
}

// V-108, V-109, SC-432, SC-433: what a service takes as granted from the list it is told.
func TestAServiceTakesNoGroupForAnAnswer(t *testing.T) {
	t.Parallel()
	for told, want := range map[string]string{
		"access:servers":             "access:servers!server=a/",
		"access:servers!user=a":      "access:servers!server=a/",
		"access:servers!group=g":     "",
		"access:servers!server=a/":   "access:servers!server=a/",
		"access:servers!server=a/b":  "",
		"access:servers!user=b self": "",
		"":                           "",
	} {
		got := scopes.Granted(list(t, "access:servers!server=a/"), set(t, told))
		require.Equal(t, want, strings.Join(scopes.Strings(got), " "), "V-108 %s", told)
	}
	require.Empty(t, scopes.Granted(list(t, "custom:x"), set(t, "custom:x!user=a")), "V-109")
	require.Len(t, scopes.Granted(list(t, "access:services access:services!service=svc"), set(t, "access:services!service=svc")), 1)
	require.Len(t, scopes.Granted(list(t, "custom:x!user=a custom:x"), set(t, "custom:x")), 2)
}

// SC-431: the consent page.
func TestConsentTellsOnlyWhatIsNotRequiredAnyway(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	required := append(scopes.IdentifyRaw(), list(t, "access:servers!server=alice/")...)
	for _, c := range []struct {
		name, allowed, lines, submit string
		identifyOnly                 bool
	}{
		{"what goes beyond is told", "read:users:name!user access:servers!server=alice/ servers!user", "servers", "read:users:name!user access:servers!server=alice/ servers!user", false},
		{"nothing beyond is one line without a scope", "read:users:name!user access:servers!server=alice/", "", "read:users:name!user access:servers!server=alice/", true},
		{"inherit stands alone", "inherit servers", "inherit", "inherit", false},
		{"nothing at all", "", "", "", true},
	} {
		got, err := reg.Consent(list(t, c.allowed), required, "alice")
		require.NoError(t, err, c.name)
		require.Len(t, got.Lines, 1, c.name)
		require.Equal(t, c.lines, got.Lines[0].Scope.Base, c.name)
		require.NotEmpty(t, got.Lines[0].Text, c.name)
		require.Equal(t, c.submit, strings.Join(scopes.Strings(got.Submit), " "), c.name)
		require.Equal(t, c.identifyOnly, got.IdentifyOnly, c.name)
	}
	_, err := reg.Consent([]scopes.Scope{{Base: "bogus"}}, required, "alice")
	require.ErrorIs(t, err, scopes.ErrUnknownScope)
}

// V-90, V-92, V-93, SC-25 … SC-29, SC-340: what is said to whoever asks for a token, and what it gets when nothing is asked.
func TestTokensGetRolesScopesByDefault(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	require.EqualError(t, reg.Validate("bogus", "token"), "Scope 'bogus' for token does not exist", "SC-25")
	_, err := reg.ParseValid([]string{"users!user="}, "token")
	require.EqualError(t, err, "Empty string is not a valid filter: users!user=", "SC-26")
	excess, err := reg.Excess(list(t, "read:users"), alice, hub, reg.Held(alice, list(t, "self"), nil), world)
	require.NoError(t, err)
	require.Equal(t, "read:users,read:users:activity,read:users:groups,read:users:name", strings.Join(excess.Strings(), ","), "V-90 SC-27: sorted")
	got, err := reg.RoleScopes("user")
	require.NoError(t, err)
	require.Equal(t, []string{"self"}, scopes.Strings(got), "V-93 SC-340")
	_, err = reg.RoleScopes("nosuch")
	require.EqualError(t, err, "No such role: nosuch", "V-93 SC-29")
	got, err = reg.RoleScopes("token")
	require.NoError(t, err)
	require.Equal(t, []scopes.Scope{scopes.Inherit}, got, "SC-340: the role token as it is now")
	more, err := reg.DefineRoles([]scopes.Role{{Name: "token", Scopes: []string{"read:users!user"}}})
	require.NoError(t, err)
	got, err = more.RoleScopes("token", "user", "user")
	require.NoError(t, err)
	require.Equal(t, []string{"read:users!user", "self"}, scopes.Strings(got), "SC-340: the union")
}
