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
func (s *Store) CreateCode(_ context.Context, now time.Time, a sharing.Act, o sharing.CodeOrder) (sharing.StoredCode, sharing.Change, error) {
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
		ID: s.lastCode, Place: o.Place, Bases: sorted(o.Bases), CreatedAt: micro(now), ExpiresAt: micro(o.ExpiresAt), CodeLimits: o.CodeLimits,
	}
	s.codes = append(s.codes, code{made, o.Prefix, o.Hash})
	return made, s.record(now, sharing.Change{
		Action: sharing.ActionCreate, ActorID: a.Actor.ID, ServerID: o.ServerID, CodeID: sharing.CodeID(made.ID), UserIDs: []string{o.OwnerID},
		Record: a.Record(made.Bases),
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
func (s *Store) Exchange(
	_ context.Context, now time.Time, a sharing.Act, p sharing.Probe, visitor sharing.Ref,
) (sharing.StoredShare, sharing.Change, error) {
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
	if c.MaxUses > 0 && c.Exchanges >= c.MaxUses {
		if j := s.index(c.ServerID, to); j >= 0 {
			theirs := s.shares[j].stored(now)
			if slices.ContainsFunc(theirs.Grants, func(g sharing.StoredGrant) bool { return g.CodeID == c.ID }) {
				return theirs, sharing.Change{}, nil
			}
		}
		return nothing, sharing.Change{}, sharing.ErrCodeSpent
	}
	if err := s.may(c.Place, to); err != nil {
		return nothing, sharing.Change{}, err
	}
	ends := sharing.Ends{Session: c.Terms.Session}
	if c.Terms.Lifetime > 0 {
		ends.ExpiresAt = now.Add(c.Terms.Lifetime)
	}
	out, _ := s.add(now, c.Place, to, c.Bases, grant{code: c.ID, Ends: ends, actor: visitor.ID})
	c.Exchanges++
	c.LastExchangedAt = micro(now)
	return out, s.record(now, touching(sharing.Change{
		Action: sharing.ActionExchange, ActorID: visitor.ID, ServerID: c.ServerID, CodeID: sharing.CodeID(c.ID), Record: a.Record(c.Bases),
	}, to)), nil
}

// Codes lists live codes.
func (s *Store) Codes(_ context.Context, now time.Time, f sharing.Filter, w sharing.Window) (sharing.Page[sharing.StoredCode], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(f.Grantees) > 0 || f.CodeID != 0 {
		return sharing.Page[sharing.StoredCode]{}, errors.New("a code has neither a grantee nor a code to choose it by")
	}
	var all []sharing.StoredCode
	for _, c := range s.codes {
		if matches(f, c.Place, sharing.Grantee{}) && c.ExpiresAt.After(now) {
			all = append(all, c.StoredCode)
		}
	}
	return cut(all, w), nil
}

// remove deletes the codes that fit, and gives them.
func (s *Store) remove(fits func(code) bool) (removed []code) {
	s.codes = slices.DeleteFunc(s.codes, func(c code) bool {
		if fits(c) {
			removed = append(removed, c)
			return true
		}
		return false
	})
	return removed
}

// delete removes codes of a server, and with cascade what came by those whose ids fit, whether the codes are still there or not.
func (s *Store) delete(
	now time.Time, a sharing.Act, serverID string, fits func(id int64) bool, cascade bool,
) (n int, c sharing.Change, anything bool) {
	came := func(g grant) bool { return cascade && g.code != 0 && fits(g.code) }
	removed := s.remove(func(c code) bool { return c.ServerID == serverID && fits(c.ID) })
	lost := s.losing(now, serverID, came)
	if len(removed)+len(lost) == 0 {
		return 0, sharing.Change{}, false
	}
	s.end(now, serverID, came)
	c = sharing.Change{Action: sharing.ActionDelete, ActorID: a.Actor.ID, ServerID: serverID, Record: a.Record(nil)}
	c.Record.Cascade = cascade
	for _, r := range removed {
		c.UserIDs = append(c.UserIDs, r.OwnerID)
	}
	return len(lost), touching(c, lost...), true
}

func (s *Store) deleteCode(now time.Time, a sharing.Act, serverID string, id int64, cascade bool) (int, sharing.Change, error) {
	n, c, anything := s.delete(now, a, serverID, func(other int64) bool { return other == id }, cascade)
	if !anything {
		return 0, sharing.Change{}, sharing.ErrCodeNotFound
	}
	c.CodeID = sharing.CodeID(id)
	return n, s.record(now, c), nil
}

// DeleteCode removes a code of this server by its id.
func (s *Store) DeleteCode(_ context.Context, now time.Time, a sharing.Act, serverID string, id int64, cascade bool) (int, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deleteCode(now, a, serverID, id, cascade)
}

// DeleteCodeBySecret removes the live code of this server that matches.
func (s *Store) DeleteCodeBySecret(
	_ context.Context, now time.Time, a sharing.Act, serverID string, p sharing.Probe, cascade bool,
) (int, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(now, p)
	if i < 0 || s.codes[i].ServerID != serverID {
		return 0, sharing.Change{}, sharing.ErrCodeNotFound
	}
	return s.deleteCode(now, a, serverID, s.codes[i].ID, cascade)
}

// DeleteCodes removes every code of a server.
func (s *Store) DeleteCodes(_ context.Context, now time.Time, a sharing.Act, serverID string, cascade bool) (int, sharing.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, c, anything := s.delete(now, a, serverID, func(int64) bool { return true }, cascade)
	if !anything {
		return 0, sharing.Change{}, nil
	}
	return n, s.record(now, c), nil
}
