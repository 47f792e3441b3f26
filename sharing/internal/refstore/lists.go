package refstore

import (
	"context"
	"slices"
	"time"

	"github.com/hubshare/hubshare/sharing"
)

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
	if f.ServerID == "" && f.OwnerID == "" && len(f.Grantees) == 0 && f.CodeID == 0 {
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
		told := sh.stored(now)
		byCode := slices.ContainsFunc(told.Grants, func(g sharing.StoredGrant) bool { return g.CodeID == f.CodeID })
		if matches(f, sh.Place, sh.Grantee) && len(told.Grants) > 0 && (f.CodeID == 0 || byCode) {
			all = append(all, told)
		}
	}
	return cut(all, w), nil
}

// held gives the bases of somebody by place at a moment.
func (s *Store) held(now time.Time, userID string, groupIDs []string) map[sharing.Place][]string {
	out := map[sharing.Place][]string{}
	for _, sh := range s.shares {
		mine := sh.Grantee == sharing.Grantee{Kind: sharing.KindUser, ID: userID}
		if mine || sh.Grantee.Kind == sharing.KindGroup && slices.Contains(groupIDs, sh.Grantee.ID) {
			if bases := sh.stored(now).Bases; len(bases) > 0 {
				out[sh.Place] = sorted(append(out[sh.Place], bases...))
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
			if !g.ExpiresAt.After(now) || !until.IsZero() && !g.ExpiresAt.Before(until) {
				continue
			}
			then := s.held(g.ExpiresAt, userID, groupIDs)
			same := len(then) == len(current)
			for place, bases := range current {
				same = same && slices.Equal(bases, then[place])
			}
			if !same {
				until = g.ExpiresAt
			}
		}
	}
	return out, until, nil
}
