package sharing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// TestGrantMany: several grantees get the same in one call, in the order in which they were named (SH-40, SH-82).
func TestGrantMany(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.grant(t, "", "user", "bob", "read:servers")
	f.told()
	shares, err := f.GrantMany(t.Context(), f.as(t, "admin"), sharing.BulkRequest{
		Server: home, Grantees: []sharing.GranteeName{toUser("carol"), toGroup("team"), toUser("bob"), toUser("carol")}, Scopes: []string{"servers"},
	})
	require.NoError(t, err)
	var got []string
	for _, s := range shares {
		got = append(got, fmt.Sprint(s, " ", strings.Join(texts(s), " ")))
	}
	assert.Equal(t, []string{
		"share of alice/ with user:carol servers!server=alice/",
		"share of alice/ with group:team servers!server=alice/",
		"share of alice/ with user:bob read:servers!server=alice/ servers!server=alice/",
	}, got, "one named twice counts once")
	told := f.told()
	require.Len(t, told, 1, "one transaction, one change")
	assert.Equal(t, []string{"user:carol", "group:team", "user:bob"}, told[0].Record.Grantees)
	assert.Len(t, told[0].UserIDs, 2)
	assert.Len(t, told[0].GroupIDs, 1)
}

// TestOrderOfChecksOfMany is SH-82 for several: the first check that any of them fails decides, and nothing is granted.
func TestOrderOfChecksOfMany(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	admin := f.as(t, "admin")
	nowhere := sharing.ServerName{Owner: "alice", Name: "nowhere"}
	ghosts := []sharing.GranteeName{toUser("ghost"), toUser("carol"), toGroup("ghosts")}
	users := holding(t, "shares", "access:servers", "read:users:name")
	tooMany := make([]sharing.GranteeName, sharing.MaxGrantees+1)
	for i := range tooMany {
		tooMany[i] = toUser("carol")
	}
	wrong := sharing.Terms{Lifetime: time.Second}
	for name, c := range map[string]struct {
		by      sharing.Caller
		request sharing.BulkRequest
		reason  error
		message string
	}{
		"the gate is first": {
			holding(t), sharing.BulkRequest{Server: nowhere}, sharing.ErrNotAllowed,
			"Action is not authorized with current scopes; requires any of [shares]",
		},
		"then whether there is anybody": {
			users, sharing.BulkRequest{Server: nowhere, Terms: wrong}, sharing.ErrInvalidGrantee, "Specify from 1 to 200 users and groups",
		},
		"then whether there are too many, also if they are one": {
			users, sharing.BulkRequest{Server: nowhere, Grantees: tooMany, Terms: wrong}, sharing.ErrInvalidGrantee, "Specify from 1 to 200 users and groups",
		},
		"then whether each is a user or a group": {
			users, sharing.BulkRequest{Server: nowhere, Grantees: append(ghosts, sharing.GranteeName{Kind: "service", Name: "cull"}), Terms: wrong},
			sharing.ErrInvalidGrantee, "Specify exactly one of `user` or `group`",
		},
		"SH-60 an empty name is nobody": {
			users, sharing.BulkRequest{Server: nowhere, Grantees: append(ghosts, toUser("")), Terms: wrong},
			sharing.ErrInvalidGrantee, "Specify exactly one of `user` or `group`",
		},
		"then for how long": {
			users, sharing.BulkRequest{Server: nowhere, Grantees: ghosts, Scopes: []string{"nope"}, Terms: wrong},
			sharing.ErrLifetime, "expires_in: must be from 60 to 31536000 seconds",
		},
		"then the scopes": {
			users, sharing.BulkRequest{Server: nowhere, Grantees: ghosts, Scopes: []string{"nope"}}, sharing.ErrInvalidScope,
			"Scope 'nope' for share does not exist",
		},
		"SH-84 then the server": {
			users, sharing.BulkRequest{Server: nowhere, Grantees: ghosts, Scopes: []string{"servers"}}, sharing.ErrNoSuchServer,
			"No such server: alice/nowhere",
		},
		"SH-85 then whether the scopes are held": {
			users, sharing.BulkRequest{Server: home, Grantees: ghosts, Scopes: []string{"servers"}}, sharing.ErrScopeNotHeld,
			"Do not have permission to grant share with scope servers!server=alice/",
		},
		"SH-86 then whether each name may be read, before anybody looks who exists": {
			users, sharing.BulkRequest{Server: home, Grantees: ghosts}, sharing.ErrNameNotReadable,
			"Need scope 'read:groups:name' to share with groups by name",
		},
		"SH-87 then who exists, and all are named who do not": {
			admin, sharing.BulkRequest{Server: home, Grantees: ghosts}, sharing.ErrNoSuchGrantee, "No such user: ghost\nNo such group: ghosts",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := f.GrantMany(t.Context(), c.by, c.request)
			require.ErrorIs(t, err, c.reason)
			assert.Equal(t, c.message, err.Error())
		})
	}
	t.Cleanup(func() {
		assert.Empty(t, f.told(), "nothing came of any of it")
	})
}

// TestAsManyAsPossible: the limit itself is allowed, and one more is not (the number of grantees is bounded, since all are one transaction).
func TestAsManyAsPossible(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var everyone []sharing.GranteeName
	for i := range sharing.MaxGrantees {
		name := fmt.Sprintf("user-%d", i)
		f.hub.AddUser(name)
		everyone = append(everyone, toUser(name))
	}
	shares, err := f.GrantMany(t.Context(), f.as(t, "admin"), sharing.BulkRequest{Server: home, Grantees: everyone})
	require.NoError(t, err)
	assert.Len(t, shares, sharing.MaxGrantees)
	_, err = f.GrantMany(t.Context(), f.as(t, "admin"), sharing.BulkRequest{Server: home, Grantees: append(everyone, toUser("carol"))})
	require.ErrorIs(t, err, sharing.ErrInvalidGrantee)
	_, err = f.Get(t.Context(), f.as(t, "carol"), toUser("carol"), home)
	require.ErrorIs(t, err, sharing.ErrNoSuchShare)
}

// TestManyOfWhomOneVanishes is SH-45 e: who is forgotten between the look-up and the grant is named, and nobody gets anything.
func TestManyOfWhomOneVanishes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	team, err := f.hub.Find(t.Context(), "group", "team")
	require.NoError(t, err)
	require.NoError(t, f.GroupRemoved(t.Context(), team.ID))
	request := sharing.BulkRequest{Server: home, Grantees: []sharing.GranteeName{toUser("carol"), toGroup("team"), toUser("bob")}}
	_, err = f.GrantMany(t.Context(), f.as(t, "admin"), request)
	require.ErrorIs(t, err, sharing.ErrNoSuchGrantee)
	require.EqualError(t, err, "No such group: team")
	require.NoError(t, f.ServerRemoved(t.Context(), f.hub.Server("alice", "").ID))
	_, err = f.GrantMany(t.Context(), f.as(t, "admin"), request)
	require.EqualError(t, err, "No such server: alice/")
	page, err := f.ListByServer(t.Context(), f.as(t, "admin"), home, sharing.Window{Limit: 10})
	require.NoError(t, err)
	assert.Zero(t, page.Total)
}
