package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hubshare/hubshare/scopes"
)

// identify is the name by which old clients ask for nothing beyond knowing the user (OA-26).
const identify = "identify"

// asker is the visitor of an authorize request, as the host knows them at this moment.
type asker struct {
	ref OwnerRef
	Owner
}

// required are the scopes that come with every grant (OA-28).
func required(c Client) []scopes.Scope {
	out := scopes.IdentifyRaw()
	if access, ok := c.For.Access(); ok {
		out = append(out, access)
	}
	return out
}

// grant resolves an authorize request in three steps: what the client may (OA-29), whether the visitor may enter (OA-30), what the visitor holds (OA-31). A nil list comes with what to redirect with;
// an [*Error] is for the page.
func (p *Provider) grant(ctx context.Context, q authorizeQuery, who asker) (granted []scopes.Scope, redirect *Error, err error) {
	asked, ok := q.client.Allowed, true
	if q.hasScope {
		asked, ok = p.requested(ctx, q.scope)
	} else if !slices.Contains(asked, scopes.Inherit) {
		asked = append(slices.Clone(asked), required(q.client)...)
	}
	if !ok {
		return nil, refuse(InvalidScope, ""), nil
	}
	allowed, redirect := p.allowedToClient(asked, q.client.Allowed, q.client, who)
	if redirect != nil {
		return nil, redirect, nil
	}
	if err := p.mayAccess(ctx, q.client, who); err != nil {
		return nil, nil, err
	}
	return p.heldByUser(ctx, allowed, q.client, who), nil, nil
}

// requested reads the scope parameter: scopes, or, when any of them is not one, roles throughout (OA-26, OA-27).
func (p *Provider) requested(ctx context.Context, scope string) ([]scopes.Scope, bool) {
	text := strings.TrimSpace(scope)
	if text == "" {
		return nil, false
	}
	return p.named(ctx, strings.Split(text, " "))
}

// named turns a list of scope names, or of role names, into raw scopes; false if it is neither.
func (p *Provider) named(ctx context.Context, names []string) ([]scopes.Scope, bool) {
	rest := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == identify })
	if len(rest) < len(names) {
		p.log.WarnContext(ctx, "oauth client asks for the outdated scope identify")
	}
	if list, err := p.registry.ParseValid(rest, ""); err == nil {
		return list, true
	}
	list, err := p.registry.RoleScopes(rest...)
	return list, err == nil
}

// allowedToClient is step A: a client that asks for anything beyond what it may gets nothing at all (OA-29).
func (p *Provider) allowedToClient(asked, may []scopes.Scope, c Client, who asker) ([]scopes.Scope, *Error) {
	need := required(c)
	allowed, denied := p.registry.Resolve(slices.Concat(asked, need), slices.Concat(may, need), who.Owner.Owner, c.For, p.host)
	if len(denied) > 0 {
		return nil, refuse(InvalidScope, "")
	}
	return allowed, nil
}

// mayAccess is step B: the visitor must be able to enter at all, by roles, groups or shares (OA-30).
func (p *Provider) mayAccess(ctx context.Context, c Client, who asker) error {
	access, ok := c.For.Access()
	if !ok {
		return fmt.Errorf("oauth client %q is for neither a server nor a service", c.ID)
	}
	enters, err := who.Held.Has(access, p.host)
	if err != nil {
		return fmt.Errorf("check access to client %q: %w", c.ID, err)
	}
	if !enters {
		p.log.InfoContext(ctx, "oauth access denied", "client_id", c.ID, "user_id", who.ref.ID)
		return refuse(AccessDenied, "You do not have permission to access "+c.name())
	}
	return nil
}

// heldByUser is step C: what the visitor lacks is left out silently (OA-31).
func (p *Provider) heldByUser(ctx context.Context, allowed []scopes.Scope, c Client, who asker) []scopes.Scope {
	have := slices.Concat(who.Roles, []scopes.Scope{scopes.Inherit}, required(c))
	granted, dropped := p.registry.Resolve(allowed, have, who.Owner.Owner, c.For, p.host)
	if len(dropped) > 0 {
		p.log.InfoContext(ctx, "oauth scopes not held by the user are left out",
			"client_id", c.ID, "user_id", who.ref.ID, "scopes", scopes.Strings(dropped))
	}
	return granted
}

// chosen cuts what the consent form posted to what its page offered (OA-38, HB-194). Nothing posted means the minimum, never the default.
func (p *Provider) chosen(ctx context.Context, posted []string, offered []scopes.Scope, c Client, who asker) ([]scopes.Scope, *Error) {
	list, ok := p.named(ctx, posted)
	if !ok {
		return nil, refuse(InvalidScope, "")
	}
	// What the page offered may be an expanded overlap that the client is not allowed as such.
	list, redirect := p.allowedToClient(list, slices.Concat(c.Allowed, offered), c, who)
	if redirect != nil {
		return nil, redirect
	}
	have := slices.Concat(offered, required(c))
	granted, _ := p.registry.Resolve(list, have, who.Owner.Owner, c.For, p.host)
	return granted, nil
}

// asks looks the visitor up. A login that outlived its user is answered like no login.
func (p *Provider) asks(ctx context.Context, user OwnerRef) (asker, error) {
	o, err := p.host.Owner(ctx, user)
	switch {
	case errors.Is(err, ErrNoOwner) || err == nil && user.Kind != KindUser:
		return asker{}, refuse(AccessDenied, "")
	case err != nil:
		return asker{}, fmt.Errorf("look up the user of an authorize request: %w", err)
	}
	return asker{ref: user, Owner: o}, nil
}
