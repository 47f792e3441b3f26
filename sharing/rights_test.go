package sharing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/internal/refstore"
)

// TestWhatASharedScopeGives is SH-30, SH-32 and SH-33: what follows from a shared scope, on this server and nowhere else.
func TestWhatASharedScopeGives(t *testing.T) {
	t.Parallel()
	bases := []string{
		"shares", "access:servers", "read:shares", "users:shares", "read:users:shares", "groups:shares", "read:groups:shares",
		"servers", "read:servers", "delete:servers", "read:users:name", "admin:servers", "admin:server_state",
	}
	for shared, want := range map[string][]string{
		"access:servers": {"access:servers"},
		"read:shares":    {"read:shares"},
		"users:shares":   {"users:shares"}, // what it says about names is not a matter of one server
		"groups:shares":  {"groups:shares", "read:groups:shares"},
		"servers":        {"servers", "read:servers", "delete:servers"},
		"shares":         {"shares", "access:servers", "read:shares", "users:shares", "groups:shares", "read:groups:shares"},
		"admin:servers":  {"admin:servers", "admin:server_state", "servers", "read:servers", "delete:servers"},
	} {
		t.Run(shared, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			dave := f.hub.AddUser("dave")
			f.grant(t, "", "user", "dave", shared)
			held := f.as(t, "dave").Scopes
			var got []string
			for _, base := range bases {
				if held.Allows(base, scopes.Server("alice", ""), f.hub) {
					got = append(got, base)
				}
				for _, on := range []scopes.Resource{scopes.Server("alice", "lab"), scopes.Server("bob", ""), scopes.User("alice"), scopes.User("dave"), {}} {
					assert.False(t, held.Allows(base, on, f.hub), "%s on %v", base, on)
				}
			}
			assert.ElementsMatch(t, want, got)
			list, _, err := f.SharedScopes(t.Context(), dave.ID)
			require.NoError(t, err)
			assert.Equal(t, []string{shared + "!server=alice/"}, scopes.Strings(list), "SH-38 what follows is not stored")
		})
	}
}

// TestProfiles is SH-210: of two versions, only the later one knows a scope for starting.
func TestProfiles(t *testing.T) {
	t.Parallel()
	for profile, known := range map[scopes.Profile]bool{scopes.P55: false, scopes.P60: true} {
		f := newFixture(t)
		f.Registry = scopes.New(profile)
		f.grant(t, "", "user", "carol", "servers")
		assert.Equal(t, known, f.as(t, "carol").Scopes.Allows("start:servers", scopes.Server("alice", ""), f.hub))
		_, err := f.Grant(t.Context(), f.as(t, "admin"), sharing.GrantRequest{Server: home, Grantee: toUser("carol"), Scopes: []string{"start:servers"}})
		if known {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, sharing.ErrInvalidScope)
		}
	}
}

// TestWhatARefusalTells is SH-55: without the scope nothing is learned, with it for oneself no more than "not found".
func TestWhatARefusalTells(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, w := t.Context(), sharing.Window{Limit: 1}
	for _, owner := range []string{"alice", "ghost"} { // the same, whether there is anybody
		n := sharing.ServerName{Owner: owner}
		for who, want := range map[string]struct{ read, write, group error }{
			"carol": {sharing.ErrHidden, sharing.ErrNotAllowed, sharing.ErrNotAllowed}, // ordinary, in the group
			"bob":   {sharing.ErrHidden, sharing.ErrHidden, sharing.ErrHidden},         // may share what is theirs
		} {
			by := f.as(t, who)
			_, err := f.ListByOwner(ctx, by, owner, w)
			require.ErrorIs(t, err, want.read)
			_, err = f.ListByServer(ctx, by, n, w)
			require.ErrorIs(t, err, want.read)
			_, err = f.ListByGrantee(ctx, by, toUser(owner), w)
			require.ErrorIs(t, err, want.read)
			_, err = f.Grant(ctx, by, sharing.GrantRequest{Server: n, Grantee: toUser("dave")})
			require.ErrorIs(t, err, want.write)
			for _, group := range []string{"team", "ghosts"} {
				_, err = f.ListByGrantee(ctx, by, toGroup(group), w)
				require.ErrorIs(t, err, want.group)
			}
		}
	}
}

// TestWhatIsNotThere is SH-81, SH-101, SH-130 and SH-172, for somebody who may know.
func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	admin, w := f.as(t, "admin"), sharing.Window{Limit: 1}
	for _, n := range []sharing.ServerName{{Owner: "ghost"}, {Owner: "alice", Name: "ghost"}, {Owner: "Alice"}, {Owner: "alice", Name: "Lab"}, {Owner: "alice", Name: "lab "}} {
		_, err := f.ListByServer(t.Context(), admin, n, w)
		require.ErrorIs(t, err, sharing.ErrNoSuchServer)
		require.EqualError(t, err, "No such server: "+n.Owner+"/"+n.Name)
		_, err = f.ListCodesByServer(t.Context(), admin, n, w)
		require.EqualError(t, err, "No such server: "+n.Owner+"/"+n.Name)
	}
	for _, name := range []string{"ghosts", "Team", "team "} {
		_, err := f.ListByGrantee(t.Context(), admin, toGroup(name), w)
		require.ErrorIs(t, err, sharing.ErrNoSuchGroup)
		require.EqualError(t, err, "No such group: "+name)
		_, err = f.Get(t.Context(), admin, toGroup(name), home)
		require.ErrorIs(t, err, sharing.ErrNoSuchGroup)
		require.ErrorIs(t, f.Leave(t.Context(), admin, toGroup(name), home), sharing.ErrNoSuchGroup)
	}
}

// TestADefaultServerIsThereFromTheStart is SH-8.
func TestADefaultServerIsThereFromTheStart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.hub.AddUser("dave", sharer...)
	n := sharing.ServerName{Owner: "dave"}
	_, secret, err := f.CreateCode(t.Context(), f.as(t, "dave"), sharing.CodeRequest{Server: n})
	require.NoError(t, err)
	share, err := f.Exchange(t.Context(), f.as(t, "carol"), secret)
	require.NoError(t, err)
	assert.Equal(t, "dave/", share.Server.String())
}

// TestRevokingWhatOneDoesNotHold is SH-92.
func TestRevokingWhatOneDoesNotHold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.grant(t, "", "user", "carol", "servers", "admin:servers")
	by := holding(t, "shares!server=alice/")
	require.False(t, by.Scopes.Allows("admin:servers", home.Resource(), f.hub))
	left, err := f.Revoke(t.Context(), by, sharing.RevokeRequest{Server: home, Grantee: toUser("carol"), Scopes: []string{"admin:servers"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"servers!server=alice/"}, texts(*left))
}

// TestTheServerTakesNoPartInTheGate is SH-133, for the routes that start at the grantee.
func TestTheServerTakesNoPartInTheGate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.grant(t, "", "user", "carol")
	f.grant(t, "", "group", "team")
	_, err := f.Get(t.Context(), holding(t, "read:users:shares!user=carol"), toUser("carol"), home)
	require.NoError(t, err)
	_, err = f.Get(t.Context(), holding(t, "read:groups:shares!group=team"), toGroup("team"), home)
	require.NoError(t, err)
	for _, filter := range []string{"server=alice/", "user=alice"} {
		by := holding(t, "users:shares!"+filter, "read:users:shares!"+filter, "groups:shares!"+filter, "read:groups:shares!"+filter)
		for _, g := range []sharing.GranteeName{toUser("carol"), toGroup("team")} {
			_, err := f.Get(t.Context(), by, g, home)
			require.ErrorIs(t, err, sharing.ErrHidden)
			require.ErrorIs(t, f.Leave(t.Context(), by, g, home), sharing.ErrHidden)
		}
	}
}

// TestRevocationCountsAtOnce is SH-164 and SH-167 as far as they are a matter of scopes: with the next question, for sessions and tokens alike
// (SH-161), and other ways to the same server stay open.
func TestRevocationCountsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	lab := scopes.Server("alice", "lab")
	may := func() (session, token bool) {
		held := f.as(t, "carol").Scopes
		owner := scopes.Owner{Kind: scopes.KindUser, Name: "carol"}
		raw, err := scopes.ParseAll([]string{"access:servers!server=alice/lab"})
		require.NoError(t, err)
		return held.Allows("access:servers", lab, f.hub), f.Registry.Effective(raw, owner, scopes.Client{}, held, f.hub).Allows("access:servers", lab, f.hub)
	}
	expect := func(want bool, why string) {
		t.Helper()
		session, token := may()
		assert.Equal(t, want, session, why)
		assert.Equal(t, want, token, why)
	}
	expect(false, "nothing is shared")
	f.grant(t, "lab", "user", "carol", "shares")
	expect(true, "it follows from shares")
	f.grant(t, "lab", "group", "team")
	_, err := f.Revoke(t.Context(), f.as(t, "alice"), sharing.RevokeRequest{Server: sharing.ServerName{Owner: "alice", Name: "lab"}, Grantee: toUser("carol")})
	require.NoError(t, err)
	expect(true, "the group still has it")
	_, err = f.Revoke(t.Context(), f.as(t, "alice"), sharing.RevokeRequest{Server: sharing.ServerName{Owner: "alice", Name: "lab"}, Grantee: toGroup("team")})
	require.NoError(t, err)
	expect(false, "nothing is left")
	f.grant(t, "lab", "user", "carol")
	expect(true, "the same token has it again")
}

// TestWhatDoesNotEnd is SH-201 to SH-203 and SH-205: what a JupyterHub lacks, and what nobody may therefore be surprised by here.
func TestWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, secret, err := f.CreateCode(t.Context(), f.as(t, "bob"), sharing.CodeRequest{Server: sharing.ServerName{Owner: "bob"}, Lifetime: sharing.MaxCodeLifetime})
	require.NoError(t, err)
	for i := range 100 {
		name := fmt.Sprintf("user-%d", i)
		f.hub.AddUser(name)
		_, err := f.Exchange(t.Context(), f.as(t, name), secret)
		require.NoError(t, err, "SH-202, SH-203 nobody's name is on a code, and it has no number of uses")
	}
	bobs := sharing.ServerName{Owner: "bob"}
	require.NoError(t, f.RevokeAll(t.Context(), f.as(t, "bob"), bobs))
	share, err := f.Exchange(t.Context(), f.as(t, "carol"), secret)
	require.NoError(t, err, "SH-202 ending all shares ends no code")
	assert.Equal(t, code.Scopes, share.Scopes)

	f.advance(20 * 365 * 24 * time.Hour)
	_, err = f.PurgeExpired(t.Context())
	require.NoError(t, err)
	again, err := f.Get(t.Context(), f.as(t, "carol"), toUser("carol"), bobs)
	require.NoError(t, err, "SH-201 a share that the service made has no end")
	assert.Equal(t, share, again)

	f.grant(t, "", "group", "team")
	carol := f.as(t, "carol")
	require.ErrorIs(t, f.Leave(t.Context(), carol, toUser("carol"), home), sharing.ErrNoSuchShare, "SH-205 what the group has cannot be left alone")
	require.ErrorIs(t, f.Leave(t.Context(), carol, toGroup("team"), home), sharing.ErrNotAllowed, "SH-205")
}

// TestHowGranteesAreLogged is SH-180.
func TestHowGranteesAreLogged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.grant(t, "lab", "user", "carol")
	f.grant(t, "", "group", "team", "servers", "access:servers")
	require.NoError(t, f.Leave(t.Context(), f.as(t, "carol"), toUser("carol"), sharing.ServerName{Owner: "alice", Name: "lab"}))
	require.NoError(t, f.RevokeAll(t.Context(), f.as(t, "alice"), home))
	for _, want := range []string{
		`action=share.grant actor_kind=user actor=admin server=alice/lab grantee=user:carol scopes="access:servers!server=alice/lab"`,
		`action=share.grant actor_kind=user actor=admin server=alice/ grantee=group:team scopes="access:servers!server=alice/ servers!server=alice/"`,
		`action=share.leave actor_kind=user actor=carol server=alice/lab grantee=user:carol`,
		`action=share.revoke_all actor_kind=user actor=alice server=alice/ count=1`,
	} {
		assert.Contains(t, f.log.String(), want)
	}
}

// TestAnyHostAndAnyStore is SH-220 and SH-221: the whole of sharing over one page of address book and another store.
func TestAnyHostAndAnyStore(t *testing.T) {
	t.Parallel()
	hub := smallHub{alice: sharing.Ref{Kind: "user", ID: "u1", Name: "alice"}, bob: sharing.Ref{Kind: "user", ID: "u2", Name: "bob"}}
	hub.server = sharing.Server{ID: "s1", Owner: hub.alice}
	s := &sharing.Service{Store: refstore.New(), Directory: hub, Registry: scopes.New(scopes.P55)}
	by := holding(t, "shares", "read:shares", "access:servers", "read:users:name", "users:shares", "read:users:shares")
	ctx, w := t.Context(), sharing.Window{Limit: 10}
	_, err := s.Grant(ctx, by, sharing.GrantRequest{Server: home, Grantee: toUser("bob")})
	require.NoError(t, err)
	code, secret, err := s.CreateCode(ctx, by, sharing.CodeRequest{Server: home})
	require.NoError(t, err)
	found, err := s.FindCode(ctx, sharing.Caller{Ref: hub.bob}, secret)
	require.NoError(t, err)
	assert.Equal(t, code, found)
	share, err := s.Exchange(ctx, sharing.Caller{Ref: hub.bob}, secret)
	require.NoError(t, err)
	for name, list := range map[string]func() (sharing.Page[sharing.Share], error){
		"of a server":  func() (sharing.Page[sharing.Share], error) { return s.ListByServer(ctx, by, home, w) },
		"of an owner":  func() (sharing.Page[sharing.Share], error) { return s.ListByOwner(ctx, by, "alice", w) },
		"of a grantee": func() (sharing.Page[sharing.Share], error) { return s.ListByGrantee(ctx, by, toUser("bob"), w) },
	} {
		page, err := list()
		require.NoError(t, err, name)
		assert.Equal(t, sharing.Page[sharing.Share]{Items: []sharing.Share{share}, Total: 1}, page, name)
	}
	left, err := s.Revoke(ctx, by, sharing.RevokeRequest{Server: home, Grantee: toUser("bob")})
	require.NoError(t, err)
	assert.Nil(t, left)
	_, err = s.Exchange(ctx, sharing.Caller{Ref: hub.bob}, secret)
	require.NoError(t, err)
	require.NoError(t, s.Leave(ctx, by, toUser("bob"), home))
	require.NoError(t, s.DeleteCode(ctx, by, sharing.DeleteRequest{Server: home}, secret))
	require.ErrorIs(t, s.DeleteCodeByID(ctx, by, sharing.DeleteRequest{Server: home}, sharing.CodeID(code.ID)), sharing.ErrCodeNotFound)
	require.NoError(t, s.DeleteCodes(ctx, by, sharing.DeleteRequest{Server: home}))
	require.NoError(t, s.RevokeAll(ctx, by, home))
	require.NoError(t, s.ServerRemoved(ctx, "s1"))
	require.NoError(t, s.GroupRemoved(ctx, "g1"))
	require.NoError(t, s.UserRemoved(ctx, "u2"))
	purged, err := s.PurgeExpired(ctx)
	require.NoError(t, err)
	assert.Zero(t, purged)
	actions := []string{}
	changes, err := s.Store.Changes(ctx, 0, 100)
	require.NoError(t, err)
	for _, c := range changes {
		actions = append(actions, c.Action)
	}
	assert.True(t, slices.Equal(actions, []string{
		sharing.ActionGrant, sharing.ActionCreate, sharing.ActionExchange, sharing.ActionRevoke, sharing.ActionExchange, sharing.ActionLeave, sharing.ActionDelete,
	}), "%v", actions)
}
