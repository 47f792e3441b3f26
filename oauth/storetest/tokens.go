package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
)

var tokenTests = map[string]func(*testing.T, oauth.Store){
	"a token is read as it was put, by prefix and by owner": func(t *testing.T, s oauth.Store) { // OA-58, OA-61
		put(t, s, server(t))
		tok := token(t, 1)
		tok.Note, tok.LastActivity = "<'&\">", start.Add(time.Second)
		got := putToken(t, s, tok)
		tok.ID = got.ID
		assert.Equal(t, tok, got)
		found, err := s.TokensByPrefix(t.Context(), start, "abcd")
		require.NoError(t, err)
		assert.Equal(t, []oauth.Issued{{Token: tok, For: server(t).For}}, found)
		assert.Equal(t, []oauth.Token{tok}, tokens(t, s, start, bob))
		none, err := s.TokensByPrefix(t.Context(), start, "ABCD")
		require.NoError(t, err)
		assert.Empty(t, none, "a prefix matches exactly")
	},
	"a token without end never expires, another does after its time": func(t *testing.T, s oauth.Store) { // OA-190
		forever, ending := token(t, 1), token(t, 2)
		forever.ClientID, ending.ClientID = "", ""
		forever.ExpiresAt = time.Time{}
		putToken(t, s, forever)
		putToken(t, s, ending)
		assert.Len(t, tokens(t, s, ending.ExpiresAt, bob), 2)
		left := tokens(t, s, ending.ExpiresAt.Add(time.Microsecond), bob)
		require.Len(t, left, 1)
		assert.Zero(t, left[0].ExpiresAt)
	},
	"kinds of owners are not mixed up": func(t *testing.T, s oauth.Store) {
		own := token(t, 1)
		own.Owner, own.ClientID = cron, ""
		got := putToken(t, s, own)
		assert.Empty(t, tokens(t, s, start, alice))
		_, err := s.DeleteToken(t.Context(), start, alice, got.ID)
		require.ErrorIs(t, err, oauth.ErrNoToken)
		assert.Len(t, tokens(t, s, start, cron), 1)
	},
	"the same hash twice is ErrTokenExists": func(t *testing.T, s oauth.Store) {
		own := token(t, 1)
		own.ClientID = ""
		putToken(t, s, own)
		_, _, err := s.PutToken(t.Context(), start, own)
		require.ErrorIs(t, err, oauth.ErrTokenExists)
	},
	"tokens are listed by last activity, or else by creation": func(t *testing.T, s oauth.Store) { // OA-86
		var ids []int64
		for n, created := range []time.Duration{2, 0, 1} {
			own := token(t, n)
			own.ClientID, own.Created = "", start.Add(created*time.Minute)
			ids = append(ids, putToken(t, s, own).ID)
		}
		require.NoError(t, s.Touch(t.Context(), map[int64]time.Time{ids[1]: start.Add(90 * time.Second), 999: start}))
		var order []int64
		for _, tok := range tokens(t, s, start, bob) {
			order = append(order, tok.ID)
		}
		assert.Equal(t, []int64{ids[2], ids[1], ids[0]}, order)
	},
	"activity only moves forward": func(t *testing.T, s oauth.Store) { // OA-78
		own := token(t, 1)
		own.ClientID = ""
		id := putToken(t, s, own).ID
		for _, at := range []time.Duration{time.Minute, time.Second} {
			require.NoError(t, s.Touch(t.Context(), map[int64]time.Time{id: start.Add(at)}))
		}
		assert.WithinDuration(t, start.Add(time.Minute), tokens(t, s, start, bob)[0].LastActivity, 0)
	},
	"deleting an API token leaves the others": func(t *testing.T, s oauth.Store) {
		one, two := token(t, 1), token(t, 2)
		one.ClientID, two.ClientID = "", ""
		id := putToken(t, s, one).ID
		kept := putToken(t, s, two)
		change, err := s.DeleteToken(t.Context(), start, bob, id)
		require.NoError(t, err)
		assert.Equal(t, []oauth.OwnerRef{bob}, change.Owners)
		assert.Equal(t, []oauth.Token{kept}, tokens(t, s, start, bob))
		_, err = s.DeleteToken(t.Context(), start, bob, id)
		require.ErrorIs(t, err, oauth.ErrNoToken)
	},
	"deleting an OAuth token withdraws consent: the owner's others of that client go too, and live codes": func(t *testing.T, s oauth.Store) { // OA-86
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		id := putToken(t, s, token(t, 1)).ID
		putToken(t, s, token(t, 2))
		other, own := token(t, 3), token(t, 4)
		other.Owner, own.ClientID = alice, ""
		putToken(t, s, other)
		kept := putToken(t, s, own)
		_, err := s.DeleteToken(t.Context(), start, bob, id)
		require.NoError(t, err)
		assert.Equal(t, []oauth.Token{kept}, tokens(t, s, start, bob))
		assert.Len(t, tokens(t, s, start, alice), 1)
		_, err = s.Code(t.Context(), start, "c1", clientID)
		require.ErrorIs(t, err, oauth.ErrNoCode)
	},
	"ending a session deletes this owner's tokens and codes of it alone": func(t *testing.T, s oauth.Store) { // OA-110, OA-S18
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		putToken(t, s, token(t, 1))
		elsewhere, api, other := token(t, 2), token(t, 3), token(t, 4)
		elsewhere.SessionID, api.SessionID, other.Owner = "another", "", alice
		putToken(t, s, elsewhere)
		putToken(t, s, api)
		putToken(t, s, other)
		change, err := s.DeleteSession(t.Context(), start, bob, "session")
		require.NoError(t, err)
		assert.Equal(t, []oauth.OwnerRef{bob}, change.Owners)
		assert.Len(t, tokens(t, s, start, bob), 2)
		assert.Len(t, tokens(t, s, start, alice), 1)
		_, err = s.Code(t.Context(), start, "c1", clientID)
		require.ErrorIs(t, err, oauth.ErrNoCode)
		change, err = s.DeleteSession(t.Context(), start, bob, "")
		require.NoError(t, err)
		assert.Zero(t, change)
		assert.Len(t, tokens(t, s, start, bob), 2, "an API token belongs to no session")
	},
	"a token comes with what its client is for": func(t *testing.T, s oauth.Store) { // OA-65
		put(t, s, server(t))
		issued := putToken(t, s, token(t, 1))
		own := token(t, 2)
		own.ClientID = ""
		own = putToken(t, s, own)
		found, err := s.TokensByPrefix(t.Context(), start, "abcd")
		require.NoError(t, err)
		assert.Equal(t, []oauth.Issued{{Token: issued, For: server(t).For}, {Token: own}}, found)
	},
	"purging deletes what is expired": func(t *testing.T, s oauth.Store) { // OA-59
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		putToken(t, s, token(t, 1))
		done, err := s.Purge(t.Context(), start.Add(time.Hour), oauth.PurgeOrder{})
		require.NoError(t, err)
		assert.Equal(t, oauth.Purged{Codes: 1}, done)
		assert.Len(t, tokens(t, s, start, bob), 1, "valid at the very moment of its expiry")
		done, err = s.Purge(t.Context(), start.Add(2*time.Hour), oauth.PurgeOrder{})
		require.NoError(t, err)
		assert.Equal(t, oauth.Purged{Tokens: 1}, done)
		assert.Empty(t, tokens(t, s, start, bob), "gone even for a clock that went back")
		_, err = s.Code(t.Context(), start, "c1", clientID)
		require.ErrorIs(t, err, oauth.ErrNoCode)
	},
	"purging deletes old changes and old tombstones only when told to": func(t *testing.T, s oauth.Store) {
		own := token(t, 1)
		own.ClientID, own.Owner = "", alice
		putToken(t, s, own)
		_, err := s.Forget(t.Context(), start.Add(time.Hour), bob)
		require.NoError(t, err)
		done, err := s.Purge(t.Context(), start, oauth.PurgeOrder{})
		require.NoError(t, err)
		assert.Zero(t, done)
		done, err = s.Purge(t.Context(), start, oauth.PurgeOrder{Changes: start.Add(time.Minute), Gone: start.Add(time.Hour)})
		require.NoError(t, err)
		assert.Equal(t, oauth.Purged{Changes: 1}, done)
		left, err := s.Changes(t.Context(), 0, 10)
		require.NoError(t, err)
		require.Len(t, left, 1)
		assert.Equal(t, []oauth.OwnerRef{bob}, left[0].Owners)
		mine := token(t, 2)
		mine.ClientID = ""
		_, _, err = s.PutToken(t.Context(), start, mine)
		require.ErrorIs(t, err, oauth.ErrGone, "still remembered")
		done, err = s.Purge(t.Context(), start, oauth.PurgeOrder{Gone: start.Add(2 * time.Hour)})
		require.NoError(t, err)
		assert.Equal(t, oauth.Purged{Gone: 1}, done)
	},
}
