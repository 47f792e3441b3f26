package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// naive exchanges a code as one would at first: it takes the code's row, so that all others wait, and then sends one statement after the other.
func naive(ctx context.Context, db *sql.DB, visitor string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var code, share, seq, gone int64
	var server, owner, bases, hashed, base string
	err = tx.QueryRowContext(ctx, `SELECT id, server_id, owner_id, bases, hashed FROM sharing_codes WHERE prefix = $1 AND expires_at > $2 FOR UPDATE`,
		"abcd", now.UnixMicro()).Scan(&code, &server, &owner, &bases, &hashed)
	if err != nil {
		return err
	}
	err = tx.QueryRowContext(ctx, `SELECT count(*) FROM sharing_gone WHERE (kind = 'server' AND id = $1) OR (kind = 'user' AND id IN ($2, $3))`,
		server, owner, visitor).Scan(&gone)
	if err != nil {
		return err
	}
	err = tx.QueryRowContext(ctx, `SELECT id FROM sharing_shares WHERE server_id = $1 AND user_id = $2`, server, visitor).Scan(&share)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRowContext(ctx, `INSERT INTO sharing_shares (server_id, owner_id, user_id, created_at) VALUES ($1, $2, $3, $4) RETURNING id`,
			server, owner, visitor, now.UnixMicro()).Scan(&share)
	}
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO sharing_grants (share_id, code_id, base, session, created_at, created_by) VALUES ($1, $2, $3, 0, $4, $5)
		ON CONFLICT DO NOTHING`, share, code, "access:servers", now.UnixMicro(), visitor); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, `SELECT base FROM sharing_grants WHERE share_id = $1`, share).Scan(&base); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE sharing_codes SET exchange_count = exchange_count + 1, last_exchanged_at = $1 WHERE id = $2`, now.UnixMicro(), code); err != nil {
		return err
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO changelog (at, owner, action, actor_id, server_id, code_id, user_ids, group_ids, details)
		VALUES ($1, 'sharing', 'code.exchange', $2, $3, $4, '[]', '[]', '{}') RETURNING seq`, now.UnixMicro(), visitor, server, sharing.CodeID(code)).Scan(&seq)
	if err != nil {
		return err
	}
	return tx.Commit()
}

// BenchmarkHotCode is one code that many follow at once on PostgreSQL, by as many connections as one replica has for writing, beside the naive
// way in the same tables. One operation is a round of each.
func BenchmarkHotCode(b *testing.B) {
	const connections, each = 8, 256
	ctx := context.Background()
	var visitors atomic.Int64
	visitor := func() string { return fmt.Sprint("u-", visitors.Add(1)) }
	dsn := pgtest.DSN(b)
	s, err := sqlstore.Open(ctx, dsn)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	p := hotCode(b, s)
	exchange := func() error {
		_, _, err := s.Exchange(ctx, now, sharing.Act{}, p, sharing.Ref{Kind: sharing.KindUser, ID: visitor()})
		return err
	}
	other := pgtest.DSN(b)
	t, err := sqlstore.Open(ctx, other)
	require.NoError(b, err)
	hotCode(b, t)
	require.NoError(b, t.Close())
	plain, err := sql.Open("pgx", other)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, plain.Close()) })
	plain.SetMaxOpenConns(connections)
	plain.SetMaxIdleConns(connections)
	r := newRounds(b)
	for b.Loop() {
		r.call("naive", connections, each, func() error { return naive(ctx, plain, visitor()) })
		r.call("exchange", connections, each, exchange)
		r.call("crowd", 64, 2*each, exchange)
		r.call("one", 1, 32, exchange)
	}
	r.rate("naive", "naive/s")
	r.rate("exchange", "by-8/s")
	r.rate("crowd", "by-64/s")
	r.rate("one", "by-1/s")
	r.ratio("x-naive", "naive", "exchange")
}
