package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/sharing"
)

// Exchange turns a code into a grant to the visitor, and counts it.
func (s *Store) Exchange(ctx context.Context, now time.Time, a sharing.Act, p sharing.Probe, visitor sharing.Ref) (share sharing.StoredShare, c sharing.Change, err error) {
	if visitor.Kind != sharing.KindUser {
		return share, c, fmt.Errorf("a %q cannot exchange a code", visitor.Kind)
	}
	x := exchange{ctx: ctx, now: now, act: a, probe: p, to: sharing.Grantee{Kind: sharing.KindUser, ID: visitor.ID}}
	s.exchanges.do(&x, s.exchangeAll)
	return settled(x.share, x.change, x.err)
}

// exchangeAll answers each of them, who are different visitors.
func (s *Store) exchangeAll(all []*exchange) {
	err, certain := s.exchangeTogether(all)
	switch {
	case err == nil:
	case certain && len(all) > 1: // what was wrong with one must not become the fate of all
		for _, x := range all {
			s.exchangeAll([]*exchange{x})
		}
	default:
		for _, x := range all {
			x.err = err
		}
	}
}

// errOvertaken takes back exchanges of a code that others deleted or used up since it was read.
var errOvertaken = errors.New("overtaken by another exchange")

// exchangeTogether does them in one transaction; certain says that one which failed did so before its commit, and so left nothing behind.
func (s *Store) exchangeTogether(all []*exchange) (err error, certain bool) {
	ctx, done := shared(all)
	defer done()
	visitors := make([]sharing.Grantee, len(all))
	for i, x := range all {
		visitors[i] = x.to
	}
	attempt := func(hold bool) error {
		return s.db.WriteAbout(ctx, about(visitors...), func(tx *sql.Tx) error {
			err := s.exchangeWithin(ctx, tx, all, hold)
			certain = err != nil
			return err
		})
	}
	if err = attempt(false); errors.Is(err, errOvertaken) {
		err = attempt(true)
	}
	return err, certain
}

// exchangeWithin answers each. With hold nobody else can change the codes after they are read.
func (s *Store) exchangeWithin(ctx context.Context, tx *sql.Tx, all []*exchange, hold bool) error {
	var b sqldb.Batch
	var codes []storedCode
	text := codesLike
	if hold && s.db.Dialect() == sqldb.PostgreSQL { // elsewhere nobody else writes anyway
		text += ` FOR UPDATE`
	}
	b.Rows(func(r sqldb.Row) error {
		code, err := scanCode(r)
		codes = append(codes, code)
		return err
	}, text, all[0].probe.Prefix)
	visitors := make([]sharing.Grantee, len(all))
	for i, x := range all {
		visitors[i] = x.to
	}
	// Where there is a code, its server and that one's owner are not gone.
	found := s.look(&b, s.db.Dialect().Among("s.server_id", `SELECT c.server_id FROM sharing_codes c WHERE c.prefix = $1`), all[0].probe.Prefix, visitors)
	if err := b.Run(ctx, tx); err != nil {
		return fmt.Errorf("read codes and shares: %w", err)
	}
	for _, x := range all {
		if x.present(codes); x.err == nil {
			found.about(&x.grant)
		}
	}
	var granted []*granting
	uses := map[int64]*use{}
	for _, x := range all {
		if x.err == nil && x.judge(uses) {
			granted = append(granted, &x.grant)
		}
	}
	if len(granted) == 0 {
		return nil
	}
	if err := s.writeShares(ctx, tx, granted); err != nil {
		return err
	}
	return finish(ctx, tx, all, uses)
}

// present sees whether there is a code for x.
func (x *exchange) present(codes []storedCode) {
	x.share, x.change, x.err = sharing.StoredShare{}, sharing.Change{}, nil
	code, ok := matching(codes, x.now, x.probe)
	switch {
	case !ok:
		x.err = sharing.ErrCodeNotFound
	case code.OwnerID == x.to.ID:
		x.err = sharing.ErrOwnCode
	default:
		x.code = code
		x.grant = granting{Place: code.Place, now: x.now, to: x.to, bases: code.Bases, codeID: code.ID, actor: x.to.ID, Ends: ends(code.Terms, x.now)}
	}
}

// judge sees whether x gets what it wants, and counts it if so.
func (x *exchange) judge(uses map[int64]*use) bool {
	u := uses[x.code.ID]
	if u == nil {
		u = &use{}
	}
	switch {
	case x.code.MaxUses > 0 && x.code.Exchanges+u.n >= x.code.MaxUses:
		x.share, x.err = x.cameBy()
		return false
	case x.grant.gone != nil:
		x.err = x.grant.gone
		return false
	}
	x.grant.decide()
	uses[x.code.ID], u.n, u.last = u, u.n+1, x.now
	x.change = touching(sharing.Change{
		At: x.now, Action: sharing.ActionExchange, ActorID: x.to.ID, ServerID: x.code.ServerID, CodeID: sharing.CodeID(x.code.ID),
		Record: x.act.Record(x.code.Bases),
	}, x.to)
	return true
}

// cameBy gives the share of a visitor who has a live grant by a code that is spent, and ErrCodeSpent to all others.
func (x *exchange) cameBy() (sharing.StoredShare, error) {
	share := x.grant.result()
	if !slices.ContainsFunc(share.Grants, func(g sharing.StoredGrant) bool { return g.CodeID == x.code.ID }) {
		return sharing.StoredShare{}, sharing.ErrCodeSpent
	}
	return share, nil
}

// finish writes what hangs on the shares.
func finish(ctx context.Context, tx *sql.Tx, all []*exchange, uses map[int64]*use) error {
	var b sqldb.Batch
	for _, x := range all {
		if x.change.Action == "" {
			continue
		}
		x.share = x.grant.result()
		x.grant.writeGrants(&b)
		if err := addChange(&b, &x.change); err != nil {
			return err
		}
	}
	// All who exchange a code wait for its row, so it comes last. Whoever finds it deleted or used up by then came too late (SH-45 d).
	for _, id := range slices.Sorted(maps.Keys(uses)) {
		uses[id].write(&b, id)
	}
	if err := b.Run(ctx, tx); err != nil {
		return fmt.Errorf("exchange a code: %w", err)
	}
	for _, u := range uses {
		if u.written == 0 {
			return errOvertaken
		}
	}
	return nil
}

// use is how often a code was exchanged in one transaction.
type use struct {
	n       int
	last    time.Time
	written int64 // the code's id, if it was there
}

func (u *use) write(b *sqldb.Batch, id int64) {
	b.Add(&u.written, `UPDATE sharing_codes SET exchange_count = exchange_count + $1, last_exchanged_at = $2
		WHERE id = $3 AND (max_uses = 0 OR exchange_count + $1 <= max_uses) RETURNING id`, u.n, u.last.UnixMicro(), id)
}

// ends is when access ends that is granted now on these terms.
func ends(t sharing.Terms, now time.Time) sharing.Ends {
	e := sharing.Ends{Session: t.Session}
	if t.Lifetime > 0 {
		e.ExpiresAt = now.Add(t.Lifetime)
	}
	return e
}
