package sqlstore_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/oauth/sqlstore"
)

// Tables of ours refer to tables of ours alone: users, servers and services are the host's, who tells of their going.
func TestNothingRefersToTheHostsTables(t *testing.T) { // OA-154
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	db, err := sqldb.Open(t.Context(), path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = sqlstore.New(t.Context(), db)
	require.NoError(t, err)
	_, err = sqlstore.New(t.Context(), db)
	require.NoError(t, err, "again")
	require.NoError(t, db.Read(t.Context(), func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(t.Context(), `SELECT m.name, f."table" FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		found := 0
		for rows.Next() {
			var from, to string
			if err := rows.Scan(&from, &to); err != nil {
				return err
			}
			found++
			assert.True(t, strings.HasPrefix(to, "oauth_"), "%s refers to %s", from, to)
		}
		assert.NotZero(t, found)
		return rows.Err()
	}))
}

// The count of live codes must not grow with those that were used: a visitor may come a thousand times within five minutes.
func TestCountingLiveCodesLooksAtNoOthers(t *testing.T) { // OA-S19
	t.Parallel()
	db, err := sqldb.Open(t.Context(), "")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = sqlstore.New(t.Context(), db)
	require.NoError(t, err)
	require.NoError(t, db.Read(t.Context(), func(tx *sql.Tx) error {
		var id, parent, unused int
		var plan string
		err := tx.QueryRowContext(t.Context(), `EXPLAIN QUERY PLAN SELECT count(*) FROM oauth_codes
			WHERE client_id = $1 AND user_id = $2 AND expires_at >= $3 AND used_at IS NULL AND failures < 3`, "c", "u", 1).Scan(&id, &parent, &unused, &plan)
		assert.Contains(t, plan, "oauth_codes_unused (user_id=? AND client_id=? AND expires_at>?)")
		return err
	}))
}
