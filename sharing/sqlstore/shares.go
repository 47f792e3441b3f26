package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/sharing"
)

// live is the condition on a grant row that has not ended. Argument 1 is now, here and in whatever uses it.
const live = `(g.expires_at IS NULL OR g.expires_at > $1)`

// liveShare is the condition on a share that has such a row.
const liveShare = `EXISTS (SELECT 1 FROM sharing_grants g WHERE g.share_id = s.id AND ` + live + `)`

// direct is the code_id of the grant that came by no code.
const direct = 0

const shareColumns = `s.id, s.server_id, s.owner_id, s.user_id, s.group_id, s.created_at`

func scanShare(rows *sql.Rows) (sharing.StoredShare, error) {
	var share sharing.StoredShare
	var user, group sql.NullString
	var created sql.NullInt64
	err := rows.Scan(&share.ID, &share.ServerID, &share.OwnerID, &user, &group, &created)
	share.Grantee = sharing.Grantee{Kind: sharing.KindUser, ID: user.String}
	if group.Valid {
		share.Grantee = sharing.Grantee{Kind: sharing.KindGroup, ID: group.String}
	}
	share.CreatedAt = timeOf(created)
	return share, err
}

// granteeColumn is the column that holds a grantee's id; the other one is NULL.
func granteeColumn(g sharing.Grantee) (string, error) {
	switch g.Kind {
	case sharing.KindUser:
		return "user_id", nil
	case sharing.KindGroup:
		return "group_id", nil
	default:
		return "", fmt.Errorf("%q is no kind of grantee", g.Kind)
	}
}

// about names what a change of a grantee's shares is about: of two at once on one share, the second builds on the first (SH-45 c). What
// touches the shares of many at once is written alone instead. Codes need no name: their row is what their exchanges wait for.
func about(g sharing.Grantee) []string {
	return []string{"sharing with " + g.Kind + " " + g.ID}
}

// Grant makes a share or adds to its direct grant.
func (s *Store) Grant(ctx context.Context, now time.Time, o sharing.GrantOrder) (share sharing.StoredShare, c sharing.Change, err error) {
	switch {
	case len(o.Bases) == 0:
		return share, c, errors.New("a grant without scopes")
	case !o.ExpiresAt.IsZero() && !o.ExpiresAt.After(now):
		return share, c, errors.New("a grant that has ended already")
	}
	err = s.db.WriteAbout(ctx, about(o.Grantee), func(tx *sql.Tx) error {
		c = sharing.Change{}
		var changed bool
		share, changed, err = grant(ctx, tx, now, o, direct)
		if err != nil || !changed {
			return err
		}
		c = touching(sharing.Change{At: now, Action: sharing.ActionGrant, ActorID: o.ActorID, ServerID: o.ServerID}, o.Grantee)
		c, err = appendChange(ctx, tx, c)
		return err
	})
	return settled(share, c, err)
}

// settled gives nothing but the error of an operation that failed.
func settled[T any](v T, c sharing.Change, err error) (T, sharing.Change, error) {
	if err != nil {
		var nothing T
		return nothing, sharing.Change{}, err
	}
	return v, c, nil
}

// touching names a grantee as one whose access may differ.
func touching(c sharing.Change, g sharing.Grantee) sharing.Change {
	if g.Kind == sharing.KindGroup {
		c.GroupIDs = append(c.GroupIDs, g.ID)
	} else {
		c.UserIDs = append(c.UserIDs, g.ID)
	}
	return c
}

// grant adds bases of one origin to a share and gives the whole share; changed is false when all of it was there.
func grant(ctx context.Context, tx *sql.Tx, now time.Time, o sharing.GrantOrder, codeID int64) (share sharing.StoredShare, changed bool, err error) {
	if err := refuseGone(ctx, tx, o.Place, &o.Grantee); err != nil {
		return share, false, err
	}
	column, err := granteeColumn(o.Grantee)
	if err != nil {
		return share, false, err
	}
	// A share of which everything has ended is none, so the next one is new (SH-41).
	_, err = exec(ctx, tx, `DELETE FROM sharing_shares AS s
		WHERE s.server_id = $2 AND s.`+column+` = $3 AND NOT `+liveShare, now.UnixMicro(), o.ServerID, o.Grantee.ID)
	if err != nil {
		return share, false, fmt.Errorf("clear an ended share: %w", err)
	}
	touched := 0
	share, err = findRow(ctx, tx, o.ServerID, o.Grantee)
	switch {
	case errors.Is(err, sharing.ErrNoSuchShare):
		touched = 1
		share = sharing.StoredShare{Place: o.Place, Grantee: o.Grantee, CreatedAt: time.UnixMicro(now.UnixMicro()).UTC()}
		err = tx.QueryRowContext(ctx, `INSERT INTO sharing_shares (server_id, owner_id, `+column+`, created_at) VALUES ($1, $2, $3, $4) RETURNING id`,
			o.ServerID, o.OwnerID, o.Grantee.ID, now.UnixMicro()).Scan(&share.ID)
		if err != nil {
			return share, false, fmt.Errorf("add a share: %w", err)
		}
	case err != nil:
		return share, false, fmt.Errorf("read the share: %w", err)
	}
	for _, base := range o.Bases {
		// A later end replaces an earlier one, never the other way round: grants do not take away (SH-40).
		n, err := exec(ctx, tx, `INSERT INTO sharing_grants AS g (share_id, code_id, base, expires_at, created_at, created_by)
			VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (share_id, code_id, base) DO UPDATE
			SET expires_at = excluded.expires_at, created_at = excluded.created_at, created_by = excluded.created_by
			WHERE g.expires_at IS NOT NULL AND (excluded.expires_at IS NULL OR excluded.expires_at > g.expires_at)`,
			share.ID, codeID, base, end(o.ExpiresAt), now.UnixMicro(), o.ActorID)
		if err != nil {
			return share, false, fmt.Errorf("add a grant: %w", err)
		}
		touched += n
	}
	share.Bases, err = liveBases(ctx, tx, now, share.ID)
	return share, touched > 0, err
}

// findRow finds the row of a share, live or not: ErrNoSuchShare.
func findRow(ctx context.Context, tx *sql.Tx, serverID string, g sharing.Grantee) (sharing.StoredShare, error) {
	column, err := granteeColumn(g)
	if err != nil {
		return sharing.StoredShare{}, err
	}
	rows, err := query(ctx, tx, scanShare, `SELECT `+shareColumns+` FROM sharing_shares s
		WHERE s.server_id = $1 AND s.`+column+` = $2`, serverID, g.ID)
	if err != nil {
		return sharing.StoredShare{}, err
	}
	if len(rows) == 0 {
		return sharing.StoredShare{}, sharing.ErrNoSuchShare
	}
	return rows[0], nil
}

// findShare finds a live share with its bases: ErrNoSuchShare.
func findShare(ctx context.Context, tx *sql.Tx, now time.Time, serverID string, g sharing.Grantee) (sharing.StoredShare, error) {
	share, err := findRow(ctx, tx, serverID, g)
	if err != nil {
		return share, err
	}
	share.Bases, err = liveBases(ctx, tx, now, share.ID)
	if err == nil && len(share.Bases) == 0 {
		return sharing.StoredShare{}, sharing.ErrNoSuchShare
	}
	return share, err
}

func liveBases(ctx context.Context, tx *sql.Tx, now time.Time, shareID int64) ([]string, error) {
	bases, err := query(ctx, tx, scanString, `SELECT DISTINCT g.base FROM sharing_grants g
		WHERE g.share_id = $2 AND `+live+` ORDER BY g.base`, now.UnixMicro(), shareID)
	if err != nil {
		return nil, fmt.Errorf("read the grants of a share: %w", err)
	}
	return bases, nil
}

func scanString(rows *sql.Rows) (s string, err error) {
	return s, rows.Scan(&s)
}

// Revoke takes scopes from every grant of a share, or removes it.
func (s *Store) Revoke(ctx context.Context, now time.Time, o sharing.RevokeOrder) (left *sharing.StoredShare, c sharing.Change, err error) {
	err = s.db.WriteAbout(ctx, about(o.Grantee), func(tx *sql.Tx) error {
		left, c = nil, sharing.Change{}
		share, err := findShare(ctx, tx, now, o.ServerID, o.Grantee)
		if errors.Is(err, sharing.ErrNoSuchShare) {
			return nil
		}
		if err != nil {
			return err
		}
		rest := slices.DeleteFunc(slices.Clone(share.Bases), func(base string) bool { return o.All || slices.Contains(o.Bases, base) })
		if len(rest) == len(share.Bases) {
			left = &share
			return nil
		}
		if len(rest) == 0 {
			_, err = exec(ctx, tx, `DELETE FROM sharing_shares WHERE id = $1`, share.ID)
		} else {
			_, err = exec(ctx, tx, `DELETE FROM sharing_grants WHERE share_id = $1 AND `+s.db.Dialect().In("base", 2),
				share.ID, s.db.Dialect().Strings(o.Bases))
			share.Bases = rest
			left = &share
		}
		if err != nil {
			return fmt.Errorf("take from a share: %w", err)
		}
		action := sharing.ActionRevoke
		if o.Leave {
			action = sharing.ActionLeave
		}
		c, err = appendChange(ctx, tx, touching(sharing.Change{At: now, Action: action, ActorID: o.ActorID, ServerID: o.ServerID}, o.Grantee))
		return err
	})
	return settled(left, c, err)
}

// RevokeAll removes every share of a server.
func (s *Store) RevokeAll(ctx context.Context, now time.Time, actorID, serverID string) (n int, c sharing.Change, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		c = sharing.Change{}
		// Ended ones go as well, but nobody's access differs by that.
		gone, err := query(ctx, tx, scanShare, `SELECT `+shareColumns+` FROM sharing_shares s WHERE s.server_id = $2 AND `+liveShare,
			now.UnixMicro(), serverID)
		if err != nil {
			return fmt.Errorf("read the shares of a server: %w", err)
		}
		if _, err := exec(ctx, tx, `DELETE FROM sharing_shares WHERE server_id = $1`, serverID); err != nil {
			return fmt.Errorf("remove the shares of a server: %w", err)
		}
		if n = len(gone); n == 0 {
			return nil
		}
		c = sharing.Change{At: now, Action: sharing.ActionRevokeAll, ActorID: actorID, ServerID: serverID}
		for _, share := range gone {
			c = touching(c, share.Grantee)
		}
		c, err = appendChange(ctx, tx, c)
		return err
	})
	return settled(n, c, err)
}

// Share gives a live share.
func (s *Store) Share(ctx context.Context, now time.Time, serverID string, g sharing.Grantee) (share sharing.StoredShare, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		share, err = findShare(ctx, tx, now, serverID, g)
		return err
	})
	return share, err
}

// Shares lists live shares.
func (s *Store) Shares(ctx context.Context, now time.Time, f sharing.Filter, w sharing.Window) (page sharing.Page[sharing.StoredShare], err error) {
	where, args := s.conditions(now, f)
	if where == "" {
		return page, nil
	}
	where += ` AND ` + liveShare
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sharing_shares s WHERE `+where, args...).Scan(&page.Total); err != nil {
			return fmt.Errorf("count shares: %w", err)
		}
		page.Items, err = query(ctx, tx, scanShare, `SELECT `+shareColumns+` FROM sharing_shares s WHERE `+where+` ORDER BY s.id`+limit(args),
			append(slices.Clone(args), max(w.Limit, 0), max(w.Offset, 0))...)
		if err != nil {
			return fmt.Errorf("read shares: %w", err)
		}
		return s.addBases(ctx, tx, now, page.Items)
	})
	return page, err
}

// addBases reads what a page of shares grants, in one query.
func (s *Store) addBases(ctx context.Context, tx *sql.Tx, now time.Time, shares []sharing.StoredShare) error {
	type row struct {
		share int64
		base  string
	}
	ids := make([]int64, len(shares))
	at := make(map[int64]int, len(shares))
	for i, share := range shares {
		ids[i], at[share.ID] = share.ID, i
	}
	rows, err := query(ctx, tx, func(r *sql.Rows) (v row, err error) { return v, r.Scan(&v.share, &v.base) },
		`SELECT DISTINCT g.share_id, g.base FROM sharing_grants g
		WHERE `+s.db.Dialect().In("g.share_id", 2)+` AND `+live+` ORDER BY g.share_id, g.base`, now.UnixMicro(), s.db.Dialect().Integers(ids))
	if err != nil {
		return fmt.Errorf("read the grants of shares: %w", err)
	}
	for _, r := range rows {
		share := &shares[at[r.share]]
		share.Bases = append(share.Bases, r.base)
	}
	return nil
}

// conditions turns a filter into SQL on a table s; "" = nothing is chosen. Argument 1 is now, for a condition that the caller adds.
func (s *Store) conditions(now time.Time, f sharing.Filter) (where string, args []any) {
	var all []string
	args = []any{now.UnixMicro()}
	if f.ServerID != "" {
		args = append(args, f.ServerID)
		all = append(all, fmt.Sprintf(`s.server_id = $%d`, len(args)))
	}
	if f.OwnerID != "" {
		args = append(args, f.OwnerID)
		all = append(all, fmt.Sprintf(`s.owner_id = $%d`, len(args)))
	}
	if len(f.Grantees) > 0 {
		var users, groups []string
		for _, g := range f.Grantees {
			switch g.Kind {
			case sharing.KindUser:
				users = append(users, g.ID)
			case sharing.KindGroup:
				groups = append(groups, g.ID)
			}
		}
		d := s.db.Dialect()
		args = append(args, d.Strings(users), d.Strings(groups))
		all = append(all, `(`+d.In("s.user_id", len(args)-1)+` OR `+d.In("s.group_id", len(args))+`)`)
	}
	return strings.Join(all, ` AND `), args
}

// limit cuts a list by the two arguments that come behind args.
func limit(args []any) string {
	return fmt.Sprintf(` LIMIT $%d OFFSET $%d`, len(args)+1, len(args)+2)
}

// ScopesOf sums the live grants of a user and of groups.
func (s *Store) ScopesOf(ctx context.Context, now time.Time, userID string, groupIDs []string) (out []sharing.ServerScopes, until time.Time, err error) {
	type held struct {
		sharing.Place
		base string
		end  time.Time // zero = never
	}
	var rows []held
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		rows, err = query(ctx, tx, func(r *sql.Rows) (h held, err error) {
			var at sql.NullInt64
			err = r.Scan(&h.ServerID, &h.OwnerID, &h.base, &at)
			h.end = timeOf(at)
			return h, err
			// max() skips NULL, so a base that is also held for ever is told by the count of rows without an end.
		}, `SELECT s.server_id, min(s.owner_id), g.base, CASE WHEN count(*) = count(g.expires_at) THEN max(g.expires_at) END
			FROM sharing_shares s JOIN sharing_grants g ON g.share_id = s.id
			WHERE (s.user_id = $2 OR `+s.db.Dialect().In("s.group_id", 3)+`) AND `+live+`
			GROUP BY s.server_id, g.base ORDER BY s.server_id, g.base`, now.UnixMicro(), userID, s.db.Dialect().Strings(groupIDs))
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("sum the shares of a user: %w", err)
	}
	for _, h := range rows {
		if len(out) == 0 || out[len(out)-1].ServerID != h.ServerID {
			out = append(out, sharing.ServerScopes{Place: h.Place})
		}
		last := &out[len(out)-1]
		last.Bases = append(last.Bases, h.base)
		if !h.end.IsZero() && (until.IsZero() || h.end.Before(until)) {
			until = h.end
		}
	}
	return out, until, nil
}
