package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/sharing"
)

const codeColumns = `s.id, s.server_id, s.owner_id, s.bases, s.created_at, s.expires_at, s.exchange_count, s.last_exchanged_at, s.hashed,
	s.max_uses, s.bound, s.note, s.share_lifetime, s.share_session`

// storedCode is a code with what its secret is checked by, which stays in this package.
type storedCode struct {
	sharing.StoredCode
	hashed string
}

func scanCode(r sqldb.Row) (storedCode, error) {
	var code storedCode
	var bases string
	var bound sql.NullString
	var created, expires, last sql.NullInt64
	var lifetime, session int64
	err := r.Scan(&code.ID, &code.ServerID, &code.OwnerID, &bases, &created, &expires, &code.Exchanges, &last, &code.hashed,
		&code.MaxUses, &bound, &code.Note, &lifetime, &session)
	if err != nil {
		return storedCode{}, err
	}
	code.Terms = sharing.Terms{Lifetime: time.Duration(lifetime) * time.Microsecond, Session: session != 0}
	if bound.Valid {
		// A binding that cannot be read must not become none.
		if err := json.Unmarshal([]byte(bound.String), &code.Bound); err != nil || code.Bound == nil {
			return storedCode{}, fmt.Errorf("read whom code %d is for: %q: %w", code.ID, bound.String, err)
		}
	}
	if err := json.Unmarshal([]byte(bases), &code.Bases); err != nil {
		return storedCode{}, fmt.Errorf("read the scopes of code %d: %w", code.ID, err)
	}
	code.CreatedAt, code.ExpiresAt, code.LastExchangedAt = timeOf(created), timeOf(expires), timeOf(last)
	return code, nil
}

// CreateCode stores a code.
func (s *Store) CreateCode(ctx context.Context, now time.Time, a sharing.Act, o sharing.CodeOrder) (code sharing.StoredCode, c sharing.Change, err error) {
	if len(o.Bases) == 0 {
		return code, c, errors.New("a code without scopes")
	}
	bases := sorted(o.Bases)
	text, err := json.Marshal(bases)
	if err != nil {
		return code, c, fmt.Errorf("add a code: %w", err)
	}
	var bound sql.NullString
	if o.Bound != nil {
		list, err := json.Marshal(o.Bound)
		if err != nil {
			return code, c, fmt.Errorf("add a code: %w", err)
		}
		bound = sql.NullString{String: string(list), Valid: true}
	}
	err = s.db.WriteAbout(ctx, nil, func(tx *sql.Tx) error {
		if err := refuseGone(ctx, tx, o.Place); err != nil {
			return err
		}
		var id int64
		var b sqldb.Batch
		b.Insert(&id, "id", `INSERT INTO sharing_codes (server_id, owner_id, bases, prefix, hashed, created_at, created_by, expires_at,
			max_uses, bound, note, share_lifetime, share_session) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			o.ServerID, o.OwnerID, string(text), o.Prefix, o.Hash, now.UnixMicro(), a.Actor.ID, o.ExpiresAt.UnixMicro(),
			o.MaxUses, bound, o.Note, o.Terms.Lifetime.Microseconds(), flag(o.Terms.Session))
		if err := b.Run(ctx, tx); err != nil {
			return fmt.Errorf("add a code: %w", err)
		}
		code = sharing.StoredCode{
			ID: id, Place: o.Place, Bases: bases,
			CreatedAt: time.UnixMicro(now.UnixMicro()).UTC(), ExpiresAt: time.UnixMicro(o.ExpiresAt.UnixMicro()).UTC(),
			CodeLimits: o.CodeLimits,
		}
		c, err = appendChange(ctx, tx, sharing.Change{
			At: now, Action: sharing.ActionCreate, ActorID: a.Actor.ID, ServerID: o.ServerID, CodeID: sharing.CodeID(id), UserIDs: []string{o.OwnerID},
			Record: a.Record(bases),
		})
		return err
	})
	return settled(code, c, err)
}

// FindCode gives the live code that matches.
func (s *Store) FindCode(ctx context.Context, now time.Time, p sharing.Probe) (sharing.StoredCode, error) {
	return findCode(s.alone(ctx), now, p)
}

func findCode(run runner, now time.Time, p sharing.Probe) (sharing.StoredCode, error) {
	codes, err := query(run, scanCode, codesLike, p.Prefix)
	if err != nil {
		return sharing.StoredCode{}, fmt.Errorf("read codes: %w", err)
	}
	code, ok := matching(codes, now, p)
	if !ok {
		return sharing.StoredCode{}, sharing.ErrCodeNotFound
	}
	return code, nil
}

// codesLike gives all codes that begin alike, few as they are.
const codesLike = `SELECT ` + codeColumns + ` FROM sharing_codes s WHERE s.prefix = $1 ORDER BY s.id`

// matching gives the live code that matches.
func matching(codes []storedCode, now time.Time, p sharing.Probe) (sharing.StoredCode, bool) {
	for _, code := range codes {
		if !over(code.ExpiresAt, now) && p.Match(code.hashed) {
			return code.StoredCode, true
		}
	}
	return sharing.StoredCode{}, false
}

// Codes lists live codes.
func (s *Store) Codes(ctx context.Context, now time.Time, f sharing.Filter, w sharing.Window) (page sharing.Page[sharing.StoredCode], err error) {
	if len(f.Grantees) > 0 || f.CodeID != 0 {
		return page, errors.New("a code has no grantee and no other code to choose it by")
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
		rows, err := query(within(ctx, tx), scanCode, `SELECT `+codeColumns+` FROM sharing_codes s WHERE `+where+` ORDER BY s.id`+limit(args),
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
func (s *Store) DeleteCode(ctx context.Context, now time.Time, a sharing.Act, serverID string, id int64, cascade bool) (n int, c sharing.Change, err error) {
	if id <= direct { // which no code has
		return 0, c, sharing.ErrCodeNotFound
	}
	return s.deleteCodes(ctx, now, a, deletion{serverID, id, cascade}, nil)
}

// DeleteCodeBySecret removes the live code of this server that matches.
func (s *Store) DeleteCodeBySecret(ctx context.Context, now time.Time, a sharing.Act, serverID string, p sharing.Probe, cascade bool) (n int, c sharing.Change, err error) {
	return s.deleteCodes(ctx, now, a, deletion{serverID: serverID, cascade: cascade}, &p)
}

// DeleteCodes removes all codes of a server.
func (s *Store) DeleteCodes(ctx context.Context, now time.Time, a sharing.Act, serverID string, cascade bool) (n int, c sharing.Change, err error) {
	return s.deleteCodes(ctx, now, a, deletion{serverID, allCodes, cascade}, nil)
}

// allCodes is the id in a [deletion] that means every code; no code has it.
const allCodes = -1

// deletion is of one code of a server, or of all.
type deletion struct {
	serverID string
	id       int64
	cascade  bool
}

// deleteCodes removes what d says, with the id of the code that p matches if there is p.
func (s *Store) deleteCodes(ctx context.Context, now time.Time, a sharing.Act, d deletion, p *sharing.Probe) (n int, c sharing.Change, err error) {
	write := func(fn func(*sql.Tx) error) error { return s.db.WriteAbout(ctx, nil, fn) }
	if d.cascade {
		write = func(fn func(*sql.Tx) error) error { return s.db.Write(ctx, fn) } // it touches the shares of many
	}
	err = write(func(tx *sql.Tx) error {
		n, c = 0, sharing.Change{}
		d := d
		if p != nil {
			code, err := findCode(within(ctx, tx), now, *p)
			if err != nil {
				return err
			}
			if code.ServerID != d.serverID {
				return sharing.ErrCodeNotFound
			}
			d.id = code.ID
		}
		c, n, err = deleteCodesWithin(ctx, tx, now, a, d)
		return err
	})
	return settled(n, c, err)
}

func deleteCodesWithin(ctx context.Context, tx *sql.Tx, now time.Time, a sharing.Act, d deletion) (c sharing.Change, n int, err error) {
	var owners []string
	if d.id == allCodes {
		owners, err = query(within(ctx, tx), scanString, `DELETE FROM sharing_codes WHERE server_id = $1 RETURNING owner_id`, d.serverID)
	} else {
		owners, err = query(within(ctx, tx), scanString, `DELETE FROM sharing_codes WHERE server_id = $1 AND id = $2 RETURNING owner_id`, d.serverID, d.id)
	}
	if err != nil {
		return c, 0, fmt.Errorf("delete codes: %w", err)
	}
	var ended []sharing.Grantee
	switch {
	case !d.cascade:
	case d.id == allCodes:
		ended, err = endGrants(ctx, tx, now, d.serverID, `g.code_id <> $2`, direct)
	case d.id > direct:
		ended, err = endGrants(ctx, tx, now, d.serverID, `g.code_id = $2`, d.id)
	}
	if err != nil {
		return c, 0, err
	}
	if len(owners)+len(ended) == 0 {
		if d.id == allCodes {
			return c, 0, nil
		}
		return c, 0, sharing.ErrCodeNotFound
	}
	c = sharing.Change{At: now, Action: sharing.ActionDelete, ActorID: a.Actor.ID, ServerID: d.serverID, UserIDs: owners, Record: a.Record(nil)}
	c.Record.Cascade = d.cascade
	if d.id != allCodes {
		c.CodeID = sharing.CodeID(d.id)
	}
	c, err = appendChange(ctx, tx, touching(c, ended...))
	return c, len(ended), err
}
