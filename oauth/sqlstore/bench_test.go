//go:build unix

package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/sqlstore"
	"github.com/hubshare/hubshare/scopes"
)

func cpu() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkLogin is what one login asks of a store in memory: by way of the store, and as the bare statements alone, prepared on the driver's own
// connection with nothing around them, which is the floor.
func BenchmarkLogin(b *testing.B) { // OA-193
	b.Run("store", func(b *testing.B) {
		s, err := sqlstore.Open(b.Context(), "")
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, s.Close()) })
		loop(b, storeLogin(b, s))
	})
	b.Run("statements", func(b *testing.B) { loop(b, bareLogin(b)) })
}

func loop(b *testing.B, login func(i int) error) {
	b.Helper()
	b.ReportAllocs()
	begin, i := cpu(), 0
	for b.Loop() {
		i++
		if err := login(i); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu()-begin).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
}

const (
	benchClient = "jupyterhub-user-alice"
	benchHash   = "sha512:1:0123456789abcdef:" + benchSum + benchSum + benchSum + benchSum
	benchSum    = "0123456789abcdef0123456789abcdef"
	benchScopes = `["access:servers!server=alice/","read:users:groups!user","read:users:name!user"]`
)

func storeLogin(b *testing.B, s *sqlstore.Store) func(i int) error {
	b.Helper()
	now := time.UnixMicro(1_000_000_000)
	granted, err := scopes.ParseAll([]string{"access:servers!server=alice/", "read:users:groups!user", "read:users:name!user"})
	require.NoError(b, err)
	_, err = s.PutClient(b.Context(), now, oauth.Client{
		ID: benchClient, SecretHash: benchHash, RedirectURI: "/user/alice/oauth_callback", For: scopes.Client{Server: "alice/"}, LinkID: "s1", Allowed: granted,
	})
	require.NoError(b, err)
	alice := oauth.OwnerRef{Kind: oauth.KindUser, ID: "u1"}
	return func(i int) error {
		if _, err := s.Client(b.Context(), benchClient); err != nil {
			return err
		}
		code := fmt.Sprintf("%s%032d", benchSum, i)
		err := s.PutCode(b.Context(), now, oauth.Code{
			Hash: code, ClientID: benchClient, User: alice, RedirectURI: "/user/alice/oauth_callback", SessionID: benchSum, Scopes: granted,
			Challenge: benchSum, ExpiresAt: now.Add(time.Minute),
		})
		if err != nil {
			return err
		}
		if _, _, err := s.ClientAndCode(b.Context(), now, benchClient, code); err != nil {
			return err
		}
		_, _, err = s.Redeem(b.Context(), now, code, benchClient, oauth.Token{
			Prefix: fmt.Sprintf("%04x", i*40503&0xffff), Hash: fmt.Sprintf("%s%d", benchHash, i), Owner: alice, SessionID: benchSum, Scopes: granted,
			Created: now, ExpiresAt: now.Add(time.Hour),
		})
		return err
	}
}

// bareLogin makes the tables in a connection of the driver's own, and prepares what a login runs.
func bareLogin(b *testing.B) func(i int) error {
	b.Helper()
	ctx := context.Background()
	pool, err := sql.Open("sqlite", ":memory:?_foreign_keys=1") // as package sqldb registers it
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, pool.Close()) })
	held, err := pool.Conn(ctx)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, held.Close()) })
	var conn driver.Conn
	require.NoError(b, held.Raw(func(c any) error { conn = c.(driver.Conn); return nil }))
	for _, step := range append([]string{`CREATE TABLE changelog (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, owner TEXT NOT NULL,
		action TEXT NOT NULL, actor_id TEXT NOT NULL, server_id TEXT NOT NULL, code_id TEXT NOT NULL, user_ids TEXT NOT NULL, group_ids TEXT NOT NULL,
		details TEXT NOT NULL) STRICT`}, sqlstore.Steps(sqldb.SQLite)...) {
		_, err := conn.(driver.ExecerContext).ExecContext(ctx, step, nil)
		require.NoError(b, err)
	}
	statement := func(query string, args ...driver.Value) func(set map[int]driver.Value) error {
		stmt, err := conn.Prepare(query)
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, stmt.Close()) })
		named := make([]driver.NamedValue, len(args))
		return func(set map[int]driver.Value) error {
			for i, v := range args {
				if given, ok := set[i]; ok {
					v = given
				}
				named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
			}
			_, err := stmt.(driver.StmtExecContext).ExecContext(ctx, named)
			return err
		}
	}
	client := statement(`INSERT INTO oauth_clients VALUES (?, '', ?, '/user/alice/oauth_callback', 'alice/', '', 's1', ?, 0)`, benchClient, benchHash, benchScopes)
	require.NoError(b, client(nil))
	begin, commit := statement(`BEGIN IMMEDIATE`), statement(`COMMIT`)
	lookClient := statement(`SELECT * FROM oauth_clients WHERE id = ?`, benchClient)
	putCode := statement(`INSERT INTO oauth_codes (hash, client_id, user_id, redirect_uri, session_id, scopes, challenge, expires_at)
		SELECT ?, ?, 'u1', '/user/alice/oauth_callback', ?, ?, ?, 2000000000 WHERE NOT EXISTS (SELECT 1 FROM oauth_gone WHERE kind = 'user' AND id = 'u1')
		AND (SELECT count(*) FROM oauth_codes WHERE client_id = 'jupyterhub-user-alice' AND user_id = 'u1' AND used_at IS NULL AND expires_at >= 1 AND failures < 3) < 100`,
		"", benchClient, benchSum, benchScopes, benchSum)
	lookCode := statement(`SELECT * FROM oauth_clients c LEFT JOIN oauth_codes o ON o.hash = ? AND o.client_id = c.id WHERE c.id = ?`, "", benchClient)
	putToken := statement(`INSERT INTO oauth_tokens (prefix, hash, owner_kind, owner_id, client_id, session_id, scopes, note, created, expires_at)
		VALUES (?, ?, 'user', 'u1', ?, ?, ?, '', 1000000000, 2000000000)`, "", "", benchClient, benchSum, benchScopes)
	spend := statement(`UPDATE oauth_codes SET used_at = 1000000000, token_id = last_insert_rowid() WHERE hash = ? AND used_at IS NULL`, "")
	change := statement(`INSERT INTO changelog (at, owner, action, actor_id, server_id, code_id, user_ids, group_ids, details)
		VALUES (1000000000, 'oauth', 'token.issued', '', '', '', '["u1"]', 'null', '')`)
	return func(i int) error {
		code := map[int]driver.Value{0: fmt.Sprintf("%s%032d", benchSum, i)}
		token := map[int]driver.Value{0: fmt.Sprintf("%04x", i*40503&0xffff), 1: fmt.Sprintf("%s%d", benchHash, i)}
		for _, step := range []func() error{
			func() error { return lookClient(nil) },
			func() error { return begin(nil) }, func() error { return putCode(code) }, func() error { return commit(nil) },
			func() error { return lookCode(code) },
			func() error { return begin(nil) }, func() error { return putToken(token) }, func() error { return spend(code) },
			func() error { return change(nil) }, func() error { return commit(nil) },
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	}
}
