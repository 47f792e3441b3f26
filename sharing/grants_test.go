package sharing_test

import (
	"errors"
	"slices"
	"testing"
	"testing/quick"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// TestFilterRule is SH-34 … SH-37 and V-102.
func TestFilterRule(t *testing.T) {
	t.Parallel()
	const mine = "access:servers!server=alice/"
	for name, c := range map[string]struct {
		scopes  []string
		want    []string
		reason  error
		message string
	}{
		"SH-34 nothing said is access":                         {scopes: nil, want: []string{mine}},
		"SH-34 an empty list is access":                        {scopes: []string{}, want: []string{mine}},
		"V-102 no filter is completed":                         {scopes: []string{"access:servers"}, want: []string{mine}},
		"V-102 the server's own filter is kept":                {scopes: []string{mine}, want: []string{mine}},
		"SC-11 an exclamation mark alone is no filter":         {scopes: []string{"access:servers!"}, want: []string{mine}},
		"SH-35 duplicates collapse and the result is sorted":   {scopes: []string{"servers", mine, "access:servers", "servers"}, want: []string{mine, "servers!server=alice/"}},
		"V-102 another server is refused":                      {[]string{"access:servers!server=alice/lab"}, nil, sharing.ErrScopeFilter, "!server=alice/lab not allowed on sharing access:servers!server=alice/lab, only !server=alice/"},
		"V-102 the owner's filter is refused":                  {[]string{"access:servers!user=alice"}, nil, sharing.ErrScopeFilter, "!user=alice not allowed on sharing access:servers!user=alice, only !server=alice/"},
		"V-102 the server shorthand is refused":                {[]string{"access:servers!server"}, nil, sharing.ErrScopeFilter, "!server not allowed on sharing access:servers!server, only !server=alice/"},
		"SH-35 the user shorthand is refused":                  {[]string{"access:servers!user"}, nil, sharing.ErrScopeFilter, "!user not allowed on sharing access:servers!user, only !server=alice/"},
		"SH-173 the name without a slash is refused":           {[]string{"access:servers!server=alice"}, nil, sharing.ErrScopeFilter, "!server=alice not allowed on sharing access:servers!server=alice, only !server=alice/"},
		"SC-23 an empty filter is refused":                     {[]string{"access:servers!server="}, nil, sharing.ErrScopeFilter, "!server= not allowed on sharing access:servers!server=, only !server=alice/"},
		"SH-37 an unknown scope is refused":                    {[]string{"nope:nope"}, nil, sharing.ErrInvalidScope, "Scope 'nope:nope' for share does not exist"},
		"SH-37 an unknown scope with the filter is refused":    {[]string{"nope!server=alice/"}, nil, sharing.ErrInvalidScope, "Scope 'nope!server=alice/' for share does not exist"},
		"SH-37 an unknown filter is refused":                   {[]string{"access:servers!planet=x"}, nil, sharing.ErrInvalidScope, "Scope filter planet=x '!planet=x' in scope 'access:servers!planet=x' for share does not exist"},
		"SH-37 what does not exist goes before a wrong filter": {[]string{"access:servers!user", "nope"}, nil, sharing.ErrInvalidScope, "Scope 'nope' for share does not exist"},
		"SH-36 a metascope is held by nobody":                  {[]string{"self"}, nil, sharing.ErrScopeNotHeld, "Do not have permission to grant share with scope self!server=alice/"},
		"SH-36 nor is inherit":                                 {[]string{"inherit"}, nil, sharing.ErrScopeNotHeld, "Do not have permission to grant share with scope inherit!server=alice/"},
		"SH-36 nor is no scope":                                {[]string{"(no_scope)"}, nil, sharing.ErrScopeNotHeld, "Do not have permission to grant share with scope (no_scope)!server=alice/"},
		"SH-36 a scope of one's own that suits no server is":   {scopes: []string{"tokens"}, want: []string{"tokens!server=alice/"}},
		"SH-85 the first that is not held is named":            {[]string{"admin:servers", "access:servers", "admin:server_state"}, nil, sharing.ErrScopeNotHeld, "Do not have permission to grant share with scope admin:server_state!server=alice/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			code, _, err := f.CreateCode(t.Context(), f.as(t, "alice"), sharing.CodeRequest{Server: home, Scopes: c.scopes})
			if c.reason != nil {
				require.ErrorIs(t, err, c.reason)
				assert.Equal(t, c.message, err.Error())
				assert.Empty(t, f.told())
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, scopes.Strings(code.Scopes))
			// SH-222: what came out goes in again unchanged.
			again, _, err := f.CreateCode(t.Context(), f.as(t, "alice"), sharing.CodeRequest{Server: home, Scopes: c.want})
			require.NoError(t, err)
			assert.Equal(t, code.Scopes, again.Scopes)
		})
	}
}

// TestOrderOfChecks is the list of SH-82: each case is wrong in every way from its own check on, so that the first wins.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	lab := sharing.ServerName{Owner: "alice", Name: "lab"}
	nowhere := sharing.ServerName{Owner: "alice", Name: "nowhere"}
	all := holding(t, "shares", "access:servers")
	for name, c := range map[string]struct {
		by      sharing.Caller
		request sharing.GrantRequest
		reason  error
		message string
	}{
		"the gate is first": {
			holding(t), sharing.GrantRequest{Server: nowhere, Scopes: []string{"nope"}}, sharing.ErrNotAllowed,
			"Action is not authorized with current scopes; requires any of [shares]",
		},
		"SH-58 then whether there is a grantee": {
			all, sharing.GrantRequest{Server: nowhere, Scopes: []string{"nope"}}, sharing.ErrInvalidGrantee, "Specify exactly one of `user` or `group`",
		},
		"SH-43 a service is no grantee": {
			all, sharing.GrantRequest{Server: lab, Grantee: sharing.GranteeName{Kind: "service", Name: "cull"}}, sharing.ErrInvalidGrantee, "Specify exactly one of `user` or `group`",
		},
		"SH-37 then whether the scopes exist": {
			all, sharing.GrantRequest{Server: nowhere, Grantee: toUser("ghost"), Scopes: []string{"servers!user", "nope"}}, sharing.ErrInvalidScope,
			"Scope 'nope' for share does not exist",
		},
		"SH-35 then their filter": {
			all, sharing.GrantRequest{Server: nowhere, Grantee: toUser("ghost"), Scopes: []string{"servers!user"}}, sharing.ErrScopeFilter,
			"!user not allowed on sharing servers!user, only !server=alice/nowhere",
		},
		"SH-84 then whether the server exists": {
			all, sharing.GrantRequest{Server: nowhere, Grantee: toUser("ghost"), Scopes: []string{"servers"}}, sharing.ErrNoSuchServer,
			"No such server: alice/nowhere",
		},
		"SH-85 then whether the scopes are held": {
			all, sharing.GrantRequest{Server: lab, Grantee: toUser("ghost"), Scopes: []string{"servers"}}, sharing.ErrScopeNotHeld,
			"Do not have permission to grant share with scope servers!server=alice/lab",
		},
		"SH-86, V-105 then whether the name may be read": {
			all, sharing.GrantRequest{Server: lab, Grantee: toUser("ghost")}, sharing.ErrNameNotReadable,
			"Need scope 'read:users:name' to share with users by name",
		},
		"SH-86 the same for groups": {
			all, sharing.GrantRequest{Server: lab, Grantee: toGroup("ghosts")}, sharing.ErrNameNotReadable,
			"Need scope 'read:groups:name' to share with groups by name",
		},
		"V-105 what is not held goes before an unreadable group": {
			holding(t, "shares", "access:servers", "read:users:name"), sharing.GrantRequest{Server: lab, Grantee: toGroup("team"), Scopes: []string{"admin:servers"}},
			sharing.ErrScopeNotHeld, "Do not have permission to grant share with scope admin:servers!server=alice/lab",
		},
		"SH-87 then whether the user exists": {
			f.as(t, "admin"), sharing.GrantRequest{Server: lab, Grantee: toUser("ghost")}, sharing.ErrNoSuchGrantee, "No such user: ghost",
		},
		"SH-87 names are compared exactly": {
			f.as(t, "admin"), sharing.GrantRequest{Server: lab, Grantee: toUser("Bob")}, sharing.ErrNoSuchGrantee, "No such user: Bob",
		},
		"SH-87 then whether the group exists": {
			f.as(t, "admin"), sharing.GrantRequest{Server: lab, Grantee: toGroup("ghosts")}, sharing.ErrNoSuchGrantee, "No such group: ghosts",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := f.Grant(t.Context(), c.by, c.request)
			require.ErrorIs(t, err, c.reason)
			assert.Equal(t, c.message, err.Error())
			var refused *sharing.Error
			assert.True(t, errors.As(err, &refused), "a refusal is an *Error")
		})
	}
	t.Run("SH-102 for a code what is held goes before the server", func(t *testing.T) {
		t.Parallel()
		_, _, err := f.CreateCode(t.Context(), all, sharing.CodeRequest{Server: nowhere, Scopes: []string{"servers"}})
		require.ErrorIs(t, err, sharing.ErrScopeNotHeld)
		_, _, err = f.CreateCode(t.Context(), all, sharing.CodeRequest{Server: nowhere})
		require.ErrorIs(t, err, sharing.ErrNoSuchServer)
	})
}

// TestGrantsMergeAndRevokesTakeAway is V-103 and V-104.
func TestGrantsMergeAndRevokesTakeAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const access, read = "access:servers!server=alice/", "read:servers!server=alice/"
	first := f.grant(t, "", "user", "carol", "read:servers")
	f.advance(60)
	share := f.grant(t, "", "user", "carol")
	assert.Equal(t, []string{access, read}, texts(share), "V-103")
	assert.Equal(t, first.CreatedAt, share.CreatedAt)
	assert.Equal(t, first.ID, share.ID)

	revoke := func(list ...string) *sharing.Share {
		t.Helper()
		left, err := f.Revoke(t.Context(), f.as(t, "alice"), sharing.RevokeRequest{Server: home, Grantee: toUser("carol"), Scopes: list})
		require.NoError(t, err)
		return left
	}
	f.told()
	left := revoke("access:servers!user=alice", "access:servers!server", "access:servers!server=alice/lab")
	require.NotNil(t, left, "SH-42 scopes filtered for something else are ignored")
	assert.Equal(t, []string{access, read}, texts(*left))
	assert.Empty(t, f.told())
	left = revoke("access:servers")
	require.NotNil(t, left)
	assert.Equal(t, []string{read}, texts(*left), "V-104, SH-42 a scope without filter is completed")
	left = revoke("access:servers!server=alice/")
	require.NotNil(t, left)
	assert.Equal(t, []string{read}, texts(*left))
	assert.Nil(t, revoke(read), "V-104 the last scope ends the share")
	assert.Nil(t, revoke(read), "SH-91 nothing is left of nothing")
	assert.Nil(t, revoke())
	left, err := f.Revoke(t.Context(), f.as(t, "alice"), sharing.RevokeRequest{Server: home, Grantee: toUser("ghost")})
	require.NoError(t, err, "SH-91 a grantee who does not exist has nothing")
	assert.Nil(t, left)
	_, err = f.Revoke(t.Context(), f.as(t, "alice"), sharing.RevokeRequest{Server: home, Grantee: toUser("carol"), Scopes: []string{"nope"}})
	assert.ErrorIs(t, err, sharing.ErrInvalidScope)
	_, err = f.Revoke(t.Context(), f.as(t, "alice"), sharing.RevokeRequest{Server: sharing.ServerName{Owner: "alice", Name: "x"}, Grantee: toUser("carol")})
	assert.ErrorIs(t, err, sharing.ErrNoSuchServer)
}

// TestScopesImpliedByAShareStay is SH-38: a share holds what was granted, and revoking compares with that.
func TestScopesImpliedByAShareStay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.grant(t, "", "user", "carol", "shares", "access:servers")
	left, err := f.Revoke(t.Context(), f.as(t, "alice"), sharing.RevokeRequest{Server: home, Grantee: toUser("carol"), Scopes: []string{"access:servers"}})
	require.NoError(t, err)
	require.NotNil(t, left)
	assert.Equal(t, []string{"shares!server=alice/"}, texts(*left))
	assert.True(t, f.as(t, "carol").Scopes.Allows("access:servers", scopes.Server("alice", ""), f.hub))
}

// TestDelegation is SH-39: who was given shares on a server may pass on what they hold there, and no more.
func TestDelegation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.grant(t, "", "user", "carol", "shares")
	carol := f.as(t, "carol")
	_, _, err := f.CreateCode(t.Context(), carol, sharing.CodeRequest{Server: home})
	require.NoError(t, err)
	_, _, err = f.CreateCode(t.Context(), carol, sharing.CodeRequest{Server: home, Scopes: []string{"servers"}})
	require.ErrorIs(t, err, sharing.ErrScopeNotHeld)
	_, _, err = f.CreateCode(t.Context(), carol, sharing.CodeRequest{Server: sharing.ServerName{Owner: "alice", Name: "lab"}})
	require.ErrorIs(t, err, sharing.ErrHidden)
	require.NoError(t, f.RevokeAll(t.Context(), carol, home))
	_, _, err = f.CreateCode(t.Context(), f.as(t, "carol"), sharing.CodeRequest{Server: home})
	require.ErrorIs(t, err, sharing.ErrNotAllowed, "the delegate revoked themself as well")
}

// TestLeaving is SH-121, SH-122, SH-131 and SH-132.
func TestLeaving(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.grant(t, "", "group", "team")
	carol := f.as(t, "carol")
	const none = "No such share for user carol on alice/"
	err := f.Leave(t.Context(), carol, toUser("carol"), home)
	require.ErrorIs(t, err, sharing.ErrNoSuchShare, "what a user has by a group is not theirs to leave")
	assert.Equal(t, none, err.Error())

	f.grant(t, "", "user", "carol")
	share, err := f.Get(t.Context(), carol, toUser("carol"), home)
	require.NoError(t, err)
	assert.Equal(t, "carol", share.Grantee.Name)
	f.told()
	require.NoError(t, f.Leave(t.Context(), carol, toUser("carol"), home))
	assert.Equal(t, sharing.ActionLeave, f.told()[0].Action)
	require.ErrorIs(t, f.Leave(t.Context(), carol, toUser("carol"), home), sharing.ErrNoSuchShare)
	_, err = f.Get(t.Context(), carol, toUser("carol"), home)
	require.ErrorIs(t, err, sharing.ErrNoSuchShare)

	for _, n := range []sharing.ServerName{{Owner: "alice", Name: "nowhere"}, {Owner: "ghost"}} {
		err = f.Leave(t.Context(), carol, toUser("carol"), n)
		require.ErrorIs(t, err, sharing.ErrNoSuchShare)
		assert.Equal(t, "No such share for user carol on "+n.String(), err.Error())
	}
	admin := f.as(t, "admin")
	err = f.Leave(t.Context(), admin, toUser("ghost"), home)
	require.ErrorIs(t, err, sharing.ErrNoSuchShare)
	assert.Equal(t, "No such share for user ghost on alice/", err.Error())
	err = f.Leave(t.Context(), admin, toGroup("ghosts"), home)
	require.ErrorIs(t, err, sharing.ErrNoSuchGroup)
	assert.Equal(t, "No such group: ghosts", err.Error())
	require.ErrorIs(t, f.Leave(t.Context(), carol, toGroup("team"), home), sharing.ErrNotAllowed, "SH-132")
	require.NoError(t, f.Leave(t.Context(), admin, toGroup("team"), home))
	err = f.Leave(t.Context(), admin, toGroup("team"), home)
	assert.EqualError(t, err, "No such share for group team on alice/")
}

// TestUnionAndDifference is SH-222: grants and revocations of any lists are set union and difference.
func TestUnionAndDifference(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	names := []string{"access:servers", "servers", "read:servers", "delete:servers", "shares", "read:shares", "admin:server_state"}
	pick := func(bits uint8) (out []string) {
		for i, name := range names {
			if bits&(1<<i) != 0 {
				out = append(out, name)
			}
		}
		return out
	}
	admin := f.as(t, "admin")
	law := func(first, second, third uint8) bool {
		// An empty list means something else in requests (SH-34, SH-90).
		first, second, third = first|1, second|2, third|4
		request := func(bits uint8) sharing.GrantRequest {
			return sharing.GrantRequest{Server: home, Grantee: toUser("carol"), Scopes: pick(bits)}
		}
		for _, bits := range []uint8{first, second} {
			if _, err := f.Grant(t.Context(), admin, request(bits)); err != nil {
				return assert.NoError(t, err)
			}
		}
		left, err := f.Revoke(t.Context(), admin, sharing.RevokeRequest{Server: home, Grantee: toUser("carol"), Scopes: pick(third)})
		if err != nil {
			return assert.NoError(t, err)
		}
		var got []string
		if left != nil {
			got = texts(*left)
		}
		var want []string
		for _, name := range pick((first | second) &^ third) {
			want = append(want, name+"!server=alice/")
		}
		slices.Sort(want)
		_, err = f.Revoke(t.Context(), admin, sharing.RevokeRequest{Server: home, Grantee: toUser("carol")})
		return assert.NoError(t, err) && assert.Equal(t, want, got)
	}
	require.NoError(t, quick.Check(law, &quick.Config{MaxCount: 60}))
}
