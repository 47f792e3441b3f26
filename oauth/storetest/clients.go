package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
)

var clientTests = map[string]func(*testing.T, oauth.Store){
	"a client is read as it was put": func(t *testing.T, s oauth.Store) { // OA-1
		c := server(t)
		c.NoConfirm = true
		assert.Zero(t, put(t, s, c), "a client without tokens changes nobody's rights")
		got, err := s.Client(t.Context(), c.ID)
		require.NoError(t, err)
		assert.Equal(t, c, got)
	},
	"an unknown client is ErrNoClient, and deleting it is no error": func(t *testing.T, s oauth.Store) {
		_, err := s.Client(t.Context(), "nobody")
		require.ErrorIs(t, err, oauth.ErrNoClient)
		change, err := s.DeleteClient(t.Context(), start, "nobody")
		require.NoError(t, err)
		assert.Zero(t, change)
	},
	"an id that belongs to another server is not overwritten": func(t *testing.T, s oauth.Store) { // OA-13, OA-S16
		put(t, s, server(t))
		other := server(t)
		other.LinkID, other.SecretHash, other.RedirectURI = "s2", "stolen", "/user/mallory/oauth_callback"
		_, err := s.PutClient(t.Context(), start, other)
		require.ErrorIs(t, err, oauth.ErrClientTaken)
		got, err := s.Client(t.Context(), other.ID)
		require.NoError(t, err)
		assert.Equal(t, server(t), got)
	},
	"a new secret takes codes and tokens along": func(t *testing.T, s oauth.Store) { // OA-11, OA-64
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		putToken(t, s, token(t, 1))
		c := server(t)
		c.SecretHash = "h2"
		change := put(t, s, c)
		assert.Equal(t, []oauth.OwnerRef{bob}, change.Owners)
		_, err := find(t, s, start, "c1", c.ID)
		require.ErrorIs(t, err, oauth.ErrNoCode)
		assert.Empty(t, tokens(t, s, start, bob))
	},
	"the same secret keeps codes and tokens": func(t *testing.T, s oauth.Store) { // OA-205
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		putToken(t, s, token(t, 1))
		c := server(t)
		c.Description = "another"
		assert.Equal(t, []oauth.OwnerRef{bob}, put(t, s, c).Owners)
		_, err := find(t, s, start, "c1", c.ID)
		require.NoError(t, err)
		assert.Len(t, tokens(t, s, start, bob), 1)
	},
	"deleting a client deletes what was issued through it and nothing else": func(t *testing.T, s oauth.Store) { // OA-11, HB-98
		put(t, s, server(t))
		other := server(t)
		other.ID, other.LinkID = "service-x", "s2"
		put(t, s, other)
		putCode(t, s, code(t, "c1"))
		putToken(t, s, token(t, 1))
		kept, own := token(t, 2), token(t, 3)
		kept.ClientID, own.ClientID, own.SessionID = "service-x", "", ""
		putToken(t, s, kept)
		putToken(t, s, own)
		change, err := s.DeleteClient(t.Context(), start, server(t).ID)
		require.NoError(t, err)
		assert.Equal(t, []oauth.OwnerRef{bob}, change.Owners)
		_, err = find(t, s, start, "c1", server(t).ID)
		require.ErrorIs(t, err, oauth.ErrNoCode)
		var left []string
		for _, tok := range tokens(t, s, start, bob) {
			left = append(left, tok.ClientID)
		}
		assert.ElementsMatch(t, []string{"service-x", ""}, left)
	},
	"a change that is about several services loses none of them": func(t *testing.T, s oauth.Store) {
		put(t, s, server(t))
		for n, id := range []string{"s1", "s2"} {
			tok := token(t, n)
			tok.Owner = oauth.OwnerRef{Kind: oauth.KindService, ID: id}
			putToken(t, s, tok)
		}
		_, err := s.DeleteClient(t.Context(), start, server(t).ID)
		require.NoError(t, err)
		all, err := s.Changes(t.Context(), 0, 10)
		require.NoError(t, err)
		if last := all[len(all)-1]; len(last.Owners) > 0 { // or it is anyone's
			assert.Len(t, last.Owners, 2)
		}
	},
	"clients are listed by id": func(t *testing.T, s oauth.Store) { // OA-11
		other := server(t)
		other.ID, other.LinkID, other.NoConfirm = "service-x", "s2", true
		put(t, s, other)
		put(t, s, server(t))
		all, err := s.Clients(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []oauth.Client{server(t), other}, all)
	},
	"changes are listed in order, from a number on": func(t *testing.T, s oauth.Store) {
		put(t, s, server(t))
		putToken(t, s, token(t, 1))
		own := token(t, 2)
		own.ClientID, own.Owner = "", cron
		putToken(t, s, own)
		all, err := s.Changes(t.Context(), 0, 10)
		require.NoError(t, err)
		require.Len(t, all, 2)
		assert.Equal(t, []oauth.OwnerRef{bob}, all[0].Owners)
		assert.Equal(t, []oauth.OwnerRef{cron}, all[1].Owners)
		assert.Less(t, all[0].Seq, all[1].Seq)
		assert.WithinDuration(t, start, all[0].At, 0)
		rest, err := s.Changes(t.Context(), all[0].Seq, 10)
		require.NoError(t, err)
		assert.Equal(t, all[1:], rest)
	},
}
