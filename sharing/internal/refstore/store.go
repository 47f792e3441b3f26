// Package refstore is a sharing.Store to compare others with: slices that are searched from the front, and the rules one by one, with nothing
// done for speed. What it says is right by being easy to read; it passes the conformance suite like any other store. It is no store for a hub:
// nothing outlives the process.
//
//	want := refstore.New()
//	share, change, err := want.Grant(ctx, now, order) // the same calls as on the store that is tested, in the same order
//	before := want.Clone()                            // a state to come back to
package refstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hubshare/hubshare/sharing"
)

// grant is one scope of one origin under a share.
type grant struct {
	code int64 // the code that it came by; 0 = granted directly
	base string
	end  time.Time // zero = never
}

func (g grant) live(now time.Time) bool { return g.end.IsZero() || g.end.After(now) }

type share struct {
	sharing.StoredShare // Bases is not used
	grants              []grant
}

type code struct {
	sharing.StoredCode
	prefix, hash string
}

// Store is a sharing.Store in plain memory, safe for concurrent use. Ids and sequence numbers count from 1 without gaps.
type Store struct {
	mu                  sync.Mutex
	shares              []share
	codes               []code
	gone                []sharing.GoneError
	changes             []sharing.Change
	lastShare, lastCode int64
}

var _ sharing.Store = (*Store)(nil)

// New makes an empty store.
func New() *Store { return &Store{} }

// Clone gives a store in the same state that goes its own way from here.
func (s *Store) Clone() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &Store{
		shares: slices.Clone(s.shares), codes: slices.Clone(s.codes), gone: slices.Clone(s.gone), changes: slices.Clone(s.changes),
		lastShare: s.lastShare, lastCode: s.lastCode,
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

// stored is the share as it is told, by its live grants.
func (s share) stored(now time.Time) sharing.StoredShare {
	out := s.StoredShare
	out.Bases = nil
	for _, g := range s.grants {
		if g.live(now) {
			out.Bases = append(out.Bases, g.base)
		}
	}
	slices.Sort(out.Bases)
	out.Bases = slices.Compact(out.Bases)
	return out
}

func (s share) live(now time.Time) bool { return len(s.stored(now).Bases) > 0 }

func (s *Store) record(now time.Time, c sharing.Change) sharing.Change {
	for _, ids := range []*[]string{&c.UserIDs, &c.GroupIDs} {
		slices.Sort(*ids)
		*ids = slices.Compact(*ids)
	}
	c.Seq, c.At = int64(len(s.changes))+1, micro(now)
	s.changes = append(s.changes, c)
	return c
}

func touching(c sharing.Change, g sharing.Grantee) sharing.Change {
	if g.Kind == sharing.KindGroup {
		c.GroupIDs = append(c.GroupIDs, g.ID)
	} else {
		c.UserIDs = append(c.UserIDs, g.ID)
	}
	return c
}

func (s *Store) refuseGone(involved ...sharing.GoneError) error {
	for _, g := range involved {
		if slices.Contains(s.gone, g) {
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

// add is the one way in which a share gets something.
func (s *Store) add(now time.Time, o sharing.GrantOrder, origin int64) (out sharing.StoredShare, changed bool, err error) {
	involved := append(ofPlace(o.Place), sharing.GoneError{Kind: o.Grantee.Kind, ID: o.Grantee.ID})
	if err := s.refuseGone(involved...); err != nil {
		return out, false, err
	}
	if o.Grantee.Kind != sharing.KindUser && o.Grantee.Kind != sharing.KindGroup {
		return out, false, fmt.Errorf("%q is no kind of grantee", o.Grantee.Kind)
	}
	i := s.index(o.ServerID, o.Grantee)
	if i >= 0 && !s.shares[i].live(now) {
		s.shares = slices.Delete(s.shares, i, i+1)
		i = -1
	}
	if i < 0 {
		s.lastShare++
		made := sharing.StoredShare{ID: s.lastShare, Place: o.Place, Grantee: o.Grantee, CreatedAt: micro(now)}
		s.shares = append(s.shares, share{StoredShare: made})
		i, changed = len(s.shares)-1, true
	}
	end := micro(o.ExpiresAt)
	for _, base := range o.Bases {
		grants := s.shares[i].grants
		at := slices.IndexFunc(grants, func(g grant) bool { return g.code == origin && g.base == base })
		switch {
		case at < 0:
			s.shares[i].grants = append(grants, grant{origin, base, end})
			changed = true
		case !grants[at].end.IsZero() && (end.IsZero() || end.After(grants[at].end)):
			grants[at].end = end
			changed = true
		}
	}
	return s.shares[i].stored(now), changed, nil
}

// Grant makes a share or adds to its direct grant.
func (s *Store) Grant(_ context.Context, now time.Time, o sharing.GrantOrder) (sharing.StoredShare, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(o.Bases) == 0:
		return sharing.StoredShare{}, sharing.Change{}, errors.New("a grant without scopes")
	case !o.ExpiresAt.IsZero() && !o.ExpiresAt.After(now):
		return sharing.StoredShare{}, sharing.Change{}, errors.New("a grant that has ended already")
	}
	out, changed, err := s.add(now, o, 0)
	if err != nil || !changed {
		return out, sharing.Change{}, err
	}
	c := sharing.Change{Action: sharing.ActionGrant, ActorID: o.ActorID, ServerID: o.ServerID}
	return out, s.record(now, touching(c, o.Grantee)), nil
}

// Revoke takes scopes from every grant of a share, or removes it.
func (s *Store) Revoke(_ context.Context, now time.Time, o sharing.RevokeOrder) (*sharing.StoredShare, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(o.ServerID, o.Grantee)
	if i < 0 || !s.shares[i].live(now) {
		return nil, sharing.Change{}, nil
	}
	before := s.shares[i].stored(now)
	taken := func(base string) bool { return o.All || slices.Contains(o.Bases, base) }
	if !slices.ContainsFunc(before.Bases, taken) {
		return &before, sharing.Change{}, nil
	}
	s.shares[i].grants = slices.DeleteFunc(s.shares[i].grants, func(g grant) bool { return taken(g.base) })
	left := s.shares[i].stored(now)
	if len(left.Bases) == 0 {
		s.shares = slices.Delete(s.shares, i, i+1)
	}
	c := sharing.Change{Action: sharing.ActionRevoke, ActorID: o.ActorID, ServerID: o.ServerID}
	if o.Leave {
		c.Action = sharing.ActionLeave
	}
	c = s.record(now, touching(c, o.Grantee))
	if len(left.Bases) == 0 {
		return nil, c, nil
	}
	return &left, c, nil
}

// RevokeAll removes every share of a server.
func (s *Store) RevokeAll(_ context.Context, now time.Time, actorID, serverID string) (n int, _ sharing.Change, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := sharing.Change{Action: sharing.ActionRevokeAll, ActorID: actorID, ServerID: serverID}
	s.shares = slices.DeleteFunc(s.shares, func(sh share) bool {
		if sh.ServerID == serverID && sh.live(now) {
			n++
			c = touching(c, sh.Grantee)
		}
		return sh.ServerID == serverID
	})
	if n == 0 {
		return 0, sharing.Change{}, nil
	}
	return n, s.record(now, c), nil
}

// Share gives a live share.
func (s *Store) Share(_ context.Context, now time.Time, serverID string, g sharing.Grantee) (sharing.StoredShare, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(serverID, g); i >= 0 && s.shares[i].live(now) {
		return s.shares[i].stored(now), nil
	}
	return sharing.StoredShare{}, sharing.ErrNoSuchShare
}

func matches(f sharing.Filter, p sharing.Place, g sharing.Grantee) bool {
	if f.ServerID == "" && f.OwnerID == "" && len(f.Grantees) == 0 {
		return false
	}
	return (f.ServerID == "" || f.ServerID == p.ServerID) && (f.OwnerID == "" || f.OwnerID == p.OwnerID) &&
		(len(f.Grantees) == 0 || slices.Contains(f.Grantees, g))
}

func cut[T any](all []T, w sharing.Window) sharing.Page[T] {
	from := min(max(w.Offset, 0), len(all))
	to := min(from+max(w.Limit, 0), len(all))
	return sharing.Page[T]{Items: append([]T(nil), all[from:to]...), Total: len(all)}
}

// Shares lists live shares.
func (s *Store) Shares(_ context.Context, now time.Time, f sharing.Filter, w sharing.Window) (sharing.Page[sharing.StoredShare], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []sharing.StoredShare
	for _, sh := range s.shares {
		if matches(f, sh.Place, sh.Grantee) && sh.live(now) {
			all = append(all, sh.stored(now))
		}
	}
	return cut(all, w), nil
}

// held gives "server base" pairs of somebody at a moment.
func (s *Store) held(now time.Time, userID string, groupIDs []string) map[sharing.Place][]string {
	out := map[sharing.Place][]string{}
	for _, sh := range s.shares {
		mine := sh.Grantee == sharing.Grantee{Kind: sharing.KindUser, ID: userID}
		if mine || sh.Grantee.Kind == sharing.KindGroup && slices.Contains(groupIDs, sh.Grantee.ID) {
			if bases := sh.stored(now).Bases; len(bases) > 0 {
				all := append(out[sh.Place], bases...)
				slices.Sort(all)
				out[sh.Place] = slices.Compact(all)
			}
		}
	}
	return out
}

// ScopesOf sums the live grants of a user and of groups. The moment of the next difference is searched for by asking at every end there is.
func (s *Store) ScopesOf(_ context.Context, now time.Time, userID string, groupIDs []string) (out []sharing.ServerScopes, until time.Time, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	current := s.held(now, userID, groupIDs)
	for place, bases := range current {
		out = append(out, sharing.ServerScopes{Place: place, Bases: bases})
	}
	for _, sh := range s.shares {
		for _, g := range sh.grants {
			if !g.end.After(now) || !until.IsZero() && !g.end.Before(until) {
				continue
			}
			then := s.held(g.end, userID, groupIDs)
			same := len(then) == len(current)
			for place, bases := range current {
				same = same && slices.Equal(bases, then[place])
			}
			if !same {
				until = g.end
			}
		}
	}
	return out, until, nil
}
