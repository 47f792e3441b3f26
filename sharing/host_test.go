package sharing_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

func (f *fixture) shared(t *testing.T, user string) []string {
	t.Helper()
	list, until, err := f.SharedScopes(t.Context(), f.as(t, user).ID)
	require.NoError(t, err)
	assert.Zero(t, until)
	return scopes.Strings(list)
}

// TestSharedScopes is SH-160: shares with a user and with their groups, as they are now.
func TestSharedScopes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	assert.Empty(t, f.shared(t, "carol"))
	f.grant(t, "lab", "user", "carol", "read:servers")
	f.grant(t, "lab", "group", "team", "access:servers", "read:servers")
	f.grant(t, "", "group", "team", "shares")
	assert.Equal(t, []string{"access:servers!server=alice/lab", "read:servers!server=alice/lab", "shares!server=alice/"}, f.shared(t, "carol"))
	assert.Equal(t, []string{"access:servers!server=alice/lab", "read:servers!server=alice/lab", "shares!server=alice/"}, f.shared(t, "bob"))

	team, err := f.hub.Find(t.Context(), "group", "team")
	require.NoError(t, err)
	f.hub.Empty(team)
	assert.Equal(t, []string{"read:servers!server=alice/lab"}, f.shared(t, "carol"), "SH-7 who left a group has nothing by it")
	assert.Empty(t, f.shared(t, "bob"))
	require.NoError(t, f.RevokeAll(t.Context(), f.as(t, "alice"), sharing.ServerName{Owner: "alice", Name: "lab"}))
	assert.Empty(t, f.shared(t, "carol"))
}

// TestRename is SH-9: a share follows its server to another name, and does not stay with the old one.
func TestRename(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.grant(t, "lab", "user", "carol")
	_, secret := f.code(t)
	alice, err := f.hub.Find(t.Context(), "user", "alice")
	require.NoError(t, err)
	f.hub.Rename(alice, "alison")
	impostor := f.hub.AddUser("alice", sharer...)
	f.hub.AddServer("alice", "lab")

	assert.Equal(t, []string{"access:servers!server=alison/lab"}, f.shared(t, "carol"))
	carol := f.as(t, "carol").Scopes
	assert.True(t, carol.Allows("access:servers", scopes.Server("alison", "lab"), f.hub))
	assert.False(t, carol.Allows("access:servers", scopes.Server("alice", "lab"), f.hub))
	page, err := f.ListByOwner(t.Context(), f.as(t, "alison"), "alison", sharing.Window{Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	assert.Equal(t, []string{"access:servers!server=alison/lab"}, texts(page.Items[0]))
	page, err = f.ListByOwner(t.Context(), f.as(t, "alice"), "alice", sharing.Window{Limit: 10})
	require.NoError(t, err)
	assert.Empty(t, page.Items)
	share, err := f.Exchange(t.Context(), f.as(t, "bob"), secret)
	require.NoError(t, err)
	assert.Equal(t, []string{"access:servers!server=alison/"}, texts(share))
	share, err = f.Exchange(t.Context(), sharing.Caller{Ref: impostor}, secret)
	require.NoError(t, err, "who has the owner's old name is not the owner")
	assert.Equal(t, "alice", share.Grantee.Name)
}

// TestCascades is SH-7, as the host calls it.
func TestCascades(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.grant(t, "lab", "user", "carol")
	f.grant(t, "", "user", "carol")
	f.grant(t, "", "group", "team")
	f.told()
	lab := f.hub.Server("alice", "lab")
	f.hub.RemoveServer(lab.ID)
	assert.Equal(t, []string{"access:servers!server=alice/"}, f.shared(t, "carol"), "gone with the host's row, before the host says so")
	require.NoError(t, f.ServerRemoved(t.Context(), lab.ID))
	require.NoError(t, f.ServerRemoved(t.Context(), lab.ID))
	require.Len(t, f.told(), 1, "the second time changed nothing")

	team, err := f.hub.Find(t.Context(), "group", "team")
	require.NoError(t, err)
	require.NoError(t, f.GroupRemoved(t.Context(), team.ID))
	require.Equal(t, []string{team.ID}, f.told()[0].GroupIDs)
	_, err = f.Grant(t.Context(), f.as(t, "admin"), sharing.GrantRequest{Server: home, Grantee: toGroup("team")})
	require.ErrorIs(t, err, sharing.ErrNoSuchGrantee, "SH-45 e a grant that had looked the group up before")

	bob, err := f.hub.Find(t.Context(), "user", "bob")
	require.NoError(t, err)
	require.NoError(t, f.UserRemoved(t.Context(), bob.ID))
	_, err = f.Grant(t.Context(), f.as(t, "admin"), sharing.GrantRequest{Server: home, Grantee: toUser("bob")})
	require.EqualError(t, err, "No such user: bob")
	_, err = f.Grant(t.Context(), f.as(t, "admin"), sharing.GrantRequest{Server: sharing.ServerName{Owner: "bob"}, Grantee: toUser("carol")})
	require.EqualError(t, err, "No such server: bob/")
	_, _, err = f.CreateCode(t.Context(), f.as(t, "admin"), sharing.CodeRequest{Server: sharing.ServerName{Owner: "bob"}})
	require.EqualError(t, err, "No such server: bob/")
	_, secret := f.code(t)
	_, err = f.Exchange(t.Context(), f.as(t, "bob"), secret)
	require.ErrorIs(t, err, sharing.ErrCodeNotFound)

	alice, err := f.hub.Find(t.Context(), "user", "alice")
	require.NoError(t, err)
	f.hub.Remove(alice)
	require.NoError(t, f.UserRemoved(t.Context(), alice.ID))
	assert.Empty(t, f.shared(t, "carol"))
	page, err := f.Store.Shares(t.Context(), f.clock(), sharing.Filter{OwnerID: alice.ID}, sharing.Window{Limit: 10})
	require.NoError(t, err)
	assert.Zero(t, page.Total, "SH-222 no row is left")
}

// TestListsAskTheDirectoryTwice: a page costs two calls, however long it is, and a list of codes one.
func TestListsAskTheDirectoryTwice(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 30 {
		name := fmt.Sprintf("user-%d", i)
		f.hub.AddUser(name)
		f.grant(t, []string{"", "lab"}[i%2], "user", name)
		f.code(t)
	}
	alice := f.as(t, "alice")
	f.hub.Asked()
	page, err := f.ListByOwner(t.Context(), alice, "alice", sharing.Window{Limit: 200})
	require.NoError(t, err)
	assert.Len(t, page.Items, 30)
	assert.Equal(t, 2, f.hub.Asked())
	codes, err := f.ListCodesByOwner(t.Context(), alice, "alice", sharing.Window{Limit: 200})
	require.NoError(t, err)
	assert.Len(t, codes.Items, 30)
	assert.Equal(t, 1, f.hub.Asked())
}

// TestListsLeaveOutTheVanished: the host deletes its row first, and what hangs on it is not shown from then on.
func TestListsLeaveOutTheVanished(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.grant(t, "lab", "user", "carol")
	f.grant(t, "", "user", "carol")
	f.grant(t, "", "user", "bob")
	f.code(t)
	f.hub.RemoveServer(f.hub.Server("alice", "lab").ID)
	bob, err := f.hub.Find(t.Context(), "user", "bob")
	require.NoError(t, err)
	f.hub.Remove(bob)
	page, err := f.ListByOwner(t.Context(), f.as(t, "alice"), "alice", sharing.Window{Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	assert.Equal(t, "share of alice/ with user:carol", page.Items[0].String())
}

// TestHostIsToldBeforeTheAnswer: OnChange runs after the commit and before the call returns, also when nobody waits any more.
func TestHostIsToldBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	told := false
	f.OnChange = func(inner context.Context, c sharing.Change) {
		cancel()
		assert.NoError(t, inner.Err(), "the end of the request does not stop the news")
		// Committed: another transaction sees it.
		list, _, err := f.SharedScopes(inner, c.UserIDs[0])
		assert.NoError(t, err)
		assert.Len(t, list, 1)
		told = true
	}
	_, err := f.Grant(ctx, f.as(t, "admin"), sharing.GrantRequest{Server: home, Grantee: toUser("carol")})
	require.NoError(t, err)
	assert.True(t, told)
}

func TestPurgeExpired(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.code(t)
	f.grant(t, "", "user", "carol")
	p, err := f.PurgeExpired(t.Context())
	require.NoError(t, err)
	assert.Zero(t, p)
	f.advance(24 * time.Hour)
	p, err = f.PurgeExpired(t.Context())
	require.NoError(t, err)
	assert.Equal(t, sharing.Purged{Codes: 1}, p)
	assert.Len(t, f.shared(t, "carol"), 1, "SH-24")
}

// TestZeroFields: clock, randomness, logger and OnChange may be left out.
func TestZeroFields(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Now, f.Rand, f.Logger, f.OnChange = nil, nil, nil, nil
	code, secret := f.code(t)
	assert.WithinDuration(t, time.Now(), code.CreatedAt, time.Minute)
	_, err := f.Exchange(t.Context(), f.as(t, "bob"), secret)
	require.NoError(t, err)
}

// failingDirectory cannot answer; what it says is nobody's business but the log's.
type failingDirectory struct{ sharing.Directory }

var errBroken = errors.New("address book is on fire")

func (failingDirectory) FindServer(context.Context, string, string) (sharing.Server, error) {
	return sharing.Server{}, errBroken
}

func (failingDirectory) Find(context.Context, string, string) (sharing.Ref, error) {
	return sharing.Ref{}, errBroken
}

func (failingDirectory) Servers(context.Context, []string) (map[string]sharing.Server, error) {
	return nil, errBroken
}

func (failingDirectory) GroupsOf(context.Context, string) ([]string, error) { return nil, errBroken }

// TestInternalFailuresAreNoRefusals: they wrap their cause and are no *Error, so that handlers do not show them.
func TestInternalFailuresAreNoRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.grant(t, "", "user", "carol")
	_, secret := f.code(t)
	by := f.as(t, "admin")
	carol := f.as(t, "carol")
	f.Directory = failingDirectory{f.hub}
	w := sharing.Window{Limit: 1}
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"Grant": func() error {
			_, err := f.Grant(ctx, by, sharing.GrantRequest{Server: home, Grantee: toUser("carol")})
			return err
		},
		"Revoke": func() error {
			_, err := f.Revoke(ctx, by, sharing.RevokeRequest{Server: home, Grantee: toUser("carol")})
			return err
		},
		"RevokeAll":       func() error { return f.RevokeAll(ctx, by, home) },
		"Leave":           func() error { return f.Leave(ctx, by, toUser("carol"), home) },
		"ListByOwner":     func() error { _, err := f.ListByOwner(ctx, by, "alice", w); return err },
		"ListByGrantee":   func() error { _, err := f.ListByGrantee(ctx, by, toUser("carol"), w); return err },
		"Exchange":        func() error { _, err := f.Exchange(ctx, carol, secret); return err },
		"CreateCode":      func() error { _, _, err := f.CreateCode(ctx, by, sharing.CodeRequest{Server: home}); return err },
		"SharedScopes":    func() error { _, _, err := f.SharedScopes(ctx, carol.ID); return err },
		"DeleteCodes":     func() error { return f.DeleteCodes(ctx, by, sharing.DeleteRequest{Server: home}) },
		"ListCodesByName": func() error { _, err := f.ListCodesByServer(ctx, by, home, w); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := call()
			require.ErrorIs(t, err, errBroken)
			var refused *sharing.Error
			assert.False(t, errors.As(err, &refused))
		})
	}
}
