package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hubshare/hubshare/internal/changelog"
	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/sharing"
)

// owner is the name of this package's tables in the migration ledger and of its rows in the change table.
const owner = "sharing"

// Store is a [sharing.Store]. It is safe for concurrent use, also by several processes on one file or PostgreSQL database.
type Store struct {
	db        *sqldb.DB
	close     func() error
	exchanges gathering
}

var _ sharing.Store = (*Store)(nil)

// Open opens a database of its own: a file, which is made if need be, for "" or ":memory:" one that ends with Close, for postgres://… one on
// a server. Errors name the file or the server, and no password.
func Open(ctx context.Context, dsn string) (*Store, error) {
	db, err := sqldb.Open(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("open the sharing store: %w", err)
	}
	s, err := New(ctx, db)
	if err != nil {
		_ = db.Close() // the first error is the one that says what is wrong
		return nil, err
	}
	s.close = db.Close
	return s, nil
}

// New makes the store's tables in a database that the caller opened and will close, beside whatever else is in it.
func New(ctx context.Context, db *sqldb.DB) (*Store, error) {
	if err := changelog.Migrate(ctx, db); err != nil {
		return nil, fmt.Errorf("open the sharing store: %w", err)
	}
	if err := db.Migrate(ctx, owner, migrations(db.Dialect())); err != nil {
		return nil, fmt.Errorf("open the sharing store: %w", err)
	}
	return &Store{db: db, close: func() error { return nil }}, nil
}

// Close ends a database that [Open] opened; of one given to [New] it leaves the end to the caller.
func (s *Store) Close() error { return s.close() }

// Changes gives up to limit changes after a sequence number, oldest first.
func (s *Store) Changes(ctx context.Context, after int64, limit int) ([]sharing.Change, error) {
	rows, err := changelog.After(ctx, s.db, owner, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]sharing.Change, 0, len(rows))
	for _, r := range rows {
		c, err := changeOf(r)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func changeOf(r changelog.Row) (sharing.Change, error) {
	c := sharing.Change{
		Seq: r.Seq, At: r.At, Action: r.Action, ActorID: r.ActorID, ServerID: r.ServerID, CodeID: r.CodeID,
		UserIDs: r.UserIDs, GroupIDs: r.GroupIDs,
	}
	if r.Details != "" {
		if err := json.Unmarshal([]byte(r.Details), &c.Record); err != nil {
			return c, fmt.Errorf("read the record of change %d: %w", r.Seq, err)
		}
	}
	return c, nil
}

// appendChange records a change inside the transaction that makes it.
func appendChange(ctx context.Context, tx *sql.Tx, c sharing.Change) (sharing.Change, error) {
	var b sqldb.Batch
	if err := addChange(&b, &c); err != nil {
		return sharing.Change{}, err
	}
	if err := b.Run(ctx, tx); err != nil {
		return sharing.Change{}, fmt.Errorf("record %s: %w", c.Action, err)
	}
	return c, nil
}

// addChange is appendChange among other statements. c is complete once these have run.
func addChange(b *sqldb.Batch, c *sharing.Change) error {
	for _, ids := range []*[]string{&c.UserIDs, &c.GroupIDs} {
		slices.Sort(*ids)
		*ids = slices.Compact(*ids)
	}
	details, err := json.Marshal(c.Record)
	if err != nil {
		return fmt.Errorf("record %s: %w", c.Action, err)
	}
	err = changelog.Add(b, &c.Seq, changelog.Row{
		At: c.At, Owner: owner, Action: c.Action, ActorID: c.ActorID, ServerID: c.ServerID, CodeID: c.CodeID,
		UserIDs: c.UserIDs, GroupIDs: c.GroupIDs, Details: string(details),
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", c.Action, err)
	}
	c.At = micro(c.At)
	return nil
}

// runner runs a Batch, within a transaction or, if that is one statement, without any.
type runner func(*sqldb.Batch) error

func within(ctx context.Context, tx *sql.Tx) runner {
	return func(b *sqldb.Batch) error { return b.Run(ctx, tx) }
}

func (s *Store) alone(ctx context.Context) runner {
	return func(b *sqldb.Batch) error { return s.db.Look(ctx, b) }
}

// query reads all rows before it returns: a transaction has one connection, on which one thing goes on at a time.
func query[T any](run runner, scan func(sqldb.Row) (T, error), text string, args ...any) (out []T, err error) {
	var b sqldb.Batch
	b.Rows(func(r sqldb.Row) error {
		v, err := scan(r)
		out = append(out, v)
		return err
	}, text, args...)
	if err := run(&b); err != nil {
		return nil, err
	}
	return out, nil
}

// exec gives how many rows a statement touched.
func exec(ctx context.Context, tx *sql.Tx, text string, args ...any) (int, error) {
	res, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// end is a time that may be "never", as a column holds it.
func end(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

func timeOf(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMicro(n.Int64).UTC()
}

// micro is a time as it comes back from a column.
func micro(t time.Time) time.Time { return timeOf(end(t)) }

// over says whether something that ends then has ended; zero = never.
func over(then, now time.Time) bool { return !then.IsZero() && then.UnixMicro() <= now.UnixMicro() }
