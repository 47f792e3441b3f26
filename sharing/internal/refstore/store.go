// Package refstore is a sharing.Store to compare others with: slices that are searched from the front, and the rules one by one, with nothing
// done for speed. What it says is right by being easy to read; it passes the conformance suite like any other store. It is no store for a hub:
// nothing outlives the process.
//
//	want := refstore.New()
//	shares, change, err := want.Grant(ctx, now, act, order) // the same calls as on the store that is tested, in the same order
//	before := want.Clone()                                  // a state to come back to
package refstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hubshare/hubshare/sharing"
)

// grant is one scope of one origin under a share; with and without session it is there twice.
type grant struct {
	code int64 // the code that it came by; 0 = granted directly
	base string
	sharing.Ends
	actor string
	at    time.Time
}

func (g grant) live(now time.Time) bool { return g.ExpiresAt.IsZero() || g.ExpiresAt.After(now) }

type share struct {
	sharing.StoredShare // Bases and Grants are not used
	grants              []grant
}

type code struct {
	sharing.StoredCode
	prefix, hash string
}

type gone struct {
	sharing.GoneError
	at time.Time
}

type tally struct {
	sharing.Tally
	period int64 // since the beginning of Unix time
	n      int
}

// Store is a sharing.Store in plain memory, safe for concurrent use. Ids and sequence numbers count from 1 without gaps.
type Store struct {
	mu                           sync.Mutex
	shares                       []share
	codes                        []code
	gone                         []gone
	tallies                      []tally
	changes                      []sharing.Change
	lastShare, lastCode, lastSeq int64
}

var _ sharing.Store = (*Store)(nil)

// New makes an empty store.
func New() *Store { return &Store{} }

// Clone gives a store in the same state that goes its own way from here.
func (s *Store) Clone() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &Store{
		shares: slices.Clone(s.shares), codes: slices.Clone(s.codes), gone: slices.Clone(s.gone), tallies: slices.Clone(s.tallies),
		changes: slices.Clone(s.changes), lastShare: s.lastShare, lastCode: s.lastCode, lastSeq: s.lastSeq,
	}
	for i := range c.shares {
		c.shares[i].grants = slices.Clone(c.shares[i].grants)
	}
	return c
}

// micro is a time as stores keep it.
func micro(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return time.UnixMicro(t.UnixMicro()).UTC()
}

// sorted gives a sorted copy without doubles.
func sorted(bases []string) []string { return slices.Compact(slices.Sorted(slices.Values(bases))) }

// stored is the share as it is told, by its live grants.
func (s share) stored(now time.Time) sharing.StoredShare {
	out := s.StoredShare
	out.Bases, out.Grants = nil, nil
	for _, g := range s.grants {
		if !g.live(now) {
			continue
		}
		out.Bases = append(out.Bases, g.base)
		i := slices.IndexFunc(out.Grants, func(other sharing.StoredGrant) bool { return other.CodeID == g.code && other.Ends == g.Ends })
		if i < 0 {
			out.Grants = append(out.Grants, sharing.StoredGrant{CodeID: g.code, Bases: []string{g.base}, ActorID: g.actor, GrantedAt: g.at, Ends: g.Ends})
			continue
		}
		together := &out.Grants[i]
		together.Bases = sorted(append(together.Bases, g.base))
		if g.at.After(together.GrantedAt) {
			together.ActorID, together.GrantedAt = g.actor, g.at
		}
	}
	if out.Bases != nil {
		out.Bases = sorted(out.Bases)
	}
	slices.SortFunc(out.Grants, func(a, b sharing.StoredGrant) int {
		return cmp.Or(cmp.Compare(a.CodeID, b.CodeID), compareBool(a.Session, b.Session), compareEnd(a.ExpiresAt, b.ExpiresAt))
	})
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// compareEnd has never last.
func compareEnd(a, b time.Time) int {
	if a.IsZero() || b.IsZero() {
		return compareBool(a.IsZero(), b.IsZero())
	}
	return a.Compare(b)
}

func (s share) live(now time.Time) bool { return len(s.stored(now).Bases) > 0 }

func (s *Store) record(now time.Time, c sharing.Change) sharing.Change {
	for _, ids := range []*[]string{&c.UserIDs, &c.GroupIDs} {
		slices.Sort(*ids)
		*ids = slices.Compact(*ids)
	}
	s.lastSeq++
	c.Seq, c.At = s.lastSeq, micro(now)
	s.changes = append(s.changes, c)
	return c
}

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

func (s *Store) refuseGone(involved ...sharing.GoneError) error {
	for _, g := range involved {
		if slices.ContainsFunc(s.gone, func(known gone) bool { return known.GoneError == g }) {
			return &g
		}
	}
	return nil
}

func ofPlace(p sharing.Place) []sharing.GoneError {
	return []sharing.GoneError{{Kind: sharing.KindServer, ID: p.ServerID}, {Kind: sharing.KindUser, ID: p.OwnerID}}
}

// index finds the share of a grantee, live or not; -1 = there is none.
func (s *Store) index(serverID string, g sharing.Grantee) int {
	return slices.IndexFunc(s.shares, func(sh share) bool { return sh.ServerID == serverID && sh.Grantee == g })
}

// may tells what keeps a grantee from getting something.
func (s *Store) may(at sharing.Place, g sharing.Grantee) error {
	if err := s.refuseGone(append(ofPlace(at), sharing.GoneError(g))...); err != nil {
		return err
	}
	if g.Kind != sharing.KindUser && g.Kind != sharing.KindGroup {
		return fmt.Errorf("%q is no kind of grantee", g.Kind)
	}
	return nil
}

// add is the one way in which a share gets something. Whether it may was asked before.
func (s *Store) add(now time.Time, at sharing.Place, to sharing.Grantee, bases []string, g grant) (out sharing.StoredShare, changed bool) {
	i := s.index(at.ServerID, to)
	if i >= 0 && !s.shares[i].live(now) {
		s.shares = slices.Delete(s.shares, i, i+1)
		i = -1
	}
	if i < 0 {
		s.lastShare++
		made := sharing.StoredShare{ID: s.lastShare, Place: at, Grantee: to, CreatedAt: micro(now)}
		s.shares = append(s.shares, share{StoredShare: made})
		i, changed = len(s.shares)-1, true
	}
	g.at, g.ExpiresAt = micro(now), micro(g.ExpiresAt)
	for _, g.base = range bases {
		grants := s.shares[i].grants
		same := slices.IndexFunc(grants, func(old grant) bool { return old.code == g.code && old.base == g.base && old.Session == g.Session })
		switch {
		case same < 0:
			s.shares[i].grants = append(grants, g)
			changed = true
		case compareEnd(g.ExpiresAt, grants[same].ExpiresAt) > 0:
			grants[same] = g
			changed = true
		}
	}
	return s.shares[i].stored(now), changed
}

// Grant makes shares or adds to their direct grants.
func (s *Store) Grant(_ context.Context, now time.Time, a sharing.Act, o sharing.GrantOrder) ([]sharing.StoredShare, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(o.Bases) == 0:
		return nil, sharing.Change{}, errors.New("a grant without scopes")
	case len(o.Grantees) == 0:
		return nil, sharing.Change{}, errors.New("a grant to nobody")
	case !o.ExpiresAt.IsZero() && !o.ExpiresAt.After(now):
		return nil, sharing.Change{}, errors.New("a grant that has ended already")
	}
	for _, to := range o.Grantees {
		if err := s.may(o.Place, to); err != nil {
			return nil, sharing.Change{}, err
		}
	}
	c := sharing.Change{Action: sharing.ActionGrant, ActorID: a.Actor.ID, ServerID: o.ServerID, Record: a.Record(sorted(o.Bases))}
	var all []sharing.StoredShare
	anything := false
	for _, to := range o.Grantees {
		out, changed := s.add(now, o.Place, to, o.Bases, grant{Ends: o.Ends, actor: a.Actor.ID})
		all = append(all, out)
		if changed {
			anything, c = true, touching(c, to)
		}
	}
	if !anything {
		return all, sharing.Change{}, nil
	}
	return all, s.record(now, c), nil
}

// Seed grants one after the other, as the owners.
func (s *Store) Seed(_ context.Context, now time.Time, list []sharing.SeedOrder) (sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range list {
		if len(o.Bases) == 0 {
			return sharing.Change{}, errors.New("a grant without scopes")
		}
		if err := s.may(o.Place, o.Grantee); err != nil {
			return sharing.Change{}, err
		}
	}
	var bases []string
	anything := false
	for _, o := range list {
		_, changed := s.add(now, o.Place, o.Grantee, o.Bases, grant{actor: o.OwnerID})
		anything = anything || changed
		bases = append(bases, o.Bases...)
	}
	if !anything {
		return sharing.Change{}, nil
	}
	return s.record(now, sharing.Change{Action: sharing.ActionSeed, Record: sharing.Act{}.Record(sorted(bases))}), nil
}

// Revoke takes scopes from every grant of a share, or removes it.
func (s *Store) Revoke(_ context.Context, now time.Time, a sharing.Act, o sharing.RevokeOrder) (*sharing.StoredShare, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(o.ServerID, o.Grantee)
	if i < 0 || !s.shares[i].live(now) {
		return nil, sharing.Change{}, nil
	}
	before := s.shares[i].stored(now)
	taken := slices.DeleteFunc(slices.Clone(before.Bases), func(base string) bool { return !o.All && !slices.Contains(o.Bases, base) })
	if len(taken) == 0 {
		return &before, sharing.Change{}, nil
	}
	s.shares[i].grants = slices.DeleteFunc(s.shares[i].grants, func(g grant) bool { return slices.Contains(taken, g.base) })
	left := s.shares[i].stored(now)
	if len(left.Bases) == 0 {
		s.shares = slices.Delete(s.shares, i, i+1)
	}
	c := sharing.Change{Action: sharing.ActionRevoke, ActorID: a.Actor.ID, ServerID: o.ServerID, Record: a.Record(taken)}
	if o.Leave {
		c.Action = sharing.ActionLeave
	}
	c = s.record(now, touching(c, o.Grantee))
	if len(left.Bases) == 0 {
		return nil, c, nil
	}
	return &left, c, nil
}

// losing names the grantees who would lose a live grant on a server if those that fit ended.
func (s *Store) losing(now time.Time, serverID string, fits func(grant) bool) (all []sharing.Grantee) {
	for _, sh := range s.shares {
		if sh.ServerID == serverID && slices.ContainsFunc(sh.grants, func(g grant) bool { return fits(g) && g.live(now) }) {
			all = append(all, sh.Grantee)
		}
	}
	return all
}

// end removes the grants on a server that fit; with them go the shares of the server that have ended, which are none any more.
func (s *Store) end(now time.Time, serverID string, fits func(grant) bool) {
	hit := false
	for i := range s.shares {
		if sh := &s.shares[i]; sh.ServerID == serverID {
			hit = hit || slices.ContainsFunc(sh.grants, fits)
			sh.grants = slices.DeleteFunc(sh.grants, fits)
		}
	}
	if hit {
		s.shares = slices.DeleteFunc(s.shares, func(sh share) bool { return sh.ServerID == serverID && !sh.live(now) })
	}
}

// endAll is end with its change, for what concerns grants alone.
func (s *Store) endAll(now time.Time, a sharing.Act, serverID, action string, fits func(grant) bool) (int, sharing.Change, error) {
	lost := s.losing(now, serverID, fits)
	s.end(now, serverID, fits)
	if len(lost) == 0 {
		return 0, sharing.Change{}, nil
	}
	c := sharing.Change{Action: action, ActorID: a.Actor.ID, ServerID: serverID, Record: a.Record(nil)}
	return len(lost), s.record(now, touching(c, lost...)), nil
}

// RevokeAll removes every share of a server.
func (s *Store) RevokeAll(_ context.Context, now time.Time, a sharing.Act, serverID string) (int, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.endAll(now, a, serverID, sharing.ActionRevokeAll, func(grant) bool { return true })
}

// EndSession removes the grants on a server that end when it stops.
func (s *Store) EndSession(_ context.Context, now time.Time, a sharing.Act, serverID string) (int, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.endAll(now, a, serverID, sharing.ActionEndSession, func(g grant) bool { return g.Session })
}
