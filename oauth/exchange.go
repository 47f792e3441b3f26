package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/hubshare/hubshare/scopes"
)

// Grant is what a client gets for a code (OA-54). There is never a refresh token.
type Grant struct {
	AccessToken Secret
	ExpiresIn   time.Duration // whole seconds; the full lifetime, not what is left of it (OA-F19)
	Scopes      []scopes.Scope
}

// Exchange answers the token endpoint: form is the request's body, whose parameters have been checked by nobody (OA-62).
// An [*Error] is for the client: InvalidClient, InvalidRequest, UnsupportedGrantType, InvalidGrant; nothing tells a wrong code from
// one that is spent, expired or another client's. Every failure after the client has authenticated counts against the code (OA-151).
func (p *Provider) Exchange(ctx context.Context, form url.Values) (Grant, error) {
	g, err := p.answer(ctx, form)
	if refused := new(Error); errors.As(err, &refused) {
		p.log.InfoContext(ctx, "oauth exchange refused", "client_id", clipID(form.Get("client_id")), "reason", string(refused.Reason), "message", refused.Message)
	}
	return g, err
}

func (p *Provider) answer(ctx context.Context, form url.Values) (Grant, error) {
	if err := checkForm(form); err != nil {
		return Grant{}, err
	}
	f := &flow{now: p.now(), secret: form.Get("code")}
	if f.secret != "" {
		f.hash = codeHash(f.secret)
	}
	if err := p.authenticateClient(ctx, f, form.Get("client_id"), form.Get("client_secret")); err != nil {
		return Grant{}, err
	}
	g, burn, err := p.exchange(ctx, f, form)
	if refused := new(Error); errors.As(err, &refused) && f.secret != "" {
		if err := p.store.FailCode(ctx, f.now, f.hash, burn); err != nil {
			return Grant{}, fmt.Errorf("count a failed exchange: %w", err)
		}
	}
	return g, err
}

// tokenParameters are those of a token request, in the order in which repetitions are reported.
var tokenParameters = []string{"client_id", "grant_type", "redirect_uri", "code", "client_secret", "code_verifier", "scope", "state"}

// checkForm: no parameter twice, none too long, not even those that mean nothing (OA-62).
func checkForm(form url.Values) error {
	for _, name := range tokenParameters {
		if len(form[name]) > 1 {
			return refuse(InvalidRequest, "Duplicate "+name+" parameter.")
		}
	}
	for _, values := range form {
		if len(values) > 1 {
			return refuse(InvalidRequest, "Duplicate parameter.")
		}
		if len(values[0]) > maxParameter {
			return refuse(InvalidRequest, "Parameter too long.")
		}
	}
	return nil
}

// authenticateClient compares the secret in the body; there is no other way in (OA-51). Unknown ids cost as much as wrong secrets (OA-S9).
// The flow gets the client and, read along with it, the code.
func (p *Provider) authenticateClient(ctx context.Context, f *flow, id, secret string) (err error) {
	f.client, f.code, err = p.store.ClientAndCode(ctx, f.now, id, f.hash)
	if err != nil && !errors.Is(err, ErrNoClient) && !errors.Is(err, ErrNoCode) {
		return fmt.Errorf("look up oauth client and code: %w", err)
	}
	if ok, _ := matchesClient(f.client.SecretHash, secret); !ok {
		return refuse(InvalidClient, "")
	}
	return nil
}

// exchange is what follows the client's authentication. burn: the code must not be tried again.
func (p *Provider) exchange(ctx context.Context, f *flow, form url.Values) (g Grant, burn bool, err error) {
	c := f.client
	switch {
	case form.Get("grant_type") != "authorization_code":
		return g, false, refuse(UnsupportedGrantType, "")
	case f.secret == "":
		return g, false, refuse(InvalidRequest, "Missing code parameter.")
	case form.Has("redirect_uri") && form.Get("redirect_uri") != c.RedirectURI:
		return g, false, refuse(InvalidRequest, "Mismatching redirect URI.")
	}
	if f.code.Hash != "" && f.code.UsedAt.IsZero() {
		if err := p.stillHeld(ctx, f); err != nil {
			return g, true, err
		}
	}
	token, secret, err := p.redeem(ctx, f, p.tokenForm(c, form))
	if err != nil {
		return g, false, err
	}
	p.log.InfoContext(ctx, "oauth token issued", "client_id", c.ID, "user_id", token.Owner.ID, "token_id", token.ID,
		"scopes", scopes.Strings(token.Scopes))
	return Grant{AccessToken: secret, ExpiresIn: p.cfg.TokenLifetime, Scopes: token.Scopes}, false, nil
}

// tokenForm is what fosite gets to see of the body: the resolved redirect URI is always there (OA-F8).
func (p *Provider) tokenForm(c Client, form url.Values) url.Values {
	out := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {c.ID}, "code": {form.Get("code")}, "redirect_uri": {toAbsolute(c.RedirectURI)},
	}
	if form.Has("code_verifier") && p.cfg.PKCE != PKCEOff {
		out.Set("code_verifier", form.Get("code_verifier"))
	}
	return out
}

// stillHeld looks again at what the user holds: between code and token rights may have gone, and their owner too (OA-60, OA-64, OA-S10).
func (p *Provider) stillHeld(ctx context.Context, f *flow) error {
	o, err := p.host.Owner(ctx, f.code.User)
	if errors.Is(err, ErrNoOwner) {
		return refuse(InvalidGrant, "")
	}
	if err != nil {
		return fmt.Errorf("look up the owner of a code: %w", err)
	}
	excess, err := p.registry.Excess(f.code.Scopes, o.Owner, f.client.For, o.Held, p.host)
	if err != nil || excess.Len() > 0 {
		p.log.WarnContext(ctx, "oauth code grants more than its user holds by now", "client_id", f.client.ID, "user_id", f.code.User.ID,
			"scopes", excess.Strings())
		return refuse(InvalidGrant, "")
	}
	return nil
}

// expiry is the end of a life that begins now, in whole seconds and never sooner than asked for (OA-190).
func expiry(now time.Time, life time.Duration) time.Time {
	at := now.Add(life)
	if whole := at.Truncate(time.Second); !whole.Equal(at) {
		at = whole.Add(time.Second)
	}
	return at.UTC()
}
