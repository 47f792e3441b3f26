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
		if dead, err := gone(ctx, tx, c.User); err != nil || dead {
			return orGone(err)
		}
		if _, err := client(ctx, tx, c.ClientID); err != nil {
			return err
		}
		var live int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM oauth_codes
			WHERE client_id = $1 AND user_id = $2 AND expires_at >= $3 AND used_at IS NULL AND failures < $4`,
			c.ClientID, c.User.ID, micros(now), maxFailures).Scan(&live)
		if err != nil {
			return err
		}
		if live >= maxLiveCodes {
			return oauth.ErrTooManyCodes
		}
		return run(ctx, tx, `INSERT INTO oauth_codes (hash, client_id, user_id, redirect_uri, session_id, scopes, challenge, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			c.Hash, c.ClientID, c.User.ID, c.RedirectURI, c.SessionID, text, c.Challenge, micros(c.ExpiresAt))
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

// Redeem marks the code used only where it is not: whoever changes no row has lost (OA-150).
func (s *Store) Redeem(ctx context.Context, now time.Time, hash, clientID string, t oauth.Token) (_ oauth.Token, change oauth.Change, err error) {
	var spent bool
	given := t
	err = s.db.WriteAbout(ctx, append(about(t.Owner), aboutCode(hash)), func(tx *sql.Tx) error {
		spent, change = false, oauth.Change{}
		c, err := code(ctx, tx, now, hash, clientID)
		if err != nil {
			return err
		}
		if !c.UsedAt.IsZero() {
			spent = true
			change, err = revokeReplayed(ctx, tx, now, c)
			return err
		}
		if dead, err := gone(ctx, tx, t.Owner); err != nil || dead {
			return orGone(err)
		}
		if t, err = insert(ctx, tx, given); err != nil {
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
	switch {
	case err != nil:
		return oauth.Token{}, oauth.Change{}, err
	case spent: // what the transaction deleted stays deleted
		return oauth.Token{}, change, oauth.ErrCodeSpent
	}
	return t, change, nil
}

func revokeReplayed(ctx context.Context, tx *sql.Tx, now time.Time, c oauth.Code) (oauth.Change, error) {
	done, err := tx.ExecContext(ctx, `DELETE FROM oauth_tokens WHERE id = $1`, c.TokenID)
	if err != nil {
		return oauth.Change{}, err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return oauth.Change{}, err
	}
	return record(ctx, tx, now, "code.replayed", c.User)
}
