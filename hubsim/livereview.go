package hubsim

import (
	"context"
	"errors"
	"strings"

	"github.com/hubshare/hubshare/hubsim/proxy"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// reached is what lies behind a route.
type reached struct {
	client string // OAuth client
	base   string // scope that opens it
	on     scopes.Resource
	// lax: it may let in whom it likes by a token. The hub's own flow demands the scope; a service that asks who somebody is need not (HB-161).
	lax bool
}

// reachedBy tells what a route of the proxy leads to, by its decoded prefix.
func (h *Hub) reachedBy(prefix string) (to reached, ok bool) {
	rest, ok := strings.CutPrefix(prefix, h.plainBase)
	parts := strings.Split(rest, "/")
	switch {
	case !ok || len(parts) < 3:
		return to, false
	case parts[0] == "user":
		name := strings.Join(parts[2:len(parts)-1], "/")
		return reached{oauth.ServerClientID(parts[1], name), "access:servers", scopes.Server(parts[1], name), false}, true
	case parts[0] == "services":
		if s := h.services.named(parts[1]); s != nil {
			return reached{s.clientID(), "access:services", scopes.Service(parts[1]), true}, true
		}
	}
	return to, false
}

// review decides about open connections after one change. It looks everybody up once. For one goroutine.
type review struct {
	ctx     context.Context
	hub     *Hub
	held    map[oauth.OwnerRef]scopes.Set
	tokens  map[oauth.OwnerRef][]oauth.Issued
	callers map[proxy.Key]oauth.Identity
}

// keep says whether whoever made a connection would be let in now. What cannot be found out is no: whom it concerns may connect again.
func (v *review) keep(c proxy.Connection) bool {
	to, ok := v.hub.reachedBy(c.Prefix)
	if !ok {
		return true
	}
	for _, claim := range c.Claims {
		clients, known := v.hub.live.who(claim.Key)
		switch {
		case !known:
			continue // not the hub's, but the server's own
		case claim.Session == "":
			id := v.caller(claim)
			needless := to.lax && !v.hub.live.could(claim.Key).Allows(to.base, to.on, v.hub.roster)
			return id.TokenID != 0 && (needless || id.Effective.Allows(to.base, to.on, v.hub.roster))
		default:
			return v.sessionAllows(claim.Session, clients, to)
		}
	}
	return true
}

// caller is whom a token identifies: nobody, once it is gone. The token counts as used, as it is.
func (v *review) caller(c proxy.Claim) oauth.Identity {
	if id, done := v.callers[c.Key]; done {
		return id
	}
	id, err := v.hub.provider.Authenticate(v.ctx, c.Token.Reveal())
	if err != nil && !errors.Is(err, oauth.ErrNoToken) {
		v.failed(err)
	}
	if v.callers == nil {
		v.callers = map[proxy.Key]oauth.Identity{}
	}
	v.callers[c.Key] = id
	return id
}

// sessionAllows: a browser is let in by the server's own cookie, behind which there is a token of this session for this server. If the hub was asked about such, one
// of its owners must still have one; logging out takes it. If it never was, the cookie rests on another token, and all that is known is who sits there.
func (v *review) sessionAllows(session string, clients map[oauth.OwnerRef]map[string]struct{}, to reached) bool {
	asked := false
	for _, of := range clients {
		_, here := of[to.client]
		asked = asked || here
	}
	if !asked && to.lax {
		return true
	}
	for owner, of := range clients {
		if _, here := of[to.client]; asked && !(here && v.hasToken(owner, session, to.client)) {
			continue
		}
		if v.rights(owner).Allows(to.base, to.on, v.hub.roster) {
			return true
		}
	}
	return false
}

func (v *review) rights(owner oauth.OwnerRef) scopes.Set {
	if set, done := v.held[owner]; done {
		return set
	}
	o, err := oauthHost{v.hub}.Owner(v.ctx, owner)
	if err != nil && !errors.Is(err, oauth.ErrNoOwner) {
		v.failed(err)
	}
	if v.held == nil {
		v.held = map[oauth.OwnerRef]scopes.Set{}
	}
	v.held[owner] = o.Held
	return o.Held
}

func (v *review) hasToken(owner oauth.OwnerRef, session, client string) bool {
	list, done := v.tokens[owner]
	if !done {
		var err error
		if list, err = v.hub.tokens.Tokens(v.ctx, v.hub.cfg.Clock.Now(), owner); err != nil {
			v.failed(err)
		}
		if v.tokens == nil {
			v.tokens = map[oauth.OwnerRef][]oauth.Issued{}
		}
		v.tokens[owner] = list
	}
	for _, t := range list {
		if t.SessionID == session && t.ClientID == client {
			return true
		}
	}
	return false
}

func (v *review) failed(err error) {
	v.hub.log.ErrorContext(v.ctx, "could not look at open connections again; they are closed", "error", err)
}
