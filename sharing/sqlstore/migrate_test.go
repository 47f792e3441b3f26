package sqlstore_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// TestAnOlderDatabaseKeepsWhatIsInIt, and gives no id of a share that is gone to a new one (SH-6).
func TestAnOlderDatabaseKeepsWhatIsInIt(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]string{"in a file": filepath.Join(t.TempDir(), "sharing.db"), "on PostgreSQL": pgtest.DSN(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := sqldb.Open(t.Context(), dsn)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			require.NoError(t, db.Migrate(t.Context(), "sharing", sqlstore.FirstStep(db.Dialect())))
			exec := func(text string, args ...any) error {
				return db.Write(t.Context(), func(tx *sql.Tx) error {
					_, err := tx.ExecContext(t.Context(), text, args...)
					return err
				})
			}
			for _, text := range []string{
				`INSERT INTO sharing_shares (server_id, owner_id, user_id, created_at) VALUES ('s-lab', 'u-alice', 'u-bob', 1)`,
				`INSERT INTO sharing_shares (server_id, owner_id, group_id, created_at) VALUES ('s-lab', 'u-alice', 'g-class', 2)`,
				`INSERT INTO sharing_shares (server_id, owner_id, user_id, created_at) VALUES ('s-lab', 'u-alice', 'u-gone', 3)`,
				`DELETE FROM sharing_shares WHERE user_id = 'u-gone'`,
				`INSERT INTO sharing_grants (share_id, code_id, base, created_at, created_by) VALUES (1, 0, 'access:servers', 1, 'u-alice'), (2, 7, 'servers', 2, 'u-dan')`,
				`INSERT INTO sharing_codes (server_id, owner_id, bases, prefix, hashed, created_at, created_by, expires_at, exchange_count)
					VALUES ('s-lab', 'u-alice', '["access:servers"]', 'abcd', 'hash', 1, 'u-alice', 9000000000000000, 5)`,
				`INSERT INTO sharing_gone (kind, id, at) VALUES ('user', 'u-gone', 4)`,
			} {
				require.NoError(t, exec(text), text)
			}
			store, err := sqlstore.New(t.Context(), db)
			require.NoError(t, err)

			page, err := store.Shares(t.Context(), now, sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Limit: 10})
			require.NoError(t, err)
			require.Len(t, page.Items, 2)
			assert.Equal(t, to("u-bob"), page.Items[0].Grantee)
			assert.Equal(t, sharing.Grantee{Kind: sharing.KindGroup, ID: "g-class"}, page.Items[1].Grantee)
			assert.Equal(t, []string{"servers"}, page.Items[1].Bases)
			assert.Equal(t, int64(7), page.Items[1].Grants[0].CodeID)
			codes, err := store.Codes(t.Context(), now, sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Limit: 10})
			require.NoError(t, err)
			assert.Equal(t, 5, codes.Items[0].Exchanges)
			for _, visitor := range []string{"u-gone", "u-new"} {
				p := sharing.Probe{Prefix: "abcd", Match: func(stored string) bool { return stored == "hash" }}
				share, _, err := store.Exchange(t.Context(), now, sharing.Act{}, p, sharing.Ref{Kind: sharing.KindUser, ID: visitor})
				if visitor == "u-gone" {
					require.ErrorIs(t, err, sharing.ErrGone)
					continue
				}
				require.NoError(t, err)
				assert.Greater(t, share.ID, int64(3))
			}
			assert.Error(t, exec(`INSERT INTO sharing_shares (server_id, owner_id, user_id, created_at) VALUES ('s-lab', 'u-alice', 'u-bob', 1)`), "SH-5")
			assert.Error(t, exec(`INSERT INTO sharing_shares (server_id, owner_id, group_id, created_at) VALUES ('s-lab', 'u-alice', 'g-class', 1)`), "SH-5")
			assert.Error(t, exec(`INSERT INTO sharing_grants (share_id, code_id, base, session, created_at, created_by) VALUES (99, 0, 'x', 0, 1, '')`), "no share")
			require.NoError(t, exec(`DELETE FROM sharing_shares WHERE id = 1`))
			_, err = store.Share(t.Context(), now, lab.ServerID, to("u-bob"))
			require.ErrorIs(t, err, sharing.ErrNoSuchShare)
			var left int
			require.NoError(t, db.Read(t.Context(), func(tx *sql.Tx) error {
				return tx.QueryRowContext(t.Context(), `SELECT count(*) FROM sharing_grants WHERE share_id = 1`).Scan(&left)
			}))
			assert.Zero(t, left, "grants go with their share")
		})
	}
}
