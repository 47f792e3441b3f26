package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/oauth"
)

// PutCode refuses users who are gone and clients that are, though both were there when the caller looked.
func (s *Store) PutCode(ctx context.Context, now time.Time, c oauth.Code) error {
	text, err := textOf(c.Scopes)
	if err != nil {
		return err
	}
	return s.db.WriteAbout(ctx, about(c.User), func(tx *sql.Tx) error {
		// All conditions in one statement, which is the usual case. "failures < 3" is written out, as in the index of live codes: otherwise
		// that would not serve.
		done, err := tx.ExecContext(ctx, `INSERT INTO oauth_codes (hash, client_id, user_id, redirect_uri, session_id, scopes, challenge, expires_at)
			SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT), CAST($8 AS BIGINT)
			WHERE NOT EXISTS (SELECT 1 FROM oauth_gone WHERE kind = 'user' AND id = $3)
			AND EXISTS (SELECT 1 FROM oauth_clients WHERE id = $2)
			AND (SELECT count(*) FROM oauth_codes WHERE client_id = $2 AND user_id = $3 AND expires_at >= $9 AND used_at IS NULL AND failures < 3) < $10`,
			c.Hash, c.ClientID, c.User.ID, c.RedirectURI, c.SessionID, text, c.Challenge, micros(c.ExpiresAt), micros(now), maxLiveCodes)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 1 {
			return err
		}
		if dead, err := gone(ctx, tx, c.User); err != nil || dead {
			return orGone(err)
		}
		if _, err := client(ctx, tx, c.ClientID); err != nil {
			return err
		}
		return oauth.ErrTooManyCodes
	})
}

func orGone(err error) error {
	if err == nil {
		return oauth.ErrGone
	}
	return err
}

// Code gives an unexpired code of this client that was not burned.
func (s *Store) Code(ctx context.Context, now time.Time, hash, clientID string) (c oauth.Code, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		c, err = code(ctx, tx, now, hash, clientID)
		return err
	})
	return c, err
}

func code(ctx context.Context, tx *sql.Tx, now time.Time, hash, clientID string) (oauth.Code, error) {
	c := oauth.Code{Hash: hash, ClientID: clientID, User: oauth.OwnerRef{Kind: oauth.KindUser}}
	var text string
	var expires int64
	var used, token sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT user_id, redirect_uri, session_id, scopes, challenge, expires_at, used_at, failures, token_id
		FROM oauth_codes WHERE hash = $1 AND client_id = $2 AND expires_at >= $3 AND (failures < $4 OR used_at IS NOT NULL)`,
		hash, clientID, micros(now), maxFailures).Scan(
		&c.User.ID, &c.RedirectURI, &c.SessionID, &text, &c.Challenge, &expires, &used, &c.Failures, &token)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return oauth.Code{}, oauth.ErrNoCode
	case err != nil:
		return oauth.Code{}, fmt.Errorf("read code: %w", err)
	}
	c.ExpiresAt, c.UsedAt, c.TokenID = time.UnixMicro(expires).UTC(), timeOf(used), token.Int64
	c.Scopes, err = scopesOf(text)
	return c, err
}

// FailCode counts, or burns at once.
func (s *Store) FailCode(ctx context.Context, _ time.Time, hash string, burn bool) error {
	by := 1
	if burn {
		by = maxFailures
	}
	return s.db.WriteAbout(ctx, []string{aboutCode(hash)}, func(tx *sql.Tx) error {
		return run(ctx, tx, `UPDATE oauth_codes SET failures = failures + $1 WHERE hash = $2`, by, hash)
	})
}

// aboutCode names what a change of a code's state is about.
func aboutCode(hash string) string { return "oauth code " + hash }

// Redeem marks the code used only where it is not: whoever changes no row has lost (OA-150). Where there is a code, its client is there
// too, by foreign key, and its user is not gone: Forget takes both in one transaction.
func (s *Store) Redeem(ctx context.Context, now time.Time, hash, clientID string, t oauth.Token) (_ oauth.Token, change oauth.Change, err error) {
	given := t
	given.ClientID = clientID
	err = s.db.WriteAbout(ctx, append(about(t.Owner), aboutCode(hash)), func(tx *sql.Tx) error {
		t, err = insert(ctx, tx, given, `EXISTS (SELECT 1 FROM oauth_codes
			WHERE hash = $12 AND client_id = $5 AND expires_at >= $13 AND used_at IS NULL AND failures < 3)`, hash, micros(now))
		if errors.Is(err, errNotInserted) {
			c, err := code(ctx, tx, now, hash, clientID)
			switch {
			case err != nil:
				return err
			case !c.UsedAt.IsZero():
				return oauth.ErrCodeSpent
			}
			return oauth.ErrTokenExists
		}
		if err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `UPDATE oauth_codes SET used_at = $1, token_id = $2 WHERE hash = $3 AND used_at IS NULL`, micros(now), t.ID, hash)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n != 1 {
			return errors.Join(oauth.ErrCodeSpent, err)
		}
		change, err = record(ctx, tx, now, "token.issued", t.Owner)
		return err
	})
	if err != nil {
		return oauth.Token{}, oauth.Change{}, err
	}
	return t, change, nil
}

// RevokeReplayed leaves the code, so that further replays are still seen as such.
func (s *Store) RevokeReplayed(ctx context.Context, now time.Time, hash, clientID string) (change oauth.Change, err error) {
	err = s.db.WriteAbout(ctx, []string{aboutCode(hash)}, func(tx *sql.Tx) error {
		change = oauth.Change{}
		c, err := code(ctx, tx, now, hash, clientID)
		if errors.Is(err, oauth.ErrNoCode) || err == nil && c.UsedAt.IsZero() {
			return nil
		}
		if err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `DELETE FROM oauth_tokens WHERE id = $1`, c.TokenID)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		change, err = record(ctx, tx, now, "code.replayed", c.User)
		return err
	})
	return change, err
}
