package hubsim

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// watchedTokens is the store of tokens, with an eye on when those end that are in use, since their end is no change that anybody announces; and with the faults of
// [Scenario] that are about tokens and codes.
type watchedTokens struct {
	oauth.Store
	hub *Hub

	mu      sync.RWMutex
	expired map[int64]bool // ids of tokens that expired before their time
}

// TokensByPrefix is what every look-up of a token goes through. Those of others with the same prefix are watched too, which costs nothing.
func (s *watchedTokens) TokensByPrefix(ctx context.Context, now time.Time, prefix string) ([]oauth.Issued, error) {
	list, err := s.Store.TokensByPrefix(ctx, now, prefix)
	list = s.live(list)
	for _, t := range list {
		if !t.ExpiresAt.IsZero() {
			// At the very moment it is still valid (OA-190).
			s.hub.live.endsAt(ending{t.Owner, t.ID}, t.ExpiresAt.Add(time.Microsecond))
		}
	}
	return list, err
}

// live leaves out what has expired before its time.
func (s *watchedTokens) live(list []oauth.Issued) []oauth.Issued {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.expired) == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(t oauth.Issued) bool { return s.expired[t.ID] })
}

// Tokens lists those that have not expired.
func (s *watchedTokens) Tokens(ctx context.Context, now time.Time, owner oauth.OwnerRef) ([]oauth.Issued, error) {
	list, err := s.Store.Tokens(ctx, now, owner)
	return s.live(list), err
}

// Token gives one of them.
func (s *watchedTokens) Token(ctx context.Context, now time.Time, owner oauth.OwnerRef, id int64) (oauth.Issued, error) {
	t, err := s.Store.Token(ctx, now, owner, id)
	if err == nil && len(s.live([]oauth.Issued{t})) == 0 {
		return oauth.Issued{}, oauth.ErrNoToken
	}
	return t, err
}

// Agreed sums what those of a client have.
func (s *watchedTokens) Agreed(ctx context.Context, now time.Time, owner oauth.OwnerRef, clientID string) ([]scopes.Scope, error) {
	s.mu.RLock()
	all := len(s.expired) == 0
	s.mu.RUnlock()
	if all {
		return s.Store.Agreed(ctx, now, owner, clientID)
	}
	list, err := s.Tokens(ctx, now, owner)
	var agreed []scopes.Scope
	for _, t := range list {
		if t.ClientID == clientID {
			agreed = append(agreed, t.Scopes...)
		}
	}
	return agreed, err
}

// PutCode stores a code, unless codes are lost (DropOAuthCode).
func (s *watchedTokens) PutCode(ctx context.Context, now time.Time, c oauth.Code) error {
	if s.hub.asked(ctx, "DropOAuthCode") {
		return nil
	}
	return s.Store.PutCode(ctx, now, c)
}

func (s *watchedTokens) expire(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expired == nil {
		s.expired = map[int64]bool{}
	}
	s.expired[id] = true
}

func (s *watchedTokens) forgetExpired() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expired = nil
}

// ExpireToken ends a token before its time, "a1" as [Snapshot] names it, whoever owns it, and it alone (HB-171). It stays so for as long as this Hub lives; a hub that
// starts again on the same file takes it for as good as it was. The error wraps oauth.ErrNoToken.
func (h *Hub) ExpireToken(ctx context.Context, id string) error {
	owner, n, err := h.findToken(ctx, id)
	if err != nil {
		return fmt.Errorf("expire token %s: %w", id, err)
	}
	h.tokens.expire(n)
	h.accessChanged(ctx, owner)
	return nil
}

// findToken finds whose a token is, by the name that it has outside.
func (h *Hub) findToken(ctx context.Context, id string) (owner oauth.OwnerRef, n int64, err error) {
	var owners []oauth.OwnerRef
	for _, s := range h.services.all() {
		owners = append(owners, s.ref())
	}
	users, _, _ := h.roster.people()
	for _, u := range users {
		if a, ok := h.roster.userByName(u.Name); ok {
			owners = append(owners, oauth.OwnerRef{Kind: oauth.KindUser, ID: a.ID})
		}
	}
	for _, owner := range owners {
		tokens, err := h.provider.Tokens(ctx, owner)
		if err != nil {
			return owner, 0, err
		}
		for _, t := range tokens {
			if tokenName(t.ID) == id {
				return owner, t.ID, nil
			}
		}
	}
	return owner, 0, oauth.ErrNoToken
}
