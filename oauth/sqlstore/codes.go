package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/oauth"
)

// PutCode refuses users who are gone and clients that are, though both were there when the caller looked.
func (s *Store) PutCode(ctx context.Context, now time.Time, c oauth.Code) error {
	text, err := textOf(c.Scopes)
	if err != nil {
		return err
	}
	return s.db.WriteAbout(ctx, about(c.User), func(tx *sql.Tx) error {
		var b sqldb.Batch
		var put int64
		b.Count(&put, `INSERT INTO oauth_codes (hash, client_id, user_id, redirect_uri, session_id, scopes, challenge, expires_at)
			SELECT CAST($5 AS TEXT), CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS TEXT),
				CAST($10 AS BIGINT)
			WHERE NOT `+userGone+` AND `+clientThere+` AND `+liveCodesOf+` < $11`,
			c.ClientID, c.User.ID, micros(now), maxFailures, c.Hash, c.RedirectURI, c.SessionID, text, c.Challenge, micros(c.ExpiresAt), maxLiveCodes)
		if err := b.Run(ctx, tx); err != nil || put == 1 {
			return err
		}
		b = sqldb.Batch{}
		b.Rows(whyNoCode, `SELECT `+userGone+`, `+clientThere+`, `+liveCodesOf, c.ClientID, c.User.ID, micros(now), maxFailures)
		return b.Run(ctx, tx)
	})
}

// What PutCode asks before it inserts, of client $1 and user $2.
const (
	userGone    = `EXISTS (SELECT 1 FROM oauth_gone WHERE kind = 'user' AND id = $2)`
	clientThere = `EXISTS (SELECT 1 FROM oauth_clients WHERE id = $1)`
	liveCodesOf = `(SELECT count(*) FROM oauth_codes WHERE client_id = $1 AND user_id = $2 AND used_at IS NULL AND expires_at >= $3 AND failures < $4)`
)

// whyNoCode says what speaks against a code. Something does, or it would be there.
func whyNoCode(r sqldb.Row) error {
	var gone, client sql.NullBool
	var live int
	switch err := r.Scan(&gone, &client, &live); {
	case err != nil:
		return fmt.Errorf("look whether there may be a code: %w", err)
	case gone.Bool:
		return oauth.ErrGone
	case !client.Bool:
		return oauth.ErrNoClient
	}
	return oauth.ErrTooManyCodes
}

// ClientAndCode reads both in one statement.
func (s *Store) ClientAndCode(ctx context.Context, now time.Time, clientID, hash string) (c oauth.Client, found oauth.Code, err error) {
	known := false
	var b sqldb.Batch
	b.Rows(func(r sqldb.Row) (err error) {
		known = true
		c, found, err = scanClientAndCode(r)
		return err
	}, `SELECT `+clientFields+`, o.user_id, o.redirect_uri, o.session_id, o.scopes, o.challenge, o.expires_at, o.used_at,
		o.failures, o.token_id
		FROM oauth_clients c LEFT JOIN oauth_codes o ON o.hash = $2 AND o.client_id = c.id AND o.expires_at >= $3
		AND (o.used_at IS NOT NULL OR o.failures < 3) WHERE c.id = $1`, clientID, hash, micros(now))
	err = s.db.Look(ctx, &b)
	switch {
	case err != nil:
		return oauth.Client{}, oauth.Code{}, fmt.Errorf("read client and code: %w", err)
	case !known:
		return oauth.Client{}, oauth.Code{}, oauth.ErrNoClient
	case found.ClientID == "":
		return c, oauth.Code{}, oauth.ErrNoCode
	}
	found.Hash = hash
	return c, found, nil
}

// scanClientAndCode gives the zero Code where the client has none.
func scanClientAndCode(r sqldb.Row) (oauth.Client, oauth.Code, error) {
	var user, redirect, session, text, challenge sql.NullString
	var expires, used, failures, token sql.NullInt64
	c, err := scanClientAnd(r, &user, &redirect, &session, &text, &challenge, &expires, &used, &failures, &token)
	if err != nil || !user.Valid {
		return c, oauth.Code{}, err
	}
	o := oauth.Code{
		ClientID: c.ID, User: oauth.OwnerRef{Kind: oauth.KindUser, ID: user.String}, RedirectURI: redirect.String, SessionID: session.String,
		Challenge: challenge.String, ExpiresAt: timeOf(expires), UsedAt: timeOf(used), Failures: int(failures.Int64), TokenID: token.Int64,
	}
	o.Scopes, err = scopesOf(text.String)
	return c, o, err
}

// use says what became of a code of a client: whose it is, whether it was redeemed, and for which token. ErrNoCode as of ClientAndCode.
func use(ctx context.Context, tx *sql.Tx, now time.Time, hash, clientID string) (user string, spent bool, tokenID int64, err error) {
	var token sql.NullInt64
	err = tx.QueryRowContext(ctx, `SELECT user_id, used_at IS NOT NULL, token_id FROM oauth_codes
		WHERE hash = $1 AND client_id = $2 AND expires_at >= $3 AND (used_at IS NOT NULL OR failures < 3)`, hash, clientID, micros(now)).
		Scan(&user, &spent, &token)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", false, 0, oauth.ErrNoCode
	case err != nil:
		return "", false, 0, fmt.Errorf("read code: %w", err)
	}
	return user, spent, token.Int64, nil
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

// Redeem sends everything at once: the token where its code is live, the mark on the code, which only one can make (OA-150), and the change.
// If there was no mark to make, that is looked into, and all taken back. Where there is a code, its client is there too, by foreign key, and
// its user is not gone: Forget takes both in one transaction.
func (s *Store) Redeem(ctx context.Context, now time.Time, hash, clientID string, t oauth.Token) (_ oauth.Token, change oauth.Change, err error) {
	t.ClientID = clientID
	err = s.db.WriteAbout(ctx, append(about(t.Owner), aboutCode(hash)), func(tx *sql.Tx) error {
		var b sqldb.Batch
		var used int64
		err := insert(&b, &t.ID, t, `EXISTS (SELECT 1 FROM oauth_codes
			WHERE hash = $12 AND client_id = $5 AND expires_at >= $13 AND used_at IS NULL AND failures < 3)`, hash, micros(now))
		if err != nil {
			return err
		}
		s.spend(&b, &used, now, hash, clientID, t)
		if err := record(&b, &change, now, "token.issued", t.Owner); err != nil {
			return err
		}
		if err := b.Run(ctx, tx); err != nil {
			return fmt.Errorf("insert token for a code: %w", err)
		}
		switch {
		case used != 0 && t.ID != 0:
			return nil
		case used != 0:
			return oauth.ErrTokenExists
		}
		_, spent, _, err := use(ctx, tx, now, hash, clientID)
		if err == nil && spent {
			return oauth.ErrCodeSpent
		}
		return cmp.Or(err, oauth.ErrNoCode)
	})
	if err != nil {
		return oauth.Token{}, oauth.Change{}, err
	}
	return asRead(t), change, nil
}

// spend marks a code with the token that was inserted by the statement before. Whether one was is looked at afterwards, and all taken back if not.
func (s *Store) spend(b *sqldb.Batch, used *int64, now time.Time, hash, clientID string, t oauth.Token) {
	const mark, live = `UPDATE oauth_codes SET used_at = $1, token_id = `,
		` WHERE hash = $2 AND client_id = $3 AND expires_at >= $1 AND used_at IS NULL AND failures < 3`
	if s.db.Dialect() == sqldb.SQLite {
		b.Count(used, mark+`last_insert_rowid()`+live, micros(now), hash, clientID)
		return
	}
	b.Count(used, mark+`(SELECT id FROM oauth_tokens WHERE prefix = $4 AND hash = $5)`+live, micros(now), hash, clientID, t.Prefix, t.Hash)
}

// RevokeReplayed leaves the code, so that further replays are still seen as such.
func (s *Store) RevokeReplayed(ctx context.Context, now time.Time, hash, clientID string) (change oauth.Change, err error) {
	err = s.db.WriteAbout(ctx, []string{aboutCode(hash)}, func(tx *sql.Tx) error {
		change = oauth.Change{}
		user, spent, token, err := use(ctx, tx, now, hash, clientID)
		if errors.Is(err, oauth.ErrNoCode) || err == nil && !spent {
			return nil
		}
		if err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `DELETE FROM oauth_tokens WHERE id = $1`, token)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return recordNow(ctx, tx, &change, now, "code.replayed", oauth.OwnerRef{Kind: oauth.KindUser, ID: user})
	})
	return change, err
}
