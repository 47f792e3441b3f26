package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
)

const clientID = "jupyterhub-user-alice"

var codeTests = map[string]func(*testing.T, oauth.Store){
	"a code is read as it was put, until after its expiry": func(t *testing.T, s oauth.Store) { // OA-55, OA-190
		put(t, s, server(t))
		c := code(t, "c1")
		putCode(t, s, c)
		got, err := find(t, s, c.ExpiresAt, "c1", clientID)
		require.NoError(t, err)
		assert.Equal(t, c, got)
		_, err = find(t, s, c.ExpiresAt.Add(time.Microsecond), "c1", clientID)
		require.ErrorIs(t, err, oauth.ErrNoCode)
	},
	"another client's code is no code": func(t *testing.T, s oauth.Store) { // OA-F21, OA-S2
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		_, err := find(t, s, start, "c1", "service-x")
		require.ErrorIs(t, err, oauth.ErrNoCode)
		_, _, err = s.Redeem(t.Context(), start, "c1", "service-x", token(t, 1))
		require.ErrorIs(t, err, oauth.ErrNoCode)
		assert.Empty(t, tokens(t, s, start, bob))
	},
	"a code needs a client": func(t *testing.T, s oauth.Store) {
		require.ErrorIs(t, s.PutCode(t.Context(), start, code(t, "c1")), oauth.ErrNoClient)
	},
	"the hundred-and-first live code of a user and client is refused": func(t *testing.T, s oauth.Store) { // OA-S19
		put(t, s, server(t))
		for n := range 100 {
			putCode(t, s, code(t, fmt.Sprint("c", n)))
		}
		require.ErrorIs(t, s.PutCode(t.Context(), start, code(t, "more")), oauth.ErrTooManyCodes)
		other := code(t, "other user's")
		other.User = alice
		putCode(t, s, other)
		later := code(t, "after the others expired")
		later.ExpiresAt = start.Add(time.Hour)
		require.NoError(t, s.PutCode(t.Context(), start.Add(6*time.Minute), later))
	},
	"redeeming spends the code and stores its token": func(t *testing.T, s oauth.Store) { // OA-55, OA-58
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		got, change, err := s.Redeem(t.Context(), start, "c1", clientID, token(t, 1))
		require.NoError(t, err)
		assert.Equal(t, []oauth.OwnerRef{bob}, change.Owners)
		assert.Equal(t, []oauth.Token{got}, tokens(t, s, start, bob))
		c, err := find(t, s, start, "c1", clientID)
		require.NoError(t, err)
		assert.WithinDuration(t, start, c.UsedAt, 0)
		assert.Equal(t, got.ID, c.TokenID)
	},
	"an expired code cannot be redeemed": func(t *testing.T, s oauth.Store) {
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		_, _, err := s.Redeem(t.Context(), start.Add(time.Hour), "c1", clientID, token(t, 1))
		require.ErrorIs(t, err, oauth.ErrNoCode)
	},
	"redeeming again is refused and changes nothing": func(t *testing.T, s oauth.Store) { // OA-150
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		got, _, err := s.Redeem(t.Context(), start, "c1", clientID, token(t, 1))
		require.NoError(t, err)
		again, change, err := s.Redeem(t.Context(), start, "c1", clientID, token(t, 2))
		require.ErrorIs(t, err, oauth.ErrCodeSpent)
		assert.Zero(t, again)
		assert.Zero(t, change)
		assert.Equal(t, []oauth.Token{got}, tokens(t, s, start, bob))
	},
	"a replay deletes the token that the code gave, and no other": func(t *testing.T, s oauth.Store) { // OA-55, OA-S1, OA-F21
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		change, err := s.RevokeReplayed(t.Context(), start, "c1", clientID)
		require.NoError(t, err)
		assert.Zero(t, change, "it is not spent")
		got, _, err := s.Redeem(t.Context(), start, "c1", clientID, token(t, 1))
		require.NoError(t, err)
		kept := putToken(t, s, token(t, 2))
		for _, foreign := range [][2]string{{"c1", "service-x"}, {"unknown", clientID}} {
			change, err = s.RevokeReplayed(t.Context(), start, foreign[0], foreign[1])
			require.NoError(t, err)
			assert.Zero(t, change)
		}
		assert.Equal(t, []oauth.Token{got, kept}, tokens(t, s, start, bob))
		change, err = s.RevokeReplayed(t.Context(), start, "c1", clientID)
		require.NoError(t, err)
		assert.Equal(t, []oauth.OwnerRef{bob}, change.Owners)
		assert.Equal(t, []oauth.Token{kept}, tokens(t, s, start, bob))
		change, err = s.RevokeReplayed(t.Context(), start, "c1", clientID)
		require.NoError(t, err)
		assert.Zero(t, change, "nothing was left to delete")
		_, _, err = s.Redeem(t.Context(), start, "c1", clientID, token(t, 3))
		require.ErrorIs(t, err, oauth.ErrCodeSpent, "and the code stays spent")
	},
	"of 64 parallel redemptions one wins and keeps its token": func(t *testing.T, s oauth.Store) { // OA-150, OA-S1
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		errs := make([]error, 64)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, _, errs[i] = s.Redeem(t.Context(), start, "c1", clientID, token(t, i)) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, oauth.ErrCodeSpent) {
				assert.NoError(t, err)
			}
		}
		assert.Equal(t, 1, won)
		assert.Len(t, tokens(t, s, start, bob), 1)
	},
	"the third failure burns a code": func(t *testing.T, s oauth.Store) { // OA-151
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		for n := range 3 {
			_, err := find(t, s, start, "c1", clientID)
			require.NoError(t, err, "after %d failures", n)
			require.NoError(t, s.FailCode(t.Context(), start, "c1", false))
		}
		_, err := find(t, s, start, "c1", clientID)
		require.ErrorIs(t, err, oauth.ErrNoCode)
		_, _, err = s.Redeem(t.Context(), start, "c1", clientID, token(t, 1))
		require.ErrorIs(t, err, oauth.ErrNoCode)
	},
	"a code can be burned at once": func(t *testing.T, s oauth.Store) { // OA-60
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		require.NoError(t, s.FailCode(t.Context(), start, "c1", true))
		require.NoError(t, s.FailCode(t.Context(), start, "unknown", true))
		_, err := find(t, s, start, "c1", clientID)
		require.ErrorIs(t, err, oauth.ErrNoCode)
	},
	"failures after success do not hide that the code is spent": func(t *testing.T, s oauth.Store) {
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		_, _, err := s.Redeem(t.Context(), start, "c1", clientID, token(t, 1))
		require.NoError(t, err)
		require.NoError(t, s.FailCode(t.Context(), start, "c1", true))
		_, _, err = s.Redeem(t.Context(), start, "c1", clientID, token(t, 2))
		require.ErrorIs(t, err, oauth.ErrCodeSpent)
	},
}
