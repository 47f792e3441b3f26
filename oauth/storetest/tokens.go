package storetest

import (
	"fmt"
	"strings"
	"sync"
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
		assert.Equal(t, []oauth.Issued{{Token: tok, For: server(t).For, Description: server(t).Description}}, found)
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
		_, _, err := s.PutToken(t.Context(), start, own, nil)
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
		_, err = find(t, s, start, "c1", clientID)
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
		_, err = find(t, s, start, "c1", clientID)
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
		want := []oauth.Issued{{Token: issued, For: server(t).For, Description: server(t).Description}, {Token: own}}
		assert.Equal(t, want, found)
		all, err := s.Tokens(t.Context(), start, bob)
		require.NoError(t, err)
		assert.Equal(t, want, all)
		one, err := s.Token(t.Context(), start, bob, issued.ID)
		require.NoError(t, err)
		assert.Equal(t, want[0], one)
	},
	"a token is found by its number for its owner alone, until after its expiry": func(t *testing.T, s oauth.Store) { // OA-190
		put(t, s, server(t))
		issued := putToken(t, s, token(t, 1))
		_, err := s.Token(t.Context(), issued.ExpiresAt, bob, issued.ID)
		require.NoError(t, err)
		for name, refused := range map[string]func() (oauth.Issued, error){
			"expired": func() (oauth.Issued, error) {
				return s.Token(t.Context(), issued.ExpiresAt.Add(time.Microsecond), bob, issued.ID)
			},
			"another's": func() (oauth.Issued, error) { return s.Token(t.Context(), start, alice, issued.ID) },
			"unknown":   func() (oauth.Issued, error) { return s.Token(t.Context(), start, bob, issued.ID+1) },
		} {
			_, err := refused()
			require.ErrorIs(t, err, oauth.ErrNoToken, name)
		}
	},
	"what an owner agreed to is in the live tokens of that client": func(t *testing.T, s oauth.Store) { // OA-34, OA-S15
		put(t, s, server(t))
		mine, api, expired, alices := token(t, 1), token(t, 2), token(t, 3), token(t, 4)
		api.ClientID, api.Scopes = "", list(t, "tokens!user")
		expired.ExpiresAt, expired.Scopes = start.Add(-time.Second), list(t, "servers!user")
		alices.Owner, alices.Scopes = alice, list(t, "users!user")
		for _, tok := range []oauth.Token{mine, api, expired, alices} {
			putToken(t, s, tok)
		}
		agreed, err := s.Agreed(t.Context(), start, bob, clientID)
		require.NoError(t, err)
		assert.Equal(t, mine.Scopes, agreed)
		agreed, err = s.Agreed(t.Context(), start, cron, clientID)
		require.NoError(t, err)
		assert.Empty(t, agreed)
	},
	"a secret that its caller knows again is refused": func(t *testing.T, s oauth.Store) { // OA-61
		put(t, s, server(t))
		live, expired, other := token(t, 1), token(t, 2), token(t, 3)
		expired.ExpiresAt, other.Prefix = start.Add(-time.Second), "efgh"
		for _, tok := range []oauth.Token{live, expired, other} {
			putToken(t, s, tok)
		}
		asked := map[string]bool{}
		taken := func(hash string) bool { asked[hash] = true; return hash == live.Hash }
		_, change, err := s.PutToken(t.Context(), start, token(t, 4), taken)
		require.ErrorIs(t, err, oauth.ErrTokenExists)
		assert.Zero(t, change)
		assert.Equal(t, map[string]bool{live.Hash: true}, asked, "neither expired ones nor those of other prefixes")
		last := token(t, 5)
		last.Prefix = "ijkl"
		_, _, err = s.PutToken(t.Context(), start, last, taken)
		require.NoError(t, err)
		assert.Len(t, tokens(t, s, start, bob), 3)
	},
	"of 32 who choose one secret at once one gets it": func(t *testing.T, s oauth.Store) { // OA-61, OA-191
		errs := make([]error, 32)
		var wg sync.WaitGroup
		for i := range errs {
			tok := token(t, i) // each hash has a salt of its own
			tok.ClientID, tok.Owner.ID = "", fmt.Sprint("chooser", i)
			wg.Go(func() {
				_, _, errs[i] = s.PutToken(t.Context(), start, tok, func(hash string) bool { return strings.HasPrefix(hash, "hash") })
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				assert.ErrorIs(t, err, oauth.ErrTokenExists)
			}
		}
		assert.Equal(t, 1, won)
		found, err := s.TokensByPrefix(t.Context(), start, "abcd")
		require.NoError(t, err)
		assert.Len(t, found, 1)
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
		_, err = find(t, s, start, "c1", clientID)
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
		_, _, err = s.PutToken(t.Context(), start, mine, nil)
		require.ErrorIs(t, err, oauth.ErrGone, "still remembered")
		done, err = s.Purge(t.Context(), start, oauth.PurgeOrder{Gone: start.Add(2 * time.Hour)})
		require.NoError(t, err)
		assert.Equal(t, oauth.Purged{Gone: 1}, done)
	},
}
