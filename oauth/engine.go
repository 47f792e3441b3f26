package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/ory/fosite"
	fositeoauth2 "github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/pkce"

	"github.com/hubshare/hubshare/scopes"
)

// fosite speaks OAuth's grammar for us: the authorization-code grant and PKCE. It never sees a request as it came in and never writes a
// response: everything it reads was checked before, and what it would store passes through a flow, so that nothing
// is written until all of it can be, in one transaction.

// sentinel stands in for the hub's origin where fosite insists on absolute redirect URIs (OA-F5). The name cannot be resolved, and
// registrations that contain it are refused.
const sentinel = "https://path-only.invalid"

func toAbsolute(redirectURI string) string {
	if isPath(redirectURI) {
		return sentinel + redirectURI
	}
	return redirectURI
}

func newEngine(p *Provider) *fosite.Fosite {
	a := &adapter{p: p}
	cfg := &fosite.Config{
		AccessTokenLifespan:    p.cfg.TokenLifetime,
		AuthorizeCodeLifespan:  p.cfg.CodeLifetime,
		EnforcePKCE:            false, // the policy is applied where the challenge is read; one that was stored is always enforced
		MinParameterEntropy:    1,     // OA-F9
		OmitRedirectScopeParam: true,
		ScopeStrategy:          func([]string, string) bool { return false }, // scopes are resolved by us, none reaches fosite (OA-F13)
		// Named although it is the default: fosite would write it into this shared value at the first request.
		AudienceMatchingStrategy: fosite.DefaultAudienceMatchingStrategy,
		RedirectSecureChecker:    func(context.Context, *url.URL) bool { return true },
		ClientAuthenticationStrategy: func(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
			return client{flowOf(ctx).client}, nil // authenticated before, from the body alone (OA-F15)
		},
	}
	codes := &fositeoauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy: a, RefreshTokenStrategy: a, AuthorizeCodeStrategy: a, CoreStorage: a, TokenRevocationStorage: a, Config: cfg,
	}
	proof := &pkce.Handler{AuthorizeCodeStrategy: a, Storage: a, Config: cfg}
	// The order matters: PKCE looks at the code that the other handler made (OA-F1).
	cfg.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{codes, proof}
	cfg.TokenEndpointHandlers = fosite.TokenEndpointHandlers{codes, proof}
	return fosite.NewOAuth2Provider(a, cfg)
}

// flow is one passage through fosite: what it is given, and what it would have stored. It belongs to one request.
type flow struct {
	now          time.Time
	secret, hash string // of the code that a client sent, or that was drawn
	client       Client
	code         Code // as found, or about to be stored; zero if there is none

	proving bool             // fosite has come as far as PKCE
	spent   bool             // the code was redeemed before
	failed  error            // what our own side failed with, beyond what fosite may tell the client
	token   Token            // to be inserted, then as inserted
	stored  fosite.Requester // the code as fosite is shown it; nil until it asks
}

type flowKey struct{}

func flowOf(ctx context.Context) *flow { return ctx.Value(flowKey{}).(*flow) }

// newCode has fosite make an authorization code and gives it with the row to store (OA-39, OA-55).
func (p *Provider) newCode(ctx context.Context, now time.Time, r AuthorizeRequest, q authorizeQuery, granted []scopes.Scope) (string, Code, error) {
	f := &flow{now: now, client: q.client, code: Code{
		ClientID: q.client.ID, User: r.User, RedirectURI: q.client.RedirectURI, SessionID: r.SessionID, Scopes: granted,
		ExpiresAt: now.Add(p.cfg.CodeLifetime),
	}}
	ctx = context.WithValue(ctx, flowKey{}, f)
	// The state goes around fosite: it insists on one, clients need not send any (OA-F9).
	form := url.Values{"client_id": {q.client.ID}, "response_type": {"code"}, "redirect_uri": {toAbsolute(q.client.RedirectURI)}, "state": {"unused"}}
	if q.challenge != "" {
		form.Set("code_challenge", q.challenge)
		form.Set("code_challenge_method", "S256")
	}
	ar, err := p.engine.NewAuthorizeRequest(ctx, request(ctx, http.MethodGet, form))
	if err != nil {
		return "", Code{}, fmt.Errorf("make authorization code: %w", err)
	}
	resp, err := p.engine.NewAuthorizeResponse(ctx, ar, &session{f})
	if err != nil {
		return "", Code{}, fmt.Errorf("make authorization code: %w", err)
	}
	return resp.GetCode(), f.code, nil
}

// redeem has fosite check code, client, redirect URI and verifier, and exchange them for a token in one transaction (OA-150).
// The *Error is for the client; the Token is the stored one.
func (p *Provider) redeem(ctx context.Context, f *flow, form url.Values) (Token, Secret, error) {
	ctx = context.WithValue(ctx, flowKey{}, f)
	ar, err := p.engine.NewAccessRequest(ctx, request(ctx, http.MethodPost, form), &session{f})
	if err == nil {
		var resp fosite.AccessResponder
		if resp, err = p.engine.NewAccessResponse(ctx, ar); err == nil {
			return f.token, Secret(resp.GetAccessToken()), nil
		}
	}
	switch {
	case f.failed != nil:
		return Token{}, "", f.failed
	case f.spent:
		return Token{}, "", refuse(InvalidGrant, "")
	case errors.Is(err, fosite.ErrInvalidGrant):
		if f.proving {
			p.log.WarnContext(ctx, "oauth pkce check failed", "client_id", f.client.ID, "user_id", f.code.User.ID)
		}
		if f.proving && f.code.Challenge != "" && !form.Has("code_verifier") { // said of a live code only, to the client that it was made for
			return Token{}, "", refuse(InvalidRequest, "Code verifier required.")
		}
		return Token{}, "", refuse(InvalidGrant, "")
	}
	return Token{}, "", fmt.Errorf("exchange authorization code: %w", err)
}

// request is what fosite gets to see: the parameters given and nothing else of the real one.
func request(ctx context.Context, method string, form url.Values) *http.Request {
	r := &http.Request{Method: method, URL: &url.URL{Path: "/"}, Header: http.Header{}, Form: form}
	r.PostForm = url.Values{}
	if method == http.MethodPost {
		r.PostForm = form
	}
	return r.WithContext(ctx)
}
