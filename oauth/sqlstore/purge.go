package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/internal/changelog"
	"github.com/hubshare/hubshare/oauth"
)

// batch is how many rows one transaction of a purge deletes, so that a long overdue one keeps nobody waiting.
const batch = 1000

// Purge deletes what no look-up would find any more, and what is old, a batch of ours a transaction.
func (s *Store) Purge(ctx context.Context, now time.Time, o oauth.PurgeOrder) (p oauth.Purged, err error) {
	for _, step := range []struct {
		table, key, old string
		at              time.Time
		n               *int
	}{
		{"oauth_tokens", "id", "expires_at < $1", now, &p.Tokens},
		{"oauth_codes", "hash", "expires_at < $1", now, &p.Codes},
		{"oauth_gone", "kind, id", "gone_at < $1", o.Gone, &p.Gone},
	} {
		if step.at.IsZero() {
			continue
		}
		query := fmt.Sprintf(`DELETE FROM %[1]s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE %[3]s LIMIT %[4]d)`, step.table, step.key, step.old, batch)
		if *step.n, err = s.drain(ctx, query, step.at); err != nil {
			return p, fmt.Errorf("purge %s: %w", step.table, err)
		}
	}
	if o.Changes.IsZero() {
		return p, nil
	}
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		p.Changes, err = changelog.Purge(ctx, tx, owner, o.Changes)
		return err
	})
	return p, err
}

func (s *Store) drain(ctx context.Context, query string, at time.Time) (n int, err error) {
	for more := true; more && err == nil; {
		var deleted int64
		err = s.db.Write(ctx, func(tx *sql.Tx) error {
			done, err := tx.ExecContext(ctx, query, micros(at))
			if err != nil {
				return err
			}
			deleted, err = done.RowsAffected()
			return err
		})
		if err == nil {
			n += int(deleted)
		}
		more = deleted == batch
	}
	return n, err
}
