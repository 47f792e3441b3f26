package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/internal/changelog"
	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/oauth"
)

const (
	owner        = "oauth" // of the migrations and of the rows in the change log
	maxLiveCodes = 100     // per user and client (OA-S19)
	maxFailures  = 3       // failed exchanges of one code (OA-151)
)

// Store is an [oauth.Store] on a SQL database. It is safe for concurrent use.
type Store struct {
	db    *sqldb.DB
	owned bool // closed with the store
}

var _ oauth.Store = (*Store)(nil)

// New makes the tables in a database that the caller opened and will close, or brings them up to date.
func New(ctx context.Context, db *sqldb.DB) (*Store, error) {
	if err := changelog.Migrate(ctx, db); err != nil {
		return nil, fmt.Errorf("prepare the tables of oauth: %w", err)
	}
	if err := db.Migrate(ctx, owner, migrations(db.Dialect())); err != nil {
		return nil, fmt.Errorf("prepare the tables of oauth: %w", err)
	}
	return &Store{db: db}, nil
}

// Open opens a database of its own: "" is a private one in memory, postgres://… one on a server, else the path of a SQLite file, which is
// made if need be.
func Open(ctx context.Context, dsn string) (*Store, error) {
	db, err := sqldb.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s, err := New(ctx, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.owned = true
	return s, nil
}

// Close closes the database that Open opened; after New it does nothing.
func (s *Store) Close() error {
	if !s.owned {
		return nil
	}
	return s.db.Close()
}

// record adds the change that a transaction makes to what it sends. Rows of this store name users by UserIDs and a service by ActorID; neither
// means anyone.
func record(b *sqldb.Batch, change *oauth.Change, now time.Time, action string, owners ...oauth.OwnerRef) error {
	row := changelog.Row{At: now, Owner: owner, Action: action}
	services := 0
	for _, o := range owners {
		if o.Kind == oauth.KindService {
			row.ActorID = o.ID
			services++
		} else {
			row.UserIDs = append(row.UserIDs, o.ID)
		}
	}
	if services > 1 { // more than a row has room for
		owners, row.ActorID, row.UserIDs = nil, "", nil
	}
	*change = oauth.Change{At: now, Action: action, Owners: owners}
	if err := changelog.Add(b, &change.Seq, row); err != nil {
		return fmt.Errorf("record the change: %w", err)
	}
	return nil
}

// recordNow is record where nothing else is left to send.
func recordNow(ctx context.Context, tx *sql.Tx, change *oauth.Change, now time.Time, action string, owners ...oauth.OwnerRef) error {
	var b sqldb.Batch
	if err := record(&b, change, now, action, owners...); err != nil {
		return err
	}
	if err := b.Run(ctx, tx); err != nil {
		return fmt.Errorf("record the change: %w", err)
	}
	return nil
}

// Forget removes what hangs on an owner, and remembers them as gone until a Purge that orders otherwise.
func (s *Store) Forget(ctx context.Context, now time.Time, ref oauth.OwnerRef) (c oauth.Change, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		c = oauth.Change{}
		known, err := gone(ctx, tx, ref)
		if err != nil || known {
			return err
		}
		if err := run(ctx, tx, `INSERT INTO oauth_gone (kind, id, gone_at) VALUES ($1, $2, $3)`, ref.Kind, ref.ID, micros(now)); err != nil {
			return err
		}
		if err := run(ctx, tx, `DELETE FROM oauth_tokens WHERE owner_kind = $1 AND owner_id = $2`, ref.Kind, ref.ID); err != nil {
			return err
		}
		if ref.Kind == oauth.KindUser {
			if err := run(ctx, tx, `DELETE FROM oauth_codes WHERE user_id = $1`, ref.ID); err != nil {
				return err
			}
		}
		return recordNow(ctx, tx, &c, now, "owner.forgotten", ref)
	})
	return c, err
}

func gone(ctx context.Context, tx *sql.Tx, ref oauth.OwnerRef) (bool, error) {
	var found bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM oauth_gone WHERE kind = $1 AND id = $2)`, ref.Kind, ref.ID).Scan(&found)
	return found, err
}

// Owners lists those who have tokens or codes.
func (s *Store) Owners(ctx context.Context) (list []oauth.OwnerRef, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		list, err = rows(ctx, tx, scanOwner, `SELECT owner_kind, owner_id FROM oauth_tokens
			UNION SELECT 'user', user_id FROM oauth_codes ORDER BY 1, 2`)
		return err
	})
	return list, err
}

func scanOwner(r interface{ Scan(...any) error }) (ref oauth.OwnerRef, err error) {
	return ref, r.Scan(&ref.Kind, &ref.ID)
}

func run(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	_, err := tx.ExecContext(ctx, query, args...)
	return err
}

// about names what a change of one owner's codes and tokens is about: two at once come one after the other. What is about a client, or
// many owners, is written alone instead.
func about(ref oauth.OwnerRef) []string { return []string{"oauth of " + ref.Kind + " " + ref.ID} }

// rows collects a whole result before anything else is asked: a transaction has one connection, on which one thing goes on at a time.
func rows[T any](ctx context.Context, tx *sql.Tx, scan func(interface{ Scan(...any) error }) (T, error), query string, args ...any) ([]T, error) {
	found, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	var out []T
	for found.Next() {
		v, err := scan(found)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, found.Err()
}

// Times are microseconds; the zero time is NULL.

func micros(t time.Time) int64 { return t.UnixMicro() }

func nullable(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

func timeOf(v sql.NullInt64) time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return time.UnixMicro(v.Int64).UTC()
}
