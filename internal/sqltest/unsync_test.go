package sqltest

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
)

func TestAnUnsyncedDatabaseWaitsForNoDiskAndStillWrites(t *testing.T) {
	t.Parallel()
	db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.Equal(t, 2, synchronous(t, db), "a database that is opened waits")
	Unsync(t, db)
	require.Zero(t, synchronous(t, db))
	require.NoError(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `CREATE TABLE notes (text TEXT NOT NULL)`)
		return err
	}))
}
