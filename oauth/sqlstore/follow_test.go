package sqlstore_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/sqlstore"
)

// Who knows a number hears of all that came behind it, and of what comes while following; some from before may be told as well.
func TestFollowingBeginsWhereItIsTold(t *testing.T) {
	t.Parallel()
	s, now := open(t, filepath.Join(t.TempDir(), "hub.db")), time.Unix(1_700_000_000, 0)
	issue := func(hash, kind string) oauth.Change {
		_, c, err := s.PutToken(t.Context(), now, oauth.Token{Owner: oauth.OwnerRef{Kind: kind, ID: "1"}, Hash: hash, Created: now}, nil)
		require.NoError(t, err)
		return c
	}
	first, second := issue("a", oauth.KindUser), issue("b", oauth.KindService)
	for hash, after := range map[string]int64{"c": first.Seq, "d": 0} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		heard := map[int64][]oauth.OwnerRef{}
		var while oauth.Change
		err := s.Follow(ctx, sqlstore.Follow{
			After: after,
			News: func(list []oauth.Change) {
				for _, c := range list {
					heard[c.Seq] = c.Owners
				}
			},
			Current: func() {
				if while.Seq == 0 {
					while = issue(hash, oauth.KindUser)
					return
				}
				cancel()
			},
			Lost: func(err error) { assert.NoError(t, err) },
		})
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, while.Owners, heard[while.Seq])
		if after != 0 {
			assert.Equal(t, second.Owners, heard[second.Seq])
		}
	}
}

func TestAFollowerThatCannotBeginSaysSo(t *testing.T) {
	t.Parallel()
	s, err := sqlstore.Open(t.Context(), "")
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.ErrorContains(t, s.Follow(t.Context(), sqlstore.Follow{}), "follow the changes")
}
