package sharing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

func (f *fixture) code(t *testing.T, list ...string) (sharing.Code, sharing.Secret) {
	t.Helper()
	code, secret, err := f.CreateCode(t.Context(), f.as(t, "alice"), sharing.CodeRequest{Server: home, Scopes: list})
	require.NoError(t, err)
	return code, secret
}

// TestLifetimeOfACode is SH-20 and SH-21: FindCode(CreateCode()) works until the end and never after (SH-222).
func TestLifetimeOfACode(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	bob := f.as(t, "bob")
	for _, c := range []struct{ asked, got time.Duration }{
		{0, 24 * time.Hour}, {time.Minute, time.Minute}, {time.Hour, time.Hour}, {365 * 24 * time.Hour, 365 * 24 * time.Hour},
	} {
		code, secret, err := f.CreateCode(t.Context(), f.as(t, "alice"), sharing.CodeRequest{Server: home, Lifetime: c.asked})
		require.NoError(t, err)
		assert.Equal(t, f.clock(), code.CreatedAt)
		assert.Equal(t, f.clock().Add(c.got), code.ExpiresAt)
		f.advance(c.got - time.Microsecond)
		found, err := f.FindCode(t.Context(), bob, secret)
		require.NoError(t, err)
		assert.Equal(t, code, found)
		f.advance(time.Microsecond)
		_, err = f.FindCode(t.Context(), bob, secret)
		require.ErrorIs(t, err, sharing.ErrCodeNotFound)
		_, err = f.Exchange(t.Context(), bob, secret)
		require.ErrorIs(t, err, sharing.ErrCodeNotFound)
	}
	for _, wrong := range []time.Duration{-1, 1, time.Minute - 1, 365*24*time.Hour + 1} {
		_, _, err := f.CreateCode(t.Context(), f.as(t, "alice"), sharing.CodeRequest{Server: home, Lifetime: wrong})
		require.ErrorIs(t, err, sharing.ErrLifetime, wrong)
	}
}

func TestExchange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, secret := f.code(t, "access:servers", "read:servers")
	f.told()

	// SH-142: looking changes nothing.
	_, err := f.FindCode(t.Context(), f.as(t, "bob"), secret)
	require.NoError(t, err)
	assert.Empty(t, f.told())

	share, err := f.Exchange(t.Context(), f.as(t, "bob"), secret)
	require.NoError(t, err)
	assert.Equal(t, code.Scopes, share.Scopes)
	assert.Equal(t, "bob", share.Grantee.Name)
	assert.Equal(t, f.hub.Server("alice", ""), share.Server)
	changes := f.told()
	require.Len(t, changes, 1)
	assert.Equal(t, sharing.ActionExchange, changes[0].Action)
	assert.Equal(t, sharing.CodeID(code.ID), changes[0].CodeID)

	// SH-44: again counts again, and gives the same share.
	f.advance(time.Second)
	again, err := f.Exchange(t.Context(), f.as(t, "bob"), secret)
	require.NoError(t, err)
	assert.Equal(t, share, again)
	list, err := f.ListCodesByServer(t.Context(), f.as(t, "alice"), home, sharing.Window{Limit: 10})
	require.NoError(t, err)
	assert.Equal(t, 2, list.Items[0].Exchanges)
	assert.Equal(t, f.clock(), list.Items[0].LastExchangedAt)

	_, err = f.FindCode(t.Context(), f.as(t, "alice"), secret)
	require.ErrorIs(t, err, sharing.ErrOwnCode, "SH-144")
	_, err = f.Exchange(t.Context(), f.as(t, "alice"), secret)
	require.EqualError(t, err, "You can't share with yourself!")

	// SH-144: who issued a code may accept it, if the server is not theirs.
	_, adminsOwn, err := f.CreateCode(t.Context(), f.as(t, "admin"), sharing.CodeRequest{Server: home})
	require.NoError(t, err)
	_, err = f.Exchange(t.Context(), f.as(t, "admin"), adminsOwn)
	require.NoError(t, err)
	_, err = f.Exchange(t.Context(), f.as(t, "alice"), adminsOwn)
	require.ErrorIs(t, err, sharing.ErrOwnCode)
}

// TestCodesOfTheVanished: the host deletes its row first, and a code for it is unknown from then on (SH-45 e).
func TestCodesOfTheVanished(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, secret := f.code(t)
	f.hub.RemoveServer(f.hub.Server("alice", "").ID)
	_, err := f.FindCode(t.Context(), f.as(t, "bob"), secret)
	require.ErrorIs(t, err, sharing.ErrCodeNotFound)
	_, err = f.Exchange(t.Context(), f.as(t, "bob"), secret)
	require.ErrorIs(t, err, sharing.ErrCodeNotFound)
}

func TestDeletingCodes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.as(t, "alice")
	lab := sharing.ServerName{Owner: "alice", Name: "lab"}
	code, secret := f.code(t)
	id := sharing.CodeID(code.ID)

	require.EqualError(t, f.DeleteCode(t.Context(), alice, sharing.DeleteRequest{Server: lab}, secret), "No matching code found")
	require.EqualError(t, f.DeleteCode(t.Context(), alice, sharing.DeleteRequest{Server: home}, sharing.Presented("wrong")), "No matching code found")
	require.EqualError(t, f.DeleteCodeByID(t.Context(), alice, sharing.DeleteRequest{Server: lab}, id), "No code found matching id="+id)
	// SH-112: nothing but the exact handle will do.
	for _, wrong := range []string{id + "xyz", "x" + id, "sc_", "sc_+1", "sc_-1", "sc_ 1", "SC_1", "1", "sc_१", "sc_99999999999999999999", id + "\n"} {
		err := f.DeleteCodeByID(t.Context(), alice, sharing.DeleteRequest{Server: home}, wrong)
		require.ErrorIs(t, err, sharing.ErrCodeNotFound, wrong)
		assert.EqualError(t, err, "No code found matching id="+wrong)
	}
	require.ErrorIs(t, f.DeleteCodes(t.Context(), alice, sharing.DeleteRequest{Server: sharing.ServerName{Owner: "alice", Name: "x"}}), sharing.ErrNoSuchServer)
	f.told()
	require.NoError(t, f.DeleteCodeByID(t.Context(), alice, sharing.DeleteRequest{Server: home}, id))
	assert.Len(t, f.told(), 1)
	_, err := f.Exchange(t.Context(), f.as(t, "bob"), secret)
	require.ErrorIs(t, err, sharing.ErrCodeNotFound)

	_, secret = f.code(t)
	require.NoError(t, f.DeleteCode(t.Context(), alice, sharing.DeleteRequest{Server: home}, secret))
	require.ErrorIs(t, f.DeleteCode(t.Context(), alice, sharing.DeleteRequest{Server: home}, secret), sharing.ErrCodeNotFound)

	expired, _ := f.code(t)
	f.advance(48 * time.Hour)
	require.NoError(t, f.DeleteCodeByID(t.Context(), alice, sharing.DeleteRequest{Server: home}, sharing.CodeID(expired.ID)), "SH-22")

	_, secret = f.code(t)
	_, err = f.Exchange(t.Context(), f.as(t, "bob"), secret)
	require.NoError(t, err)
	require.NoError(t, f.DeleteCodes(t.Context(), alice, sharing.DeleteRequest{Server: home}))
	require.NoError(t, f.DeleteCodes(t.Context(), alice, sharing.DeleteRequest{Server: home}), "none at all is no error")
	_, err = f.Get(t.Context(), f.as(t, "bob"), toUser("bob"), home)
	require.NoError(t, err, "SH-113")
}

// TestCodesLeaveNoTrace is SH-11, SH-12 and SH-181: a code is in no log, and in the store only as a salted digest.
func TestCodesLeaveNoTrace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, secret := f.code(t)
	require.Len(t, secret.Reveal(), 43)
	assert.Empty(t, strings.Trim(secret.Reveal(), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), "SH-10")
	_, err := f.Exchange(t.Context(), f.as(t, "bob"), secret)
	require.NoError(t, err)
	_, err = f.Exchange(t.Context(), f.as(t, "alice"), secret)
	require.Error(t, err)
	require.NoError(t, f.DeleteCode(t.Context(), f.as(t, "alice"), sharing.DeleteRequest{Server: home}, secret))
	assert.Contains(t, f.log.String(), "action=code.exchange actor_kind=user actor=bob code=sc_1 server=alice/ grantee=user:bob scopes=\"access:servers!server=alice/\"")
	assert.NotContains(t, f.log.String(), secret.Reveal())
	assert.NotContains(t, f.log.String(), secret.Reveal()[5:])
}
