package sqlstore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
