package oauth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/scopes"
)

// Identity is whom a token speaks for, and what it may do at this moment.
type Identity struct {
	Owner     OwnerRef
	Name      string // the owner's, as the host has it now
	TokenID   int64
	ClientID  string // that it was issued to; "" = the hub's own client
	SessionID string // the browser session of an OAuth token; else ""
	Note      string
	Effective scopes.Set // SC-354 … SC-358
}

// Authenticate finds whom a token identifies. [ErrNoToken]: the token does not exist, has expired, or its owner is gone;
// nothing says which. Any other error is an internal failure. Warm, it makes no query; its answer follows a [Provider.Drop] at once.
func (p *Provider) Authenticate(ctx context.Context, secret string) (Identity, error) {
	if len(secret) < prefixLen || len(secret) > MaxSecret {
		return Identity{}, ErrNoToken
	}
	now := p.now()
	key := sha256.Sum256([]byte(secret))
	e, ok := p.cache.get(key, now)
	if !ok {
		generation := p.cache.generation()
		var err error
		if e, err = p.identify(ctx, now, secret); err != nil {
			return Identity{}, err
		}
		if p.cfg.CacheAge > 0 {
			p.cache.put(key, e, generation)
		}
	}
	p.touch(e, now)
	return e.Identity, nil
}

func (p *Provider) identify(ctx context.Context, now time.Time, secret string) (*cached, error) {
	t, err := p.find(ctx, now, secret)
	if err != nil {
		return nil, err
	}
	o, err := p.host.Owner(ctx, t.Owner)
	if errors.Is(err, ErrNoOwner) {
		return nil, ErrNoToken
	}
	if err != nil {
		return nil, fmt.Errorf("look up the owner of a token: %w", err)
	}
	e := &cached{until: now.Add(p.cfg.CacheAge), Identity: Identity{
		Owner: t.Owner, Name: o.Name, TokenID: t.ID, ClientID: t.ClientID, SessionID: t.SessionID, Note: t.Note,
		Effective: p.registry.Effective(t.Scopes, o.Owner, t.For, o.cut(), p.host),
	}}
	if last := p.activity.overlay(t.Token).LastActivity; !last.IsZero() {
		e.seen.Store(last.UnixNano())
	}
	if !o.Until.IsZero() && o.Until.Before(e.until) {
		e.until = o.Until
	}
	// A token is still valid at the very moment of its expiry (OA-190).
	if last := t.ExpiresAt.Add(1); !t.ExpiresAt.IsZero() && last.Before(e.until) {
		e.until = last
	}
	return e, nil
}

// find compares with every token of the prefix, so that the time tells nothing but the prefix (OA-61, OA-S9).
func (p *Provider) find(ctx context.Context, now time.Time, secret string) (Issued, error) {
	list, err := p.store.TokensByPrefix(ctx, now, prefixOf(secret))
	if err != nil {
		return Issued{}, fmt.Errorf("look up token: %w", err)
	}
	found := Issued{}
	for _, t := range list {
		if matches(t.Hash, secret) {
			found = t
		}
	}
	if found.ID == 0 {
		return Issued{}, ErrNoToken
	}
	return found, nil
}
