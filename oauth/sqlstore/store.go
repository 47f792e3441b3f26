package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/changelog"
	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

const (
	owner         = "oauth" // of the migrations and of the rows in the change log
	maxLiveCodes  = 100     // per user and client (OA-S19)
	maxFailures   = 3       // failed exchanges of one code (OA-151)
	goneRemembers = 24 * time.Hour
)

// Store is an [oauth.Store] on a SQL database. It is safe for concurrent use.
type Store struct {
	db    *sqldb.DB
	owned bool // closed with the store
}

var _ oauth.Store = (*Store)(nil)

// New makes the tables in a database that the caller opened and will close, or brings them up to date.
func New(ctx context.Context, db *sqldb.DB) (*Store, error) {
	for _, m := range []struct {
		owner string
		steps []string
	}{{changelog.Owner, changelog.Migration()}, {owner, migration}} {
		if err := db.Migrate(ctx, m.owner, m.steps); err != nil {
			return nil, fmt.Errorf("prepare the tables of %s: %w", m.owner, err)
		}
	}
	return &Store{db: db}, nil
}

// Open opens or creates a database of its own: "" is a private one in memory, else the path of a SQLite file.
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

// migration is only ever added to. Clients cascade to what was issued through them (OA-11); nothing refers to the host's tables (OA-154).
var migration = []string{`
CREATE TABLE oauth_clients (
	id           TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
	description  TEXT NOT NULL,
	secret_hash  TEXT NOT NULL,
	redirect_uri TEXT NOT NULL,
	for_server   TEXT NOT NULL,
	for_service  TEXT NOT NULL,
	link_id      TEXT NOT NULL,
	allowed      TEXT NOT NULL,
	no_confirm   INTEGER NOT NULL
) STRICT;
CREATE TABLE oauth_codes (
	hash         TEXT NOT NULL PRIMARY KEY,
	client_id    TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
	user_id      TEXT NOT NULL,
	redirect_uri TEXT NOT NULL,
	session_id   TEXT NOT NULL,
	scopes       TEXT NOT NULL,
	challenge    TEXT NOT NULL,
	expires_at   INTEGER NOT NULL,
	used_at      INTEGER,
	failures     INTEGER NOT NULL DEFAULT 0,
	token_id     INTEGER
) STRICT;
CREATE INDEX oauth_codes_by_client_and_user ON oauth_codes (client_id, user_id);
CREATE INDEX oauth_codes_by_user ON oauth_codes (user_id);
CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);
CREATE TABLE oauth_tokens (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	prefix        TEXT NOT NULL,
	hash          TEXT NOT NULL UNIQUE,
	owner_kind    TEXT NOT NULL CHECK (owner_kind IN ('user', 'service')),
	owner_id      TEXT NOT NULL,
	client_id     TEXT REFERENCES oauth_clients (id) ON DELETE CASCADE,
	session_id    TEXT NOT NULL,
	scopes        TEXT NOT NULL,
	note          TEXT NOT NULL,
	created       INTEGER NOT NULL,
	expires_at    INTEGER,
	last_activity INTEGER
) STRICT;
CREATE INDEX oauth_tokens_by_prefix ON oauth_tokens (prefix);
CREATE INDEX oauth_tokens_by_owner ON oauth_tokens (owner_kind, owner_id);
CREATE INDEX oauth_tokens_by_client ON oauth_tokens (client_id);
CREATE INDEX oauth_tokens_by_expiry ON oauth_tokens (expires_at);
CREATE TABLE oauth_gone (
	kind    TEXT NOT NULL,
	id      TEXT NOT NULL,
	gone_at INTEGER NOT NULL,
	PRIMARY KEY (kind, id)
) STRICT;
`}

// record appends the change that a transaction makes. Rows of this store name users by UserIDs and a service by ActorID; neither means anyone.
func record(ctx context.Context, tx *sql.Tx, now time.Time, action string, owners ...oauth.OwnerRef) (oauth.Change, error) {
	row := changelog.Row{At: now, Owner: owner, Action: action}
	for _, o := range owners {
		if o.Kind == oauth.KindService {
			row.ActorID = o.ID
		} else {
			row.UserIDs = append(row.UserIDs, o.ID)
		}
	}
	seq, err := changelog.Append(ctx, tx, row)
	if err != nil {
		return oauth.Change{}, fmt.Errorf("record the change: %w", err)
	}
	return oauth.Change{Seq: seq, At: now, Action: action, Owners: owners}, nil
}

// Changes gives this store's rows of the change log.
func (s *Store) Changes(ctx context.Context, after int64, limit int) ([]oauth.Change, error) {
	rows, err := changelog.After(ctx, s.db, owner, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]oauth.Change, 0, len(rows))
	for _, r := range rows {
		c := oauth.Change{Seq: r.Seq, At: r.At, Action: r.Action}
		for _, id := range r.UserIDs {
			c.Owners = append(c.Owners, oauth.OwnerRef{Kind: oauth.KindUser, ID: id})
		}
		if r.ActorID != "" {
			c.Owners = append(c.Owners, oauth.OwnerRef{Kind: oauth.KindService, ID: r.ActorID})
		}
		out = append(out, c)
	}
	return out, nil
}

// Forget removes what hangs on an owner, and remembers them as gone for a day: longer than any request that looked them up before.
func (s *Store) Forget(ctx context.Context, now time.Time, ref oauth.OwnerRef) (c oauth.Change, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		known, err := gone(ctx, tx, ref)
		if err != nil || known {
			return err
		}
		if err := run(ctx, tx, `INSERT INTO oauth_gone (kind, id, gone_at) VALUES (?, ?, ?)`, ref.Kind, ref.ID, micros(now)); err != nil {
			return err
		}
		if err := run(ctx, tx, `DELETE FROM oauth_tokens WHERE owner_kind = ? AND owner_id = ?`, ref.Kind, ref.ID); err != nil {
			return err
		}
		if ref.Kind == oauth.KindUser {
			if err := run(ctx, tx, `DELETE FROM oauth_codes WHERE user_id = ?`, ref.ID); err != nil {
				return err
			}
		}
		c, err = record(ctx, tx, now, "owner.forgotten", ref)
		return err
	})
	return c, err
}

func gone(ctx context.Context, tx *sql.Tx, ref oauth.OwnerRef) (bool, error) {
	var found bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM oauth_gone WHERE kind = ? AND id = ?)`, ref.Kind, ref.ID).Scan(&found)
	return found, err
}

// Purge deletes what no look-up would find any more.
func (s *Store) Purge(ctx context.Context, now time.Time) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		for _, step := range []struct {
			query string
			at    time.Time
		}{
			{`DELETE FROM oauth_tokens WHERE expires_at < ?`, now},
			{`DELETE FROM oauth_codes WHERE expires_at < ?`, now},
			{`DELETE FROM oauth_gone WHERE gone_at < ?`, now.Add(-goneRemembers)},
		} {
			if err := run(ctx, tx, step.query, micros(step.at)); err != nil {
				return err
			}
		}
		return nil
	})
}

func run(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	_, err := tx.ExecContext(ctx, query, args...)
	return err
}

// rows collects a whole result before anything else is asked: the connection is the only one.
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

// Scopes are a JSON list of their texts.

func textOf(list []scopes.Scope) (string, error) {
	text, err := json.Marshal(scopes.Strings(list))
	return string(text), err
}

func scopesOf(text string) ([]scopes.Scope, error) {
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read stored scopes: %w", err)
	}
	out, err := scopes.ParseAll(list)
	if err != nil {
		return nil, fmt.Errorf("read stored scopes %s: %w", strings.Join(list, " "), err)
	}
	return out, nil
}
