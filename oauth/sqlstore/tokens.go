package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hubshare/hubshare/oauth"
)

// PutToken inserts a token of an owner who is not gone.
func (s *Store) PutToken(ctx context.Context, now time.Time, t oauth.Token) (_ oauth.Token, change oauth.Change, err error) {
	given := t
	err = s.db.WriteAbout(ctx, about(t.Owner), func(tx *sql.Tx) error {
		t, err = insert(ctx, tx, given, `NOT EXISTS (SELECT 1 FROM oauth_gone WHERE kind = $3 AND id = $4)
			AND (CAST($5 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM oauth_clients WHERE id = $5))`)
		if errors.Is(err, errNotInserted) {
			return whyNot(ctx, tx, given)
		}
		if err != nil {
			return err
		}
		change, err = record(ctx, tx, now, "token.issued", t.Owner)
		return err
	})
	if err != nil {
		return oauth.Token{}, oauth.Change{}, err
	}
	return t, change, nil
}

func whyNot(ctx context.Context, tx *sql.Tx, t oauth.Token) error {
	if dead, err := gone(ctx, tx, t.Owner); err != nil || dead {
		return orGone(err)
	}
	if t.ClientID != "" {
		if _, err := client(ctx, tx, t.ClientID); err != nil {
			return err
		}
	}
	return oauth.ErrTokenExists
}

// errNotInserted: the condition does not hold, or the hash is taken. Callers look which, so that the usual case is one statement.
var errNotInserted = errors.New("not inserted")

// insert puts a token where a condition holds. The token is $1 to $11: prefix, hash, kind and id of the owner, client, …
func insert(ctx context.Context, tx *sql.Tx, t oauth.Token, where string, more ...any) (oauth.Token, error) {
	text, err := textOf(t.Scopes)
	if err != nil {
		return t, err
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO oauth_tokens
		(prefix, hash, owner_kind, owner_id, client_id, session_id, scopes, note, created, expires_at, last_activity)
		SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT),
			CAST($8 AS TEXT), CAST($9 AS BIGINT), CAST($10 AS BIGINT), CAST($11 AS BIGINT)
		WHERE `+where+` ON CONFLICT (hash) DO NOTHING RETURNING id`,
		append([]any{
			t.Prefix, t.Hash, t.Owner.Kind, t.Owner.ID, sql.NullString{String: t.ClientID, Valid: t.ClientID != ""}, t.SessionID, text, t.Note,
			micros(t.Created), nullable(t.ExpiresAt), nullable(t.LastActivity),
		}, more...)...).Scan(&t.ID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return t, errNotInserted
	case err != nil:
		return t, fmt.Errorf("insert token: %w", err)
	}
	// As it will be read: callers must not see finer times than the next reader does.
	t.Created = timeOf(nullable(t.Created))
	t.ExpiresAt = timeOf(nullable(t.ExpiresAt))
	t.LastActivity = timeOf(nullable(t.LastActivity))
	return t, nil
}

const (
	tokenFields  = `t.id, t.prefix, t.hash, t.owner_kind, t.owner_id, t.client_id, t.session_id, t.scopes, t.note, t.created, t.expires_at, t.last_activity`
	tokenColumns = `SELECT ` + tokenFields + ` FROM oauth_tokens t WHERE (t.expires_at IS NULL OR t.expires_at >= $1) AND `
)

func scanToken(r interface{ Scan(...any) error }) (oauth.Token, error) { return scanTokenAnd(r) }

// scanTokenAnd reads tokenFields and what comes behind them.
func scanTokenAnd(r interface{ Scan(...any) error }, more ...any) (oauth.Token, error) {
	var t oauth.Token
	var clientID sql.NullString
	var text string
	var created, expires, used sql.NullInt64
	err := r.Scan(append([]any{
		&t.ID, &t.Prefix, &t.Hash, &t.Owner.Kind, &t.Owner.ID, &clientID, &t.SessionID, &text, &t.Note, &created, &expires, &used,
	}, more...)...)
	if err != nil {
		return t, fmt.Errorf("read token: %w", err)
	}
	t.ClientID = clientID.String
	t.Created, t.ExpiresAt, t.LastActivity = timeOf(created), timeOf(expires), timeOf(used)
	t.Scopes, err = scopesOf(text)
	return t, err
}

// TokensByPrefix gives the live tokens of a prefix, with what their clients are for.
func (s *Store) TokensByPrefix(ctx context.Context, now time.Time, prefix string) (list []oauth.Issued, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		list, err = rows(ctx, tx, func(r interface{ Scan(...any) error }) (i oauth.Issued, err error) {
			i.Token, err = scanTokenAnd(r, &i.For.Server, &i.For.Service)
			return i, err
		}, `SELECT `+tokenFields+`, coalesce(c.for_server, ''), coalesce(c.for_service, '')
			FROM oauth_tokens t LEFT JOIN oauth_clients c ON c.id = t.client_id
			WHERE t.prefix = $2 AND (t.expires_at IS NULL OR t.expires_at >= $1) ORDER BY t.id`, micros(now), prefix)
		return err
	})
	return list, err
}

// Tokens lists an owner's live tokens, those unused for longest first.
func (s *Store) Tokens(ctx context.Context, now time.Time, ref oauth.OwnerRef) (list []oauth.Token, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		list, err = rows(ctx, tx, scanToken, tokenColumns+`owner_kind = $2 AND owner_id = $3 ORDER BY coalesce(last_activity, created), id`,
			micros(now), ref.Kind, ref.ID)
		return err
	})
	return list, err
}

// DeleteToken takes a client's other tokens along, and the codes that would become one: else consent could not be withdrawn (OA-86).
func (s *Store) DeleteToken(ctx context.Context, now time.Time, ref oauth.OwnerRef, id int64) (change oauth.Change, err error) {
	err = s.db.WriteAbout(ctx, about(ref), func(tx *sql.Tx) error {
		found, err := rows(ctx, tx, scanToken, tokenColumns+`id = $2 AND owner_kind = $3 AND owner_id = $4`, micros(now), id, ref.Kind, ref.ID)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return oauth.ErrNoToken
		}
		if c := found[0].ClientID; c == "" {
			err = run(ctx, tx, `DELETE FROM oauth_tokens WHERE id = $1`, id)
		} else if err = run(ctx, tx, `DELETE FROM oauth_tokens WHERE client_id = $1 AND owner_kind = $2 AND owner_id = $3`, c, ref.Kind, ref.ID); err == nil {
			err = run(ctx, tx, `DELETE FROM oauth_codes WHERE client_id = $1 AND user_id = $2 AND used_at IS NULL`, c, ref.ID)
		}
		if err != nil {
			return err
		}
		change, err = record(ctx, tx, now, "token.revoked", ref)
		return err
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
		change, err = record(ctx, tx, now, "session.ended", ref)
		return err
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
