package refstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hubshare/hubshare/sharing"
)

// Forget removes what hangs on an id, and remembers it as gone.
func (s *Store) Forget(_ context.Context, now time.Time, kind, id string) (sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := sharing.Change{Action: sharing.ActionForget}
	var shared, coded func(p sharing.Place, g sharing.Grantee) bool
	switch kind {
	case sharing.KindServer:
		shared = func(p sharing.Place, _ sharing.Grantee) bool { return p.ServerID == id }
		coded = shared
		c.ServerID = id
	case sharing.KindUser:
		coded = func(p sharing.Place, _ sharing.Grantee) bool { return p.OwnerID == id }
		shared = func(p sharing.Place, g sharing.Grantee) bool {
			return p.OwnerID == id || g == sharing.Grantee{Kind: sharing.KindUser, ID: id}
		}
		c.UserIDs = []string{id}
	case sharing.KindGroup:
		coded = func(sharing.Place, sharing.Grantee) bool { return false }
		shared = func(_ sharing.Place, g sharing.Grantee) bool {
			return g == sharing.Grantee{Kind: sharing.KindGroup, ID: id}
		}
		c.GroupIDs = []string{id}
	default:
		return sharing.Change{}, fmt.Errorf("a %q cannot be forgotten", kind)
	}
	if g := (sharing.GoneError{Kind: kind, ID: id}); s.refuseGone(g) == nil {
		s.gone = append(s.gone, gone{g, micro(now)})
	}
	removed := s.remove(func(c code) bool { return coded(c.Place, sharing.Grantee{}) })
	before := len(s.shares)
	s.shares = slices.DeleteFunc(s.shares, func(sh share) bool {
		if shared(sh.Place, sh.Grantee) {
			c = touching(c, sh.Grantee)
			return true
		}
		return false
	})
	if len(removed) == 0 && len(s.shares) == before {
		return sharing.Change{}, nil
	}
	for _, r := range removed {
		c.UserIDs = append(c.UserIDs, r.OwnerID)
	}
	return s.record(now, c), nil
}

// period numbers the period that a time is in.
func period(now time.Time, per time.Duration) int64 { return now.UnixMicro() / per.Microseconds() }

// Tally adds to counts.
func (s *Store) Tally(_ context.Context, now time.Time, n int, counts []sharing.Tally) ([]int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range counts {
		if of.Per < time.Second {
			return nil, fmt.Errorf("a period of %s", of.Per)
		}
	}
	out := make([]int, len(counts))
	for i, of := range counts {
		at := slices.IndexFunc(s.tallies, func(t tally) bool { return t.Tally == of && t.period == period(now, of.Per) })
		if at < 0 {
			s.tallies = append(s.tallies, tally{Tally: of, period: period(now, of.Per)})
			at = len(s.tallies) - 1
		}
		s.tallies[at].n += n
		out[i] = s.tallies[at].n
	}
	return out, nil
}

// Purge deletes what has ended, and what is old.
func (s *Store) Purge(_ context.Context, now time.Time, o sharing.PurgeOrder) (p sharing.Purged, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Codes = len(s.remove(func(c code) bool { return !c.ExpiresAt.After(now) }))
	p.Shares, p.Changes, p.Gone = len(s.shares), len(s.changes), len(s.gone)
	for i := range s.shares {
		s.shares[i].grants = slices.DeleteFunc(s.shares[i].grants, func(g grant) bool { return !g.live(now) })
	}
	s.shares = slices.DeleteFunc(s.shares, func(sh share) bool { return len(sh.grants) == 0 })
	s.changes = slices.DeleteFunc(s.changes, func(c sharing.Change) bool { return c.At.Before(o.Changes) })
	s.gone = slices.DeleteFunc(s.gone, func(g gone) bool { return g.at.Before(o.Gone) })
	s.tallies = slices.DeleteFunc(s.tallies, func(t tally) bool { return t.period < period(now, t.Per) })
	p.Shares -= len(s.shares)
	p.Changes -= len(s.changes)
	p.Gone -= len(s.gone)
	return p, nil
}

// Changes gives up to limit changes after a sequence number, oldest first.
func (s *Store) Changes(_ context.Context, after int64, limit int) (out []sharing.Change, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.changes {
		if c.Seq > after && len(out) < limit {
			out = append(out, c)
		}
	}
	return out, nil
}
