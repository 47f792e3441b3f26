package sharing_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// TestSeed: many shares of several servers are one change, of the host's own, and otherwise as if their owners had granted them (SH-40, SH-182).
func TestSeed(t *testing.T) {
	t.Parallel()
	seeded, granted := newFixture(t), newFixture(t)
	lab := sharing.ServerName{Owner: "alice", Name: "lab"}
	list := []sharing.SeedRequest{
		{Server: lab, Grantee: toUser("carol"), Scopes: []string{"servers", "read:servers"}},
		{Server: sharing.ServerName{Owner: "bob"}, Grantee: toGroup("team")},
		{Server: home, Grantee: toUser("carol"), Scopes: []string{"access:servers!server=alice/"}},
		{Server: lab, Grantee: toUser("carol"), Scopes: []string{"access:servers"}},
	}
	admin := seeded.as(t, "admin")
	require.NoError(t, seeded.Seed(t.Context(), admin.Scopes, list))
	for _, r := range list {
		by := granted.as(t, r.Server.Owner)
		by.Scopes = admin.Scopes
		_, err := granted.Grant(t.Context(), by, sharing.GrantRequest{Server: r.Server, Grantee: r.Grantee, Scopes: r.Scopes})
		require.NoError(t, err)
	}
	for _, r := range list {
		want, err := granted.ListByServer(t.Context(), granted.as(t, "admin"), r.Server, sharing.Window{Limit: 10})
		require.NoError(t, err)
		got, err := seeded.ListByServer(t.Context(), admin, r.Server, sharing.Window{Limit: 10})
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.NotEmpty(t, got.Items)
	}
	told := seeded.told()
	require.Len(t, told, 1)
	assert.Equal(t, sharing.Change{
		Seq: 1, At: start, Action: sharing.ActionSeed, Record: sharing.Record{Bases: []string{"access:servers", "read:servers", "servers"}},
	}, told[0])
	assert.Contains(t, seeded.log.String(), `action=share.seed scopes="access:servers read:servers servers"`)

	require.NoError(t, seeded.Seed(t.Context(), admin.Scopes, list))
	assert.Empty(t, seeded.told(), "nothing was new")
}

// TestASeedIsRefusedAsAGrantWouldBe: the first request that is wrong is named, with what Grant answers about it, and nothing comes of the others (SH-82).
func TestASeedIsRefusedAsAGrantWouldBe(t *testing.T) {
	t.Parallel()
	held := []string{"shares", "access:servers", "read:users:name"}
	good := sharing.SeedRequest{Server: home, Grantee: toUser("carol")}
	for name, c := range map[string]struct {
		held   []string
		wrong  sharing.SeedRequest
		reason error
	}{
		"SH-54 who may share nothing":                 {[]string{"read:servers"}, good, sharing.ErrNotAllowed},
		"SH-60 nobody":                                {held, sharing.SeedRequest{Server: home}, sharing.ErrInvalidGrantee},
		"SH-37 a scope that does not exist":           {held, sharing.SeedRequest{Server: home, Grantee: toUser("carol"), Scopes: []string{"nope"}}, sharing.ErrInvalidScope},
		"SH-37 a scope without a name":                {held, sharing.SeedRequest{Server: home, Grantee: toUser("carol"), Scopes: []string{""}}, sharing.ErrInvalidScope},
		"SH-35 a filter for something else":           {held, sharing.SeedRequest{Server: home, Grantee: toUser("carol"), Scopes: []string{"access:servers!server=bob/"}}, sharing.ErrScopeFilter},
		"SH-84 a server that does not exist":          {held, sharing.SeedRequest{Server: sharing.ServerName{Owner: "alice", Name: "nowhere"}, Grantee: toUser("carol")}, sharing.ErrNoSuchServer},
		"SH-84 an owner who does not exist":           {held, sharing.SeedRequest{Server: sharing.ServerName{Owner: "ghost"}, Grantee: toUser("carol")}, sharing.ErrNoSuchServer},
		"SH-85 a scope that is not held":              {held, sharing.SeedRequest{Server: home, Grantee: toUser("carol"), Scopes: []string{"servers"}}, sharing.ErrScopeNotHeld},
		"SH-86 a name that must not be read":          {held, sharing.SeedRequest{Server: home, Grantee: toGroup("team")}, sharing.ErrNameNotReadable},
		"SH-87 a grantee who does not exist":          {held, sharing.SeedRequest{Server: home, Grantee: toUser("ghost")}, sharing.ErrNoSuchGrantee},
		"SH-45 e a grantee who was forgotten already": {held, sharing.SeedRequest{Server: home, Grantee: toUser("bob")}, sharing.ErrNoSuchGrantee},
		"SH-45 e a server that was forgotten already": {held, sharing.SeedRequest{Server: sharing.ServerName{Owner: "alice", Name: "lab"}, Grantee: toUser("carol")}, sharing.ErrNoSuchServer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			bob, err := f.hub.Find(t.Context(), sharing.KindUser, "bob")
			require.NoError(t, err)
			lab, err := f.hub.FindServer(t.Context(), "alice", "lab")
			require.NoError(t, err)
			for kind, id := range map[string]string{sharing.KindUser: bob.ID, sharing.KindServer: lab.ID} {
				_, err = f.Store.Forget(t.Context(), start, kind, id)
				require.NoError(t, err)
			}
			by := holding(t, c.held...)
			_, want := f.Grant(t.Context(), by, sharing.GrantRequest{Server: c.wrong.Server, Grantee: c.wrong.Grantee, Scopes: c.wrong.Scopes})
			require.ErrorIs(t, want, c.reason)

			list := []sharing.SeedRequest{good, c.wrong, good}
			at := 1
			if c.wrong.Grantee == good.Grantee && c.wrong.Server == good.Server && c.wrong.Scopes == nil {
				at = 0 // it is all the same one
			}
			err = f.Seed(t.Context(), by.Scopes, list)
			var wrong *sharing.SeedError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, at, wrong.At)
			assert.Equal(t, want, wrong.Err)
			require.ErrorIs(t, err, c.reason)
			shares, err := f.ListByServer(t.Context(), f.as(t, "admin"), home, sharing.Window{Limit: 10})
			require.NoError(t, err)
			assert.Empty(t, shares.Items)
			assert.Empty(t, f.told())
		})
	}
}
