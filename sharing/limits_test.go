package sharing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// TestACodeThatIsUsedUp: a code with a number of uses, which SH-202 finds missing, lets in that many and those again who have something by it.
func TestACodeThatIsUsedUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, secret := f.limited(t, sharing.CodeRequest{MaxUses: 1})
	assert.Equal(t, 1, code.MaxUses)
	require.NoError(t, f.accepts(t, "carol", secret))
	f.told()
	err := f.accepts(t, "bob", secret)
	require.ErrorIs(t, err, sharing.ErrCodeSpent)
	require.EqualError(t, err, "This share has been accepted as often as it could be")
	assert.Empty(t, f.told())

	found, err := f.FindCode(t.Context(), f.as(t, "carol"), secret)
	require.NoError(t, err, "who has something by it is shown it again")
	assert.Equal(t, 1, found.Exchanges)
	share, err := f.Exchange(t.Context(), f.as(t, "carol"), secret)
	require.NoError(t, err)
	assert.Equal(t, "carol", share.Grantee.Name)
	assert.Empty(t, f.told(), "and it changes nothing")
	require.ErrorIs(t, f.accepts(t, "alice", secret), sharing.ErrOwnCode, "SH-144 goes before")

	f.grant(t, "", "user", "bob")
	require.ErrorIs(t, f.accepts(t, "bob", secret), sharing.ErrCodeSpent, "what he has is not by the code")
	require.NoError(t, f.Leave(t.Context(), f.as(t, "carol"), toUser("carol"), home))
	require.ErrorIs(t, f.accepts(t, "carol", secret), sharing.ErrCodeSpent, "who left has nothing by it")

	list, err := f.ListCodesByServer(t.Context(), f.as(t, "alice"), home, sharing.Window{Limit: 1})
	require.NoError(t, err)
	assert.Equal(t, 1, list.Total, "it is listed and can be deleted")
	require.NoError(t, f.DeleteCode(t.Context(), f.as(t, "alice"), sharing.DeleteRequest{Server: home}, secret))
	require.ErrorIs(t, f.accepts(t, "bob", secret), sharing.ErrCodeNotFound)
}

// TestNotForThemGoesBeforeUsedUp: who is not invited learns nothing about what others did with a code.
func TestNotForThemGoesBeforeUsedUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, secret := f.limited(t, sharing.CodeRequest{MaxUses: 1, For: []sharing.GranteeName{toUser("carol")}})
	require.NoError(t, f.accepts(t, "carol", secret))
	require.ErrorIs(t, f.accepts(t, "bob", secret), sharing.ErrNotForVisitor)
}

// TestTakingAwayWhatACodeGave: a deletion may take along what the code gave, and leaves what its grantees have besides (SH-110, SH-113).
func TestTakingAwayWhatACodeGave(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(f *fixture, by sharing.Caller, r sharing.DeleteRequest, code sharing.Code, secret sharing.Secret) error{
		"by its secret": func(f *fixture, by sharing.Caller, r sharing.DeleteRequest, _ sharing.Code, secret sharing.Secret) error {
			return f.DeleteCode(t.Context(), by, r, secret)
		},
		"by its id": func(f *fixture, by sharing.Caller, r sharing.DeleteRequest, code sharing.Code, _ sharing.Secret) error {
			return f.DeleteCodeByID(t.Context(), by, r, sharing.CodeID(code.ID))
		},
		"with all others": func(f *fixture, by sharing.Caller, r sharing.DeleteRequest, _ sharing.Code, _ sharing.Secret) error {
			return f.DeleteCodes(t.Context(), by, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			alice := f.as(t, "alice")
			code, secret := f.code(t, "access:servers", "read:servers")
			for _, who := range []string{"bob", "carol"} {
				_, err := f.Exchange(t.Context(), f.as(t, who), secret)
				require.NoError(t, err)
			}
			f.grant(t, "", "user", "bob")
			f.told()
			require.NoError(t, remove(f, alice, sharing.DeleteRequest{Server: home, Cascade: true}, code, secret))
			told := f.told()
			require.Len(t, told, 1)
			assert.Equal(t, sharing.ActionDelete, told[0].Action)
			assert.True(t, told[0].Record.Cascade)
			assert.Subset(t, told[0].UserIDs, []string{f.as(t, "bob").ID, f.as(t, "carol").ID}, "whose access differs")
			assert.Equal(t, []string{"access:servers!server=alice/"}, f.shared(t, "bob"))
			assert.Empty(t, f.shared(t, "carol"))
			_, err := f.Exchange(t.Context(), f.as(t, "carol"), secret)
			require.ErrorIs(t, err, sharing.ErrCodeNotFound)
			assert.Contains(t, f.log.String(), "action=code.delete actor_kind=user actor=alice")
			assert.Contains(t, f.log.String(), "cascade=true")
		})
	}
}

// TestTakingAwayLater: what a code gave can be taken by its id when the code itself is long gone, once.
func TestTakingAwayLater(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, secret := f.code(t)
	_, err := f.Exchange(t.Context(), f.as(t, "carol"), secret)
	require.NoError(t, err)
	f.advance(48 * time.Hour)
	p, err := f.PurgeExpired(t.Context())
	require.NoError(t, err)
	require.Equal(t, sharing.Purged{Codes: 1}, p)
	alice, id := f.as(t, "alice"), sharing.CodeID(code.ID)
	require.ErrorIs(t, f.DeleteCodeByID(t.Context(), alice, sharing.DeleteRequest{Server: home}, id), sharing.ErrCodeNotFound)
	lab := sharing.DeleteRequest{Server: sharing.ServerName{Owner: "alice", Name: "lab"}, Cascade: true}
	require.ErrorIs(t, f.DeleteCodeByID(t.Context(), alice, lab, id), sharing.ErrCodeNotFound)
	for _, wrong := range []string{"sc_0", "sc_00", "sc_-1", "0", ""} {
		require.ErrorIs(t, f.DeleteCodeByID(t.Context(), alice, sharing.DeleteRequest{Server: home, Cascade: true}, wrong), sharing.ErrCodeNotFound)
	}
	assert.NotEmpty(t, f.shared(t, "carol"))
	require.NoError(t, f.DeleteCodeByID(t.Context(), alice, sharing.DeleteRequest{Server: home, Cascade: true}, id))
	assert.Empty(t, f.shared(t, "carol"))
	require.ErrorIs(t, f.DeleteCodeByID(t.Context(), alice, sharing.DeleteRequest{Server: home, Cascade: true}, id), sharing.ErrCodeNotFound)
}

// TestListByCode: who accepted a code, when, and has not lost it since (SH-81).
func TestListByCode(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice, w := f.as(t, "alice"), sharing.Window{Limit: 10}
	code, secret := f.code(t)
	f.grant(t, "", "group", "team")
	for _, who := range []string{"carol", "bob"} {
		f.advance(time.Minute)
		_, err := f.Exchange(t.Context(), f.as(t, who), secret)
		require.NoError(t, err)
	}
	f.grant(t, "", "user", "carol", "read:servers")
	page, err := f.ListByCode(t.Context(), alice, home, code.ID, w)
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	assert.Equal(t, 2, page.Total)
	assert.Equal(t, "carol", page.Items[0].Grantee.Name)
	assert.Len(t, page.Items[0].Scopes, 2, "the whole share")
	require.Len(t, page.Items[0].Grants, 2)
	assert.Equal(t, sharing.Grant{
		Scopes: page.Items[1].Scopes, CodeID: code.ID, ActorID: f.as(t, "carol").ID, GrantedAt: start.Add(time.Minute),
	}, page.Items[0].Grants[1])
	assert.Equal(t, start.Add(2*time.Minute), page.Items[1].Grants[0].GrantedAt)

	second, err := f.ListByCode(t.Context(), alice, home, code.ID, sharing.Window{Offset: 1, Limit: 1})
	require.NoError(t, err)
	assert.Equal(t, sharing.Page[sharing.Share]{Items: page.Items[1:], Total: 2}, second, "SH-65")
	for _, n := range []sharing.ServerName{home, {Owner: "alice", Name: "lab"}} {
		none, err := f.ListByCode(t.Context(), alice, n, code.ID+1, w)
		require.NoError(t, err)
		assert.Zero(t, none.Total, "a code that is unknown, or another server's, was accepted by nobody here")
	}
	require.NoError(t, f.DeleteCode(t.Context(), alice, sharing.DeleteRequest{Server: home}, secret))
	require.NoError(t, f.Leave(t.Context(), f.as(t, "carol"), toUser("carol"), home))
	page, err = f.ListByCode(t.Context(), alice, home, code.ID, w)
	require.NoError(t, err)
	assert.Equal(t, 1, page.Total)
	whole, err := f.ListByServer(t.Context(), alice, home, w)
	require.NoError(t, err)
	assert.Equal(t, 2, whole.Total)
	_, err = f.ListByCode(t.Context(), f.as(t, "bob"), home, code.ID, w)
	require.ErrorIs(t, err, sharing.ErrHidden, "SH-54")
}

// plainDirectory does not list servers, whatever the hub behind it can.
type plainDirectory struct{ sharing.Directory }

// TestOwnServers: what a user can share, by name; a hub that does not list servers has the default ones (SH-8).
func TestOwnServers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.hub.AddServer("alice", "a")
	names := func(by sharing.Caller) (out []string) {
		t.Helper()
		servers, err := f.OwnServers(t.Context(), by)
		require.NoError(t, err)
		for _, s := range servers {
			out = append(out, s.String())
		}
		return out
	}
	assert.Equal(t, []string{"alice/", "alice/a", "alice/lab"}, names(f.as(t, "alice")))
	assert.Equal(t, []string{"carol/"}, names(f.as(t, "carol")), "SH-31 who may not share may look")
	_, err := f.OwnServers(t.Context(), sharing.Caller{})
	require.ErrorIs(t, err, sharing.ErrAnonymous)
	_, err = f.OwnServers(t.Context(), holding(t, "read:shares"))
	require.ErrorIs(t, err, sharing.ErrNotAUser)
	alice := f.as(t, "alice")
	alice.Scopes = holding(t, "read:shares!server=alice/lab").Scopes
	_, err = f.OwnServers(t.Context(), alice)
	require.ErrorIs(t, err, sharing.ErrHidden, "SH-56")
	alice.Scopes = holding(t, "access:servers").Scopes
	_, err = f.OwnServers(t.Context(), alice)
	require.ErrorIs(t, err, sharing.ErrNotAllowed)

	f.Directory = plainDirectory{f.hub}
	assert.Equal(t, []string{"alice/"}, names(f.as(t, "alice")))
	f.hub.RemoveServer(f.hub.Server("carol", "").ID)
	assert.Empty(t, names(f.as(t, "carol")))
	bob := f.as(t, "bob")
	f.Directory = failingDirectory{f.hub}
	_, err = f.OwnServers(t.Context(), bob)
	require.ErrorIs(t, err, errBroken)
}
