package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/sharing"
)

// refuseGone keeps a code from being made for what was forgotten since the caller looked it up: a *sharing.GoneError.
func refuseGone(ctx context.Context, tx *sql.Tx, p sharing.Place) error {
	gone, err := query(within(ctx, tx), func(r sqldb.Row) (g sharing.GoneError, err error) { return g, r.Scan(&g.Kind, &g.ID) },
		`SELECT kind, id FROM sharing_gone WHERE (kind = $1 AND id = $2) OR (kind = $3 AND id = $4) ORDER BY kind`,
		sharing.KindServer, p.ServerID, sharing.KindUser, p.OwnerID)
	if err != nil {
		return fmt.Errorf("look among what is gone: %w", err)
	}
	if len(gone) > 0 {
		return &gone[0]
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
		grantees, err := query(within(ctx, tx), func(r sqldb.Row) (g sharing.Grantee, err error) {
			var user, group sql.NullString
			err = r.Scan(&user, &group)
			if group.Valid {
				return sharing.Grantee{Kind: sharing.KindGroup, ID: group.String}, err
			}
			return sharing.Grantee{Kind: sharing.KindUser, ID: user.String}, err
		}, `DELETE FROM sharing_shares WHERE `+shares+` RETURNING user_id, group_id`, id)
		if err != nil {
			return fmt.Errorf("remove shares: %w", err)
		}
		owners, err := query(within(ctx, tx), scanString, `DELETE FROM sharing_codes WHERE `+codes+` RETURNING owner_id`, id)
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
