package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/sharing"
)

// perLook is of how many orders it is looked up at once what there is.
const perLook = 256

// Seed leaves what as many calls of Grant would, with a few statements for many shares.
func (s *Store) Seed(ctx context.Context, now time.Time, list []sharing.SeedOrder) (c sharing.Change, err error) {
	for _, o := range list {
		if len(o.Bases) == 0 {
			return c, errors.New("a grant without scopes")
		}
		if _, err := granteeColumn(o.Grantee); err != nil {
			return c, err
		}
	}
	// It is about so many that it may as well be alone.
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		c = sharing.Change{}
		fresh, added, err := s.sow(ctx, tx, now, list)
		if err != nil {
			return err
		}
		if err := s.writeFresh(ctx, tx, now, fresh); err != nil {
			return fmt.Errorf("add shares: %w", err)
		}
		if len(fresh) == 0 && !added {
			return nil
		}
		c, err = appendChange(ctx, tx, sharing.Change{At: now, Action: sharing.ActionSeed, Record: sharing.Act{}.Record(basesOf(list))})
		return err
	})
	if err != nil {
		return sharing.Change{}, err
	}
	return c, nil
}

func basesOf(list []sharing.SeedOrder) []string {
	all := map[string]bool{}
	for _, o := range list {
		for _, base := range o.Bases {
			all[base] = true
		}
	}
	bases := make([]string, 0, len(all))
	for base := range all {
		bases = append(bases, base)
	}
	return sorted(bases)
}

// sow adds to the shares that there are, says whether that changed something, and gives those that have to be made, in the order of the list and each once.
func (s *Store) sow(ctx context.Context, tx *sql.Tx, now time.Time, list []sharing.SeedOrder) (fresh []sharing.SeedOrder, added bool, err error) {
	list = merged(list)
	var any bool
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sharing_shares) OR EXISTS (SELECT 1 FROM sharing_gone)`).Scan(&any)
	if err != nil || !any {
		return list, false, err
	}
	for part := range slices.Chunk(list, perLook) {
		held, err := s.findHeld(ctx, tx, now, part)
		if err != nil {
			return nil, false, err
		}
		var old []*granting
		var b sqldb.Batch
		for i, g := range held {
			old = append(old, g)
			if g.held.ID == 0 {
				fresh = append(fresh, part[i])
				g.held.ID = -1 // is made later, by writeFresh
				continue
			}
			added = added || len(g.fresh) > 0
			g.writeGrants(&b)
		}
		if err := s.writeShares(ctx, tx, old); err != nil { // takes away those that have ended
			return nil, false, err
		}
		if err := b.Run(ctx, tx); err != nil {
			return nil, false, fmt.Errorf("add grants: %w", err)
		}
	}
	return fresh, added, nil
}

// findHeld finds out what there is of each share, and what is to be done about it; the error is a GoneError for the first of which something is gone.
func (s *Store) findHeld(ctx context.Context, tx *sql.Tx, now time.Time, part []sharing.SeedOrder) ([]*granting, error) {
	var servers []string
	var grantees []sharing.Grantee
	var others []sharing.GoneError
	for _, o := range part {
		servers, grantees, others = append(servers, o.ServerID), append(grantees, o.Grantee), append(others, o.Involved()[:2]...)
	}
	var b sqldb.Batch
	d := s.db.Dialect()
	found := s.look(&b, d.In("s.server_id", 1), d.Strings(servers), grantees, others...)
	if err := b.Run(ctx, tx); err != nil {
		return nil, fmt.Errorf("read shares: %w", err)
	}
	out := make([]*granting, len(part))
	for i, o := range part {
		g := &granting{Place: o.Place, now: now, to: o.Grantee, bases: o.Bases, codeID: direct, actor: o.OwnerID}
		if found.about(g); g.gone != nil {
			return nil, g.gone
		}
		g.decide()
		out[i] = g
	}
	return out, nil
}

// merged gives each pair of server and grantee once, in the place of its first, with the bases of all.
func merged(list []sharing.SeedOrder) []sharing.SeedOrder {
	out := make([]sharing.SeedOrder, 0, len(list))
	at := make(map[pair]int, len(list))
	for _, o := range list {
		key := pair{o.ServerID, o.Grantee}
		i, ok := at[key]
		if !ok {
			at[key] = len(out)
			out = append(out, o)
			continue
		}
		out[i].Bases = sorted(slices.Concat(out[i].Bases, o.Bases))
	}
	return out
}

// writeFresh makes shares that are not there, each with its grants, in the order of the list.
func (s *Store) writeFresh(ctx context.Context, tx *sql.Tx, now time.Time, list []sharing.SeedOrder) error {
	if len(list) == 0 {
		return nil
	}
	if s.db.Dialect() == sqldb.PostgreSQL {
		return writeRuns(ctx, tx, now, list)
	}
	return writeRows(ctx, tx, now, list)
}

// seedRun makes shares that have one list of bases, with their grants.
const seedRun = `
	WITH made AS (
		INSERT INTO sharing_shares (server_id, owner_id, user_id, group_id, created_at)
		SELECT server, owner, nullif(person, ''), nullif(team, ''), $6::bigint
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS t (server, owner, person, team, n) ORDER BY n
		RETURNING id, owner_id)
	INSERT INTO sharing_grants (share_id, code_id, base, session, expires_at, created_at, created_by)
	SELECT made.id, 0, base, 0, NULL, $6::bigint, made.owner_id FROM made CROSS JOIN unnest($5::text[]) AS base`

// writeRuns sends a statement for each run of shares with the same bases, all at once.
func writeRuns(ctx context.Context, tx *sql.Tx, now time.Time, list []sharing.SeedOrder) error {
	var b sqldb.Batch
	for len(list) > 0 {
		n := 1
		for n < len(list) && slices.Equal(list[n].Bases, list[0].Bases) {
			n++
		}
		columns := make([][]string, 4)
		for _, o := range list[:n] {
			user, group := o.Grantee.ID, ""
			if o.Grantee.Kind == sharing.KindGroup {
				user, group = "", o.Grantee.ID
			}
			for i, v := range []string{o.ServerID, o.OwnerID, user, group} {
				columns[i] = append(columns[i], v)
			}
		}
		d := sqldb.PostgreSQL
		b.Add(nil, seedRun, d.Strings(columns[0]), d.Strings(columns[1]), d.Strings(columns[2]), d.Strings(columns[3]),
			d.Strings(sorted(list[0].Bases)), now.UnixMicro())
		list = list[n:]
	}
	return b.Run(ctx, tx)
}

// perStatement is how many shares one statement makes: with more, SQLite's driver takes longer to find the arguments of each than is saved.
const perStatement = 20

var (
	seedOne  = seedRows(1)
	seedMany = seedRows(perStatement)
)

// seedRows makes so many shares. The ids ascend in the order of the rows, without gaps: there is one writer.
func seedRows(n int) string {
	return `INSERT INTO sharing_shares (server_id, owner_id, user_id, group_id, created_at)
		SELECT column1, column2, column3, column4, ? FROM (VALUES ` + strings.Repeat(`(?, ?, ?, ?), `, n-1) + `(?, ?, ?, ?))`
}

// seedGrants grants bases under the shares in ranges of ids.
const seedGrants = `
	INSERT INTO sharing_grants (share_id, code_id, base, session, expires_at, created_at, created_by)
	SELECT s.id, 0, b.value, 0, NULL, ?, s.owner_id
	FROM json_each(?) r CROSS JOIN sharing_shares s CROSS JOIN json_each(?) b
	WHERE s.id BETWEEN r.value ->> 0 AND r.value ->> 1`

// writeRows makes all shares, many with each statement, and then the grants of each list of bases with one.
func writeRows(ctx context.Context, tx *sql.Tx, now time.Time, list []sharing.SeedOrder) error {
	at := now.UnixMicro()
	var b sqldb.Batch
	for left := list; len(left) > 0; {
		n, text := 1, seedOne
		if len(left) >= perStatement {
			n, text = perStatement, seedMany
		}
		args := make([]any, 1, 1+4*n)
		args[0] = at
		for _, o := range left[:n] {
			if o.Grantee.Kind == sharing.KindGroup {
				args = append(args, o.ServerID, o.OwnerID, nil, o.Grantee.ID)
			} else {
				args = append(args, o.ServerID, o.OwnerID, o.Grantee.ID, nil)
			}
		}
		b.Add(nil, text, args...)
		left = left[n:]
	}
	if err := b.Run(ctx, tx); err != nil {
		return err
	}
	var last int64
	if err := tx.QueryRowContext(ctx, `SELECT seq FROM sqlite_sequence WHERE name = 'sharing_shares'`).Scan(&last); err != nil {
		return err
	}
	b = sqldb.Batch{}
	for _, r := range rangesOf(list, last-int64(len(list))+1) {
		ids, err := json.Marshal(r.ids)
		if err != nil {
			return err
		}
		b.Add(nil, seedGrants, at, string(ids), sqldb.SQLite.Strings(r.bases))
	}
	return b.Run(ctx, tx)
}

// ranges are the shares that get the same bases.
type ranges struct {
	bases []string
	ids   [][2]int64 // from and to
}

// rangesOf finds them in a list of shares whose ids ascend from first on.
func rangesOf(list []sharing.SeedOrder, first int64) (out []*ranges) {
	by := map[string]*ranges{}
	var r *ranges // of the one before
	for i, o := range list {
		if i > 0 && slices.Equal(o.Bases, list[i-1].Bases) {
			r.ids[len(r.ids)-1][1]++
			continue
		}
		key := strings.Join(o.Bases, "\x00")
		if r = by[key]; r == nil {
			r = &ranges{bases: sorted(o.Bases)}
			by[key], out = r, append(out, r)
		}
		id := first + int64(i)
		r.ids = append(r.ids, [2]int64{id, id})
	}
	return out
}
