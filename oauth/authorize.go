package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/hubshare/hubshare/scopes"
)

// AuthorizeRequest is a logged-in visitor at the authorize endpoint.
type AuthorizeRequest struct {
	User      OwnerRef
	SessionID string // the browser session that a token will belong to (OA-40)
	Query     string // the request's raw query
}

// Decision is what becomes of an authorize request: exactly one field is set.
type Decision struct {
	// Redirect is where the browser goes (302): the client's redirect URI, a path if it was registered as one, with a code or an error.
	Redirect string
	Consent  *Consent // the visitor is asked first

	refused *Error // what Redirect tells the client
}

// Consent is what the visitor is asked to agree to (OA-36).
type Consent struct {
	Client      string // description of the client, for people
	RedirectURI string
	// Scopes are the raw ones that the form posts back.
	Scopes []scopes.Scope
	// Descriptions tell what they allow, without those that every client gets.
	Descriptions []scopes.Description
	// IdentifyOnly: nothing is asked for beyond knowing who the visitor is; Descriptions has the one line for that.
	IdentifyOnly bool
}

// Authorize answers a GET of the authorize endpoint (OA-20 … OA-36). Where consent is not needed it issues the code at once,
// so the caller first refuses requests that no visitor made themselves (OA-S11). An [*Error] is for a page on the hub, never
// for a redirect: the client or its redirect URI cannot be trusted, or the visitor may not enter.
func (p *Provider) Authorize(ctx context.Context, r AuthorizeRequest) (Decision, error) {
	d, err := p.authorize(ctx, r)
	p.logRefusal(ctx, r, d, err)
	return d, err
}

func (p *Provider) authorize(ctx context.Context, r AuthorizeRequest) (Decision, error) {
	q, who, granted, early, err := p.resolve(ctx, r)
	if err != nil || early != nil {
		return decided(early), err
	}
	skip, err := p.skipConsent(ctx, q.client, who, granted)
	if err != nil {
		return Decision{}, err
	}
	if !skip {
		c, err := p.consent(q.client, who, granted)
		return Decision{Consent: c}, err
	}
	return p.issueCode(ctx, r, q, who, granted)
}

// Approve answers the POST of the consent form with the scopes it posted (OA-38). Everything is decided again: the form is no proof of
// what the page offered. Errors as of Authorize.
func (p *Provider) Approve(ctx context.Context, r AuthorizeRequest, posted []string) (Decision, error) {
	d, err := p.approve(ctx, r, posted)
	p.logRefusal(ctx, r, d, err)
	return d, err
}

func (p *Provider) approve(ctx context.Context, r AuthorizeRequest, posted []string) (Decision, error) {
	q, who, offered, early, err := p.resolve(ctx, r)
	if err != nil || early != nil {
		return decided(early), err
	}
	granted, redirect := p.chosen(ctx, posted, offered, q.client, who)
	if redirect != nil {
		return q.refusal(redirect), nil
	}
	p.log.InfoContext(ctx, "oauth consent granted", "client_id", q.client.ID, "user_id", r.User.ID, "scopes", scopes.Strings(granted))
	return p.issueCode(ctx, r, q, who, granted)
}

// logRefusal tells why a visitor came to no code, and nothing of what the request carried besides the client's id (OA-47).
func (p *Provider) logRefusal(ctx context.Context, r AuthorizeRequest, d Decision, err error) {
	refused := d.refused
	if refused == nil && !errors.As(err, &refused) {
		return
	}
	values, _ := url.ParseQuery(r.Query) // what could not be read is not there
	p.log.InfoContext(ctx, "oauth authorize refused", "client_id", clipID(values.Get("client_id")), "user_id", r.User.ID,
		"reason", string(refused.Reason), "message", refused.Message)
}

// clipID keeps what somebody sent as an id from filling the log.
func clipID(id string) string { return id[:min(len(id), maxClientID)] }

func decided(d *Decision) Decision {
	if d == nil {
		return Decision{}
	}
	return *d
}

// resolve is what both methods share. early is an error to redirect with.
func (p *Provider) resolve(ctx context.Context, r AuthorizeRequest) (q authorizeQuery, who asker, granted []scopes.Scope, early *Decision, err error) {
	q, redirect, err := p.parseAuthorize(ctx, r.Query)
	if err != nil {
		return q, who, nil, nil, err
	}
	if redirect == nil {
		if who, err = p.asks(ctx, r.User); err != nil {
			return q, who, nil, nil, err
		}
		if granted, redirect, err = p.grant(ctx, q, who); err != nil {
			return q, who, nil, nil, err
		}
	}
	if redirect != nil {
		d := q.refusal(redirect)
		return q, who, nil, &d, nil
	}
	return q, who, granted, nil, nil
}

// skipConsent (OA-34). Expired tokens do not count, nor those of other users or clients (OA-S15).
func (p *Provider) skipConsent(ctx context.Context, c Client, who asker, granted []scopes.Scope) (bool, error) {
	if c.NoConfirm || c.For.Server != "" && p.host.OwnsServer(ctx, who.ref, c.For.Server) {
		return true, nil
	}
	agreed, err := p.store.Agreed(ctx, p.now(), who.ref, c.ID)
	if err != nil {
		return false, fmt.Errorf("look for earlier consent: %w", err)
	}
	return len(agreed) > 0 && !slices.ContainsFunc(granted, func(s scopes.Scope) bool { return !slices.Contains(agreed, s) }), nil
}

func (p *Provider) consent(c Client, who asker, granted []scopes.Scope) (*Consent, error) {
	asked, err := p.registry.Consent(granted, required(c), who.Name)
	if err != nil {
		return nil, fmt.Errorf("describe scopes for consent: %w", err)
	}
	return &Consent{Client: c.name(), RedirectURI: c.RedirectURI, Scopes: asked.Submit, Descriptions: asked.Lines, IdentifyOnly: asked.IdentifyOnly}, nil
}

// issueCode lets fosite make the code, stores it and sends the browser back (OA-39).
func (p *Provider) issueCode(ctx context.Context, r AuthorizeRequest, q authorizeQuery, who asker, granted []scopes.Scope) (Decision, error) {
	now := p.now()
	code, row, err := p.newCode(ctx, now, r, q, granted)
	if err != nil {
		return Decision{}, err
	}
	switch err := p.store.PutCode(ctx, now, row); {
	case errors.Is(err, ErrTooManyCodes):
		return q.refusal(refuse(Unavailable, "")), nil
	case errors.Is(err, ErrNoClient):
		return Decision{}, refuse(InvalidRequest, "Invalid client_id parameter value.")
	case errors.Is(err, ErrGone):
		return Decision{}, refuse(AccessDenied, "")
	case err != nil:
		return Decision{}, fmt.Errorf("store authorization code: %w", err)
	}
	p.log.InfoContext(ctx, "oauth code issued", "client_id", q.client.ID, "user_id", who.ref.ID)
	return Decision{Redirect: location(q.client.RedirectURI, "code", code, "state", q.state)}, nil
}
