package sqlstore_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/sqlstore"
)

// What an older program stored is there after the tables were made anew: a live code still gives its token, and no number of a token comes twice.
func TestAnOlderDatabaseKeepsWhatItHolds(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]string{"in a file": filepath.Join(t.TempDir(), "hub.db"), "on PostgreSQL": pgtest.DSN(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, now := t.Context(), time.UnixMicro(1000)
			db, err := sqldb.Open(ctx, dsn)
			require.NoError(t, err)
			defer func() { require.NoError(t, db.Close()) }()
			require.NoError(t, db.Migrate(ctx, "oauth", sqlstore.Steps(db.Dialect())[:2]))
			require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, `INSERT INTO oauth_clients VALUES ('service-x', '', 'h', '/cb', '', 'x', '1', '[]', $1)`, true); err != nil {
					return err
				}
				_, err := tx.ExecContext(ctx, `INSERT INTO oauth_codes (hash, client_id, user_id, redirect_uri, session_id, scopes, challenge, expires_at)
					VALUES ('live', 'service-x', 'u', '/cb', 's', '["self"]', 'c', 2000)`)
				if err != nil {
					return err
				}
				for _, hash := range []string{"a", "b", "c"} {
					if _, err := tx.ExecContext(ctx, `INSERT INTO oauth_tokens (prefix, hash, owner_kind, owner_id, session_id, scopes, note, created)
						VALUES ('abcd', $1, 'user', 'u', '', '["self"]', '', 1000)`, hash); err != nil {
						return err
					}
				}
				_, err = tx.ExecContext(ctx, `DELETE FROM oauth_tokens WHERE id = 3`)
				return err
			}))

			s, err := sqlstore.New(ctx, db)
			require.NoError(t, err)
			u := oauth.OwnerRef{Kind: oauth.KindUser, ID: "u"}
			list, err := s.Tokens(ctx, now, u)
			require.NoError(t, err)
			require.Len(t, list, 2)
			assert.Equal(t, "a", list[0].Hash)
			client, code, err := s.ClientAndCode(ctx, now, "service-x", "live")
			require.NoError(t, err)
			assert.True(t, client.NoConfirm)
			assert.Equal(t, "c", code.Challenge)
			tok, _, err := s.Redeem(ctx, now, "live", "service-x", oauth.Token{Prefix: "abcd", Hash: "d", Owner: u, Created: now})
			require.NoError(t, err)
			assert.EqualValues(t, 4, tok.ID, "not that of the token which was deleted")
			_, err = s.DeleteClient(ctx, now, "service-x")
			require.NoError(t, err)
			list, err = s.Tokens(ctx, now, u)
			require.NoError(t, err)
			assert.Len(t, list, 2, "what was issued through the client went with it")
			_, _, err = s.PutToken(ctx, now, oauth.Token{Prefix: "abcd", Hash: "a", Owner: u, Created: now}, nil)
			require.ErrorIs(t, err, oauth.ErrTokenExists)
		})
	}
}
