package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// PutToken inserts a token of an owner who is not gone. Chosen secrets with one prefix are inserted one after the other, whoever they are for:
// two that are the same would else not see each other.
func (s *Store) PutToken(ctx context.Context, now time.Time, t oauth.Token, taken func(hash string) bool) (_ oauth.Token, change oauth.Change, err error) {
	given, names := t, about(t.Owner)
	if taken != nil {
		names = append(names, "oauth secret "+t.Prefix)
	}
	err = s.db.WriteAbout(ctx, names, func(tx *sql.Tx) error {
		t = given
		if taken != nil {
			if err := free(ctx, tx, now, t.Prefix, taken); err != nil {
				return err
			}
		}
		var b sqldb.Batch
		err := insert(&b, &t.ID, given, `NOT EXISTS (SELECT 1 FROM oauth_gone WHERE kind = $3 AND id = $4)
			AND (CAST($5 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM oauth_clients WHERE id = $5))`)
		if err != nil {
			return err
		}
		if err := record(&b, &change, now, "token.issued", t.Owner); err != nil {
			return err
		}
		if err := b.Run(ctx, tx); err != nil {
			return fmt.Errorf("insert token: %w", err)
		}
		if t.ID != 0 {
			return nil
		}
		return whyNot(ctx, tx, given)
	})
	if err != nil {
		return oauth.Token{}, oauth.Change{}, err
	}
	return asRead(t), change, nil
}

// free asks about every live token of a prefix.
func free(ctx context.Context, tx *sql.Tx, now time.Time, prefix string, taken func(hash string) bool) error {
	hashes, err := rows(ctx, tx, func(r interface{ Scan(...any) error }) (hash string, err error) { return hash, r.Scan(&hash) },
		`SELECT hash FROM oauth_tokens WHERE prefix = $1 AND (expires_at IS NULL OR expires_at >= $2)`, prefix, micros(now))
	if err != nil {
		return fmt.Errorf("look for the same secret: %w", err)
	}
	if slices.ContainsFunc(hashes, taken) {
		return oauth.ErrTokenExists
	}
	return nil
}

func whyNot(ctx context.Context, tx *sql.Tx, t oauth.Token) error {
	if dead, err := gone(ctx, tx, t.Owner); err != nil || dead {
		return cmp.Or(err, oauth.ErrGone)
	}
	if t.ClientID != "" {
		if _, err := client(ctx, tx, t.ClientID); err != nil {
			return err
		}
	}
	return oauth.ErrTokenExists
}

// insert adds a token where a condition holds; id becomes zero when that does not, or when the hash is taken. Callers look which, so that the
// usual case is one statement. The token is $1 to $11: prefix, hash, kind and id of the owner, client, …
func insert(b *sqldb.Batch, id *int64, t oauth.Token, where string, more ...any) error {
	text, err := textOf(t.Scopes)
	if err != nil {
		return err
	}
	*id = 0
	b.Insert(id, "id", `INSERT INTO oauth_tokens
		(prefix, hash, owner_kind, owner_id, client_id, session_id, scopes, note, created, expires_at, last_activity)
		SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT),
			CAST($8 AS TEXT), CAST($9 AS BIGINT), CAST($10 AS BIGINT), CAST($11 AS BIGINT)
		WHERE `+where+` ON CONFLICT (prefix, hash) DO NOTHING`,
		append([]any{
			t.Prefix, t.Hash, t.Owner.Kind, t.Owner.ID, sql.NullString{String: t.ClientID, Valid: t.ClientID != ""}, t.SessionID, text, t.Note,
			micros(t.Created), nullable(t.ExpiresAt), nullable(t.LastActivity),
		}, more...)...)
	return nil
}

// asRead is a token as it will be read: who put it must not see finer times than the next reader does.
func asRead(t oauth.Token) oauth.Token {
	t.Created = timeOf(nullable(t.Created))
	t.ExpiresAt = timeOf(nullable(t.ExpiresAt))
	t.LastActivity = timeOf(nullable(t.LastActivity))
	return t
}

// issued selects live tokens of an owner or prefix, with what their clients are.
const issued = `SELECT t.id, t.prefix, t.hash, t.owner_kind, t.owner_id, t.client_id, t.session_id, t.scopes, t.note, t.created, t.expires_at,
	t.last_activity, coalesce(c.for_server, ''), coalesce(c.for_service, ''), coalesce(c.description, '')
	FROM oauth_tokens t LEFT JOIN oauth_clients c ON c.id = t.client_id WHERE (t.expires_at IS NULL OR t.expires_at >= $1) AND `

func scanIssued(r interface{ Scan(...any) error }) (oauth.Issued, error) {
	var t oauth.Issued
	var clientID sql.NullString
	var text string
	var created, expires, used sql.NullInt64
	err := r.Scan(&t.ID, &t.Prefix, &t.Hash, &t.Owner.Kind, &t.Owner.ID, &clientID, &t.SessionID, &text, &t.Note, &created, &expires, &used,
		&t.For.Server, &t.For.Service, &t.Description)
	if err != nil {
		return t, fmt.Errorf("read token: %w", err)
	}
	t.ClientID = clientID.String
	t.Created, t.ExpiresAt, t.LastActivity = timeOf(created), timeOf(expires), timeOf(used)
	t.Scopes, err = scopesOf(text)
	return t, err
}

// tokens reads what issued and a condition select, in one statement.
func (s *Store) tokens(ctx context.Context, where string, args ...any) (list []oauth.Issued, err error) {
	var b sqldb.Batch
	b.Rows(func(r sqldb.Row) error {
		t, err := scanIssued(r)
		list = append(list, t)
		return err
	}, issued+where, args...)
	if err := s.db.Look(ctx, &b); err != nil {
		return nil, err
	}
	return list, nil
}

// TokensByPrefix gives the live tokens of a prefix, with what their clients are.
func (s *Store) TokensByPrefix(ctx context.Context, now time.Time, prefix string) ([]oauth.Issued, error) {
	return s.tokens(ctx, `t.prefix = $2 ORDER BY t.id`, micros(now), prefix)
}

// Tokens lists an owner's live tokens, those unused for longest first.
func (s *Store) Tokens(ctx context.Context, now time.Time, ref oauth.OwnerRef) ([]oauth.Issued, error) {
	return s.tokens(ctx, `t.owner_kind = $2 AND t.owner_id = $3 ORDER BY coalesce(t.last_activity, t.created), t.id`, micros(now), ref.Kind, ref.ID)
}

// Token gives one live token of an owner.
func (s *Store) Token(ctx context.Context, now time.Time, ref oauth.OwnerRef, id int64) (oauth.Issued, error) {
	list, err := s.tokens(ctx, `t.id = $2 AND t.owner_kind = $3 AND t.owner_id = $4`, micros(now), id, ref.Kind, ref.ID)
	if err == nil && len(list) == 0 {
		err = oauth.ErrNoToken
	}
	if err != nil {
		return oauth.Issued{}, err
	}
	return list[0], nil
}

// Agreed gives the scopes of an owner's live tokens of a client.
func (s *Store) Agreed(ctx context.Context, now time.Time, ref oauth.OwnerRef, clientID string) (list []scopes.Scope, err error) {
	var b sqldb.Batch
	b.Rows(func(r sqldb.Row) error {
		var text string
		if err := r.Scan(&text); err != nil {
			return err
		}
		more, err := scopesOf(text)
		list = append(list, more...)
		return err
	}, `SELECT DISTINCT scopes FROM oauth_tokens WHERE client_id = $1 AND owner_kind = $2 AND owner_id = $3 AND (expires_at IS NULL OR expires_at >= $4)`,
		clientID, ref.Kind, ref.ID, micros(now))
	err = s.db.Look(ctx, &b)
	return list, err
}

// DeleteToken takes a client's other tokens along, and the codes that would become one: else consent could not be withdrawn (OA-86).
func (s *Store) DeleteToken(ctx context.Context, now time.Time, ref oauth.OwnerRef, id int64) (change oauth.Change, err error) {
	err = s.db.WriteAbout(ctx, about(ref), func(tx *sql.Tx) error {
		change = oauth.Change{}
		var c string
		err := tx.QueryRowContext(ctx, `SELECT coalesce(client_id, '') FROM oauth_tokens
			WHERE id = $1 AND owner_kind = $2 AND owner_id = $3 AND (expires_at IS NULL OR expires_at >= $4)`, id, ref.Kind, ref.ID, micros(now)).Scan(&c)
		if errors.Is(err, sql.ErrNoRows) {
			return oauth.ErrNoToken
		}
		if err != nil {
			return fmt.Errorf("read token: %w", err)
		}
		if c == "" {
			err = run(ctx, tx, `DELETE FROM oauth_tokens WHERE id = $1`, id)
		} else if err = run(ctx, tx, `DELETE FROM oauth_tokens WHERE client_id = $1 AND owner_kind = $2 AND owner_id = $3`, c, ref.Kind, ref.ID); err == nil {
			err = run(ctx, tx, `DELETE FROM oauth_codes WHERE client_id = $1 AND user_id = $2 AND used_at IS NULL`, c, ref.ID)
		}
		if err != nil {
			return err
		}
		return recordNow(ctx, tx, &change, now, "token.revoked", ref)
	})
	return change, err
}

// DeleteSession takes the session's codes along too: one may be on its way to its client while the visitor logs out.
func (s *Store) DeleteSession(ctx context.Context, now time.Time, ref oauth.OwnerRef, sessionID string) (change oauth.Change, err error) {
	if sessionID == "" {
		return oauth.Change{}, nil // what has no session belongs to none
	}
	err = s.db.WriteAbout(ctx, about(ref), func(tx *sql.Tx) error {
		change = oauth.Change{}
		if ref.Kind == oauth.KindUser {
			if err := run(ctx, tx, `DELETE FROM oauth_codes WHERE user_id = $1 AND session_id = $2 AND used_at IS NULL`, ref.ID, sessionID); err != nil {
				return err
			}
		}
		done, err := tx.ExecContext(ctx, `DELETE FROM oauth_tokens WHERE owner_kind = $1 AND owner_id = $2 AND session_id = $3`, ref.Kind, ref.ID, sessionID)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return recordNow(ctx, tx, &change, now, "session.ended", ref)
	})
	return change, err
}

// Touch moves activities forward, never back.
func (s *Store) Touch(ctx context.Context, at map[int64]time.Time) error {
	return s.db.WriteAbout(ctx, nil, func(tx *sql.Tx) error {
		update, err := tx.PrepareContext(ctx, `UPDATE oauth_tokens SET last_activity = $1 WHERE id = $2 AND coalesce(last_activity, 0) < $1`)
		if err != nil {
			return err
		}
		defer func() { _ = update.Close() }()
		// In order, so that two batches at once do not wait for each other's rows.
		for _, id := range slices.Sorted(maps.Keys(at)) {
			if _, err := update.ExecContext(ctx, micros(at[id]), id); err != nil {
				return fmt.Errorf("touch token: %w", err)
			}
		}
		return nil
	})
}
