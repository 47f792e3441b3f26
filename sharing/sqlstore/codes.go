package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hubshare/hubshare/sharing"
)

const codeColumns = `s.id, s.server_id, s.owner_id, s.bases, s.created_at, s.expires_at, s.exchange_count, s.last_exchanged_at, s.hashed`

// storedCode is a code with what its secret is checked by, which stays in this package.
type storedCode struct {
	sharing.StoredCode
	hashed string
}

func scanCode(rows *sql.Rows) (storedCode, error) {
	var code storedCode
	var bases string
	var created, expires, last sql.NullInt64
	err := rows.Scan(&code.ID, &code.ServerID, &code.OwnerID, &bases, &created, &expires, &code.Exchanges, &last, &code.hashed)
	if err != nil {
		return storedCode{}, err
	}
	if err := json.Unmarshal([]byte(bases), &code.Bases); err != nil {
		return storedCode{}, fmt.Errorf("read the scopes of code %d: %w", code.ID, err)
	}
	code.CreatedAt, code.ExpiresAt, code.LastExchangedAt = timeOf(created), timeOf(expires), timeOf(last)
	return code, nil
}

// CreateCode stores a code.
func (s *Store) CreateCode(ctx context.Context, now time.Time, o sharing.CodeOrder) (code sharing.StoredCode, c sharing.Change, err error) {
	if len(o.Bases) == 0 {
		return code, c, errors.New("a code without scopes")
	}
	bases := slices.Sorted(slices.Values(o.Bases))
	text, err := json.Marshal(bases)
	if err != nil {
		return code, c, fmt.Errorf("add a code: %w", err)
	}
	err = s.db.WriteAbout(ctx, nil, func(tx *sql.Tx) error {
		if err := refuseGone(ctx, tx, o.Place, nil); err != nil {
			return err
		}
		var id int64
		err := tx.QueryRowContext(ctx, `INSERT INTO sharing_codes (server_id, owner_id, bases, prefix, hashed, created_at, created_by, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
			o.ServerID, o.OwnerID, string(text), o.Prefix, o.Hash, now.UnixMicro(), o.ActorID, o.ExpiresAt.UnixMicro()).Scan(&id)
		if err != nil {
			return fmt.Errorf("add a code: %w", err)
		}
		code = sharing.StoredCode{
			ID: id, Place: o.Place, Bases: bases,
			CreatedAt: time.UnixMicro(now.UnixMicro()).UTC(), ExpiresAt: time.UnixMicro(o.ExpiresAt.UnixMicro()).UTC(),
		}
		c, err = appendChange(ctx, tx, sharing.Change{
			At: now, Action: sharing.ActionCreate, ActorID: o.ActorID, ServerID: o.ServerID, CodeID: sharing.CodeID(id), UserIDs: []string{o.OwnerID},
		})
		return err
	})
	return settled(code, c, err)
}

// FindCode gives the live code that matches.
func (s *Store) FindCode(ctx context.Context, now time.Time, p sharing.Probe) (code sharing.StoredCode, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		code, err = findCode(ctx, tx, now, p)
		return err
	})
	return code, err
}

func findCode(ctx context.Context, tx *sql.Tx, now time.Time, p sharing.Probe) (sharing.StoredCode, error) {
	candidates, err := query(ctx, tx, scanCode, `SELECT `+codeColumns+` FROM sharing_codes s
		WHERE s.prefix = $1 AND s.expires_at > $2 ORDER BY s.id`, p.Prefix, now.UnixMicro())
	if err != nil {
		return sharing.StoredCode{}, fmt.Errorf("read codes: %w", err)
	}
	for _, code := range candidates {
		if p.Match(code.hashed) {
			return code.StoredCode, nil
		}
	}
	return sharing.StoredCode{}, sharing.ErrCodeNotFound
}

// Exchange turns a code into a grant to the visitor, and counts it.
func (s *Store) Exchange(ctx context.Context, now time.Time, p sharing.Probe, visitor sharing.Ref) (share sharing.StoredShare, c sharing.Change, err error) {
	if visitor.Kind != sharing.KindUser {
		return share, c, fmt.Errorf("a %q cannot exchange a code", visitor.Kind)
	}
	to := sharing.Grantee{Kind: sharing.KindUser, ID: visitor.ID}
	err = s.db.WriteAbout(ctx, about(to), func(tx *sql.Tx) error {
		code, err := findCode(ctx, tx, now, p)
		if err != nil {
			return err
		}
		if code.OwnerID == visitor.ID {
			return sharing.ErrOwnCode
		}
		share, _, err = grant(ctx, tx, now, sharing.GrantOrder{ActorID: visitor.ID, Place: code.Place, Grantee: to, Bases: code.Bases}, code.ID)
		if err != nil {
			return err
		}
		// All who exchange this code wait for its row, so it comes late. Whoever finds it deleted by then came too late (SH-45 d).
		counted, err := exec(ctx, tx, `UPDATE sharing_codes SET exchange_count = exchange_count + 1, last_exchanged_at = $1 WHERE id = $2`, now.UnixMicro(), code.ID)
		if err != nil {
			return fmt.Errorf("count an exchange: %w", err)
		}
		if counted == 0 {
			return sharing.ErrCodeNotFound
		}
		c, err = appendChange(ctx, tx, touching(sharing.Change{
			At: now, Action: sharing.ActionExchange, ActorID: visitor.ID, ServerID: code.ServerID, CodeID: sharing.CodeID(code.ID),
		}, to))
		return err
	})
	return settled(share, c, err)
}

// Codes lists live codes.
func (s *Store) Codes(ctx context.Context, now time.Time, f sharing.Filter, w sharing.Window) (page sharing.Page[sharing.StoredCode], err error) {
	if len(f.Grantees) > 0 {
		return page, errors.New("a code has no grantee to choose it by")
	}
	where, args := s.conditions(now, f)
	if where == "" {
		return page, nil
	}
	where += ` AND s.expires_at > $1`
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sharing_codes s WHERE `+where, args...).Scan(&page.Total); err != nil {
			return fmt.Errorf("count codes: %w", err)
		}
		rows, err := query(ctx, tx, scanCode, `SELECT `+codeColumns+` FROM sharing_codes s WHERE `+where+` ORDER BY s.id`+limit(args),
			append(slices.Clone(args), max(w.Limit, 0), max(w.Offset, 0))...)
		if err != nil {
			return fmt.Errorf("read codes: %w", err)
		}
		for _, row := range rows {
			page.Items = append(page.Items, row.StoredCode)
		}
		return nil
	})
	return page, err
}

// DeleteCode removes a code of this server by its id.
func (s *Store) DeleteCode(ctx context.Context, now time.Time, actorID, serverID string, id int64) (c sharing.Change, err error) {
	err = s.db.WriteAbout(ctx, nil, func(tx *sql.Tx) error {
		c, err = deleteCode(ctx, tx, now, actorID, serverID, id)
		return err
	})
	_, c, err = settled(struct{}{}, c, err)
	return c, err
}

func deleteCode(ctx context.Context, tx *sql.Tx, now time.Time, actorID, serverID string, id int64) (sharing.Change, error) {
	owners, err := query(ctx, tx, scanString, `DELETE FROM sharing_codes WHERE id = $1 AND server_id = $2 RETURNING owner_id`, id, serverID)
	if err != nil {
		return sharing.Change{}, fmt.Errorf("delete a code: %w", err)
	}
	if len(owners) == 0 {
		return sharing.Change{}, sharing.ErrCodeNotFound
	}
	return appendChange(ctx, tx, sharing.Change{
		At: now, Action: sharing.ActionDelete, ActorID: actorID, ServerID: serverID, CodeID: sharing.CodeID(id), UserIDs: owners,
	})
}

// DeleteCodeBySecret removes the live code of this server that matches.
func (s *Store) DeleteCodeBySecret(ctx context.Context, now time.Time, actorID, serverID string, p sharing.Probe) (id int64, c sharing.Change, err error) {
	err = s.db.WriteAbout(ctx, nil, func(tx *sql.Tx) error {
		code, err := findCode(ctx, tx, now, p)
		if err != nil {
			return err
		}
		id = code.ID
		c, err = deleteCode(ctx, tx, now, actorID, serverID, id)
		return err
	})
	return settled(id, c, err)
}

// DeleteCodes removes every code of a server.
func (s *Store) DeleteCodes(ctx context.Context, now time.Time, actorID, serverID string) (n int, c sharing.Change, err error) {
	err = s.db.WriteAbout(ctx, nil, func(tx *sql.Tx) error {
		owners, err := query(ctx, tx, scanString, `DELETE FROM sharing_codes WHERE server_id = $1 RETURNING owner_id`, serverID)
		if err != nil {
			return fmt.Errorf("delete the codes of a server: %w", err)
		}
		if n = len(owners); n == 0 {
			c = sharing.Change{}
			return nil
		}
		c, err = appendChange(ctx, tx, sharing.Change{
			At: now, Action: sharing.ActionDelete, ActorID: actorID, ServerID: serverID, UserIDs: owners,
		})
		return err
	})
	return settled(n, c, err)
}
