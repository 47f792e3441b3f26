package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/sharing"
)

// granting is what one grantee gets from one origin.
type granting struct {
	sharing.Place
	now    time.Time
	to     sharing.Grantee
	bases  []string
	codeID int64
	actor  string
	sharing.Ends

	// What is there: see findings.
	gone *sharing.GoneError
	held sharing.StoredShare // without its grants; ID 0 = none
	rows []grantRow          // under it, ended ones too
	// What is to be done: see decide.
	ended int64      // the id of a share to remove; 0 = none
	fresh []grantRow // to write
}

// findings are what there is of the shares of some grantees, and who is gone.
type findings struct {
	gone  []sharing.GoneError
	found map[pair]*granting
}

// pair is whom a share is between.
type pair struct {
	serverID string
	to       sharing.Grantee
}

// look adds the statements that find out about these grantees and whatever else may be gone. servers is a condition on s.server_id with server for $1.
func (s *Store) look(b *sqldb.Batch, servers string, server any, grantees []sharing.Grantee, others ...sharing.GoneError) *findings {
	f := &findings{found: map[pair]*granting{}}
	var ids []string
	for _, g := range others {
		ids = append(ids, g.ID)
	}
	by := map[string][]string{}
	for _, g := range grantees {
		ids, by[g.Kind] = append(ids, g.ID), append(by[g.Kind], g.ID)
	}
	d := s.db.Dialect()
	b.Rows(func(r sqldb.Row) error {
		var g sharing.GoneError
		err := r.Scan(&g.Kind, &g.ID)
		f.gone = append(f.gone, g)
		return err
	}, `SELECT kind, id FROM sharing_gone WHERE kind IN ('server', 'user', 'group') AND `+d.In("id", 1), d.Strings(ids))
	for _, kind := range []string{sharing.KindUser, sharing.KindGroup} {
		if column := granteeColumns[kind]; len(by[kind]) > 0 {
			b.Rows(f.add, `SELECT `+shareColumns+`, g.code_id, g.base, g.session, g.expires_at, g.created_at, g.created_by
				FROM sharing_shares s LEFT JOIN sharing_grants g ON g.share_id = s.id
				WHERE `+servers+` AND `+d.In("s."+column, 2), server, d.Strings(by[kind]))
		}
	}
	return f
}

// add takes up a share with one row of its grants, which has no base if there are none.
func (f *findings) add(r sqldb.Row) error {
	var (
		share                          sharing.StoredShare
		user, group, base, actor       sql.NullString
		made, code, session, end, when sql.NullInt64
	)
	err := r.Scan(&share.ID, &share.ServerID, &share.OwnerID, &user, &group, &made, &code, &base, &session, &end, &when, &actor)
	if err != nil {
		return err
	}
	share.Grantee, share.CreatedAt = granteeOf(user, group), timeOf(made)
	key := pair{share.ServerID, share.Grantee}
	if f.found[key] == nil {
		f.found[key] = &granting{held: share}
	}
	if base.Valid {
		f.found[key].rows = append(f.found[key].rows, grantRow{
			share: share.ID, base: base.String, codeID: code.Int64, actor: actor.String, at: timeOf(when),
			Ends: sharing.Ends{Session: session.Int64 != 0, ExpiresAt: timeOf(end)},
		})
	}
	return nil
}

// about fills in what was found for one.
func (f *findings) about(g *granting) {
	if found := f.found[pair{g.ServerID, g.to}]; found != nil {
		g.held, g.rows = found.held, found.rows
	}
	for _, involved := range []sharing.GoneError{{Kind: sharing.KindServer, ID: g.ServerID}, {Kind: sharing.KindUser, ID: g.OwnerID}, {Kind: g.to.Kind, ID: g.to.ID}} {
		if g.gone == nil && slices.Contains(f.gone, involved) {
			g.gone = &involved
		}
	}
}

// decide says what must be written so that the grantee has what they get.
func (g *granting) decide() {
	// A share of which everything has ended is none, so the next one is new (SH-41).
	if !slices.ContainsFunc(g.rows, func(r grantRow) bool { return !over(r.ExpiresAt, g.now) }) {
		g.ended, g.rows = g.held.ID, nil
		g.held = sharing.StoredShare{Place: g.Place, Grantee: g.to, CreatedAt: micro(g.now)}
	}
	for _, base := range g.bases {
		row := grantRow{base: base, codeID: g.codeID, actor: g.actor, at: micro(g.now), Ends: sharing.Ends{Session: g.Session, ExpiresAt: micro(g.ExpiresAt)}}
		i := slices.IndexFunc(g.rows, func(r grantRow) bool { return r.codeID == g.codeID && r.base == base && r.Session == g.Session })
		switch {
		case i < 0:
			g.rows = append(g.rows, row)
		// A later end replaces an earlier one, never the other way round: grants do not take away (SH-40).
		case compareEnds(row.ExpiresAt, g.rows[i].ExpiresAt) > 0:
			g.rows[i] = row
		default:
			continue
		}
		g.fresh = append(g.fresh, row)
	}
}

// writeShares makes the shares that are not there, instead of those that have ended.
func (s *Store) writeShares(ctx context.Context, tx *sql.Tx, list []*granting) error {
	var ended []int64
	for _, g := range list {
		if g.ended != 0 {
			ended = append(ended, g.ended)
		}
	}
	var b sqldb.Batch
	if len(ended) > 0 {
		b.Add(nil, `DELETE FROM sharing_shares WHERE `+s.db.Dialect().In("id", 1), s.db.Dialect().Integers(ended))
	}
	for _, g := range list {
		if g.held.ID != 0 {
			continue
		}
		name, err := granteeColumn(g.to)
		if err != nil {
			return err
		}
		b.Add(&g.held.ID, `INSERT INTO sharing_shares (server_id, owner_id, `+name+`, created_at) VALUES ($1, $2, $3, $4) RETURNING id`,
			g.ServerID, g.OwnerID, g.to.ID, g.now.UnixMicro())
	}
	if err := b.Run(ctx, tx); err != nil {
		return fmt.Errorf("add shares: %w", err)
	}
	return nil
}

// writeGrants adds what is new under a share that is there now.
func (g *granting) writeGrants(b *sqldb.Batch) {
	for _, row := range g.fresh {
		b.Add(nil, `INSERT INTO sharing_grants (share_id, code_id, base, session, expires_at, created_at, created_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (share_id, code_id, base, session) DO UPDATE
			SET expires_at = excluded.expires_at, created_at = excluded.created_at, created_by = excluded.created_by`,
			g.held.ID, row.codeID, row.base, flag(row.Session), end(row.ExpiresAt), row.at.UnixMicro(), row.actor)
	}
}

// result is the share as it is now.
func (g *granting) result() sharing.StoredShare {
	share := g.held
	gather(&share, slices.DeleteFunc(slices.Clone(g.rows), func(r grantRow) bool { return over(r.ExpiresAt, g.now) }))
	return share
}

// grantRow is one base of a grant, as it is kept.
type grantRow struct {
	share  int64
	base   string
	codeID int64
	actor  string
	at     time.Time
	sharing.Ends
}

const grantColumns = `g.share_id, g.code_id, g.base, g.session, g.expires_at, g.created_at, g.created_by`

func scanGrant(r sqldb.Row) (g grantRow, err error) {
	var session int
	var ends, made sql.NullInt64
	err = r.Scan(&g.share, &g.codeID, &g.base, &session, &ends, &made, &g.actor)
	g.Session, g.ExpiresAt, g.at = session != 0, timeOf(ends), timeOf(made)
	return g, err
}

// readGrants fills in what a share grants now.
func readGrants(ctx context.Context, tx *sql.Tx, now time.Time, share *sharing.StoredShare) error {
	rows, err := query(within(ctx, tx), scanGrant, `SELECT `+grantColumns+` FROM sharing_grants g WHERE g.share_id = $2 AND `+live, now.UnixMicro(), share.ID)
	if err != nil {
		return fmt.Errorf("read the grants of a share: %w", err)
	}
	gather(share, rows)
	return nil
}

// addGrants fills in what a page of shares grants, with one query.
func (s *Store) addGrants(ctx context.Context, tx *sql.Tx, now time.Time, shares []sharing.StoredShare) error {
	ids := make([]int64, len(shares))
	for i, share := range shares {
		ids[i] = share.ID
	}
	rows, err := query(within(ctx, tx), scanGrant, `SELECT `+grantColumns+` FROM sharing_grants g
		WHERE `+s.db.Dialect().In("g.share_id", 2)+` AND `+live, now.UnixMicro(), s.db.Dialect().Integers(ids))
	if err != nil {
		return fmt.Errorf("read the grants of shares: %w", err)
	}
	of := make(map[int64][]grantRow, len(shares))
	for _, row := range rows {
		of[row.share] = append(of[row.share], row)
	}
	for i := range shares {
		gather(&shares[i], of[shares[i].ID])
	}
	return nil
}

// gather puts together what came from one origin and ends at one time.
func gather(share *sharing.StoredShare, rows []grantRow) {
	slices.SortFunc(rows, func(a, b grantRow) int {
		return cmp.Or(cmp.Compare(a.codeID, b.codeID), cmp.Compare(flag(a.Session), flag(b.Session)), compareEnds(a.ExpiresAt, b.ExpiresAt), cmp.Compare(a.base, b.base))
	})
	share.Bases, share.Grants = make([]string, 0, len(rows)), nil
	for _, row := range rows {
		share.Bases = append(share.Bases, row.base)
		n := len(share.Grants)
		if n == 0 || share.Grants[n-1].CodeID != row.codeID || share.Grants[n-1].Ends != row.Ends {
			share.Grants = append(share.Grants, sharing.StoredGrant{CodeID: row.codeID, Ends: row.Ends})
			n++
		}
		g := &share.Grants[n-1]
		g.Bases = append(g.Bases, row.base)
		if row.at.After(g.GrantedAt) {
			g.GrantedAt, g.ActorID = row.at, row.actor
		}
	}
	share.Bases = sorted(share.Bases)
}

// compareEnds puts never last.
func compareEnds(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

// sorted gives texts in order, each once.
func sorted(texts []string) []string {
	out := slices.Sorted(slices.Values(texts))
	return slices.Compact(out)
}

// flag is a bool as a column holds it.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// EndSession removes the grants on a server that end when it stops.
func (s *Store) EndSession(ctx context.Context, now time.Time, a sharing.Act, serverID string) (n int, c sharing.Change, err error) {
	// Servers stop often and few are shared like this, so a look that holds nobody up comes first.
	any := 0
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM sharing_grants g WHERE `+onServer+` AND g.session = 1`, serverID).Scan(&any)
	})
	if err != nil {
		return 0, c, fmt.Errorf("look for grants that end with a server: %w", err)
	}
	if any == 0 {
		return 0, c, nil
	}
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		c = sharing.Change{}
		ended, err := endGrants(ctx, tx, now, serverID, `g.session = 1`)
		if n = len(ended); err != nil || n == 0 {
			return err
		}
		c = sharing.Change{At: now, Action: sharing.ActionEndSession, ActorID: a.Actor.ID, ServerID: serverID, Record: a.Record(nil)}
		c, err = appendChange(ctx, tx, touching(c, ended...))
		return err
	})
	return settled(n, c, err)
}

// onServer is the condition on a grant under a share of server $1.
const onServer = `g.share_id IN (SELECT s.id FROM sharing_shares s WHERE s.server_id = $1)`

// endGrants removes the grants on a server that a condition chooses, which may use arguments from $2 on, and gives the grantees who had a live one.
func endGrants(ctx context.Context, tx *sql.Tx, now time.Time, serverID, condition string, args ...any) (grantees []sharing.Grantee, err error) {
	type hit struct {
		share int64
		live  bool
	}
	hits, err := query(within(ctx, tx), func(r sqldb.Row) (h hit, err error) {
		var at sql.NullInt64
		err = r.Scan(&h.share, &at)
		h.live = !at.Valid || at.Int64 > now.UnixMicro()
		return h, err
	}, `DELETE FROM sharing_grants AS g WHERE `+onServer+` AND `+condition+` RETURNING share_id, expires_at`, append([]any{serverID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("end grants: %w", err)
	}
	had := map[int64]bool{}
	for _, h := range hits {
		had[h.share] = had[h.share] || h.live
	}
	if len(had) == 0 {
		return nil, nil
	}
	shares, err := query(within(ctx, tx), scanShare, `SELECT `+shareColumns+` FROM sharing_shares s WHERE s.server_id = $1`, serverID)
	if err != nil {
		return nil, fmt.Errorf("read the shares of a server: %w", err)
	}
	for _, share := range shares {
		if had[share.ID] {
			grantees = append(grantees, share.Grantee)
		}
	}
	if _, err := exec(ctx, tx, `DELETE FROM sharing_shares AS s WHERE s.server_id = $2 AND NOT `+liveShare, now.UnixMicro(), serverID); err != nil {
		return nil, fmt.Errorf("remove ended shares: %w", err)
	}
	return grantees, nil
}
