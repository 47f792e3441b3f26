package sqlstore_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/sqlstore"
	"github.com/hubshare/hubshare/oauth/storetest"
)

func open(t *testing.T, dsn string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestConformsInMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) oauth.Store { return open(t, "") })
}

func TestConformsInAFile(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) oauth.Store { return open(t, filepath.Join(t.TempDir(), "hub.db")) })
}

func TestConformsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) oauth.Store { return open(t, pgtest.DSN(t)) })
}

// The server may have any transaction run again, with all that it set outside of the database set before.
func TestWhatRunsTwiceHappensOnce(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) oauth.Store {
		dsn := pgtest.DSN(t)
		s := open(t, dsn)
		pgtest.FailFirst(t, dsn)
		return s
	})
}

// What a visitor sends is compared as it is, whatever a database could not even hold (OA-61).
func TestTextThatNoDatabaseHoldsMatchesNothing(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]string{"in memory": "", "on PostgreSQL": pgtest.DSN(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, now := open(t, dsn), time.Unix(0, 0)
			for _, text := range []string{"\x00\x00\x00\x00", "ab\xffd", "a\x00b'"} {
				_, err := s.Client(t.Context(), text)
				require.ErrorIs(t, err, oauth.ErrNoClient)
				_, _, err = s.ClientAndCode(t.Context(), now, text, text)
				require.ErrorIs(t, err, oauth.ErrNoClient)
				list, err := s.TokensByPrefix(t.Context(), now, text)
				require.NoError(t, err)
				require.Empty(t, list)
				_, _, err = s.PutToken(t.Context(), now, oauth.Token{Owner: oauth.OwnerRef{Kind: oauth.KindUser, ID: "u1"}, Hash: text, Note: text, Created: now}, nil)
				require.NoError(t, err)
			}
		})
	}
}

func TestClientsSurviveARestart(t *testing.T) { // OA-205
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	first, err := sqlstore.Open(t.Context(), path)
	require.NoError(t, err)
	_, err = first.PutClient(t.Context(), time.Unix(0, 0), oauth.Client{ID: "service-x", LinkID: "1"})
	require.NoError(t, err)
	require.NoError(t, first.Close())
	c, err := open(t, path).Client(t.Context(), "service-x")
	require.NoError(t, err)
	assert.Equal(t, "1", c.LinkID)
}

func TestAFolderIsNoDatabase(t *testing.T) {
	t.Parallel()
	_, err := sqlstore.Open(t.Context(), t.TempDir())
	require.Error(t, err)
}

func TestAPurgeDeletesMoreThanOneBatchHolds(t *testing.T) { // OA-59
	t.Parallel()
	s, now := open(t, ""), time.Unix(1_700_000_000, 0)
	for n := range 1100 {
		_, _, err := s.PutToken(t.Context(), now, oauth.Token{
			Owner: oauth.OwnerRef{Kind: oauth.KindUser, ID: "1"}, Hash: fmt.Sprint(n), Created: now, ExpiresAt: now,
		}, nil)
		require.NoError(t, err)
	}
	done, err := s.Purge(t.Context(), now.Add(time.Hour), oauth.PurgeOrder{Changes: now.Add(time.Minute)})
	require.NoError(t, err)
	assert.Equal(t, oauth.Purged{Tokens: 1100, Changes: 1100}, done)
}
