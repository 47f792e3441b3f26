package storetest

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

var ownerTests = map[string]func(*testing.T, oauth.Store){
	"owners of tokens and of codes are listed once": func(t *testing.T, s oauth.Store) {
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		putToken(t, s, token(t, 1))
		for n, ref := range []oauth.OwnerRef{cron, alice, alice} {
			own := token(t, 2+n)
			own.ClientID, own.Owner = "", ref
			putToken(t, s, own)
		}
		owners, err := s.Owners(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []oauth.OwnerRef{cron, alice, bob}, owners)
	},
	"a forgotten owner has nothing and gets nothing": func(t *testing.T, s oauth.Store) { // OA-64
		put(t, s, server(t))
		putCode(t, s, code(t, "c1"))
		putToken(t, s, token(t, 1))
		change, err := s.Forget(t.Context(), start, bob)
		require.NoError(t, err)
		assert.Equal(t, []oauth.OwnerRef{bob}, change.Owners)
		assert.Empty(t, tokens(t, s, start, bob))
		require.ErrorIs(t, s.PutCode(t.Context(), start, code(t, "c2")), oauth.ErrGone)
		_, _, err = s.PutToken(t.Context(), start, token(t, 2), nil)
		require.ErrorIs(t, err, oauth.ErrGone)
		_, _, err = s.Redeem(t.Context(), start, "c1", clientID, token(t, 3))
		require.ErrorIs(t, err, oauth.ErrNoCode)
		change, err = s.Forget(t.Context(), start, bob)
		require.NoError(t, err)
		assert.Zero(t, change, "nothing was left")
	},
	"forgetting a service spares the user of the same id": func(t *testing.T, s oauth.Store) {
		put(t, s, server(t))
		c := code(t, "c1")
		c.User = alice
		putCode(t, s, c)
		own := token(t, 1)
		own.Owner = alice
		putToken(t, s, own)
		_, err := s.Forget(t.Context(), start, cron)
		require.NoError(t, err)
		assert.Len(t, tokens(t, s, start, alice), 1)
		_, err = find(t, s, start, "c1", clientID)
		require.NoError(t, err)
	},
	"a token that races with Forget is either deleted or refused": func(t *testing.T, s oauth.Store) {
		var wg sync.WaitGroup
		for n := range 32 {
			wg.Go(func() {
				own := token(t, n)
				own.ClientID = ""
				if _, _, err := s.PutToken(t.Context(), start, own, nil); !errors.Is(err, oauth.ErrGone) {
					assert.NoError(t, err)
				}
			})
			if n == 16 {
				wg.Go(func() {
					_, err := s.Forget(t.Context(), start, bob)
					assert.NoError(t, err)
				})
			}
		}
		wg.Wait()
		assert.Empty(t, tokens(t, s, start, bob))
	},
	"a renamed user is renamed in stored scopes and servers": func(t *testing.T, s oauth.Store) {
		c := server(t)
		c.Allowed = list(t, "access:servers!server=alice/", "access:servers!server=alicex/", "read:users!user=alice", "shares!server", "list:groups!group=alice")
		put(t, s, c)
		cd := code(t, "c1")
		cd.Scopes = list(t, "access:servers!server=alice/lab")
		putCode(t, s, cd)
		tok := token(t, 1)
		tok.Scopes = list(t, "read:users!user=alice", "servers!server=alice/", "tokens!user")
		putToken(t, s, tok)
		change, err := s.Renamed(t.Context(), start, scopes.KindUser, "alice", "al'ice")
		require.NoError(t, err)
		assert.NotZero(t, change.Seq)
		assert.Empty(t, change.Owners, "anyone's")

		c, err = s.Client(t.Context(), c.ID)
		require.NoError(t, err)
		assert.Equal(t, "al'ice/", c.For.Server)
		assert.Equal(t, list(t, "access:servers!server=al'ice/", "access:servers!server=alicex/", "read:users!user=al'ice", "shares!server", "list:groups!group=alice"), c.Allowed)
		cd, err = find(t, s, start, "c1", c.ID)
		require.NoError(t, err)
		assert.Equal(t, list(t, "access:servers!server=al'ice/lab"), cd.Scopes)
		assert.Equal(t, list(t, "read:users!user=al'ice", "servers!server=al'ice/", "tokens!user"), tokens(t, s, start, bob)[0].Scopes)
	},
	"a renamed server, group or service is renamed under its own kind": func(t *testing.T, s oauth.Store) {
		c := server(t)
		c.For.Server = "alice/lab"
		c.Allowed = list(t, "access:servers!server=alice/lab", "access:servers!server=alice/", "list:groups!group=g", "access:services!service=g")
		put(t, s, c)
		for _, r := range [][3]string{{scopes.KindServer, "alice/lab", "alice/new"}, {scopes.KindGroup, "g", "h"}} {
			_, err := s.Renamed(t.Context(), start, r[0], r[1], r[2])
			require.NoError(t, err)
		}
		c, err := s.Client(t.Context(), c.ID)
		require.NoError(t, err)
		assert.Equal(t, "alice/new", c.For.Server)
		assert.Equal(t, list(t, "access:servers!server=alice/new", "access:servers!server=alice/", "list:groups!group=h", "access:services!service=g"), c.Allowed)
	},
}
