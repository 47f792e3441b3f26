package refstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hubshare/hubshare/sharing"
)

// CreateCode stores a code.
func (s *Store) CreateCode(_ context.Context, now time.Time, o sharing.CodeOrder) (sharing.StoredCode, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(o.Bases) == 0 {
		return sharing.StoredCode{}, sharing.Change{}, errors.New("a code without scopes")
	}
	if err := s.refuseGone(ofPlace(o.Place)...); err != nil {
		return sharing.StoredCode{}, sharing.Change{}, err
	}
	if slices.ContainsFunc(s.codes, func(c code) bool { return c.hash == o.Hash }) {
		return sharing.StoredCode{}, sharing.Change{}, errors.New("a hash that is there already")
	}
	s.lastCode++
	made := sharing.StoredCode{
		ID: s.lastCode, Place: o.Place, Bases: slices.Sorted(slices.Values(o.Bases)), CreatedAt: micro(now), ExpiresAt: micro(o.ExpiresAt),
	}
	s.codes = append(s.codes, code{made, o.Prefix, o.Hash})
	return made, s.record(now, sharing.Change{
		Action: sharing.ActionCreate, ActorID: o.ActorID, ServerID: o.ServerID, CodeID: sharing.CodeID(made.ID), UserIDs: []string{o.OwnerID},
	}), nil
}

// find gives the place of the live code that matches; -1 = there is none.
func (s *Store) find(now time.Time, p sharing.Probe) int {
	return slices.IndexFunc(s.codes, func(c code) bool { return c.ExpiresAt.After(now) && c.prefix == p.Prefix && p.Match(c.hash) })
}

// FindCode gives the live code that matches.
func (s *Store) FindCode(_ context.Context, now time.Time, p sharing.Probe) (sharing.StoredCode, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.find(now, p); i >= 0 {
		return s.codes[i].StoredCode, nil
	}
	return sharing.StoredCode{}, sharing.ErrCodeNotFound
}

// Exchange turns a code into a grant to the visitor, and counts it.
func (s *Store) Exchange(_ context.Context, now time.Time, p sharing.Probe, visitor sharing.Ref) (sharing.StoredShare, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	nothing := sharing.StoredShare{}
	if visitor.Kind != sharing.KindUser {
		return nothing, sharing.Change{}, fmt.Errorf("a %q cannot exchange a code", visitor.Kind)
	}
	i := s.find(now, p)
	if i < 0 {
		return nothing, sharing.Change{}, sharing.ErrCodeNotFound
	}
	c := &s.codes[i]
	if c.OwnerID == visitor.ID {
		return nothing, sharing.Change{}, sharing.ErrOwnCode
	}
	to := sharing.Grantee{Kind: sharing.KindUser, ID: visitor.ID}
	out, _, err := s.add(now, sharing.GrantOrder{Place: c.Place, Grantee: to, Bases: c.Bases}, c.ID)
	if err != nil {
		return nothing, sharing.Change{}, err
	}
	c.Exchanges++
	c.LastExchangedAt = micro(now)
	return out, s.record(now, touching(sharing.Change{
		Action: sharing.ActionExchange, ActorID: visitor.ID, ServerID: c.ServerID, CodeID: sharing.CodeID(c.ID),
	}, to)), nil
}

// Codes lists live codes.
func (s *Store) Codes(_ context.Context, now time.Time, f sharing.Filter, w sharing.Window) (sharing.Page[sharing.StoredCode], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(f.Grantees) > 0 {
		return sharing.Page[sharing.StoredCode]{}, errors.New("a code has no grantee to choose it by")
	}
	var all []sharing.StoredCode
	for _, c := range s.codes {
		if matches(f, c.Place, sharing.Grantee{}) && c.ExpiresAt.After(now) {
			all = append(all, c.StoredCode)
		}
	}
	return cut(all, w), nil
}

// remove deletes the codes that fit, and gives their owners.
func (s *Store) remove(fits func(code) bool) (owners []string) {
	s.codes = slices.DeleteFunc(s.codes, func(c code) bool {
		if fits(c) {
			owners = append(owners, c.OwnerID)
			return true
		}
		return false
	})
	return owners
}

func (s *Store) deleteCode(now time.Time, actorID, serverID string, id int64) (sharing.Change, error) {
	owners := s.remove(func(c code) bool { return c.ID == id && c.ServerID == serverID })
	if len(owners) == 0 {
		return sharing.Change{}, sharing.ErrCodeNotFound
	}
	return s.record(now, sharing.Change{
		Action: sharing.ActionDelete, ActorID: actorID, ServerID: serverID, CodeID: sharing.CodeID(id), UserIDs: owners,
	}), nil
}

// DeleteCode removes a code of this server by its id.
func (s *Store) DeleteCode(_ context.Context, now time.Time, actorID, serverID string, id int64) (sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deleteCode(now, actorID, serverID, id)
}

// DeleteCodeBySecret removes the live code of this server that matches.
func (s *Store) DeleteCodeBySecret(_ context.Context, now time.Time, actorID, serverID string, p sharing.Probe) (int64, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(now, p)
	if i < 0 || s.codes[i].ServerID != serverID {
		return 0, sharing.Change{}, sharing.ErrCodeNotFound
	}
	id := s.codes[i].ID
	c, err := s.deleteCode(now, actorID, serverID, id)
	return id, c, err
}

// DeleteCodes removes every code of a server.
func (s *Store) DeleteCodes(_ context.Context, now time.Time, actorID, serverID string) (int, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	owners := s.remove(func(c code) bool { return c.ServerID == serverID })
	if len(owners) == 0 {
		return 0, sharing.Change{}, nil
	}
	return len(owners), s.record(now, sharing.Change{
		Action: sharing.ActionDelete, ActorID: actorID, ServerID: serverID, UserIDs: owners,
	}), nil
}

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
	if g := (sharing.GoneError{Kind: kind, ID: id}); !slices.Contains(s.gone, g) {
		s.gone = append(s.gone, g)
	}
	owners := s.remove(func(c code) bool { return coded(c.Place, sharing.Grantee{}) })
	before := len(s.shares)
	s.shares = slices.DeleteFunc(s.shares, func(sh share) bool {
		if shared(sh.Place, sh.Grantee) {
			c = touching(c, sh.Grantee)
			return true
		}
		return false
	})
	if len(owners) == 0 && len(s.shares) == before {
		return sharing.Change{}, nil
	}
	c.UserIDs = append(c.UserIDs, owners...)
	return s.record(now, c), nil
}

// Purge deletes what has ended.
func (s *Store) Purge(_ context.Context, now time.Time) (p sharing.Purged, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Codes = len(s.remove(func(c code) bool { return !c.ExpiresAt.After(now) }))
	before := len(s.shares)
	for i := range s.shares {
		s.shares[i].grants = slices.DeleteFunc(s.shares[i].grants, func(g grant) bool { return !g.live(now) })
	}
	s.shares = slices.DeleteFunc(s.shares, func(sh share) bool { return len(sh.grants) == 0 })
	p.Shares = before - len(s.shares)
	return p, nil
}

// Changes gives up to limit changes after a sequence number, oldest first.
func (s *Store) Changes(_ context.Context, after int64, limit int) ([]sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := min(max(after, 0), int64(len(s.changes)))
	to := min(from+int64(max(limit, 0)), int64(len(s.changes)))
	return slices.Clone(s.changes[from:to]), nil
}
