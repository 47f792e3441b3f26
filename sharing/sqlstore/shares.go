package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/sharing"
)

// live is the condition on a grant row that has not ended. Argument 1 is now, here and in whatever uses it.
const live = `(g.expires_at IS NULL OR g.expires_at > $1)`

// liveShare is the condition on a share that has such a row.
const liveShare = `EXISTS (SELECT 1 FROM sharing_grants g WHERE g.share_id = s.id AND ` + live + `)`

// liveListed is the same for many shares: each has a grant, and of those without one that ends none has to be looked at. An index of the others
// answers that, as long as it is asked for a time; NULL never is after one.
const liveListed = `(NOT EXISTS (SELECT 1 FROM sharing_grants g WHERE g.share_id = s.id AND g.expires_at > 0) OR ` + liveShare + `)`

// direct is the code_id of the grant that came by no code.
const direct = 0

const shareColumns = `s.id, s.server_id, s.owner_id, s.user_id, s.group_id, s.created_at`

func scanShare(r sqldb.Row) (sharing.StoredShare, error) {
	var share sharing.StoredShare
	var user, group sql.NullString
	var created sql.NullInt64
	err := r.Scan(&share.ID, &share.ServerID, &share.OwnerID, &user, &group, &created)
	share.Grantee, share.CreatedAt = granteeOf(user, group), timeOf(created)
	return share, err
}

// granteeOf is who stands in the two columns for one.
func granteeOf(user, group sql.NullString) sharing.Grantee {
	if group.Valid {
		return sharing.Grantee{Kind: sharing.KindGroup, ID: group.String}
	}
	return sharing.Grantee{Kind: sharing.KindUser, ID: user.String}
}

// granteeColumns hold a grantee's id, by their kind; the other one is NULL.
var granteeColumns = map[string]string{sharing.KindUser: "user_id", sharing.KindGroup: "group_id"}

func granteeColumn(g sharing.Grantee) (string, error) {
	column, ok := granteeColumns[g.Kind]
	if !ok {
		return "", fmt.Errorf("%q is no kind of grantee", g.Kind)
	}
	return column, nil
}

// about names what a change of a grantee's shares is about: of two at once on one share, the second builds on the first (SH-45 c). What
// touches the shares of many at once is written alone instead. Codes need no name: their row is what their exchanges wait for.
func about(grantees ...sharing.Grantee) []string {
	names := make([]string, len(grantees))
	for i, g := range grantees {
		names[i] = "sharing with " + g.Kind + " " + g.ID
	}
	return names
}

// Grant makes shares or adds to their direct grants.
func (s *Store) Grant(ctx context.Context, now time.Time, a sharing.Act, o sharing.GrantOrder) (shares []sharing.StoredShare, c sharing.Change, err error) {
	switch {
	case len(o.Bases) == 0:
		return nil, c, errors.New("a grant without scopes")
	case len(o.Grantees) == 0:
		return nil, c, errors.New("a grant to nobody")
	case !o.ExpiresAt.IsZero() && !o.ExpiresAt.After(now):
		return nil, c, errors.New("a grant that has ended already")
	}
	for _, to := range o.Grantees {
		if _, err := granteeColumn(to); err != nil {
			return nil, c, err
		}
	}
	err = s.db.WriteAbout(ctx, about(o.Grantees...), func(tx *sql.Tx) error {
		shares, c = nil, sharing.Change{}
		var b sqldb.Batch
		found := s.look(&b, `s.server_id = $1`, o.ServerID, o.Grantees,
			sharing.GoneError{Kind: sharing.KindServer, ID: o.ServerID}, sharing.GoneError{Kind: sharing.KindUser, ID: o.OwnerID})
		if err := b.Run(ctx, tx); err != nil {
			return fmt.Errorf("read shares: %w", err)
		}
		list := make([]*granting, len(o.Grantees))
		var changed []sharing.Grantee
		for i, to := range o.Grantees {
			g := &granting{Place: o.Place, now: now, to: to, bases: o.Bases, codeID: direct, actor: a.Actor.ID, Ends: o.Ends}
			list[i] = g
			if found.about(g); g.gone != nil {
				return g.gone
			}
			if g.decide(); len(g.fresh) > 0 {
				changed = append(changed, g.to)
			}
		}
		if err := s.writeShares(ctx, tx, list); err != nil {
			return err
		}
		b = sqldb.Batch{}
		for _, g := range list {
			g.writeGrants(&b)
			shares = append(shares, g.result())
		}
		if len(changed) > 0 {
			c = touching(sharing.Change{
				At: now, Action: sharing.ActionGrant, ActorID: a.Actor.ID, ServerID: o.ServerID, Record: a.Record(sorted(o.Bases)),
			}, changed...)
			if err := addChange(&b, &c); err != nil {
				return err
			}
		}
		if err := b.Run(ctx, tx); err != nil {
			return fmt.Errorf("add grants: %w", err)
		}
		return nil
	})
	return settled(shares, c, err)
}

// settled gives nothing but the error of an operation that failed.
func settled[T any](v T, c sharing.Change, err error) (T, sharing.Change, error) {
	if err != nil {
		var nothing T
		return nothing, sharing.Change{}, err
	}
	return v, c, nil
}

// touching names grantees as those whose access may differ.
func touching(c sharing.Change, grantees ...sharing.Grantee) sharing.Change {
	for _, g := range grantees {
		if g.Kind == sharing.KindGroup {
			c.GroupIDs = append(c.GroupIDs, g.ID)
		} else {
			c.UserIDs = append(c.UserIDs, g.ID)
		}
	}
	return c
}

// findRow finds the row of a share, live or not: ErrNoSuchShare.
func findRow(ctx context.Context, tx *sql.Tx, serverID string, g sharing.Grantee) (sharing.StoredShare, error) {
	column, err := granteeColumn(g)
	if err != nil {
		return sharing.StoredShare{}, err
	}
	rows, err := query(within(ctx, tx), scanShare, `SELECT `+shareColumns+` FROM sharing_shares s
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
	if err := readGrants(ctx, tx, now, &share); err != nil {
		return sharing.StoredShare{}, err
	}
	if len(share.Grants) == 0 {
		return sharing.StoredShare{}, sharing.ErrNoSuchShare
	}
	return share, nil
}

func scanString(r sqldb.Row) (s string, err error) {
	return s, r.Scan(&s)
}

// Revoke takes scopes from every grant of a share, or removes it.
func (s *Store) Revoke(ctx context.Context, now time.Time, a sharing.Act, o sharing.RevokeOrder) (left *sharing.StoredShare, c sharing.Change, err error) {
	err = s.db.WriteAbout(ctx, about(o.Grantee), func(tx *sql.Tx) error {
		left, c = nil, sharing.Change{}
		share, err := findShare(ctx, tx, now, o.ServerID, o.Grantee)
		if errors.Is(err, sharing.ErrNoSuchShare) {
			return nil
		}
		if err != nil {
			return err
		}
		var taken []string
		for _, base := range share.Bases {
			if o.All || slices.Contains(o.Bases, base) {
				taken = append(taken, base)
			}
		}
		if len(taken) == 0 {
			left = &share
			return nil
		}
		if len(taken) == len(share.Bases) {
			_, err = exec(ctx, tx, `DELETE FROM sharing_shares WHERE id = $1`, share.ID)
		} else {
			_, err = exec(ctx, tx, `DELETE FROM sharing_grants WHERE share_id = $1 AND `+s.db.Dialect().In("base", 2),
				share.ID, s.db.Dialect().Strings(taken))
			left = &share
		}
		if err != nil {
			return fmt.Errorf("take from a share: %w", err)
		}
		if left != nil {
			if err := readGrants(ctx, tx, now, left); err != nil {
				return err
			}
		}
		action := sharing.ActionRevoke
		if o.Leave {
			action = sharing.ActionLeave
		}
		c, err = appendChange(ctx, tx, touching(sharing.Change{
			At: now, Action: action, ActorID: a.Actor.ID, ServerID: o.ServerID, Record: a.Record(taken),
		}, o.Grantee))
		return err
	})
	return settled(left, c, err)
}

// RevokeAll removes every share of a server.
func (s *Store) RevokeAll(ctx context.Context, now time.Time, a sharing.Act, serverID string) (n int, c sharing.Change, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		c = sharing.Change{}
		// Ended ones go as well, but nobody's access differs by that.
		gone, err := query(within(ctx, tx), scanShare, `SELECT `+shareColumns+` FROM sharing_shares s WHERE s.server_id = $2 AND `+liveShare,
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
		c = sharing.Change{At: now, Action: sharing.ActionRevokeAll, ActorID: a.Actor.ID, ServerID: serverID, Record: a.Record(nil)}
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
	// The ids alone come from an index, and once for both the number and the page; only the rows of the page are read.
	text := `WITH hits AS MATERIALIZED (SELECT s.id FROM sharing_shares s WHERE ` + where + ` AND ` + liveListed + `),
		page AS (SELECT id FROM hits ORDER BY id` + limit(args) + `)
		SELECT ` + shareColumns + `, total.n FROM (SELECT count(*) AS n FROM hits) AS total
		LEFT JOIN sharing_shares s ON s.id IN (SELECT id FROM page) ORDER BY s.id`
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		page.Items = nil
		_, err := query(within(ctx, tx), func(r sqldb.Row) (none struct{}, err error) {
			share, found, err := scanListed(r, &page.Total)
			if found {
				page.Items = append(page.Items, share)
			}
			return none, err
		}, text, append(args, max(w.Limit, 0), max(w.Offset, 0))...)
		if err != nil {
			return fmt.Errorf("read shares: %w", err)
		}
		return s.addGrants(ctx, tx, now, page.Items)
	})
	return page, err
}

// scanListed is scanShare where the number of all stands behind a share, and in a row of its own if the page has none.
func scanListed(r sqldb.Row, total *int) (share sharing.StoredShare, found bool, err error) {
	var server, owner, user, group sql.NullString
	var id, created sql.NullInt64
	err = r.Scan(&id, &server, &owner, &user, &group, &created, total)
	return sharing.StoredShare{
		ID: id.Int64, Place: sharing.Place{ServerID: server.String, OwnerID: owner.String}, Grantee: granteeOf(user, group), CreatedAt: timeOf(created),
	}, id.Valid, err
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
	if f.CodeID != 0 {
		args = append(args, f.CodeID)
		all = append(all, fmt.Sprintf(`EXISTS (SELECT 1 FROM sharing_grants g WHERE g.share_id = s.id AND g.code_id = $%d AND `+live+`)`, len(args)))
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

// limit cuts a list by the two arguments that come behind args. SQLite looks into a LIMIT that is a bare argument when it makes its plan, and so
// makes another one each time; into this it cannot look.
func limit(args []any) string {
	return fmt.Sprintf(` LIMIT CAST($%d AS BIGINT) OFFSET CAST($%d AS BIGINT)`, len(args)+1, len(args)+2)
}

// ScopesOf sums the live grants of a user and of groups.
func (s *Store) ScopesOf(ctx context.Context, now time.Time, userID string, groupIDs []string) (out []sharing.ServerScopes, until time.Time, err error) {
	type held struct {
		sharing.Place
		base string
		end  time.Time // zero = never
	}
	rows, err := query(s.alone(ctx), func(r sqldb.Row) (h held, err error) {
		var at sql.NullInt64
		err = r.Scan(&h.ServerID, &h.OwnerID, &h.base, &at)
		h.end = timeOf(at)
		return h, err
		// max() skips NULL, so a base that is also held for ever is told by the count of rows without an end.
	}, `SELECT s.server_id, min(s.owner_id), g.base, CASE WHEN count(*) = count(g.expires_at) THEN max(g.expires_at) END
		FROM sharing_shares s JOIN sharing_grants g ON g.share_id = s.id
		WHERE (s.user_id = $2 OR `+s.db.Dialect().In("s.group_id", 3)+`) AND `+live+`
		GROUP BY s.server_id, g.base ORDER BY s.server_id, g.base`, now.UnixMicro(), userID, s.db.Dialect().Strings(groupIDs))
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
