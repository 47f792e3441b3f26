package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/internal/changelog"
	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/sharing"
)

// Purge deletes what has ended, and what is older than the order says.
func (s *Store) Purge(ctx context.Context, now time.Time, o sharing.PurgeOrder) (p sharing.Purged, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		if p.Codes, err = exec(ctx, tx, `DELETE FROM sharing_codes WHERE expires_at <= $1`, now.UnixMicro()); err != nil {
			return fmt.Errorf("purge codes: %w", err)
		}
		// Only shares that lose a grant here can have none left, so no others are looked at.
		shares, err := query(within(ctx, tx), func(r sqldb.Row) (id int64, err error) { return id, r.Scan(&id) },
			`DELETE FROM sharing_grants WHERE expires_at <= $1 RETURNING share_id`, now.UnixMicro())
		if err != nil {
			return fmt.Errorf("purge grants: %w", err)
		}
		if p.Shares, err = exec(ctx, tx, `DELETE FROM sharing_shares WHERE `+s.db.Dialect().In("id", 1)+`
			AND NOT EXISTS (SELECT 1 FROM sharing_grants g WHERE g.share_id = sharing_shares.id)`, s.db.Dialect().Integers(shares)); err != nil {
			return fmt.Errorf("purge shares: %w", err)
		}
		if _, err = exec(ctx, tx, `DELETE FROM sharing_tallies WHERE ends_at <= $1`, now.UnixMicro()); err != nil {
			return fmt.Errorf("purge tallies: %w", err)
		}
		p.Gone, p.Changes = 0, 0
		if !o.Gone.IsZero() {
			if p.Gone, err = exec(ctx, tx, `DELETE FROM sharing_gone WHERE at < $1`, o.Gone.UnixMicro()); err != nil {
				return fmt.Errorf("purge what is gone: %w", err)
			}
		}
		if !o.Changes.IsZero() {
			if p.Changes, err = changelog.Purge(ctx, tx, owner, o.Changes); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return sharing.Purged{}, err
	}
	return p, nil
}

// Tally adds to counts, each in the period that now is in.
func (s *Store) Tally(ctx context.Context, now time.Time, n int, counts []sharing.Tally) (sums []int, err error) {
	for _, t := range counts {
		if t.Per < time.Second {
			return nil, errors.New("a tally by less than a second")
		}
	}
	names := make([]string, len(counts))
	for i, t := range counts {
		names[i] = "sharing tally " + t.Key
	}
	// Each row is locked in one order, by its name, so that two who count the same do not wait for each other.
	err = s.db.WriteAbout(ctx, names, func(tx *sql.Tx) error {
		sums = make([]int, len(counts))
		for i, t := range counts {
			micros, per := now.UnixMicro(), t.Per.Microseconds()
			err := tx.QueryRowContext(ctx, `INSERT INTO sharing_tallies AS t (key, ends_at, n) VALUES ($1, $2, $3)
				ON CONFLICT (key, ends_at) DO UPDATE SET n = t.n + excluded.n RETURNING n`, t.Key, micros-micros%per+per, n).Scan(&sums[i])
			if err != nil {
				return fmt.Errorf("count: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return sums, nil
}
