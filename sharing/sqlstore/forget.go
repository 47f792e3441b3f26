package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/sharing"
)

// refuseGone keeps a row from being written about what was forgotten since the caller looked it up: a *sharing.GoneError.
func refuseGone(ctx context.Context, tx *sql.Tx, p sharing.Place, to *sharing.Grantee) error {
	involved := []sharing.GoneError{{Kind: sharing.KindServer, ID: p.ServerID}, {Kind: sharing.KindUser, ID: p.OwnerID}}
	if to != nil {
		involved = append(involved, sharing.GoneError{Kind: to.Kind, ID: to.ID})
	}
	conditions, args := make([]string, len(involved)), []any{}
	for i, g := range involved {
		conditions[i] = fmt.Sprintf(`(kind = $%d AND id = $%d)`, 2*i+1, 2*i+2)
		args = append(args, g.Kind, g.ID)
	}
	gone, err := query(ctx, tx, func(rows *sql.Rows) (g sharing.GoneError, err error) { return g, rows.Scan(&g.Kind, &g.ID) },
		`SELECT kind, id FROM sharing_gone WHERE `+strings.Join(conditions, ` OR `), args...)
	if err != nil {
		return fmt.Errorf("look among what is gone: %w", err)
	}
	for _, g := range involved {
		if slices.Contains(gone, g) {
			return &g
		}
	}
	return nil
}

// Forget removes what hangs on an id, and remembers it as gone.
func (s *Store) Forget(ctx context.Context, now time.Time, kind, id string) (c sharing.Change, err error) {
	var shares, codes string // conditions, with $1 for the id
	switch kind {
	case sharing.KindServer:
		shares, codes = `server_id = $1`, `server_id = $1`
	case sharing.KindUser:
		shares, codes = `owner_id = $1 OR user_id = $1`, `owner_id = $1`
	case sharing.KindGroup:
		shares, codes = `group_id = $1`, `FALSE AND owner_id = $1` // a group owns nothing
	default:
		return sharing.Change{}, fmt.Errorf("a %q cannot be forgotten", kind)
	}
	// Alone: nobody is writing about the id, and whoever writes later finds it gone.
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		c = sharing.Change{}
		_, err := exec(ctx, tx, `INSERT INTO sharing_gone (kind, id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, kind, id, now.UnixMicro())
		if err != nil {
			return fmt.Errorf("remember what is gone: %w", err)
		}
		grantees, err := query(ctx, tx, func(rows *sql.Rows) (g sharing.Grantee, err error) {
			var user, group sql.NullString
			err = rows.Scan(&user, &group)
			if group.Valid {
				return sharing.Grantee{Kind: sharing.KindGroup, ID: group.String}, err
			}
			return sharing.Grantee{Kind: sharing.KindUser, ID: user.String}, err
		}, `DELETE FROM sharing_shares WHERE `+shares+` RETURNING user_id, group_id`, id)
		if err != nil {
			return fmt.Errorf("remove shares: %w", err)
		}
		owners, err := query(ctx, tx, scanString, `DELETE FROM sharing_codes WHERE `+codes+` RETURNING owner_id`, id)
		if err != nil {
			return fmt.Errorf("remove codes: %w", err)
		}
		if len(grantees)+len(owners) == 0 {
			return nil
		}
		c = sharing.Change{At: now, Action: sharing.ActionForget, UserIDs: owners}
		switch kind {
		case sharing.KindServer:
			c.ServerID = id
		case sharing.KindUser:
			c.UserIDs = append(c.UserIDs, id)
		case sharing.KindGroup:
			c.GroupIDs = append(c.GroupIDs, id)
		}
		for _, g := range grantees {
			c = touching(c, g)
		}
		c, err = appendChange(ctx, tx, c)
		return err
	})
	_, c, err = settled(struct{}{}, c, err)
	return c, err
}

// Purge deletes what has ended.
func (s *Store) Purge(ctx context.Context, now time.Time) (p sharing.Purged, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		if p.Codes, err = exec(ctx, tx, `DELETE FROM sharing_codes WHERE expires_at <= $1`, now.UnixMicro()); err != nil {
			return fmt.Errorf("purge codes: %w", err)
		}
		if _, err = exec(ctx, tx, `DELETE FROM sharing_grants WHERE expires_at <= $1`, now.UnixMicro()); err != nil {
			return fmt.Errorf("purge grants: %w", err)
		}
		p.Shares, err = exec(ctx, tx, `DELETE FROM sharing_shares WHERE NOT EXISTS (SELECT 1 FROM sharing_grants g WHERE g.share_id = sharing_shares.id)`)
		if err != nil {
			return fmt.Errorf("purge shares: %w", err)
		}
		return nil
	})
	if err != nil {
		return sharing.Purged{}, err
	}
	return p, nil
}
