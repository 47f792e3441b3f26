package changelog

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/hubshare/hubshare/internal/sqldb"
)

// place is how far a follower has come.
type place interface {
	// read gives the next page of rows that were not told.
	read(ctx context.Context, tx *sql.Tx, owner string) ([]Row, error)
	// told says that what read gave is behind it now; more, that there may be a further page.
	told(rows []Row) (more bool)
}

func (f Follower) begin() place {
	if f.DB.Dialect() == sqldb.PostgreSQL {
		return &snapshots{cursor: max(f.Seq-late, 0)}
	}
	return &number{seen: f.Seq}
}

// number is a place where rows are committed in the order of their numbers: on SQLite, where one transaction writes at a time.
type number struct {
	seen   int64
	newest int64 // of any owner, so that the rows of others are passed once
}

func (p *number) read(ctx context.Context, tx *sql.Tx, owner string) ([]Row, error) {
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0) FROM changelog`).Scan(&p.newest); err != nil {
		return nil, err
	}
	if p.newest <= p.seen {
		return nil, nil
	}
	return read(ctx, tx, `owner = $1 AND seq > $2`, page, owner, p.seen)
}

func (p *number) told(rows []Row) (more bool) {
	if len(rows) == page {
		p.seen = rows[page-1].Seq
		return true
	}
	p.seen = max(p.seen, p.newest)
	return false
}

// snapshots are a place on PostgreSQL, where a transaction with a lower number may be committed later. A look tells what is visible in the
// snapshot of this look and was not in that of the look before; so each row is told once, however late it was committed.
type snapshots struct {
	before string // "" = the first look: all rows behind cursor
	now    string // "" = between two looks
	cursor int64  // the rows up to here are told in this look
}

func (p *snapshots) read(ctx context.Context, tx *sql.Tx, owner string) ([]Row, error) {
	if p.now == "" {
		if err := tx.QueryRowContext(ctx, `SELECT pg_current_snapshot()::text`).Scan(&p.now); err != nil {
			return nil, fmt.Errorf("take a snapshot: %w", err)
		}
	}
	if p.before == "" {
		return read(ctx, tx, `owner = $1 AND seq > $2 AND pg_visible_in_snapshot(tx, $3::pg_snapshot)`, page, owner, p.cursor, p.now)
	}
	return read(ctx, tx, `owner = $1 AND seq > $2 AND pg_visible_in_snapshot(tx, $3::pg_snapshot)
		AND tx >= pg_snapshot_xmin($4::pg_snapshot) AND NOT pg_visible_in_snapshot(tx, $4::pg_snapshot)`, page, owner, p.cursor, p.now, p.before)
}

func (p *snapshots) told(rows []Row) (more bool) {
	if len(rows) == page {
		p.cursor = rows[page-1].Seq
		return true
	}
	p.before, p.now, p.cursor = p.now, "", 0
	return false
}
