package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/ory/fosite"
)

// adapter is fosite's storage and its strategy for codes and tokens. Everything about one exchange lives in the flow of its context.
type adapter struct{ p *Provider }

// client shows a Client to fosite. It is never public (OA-F3), and its scopes are none of fosite's business.
type client struct{ Client }

func (c client) GetID() string                      { return c.ID }
func (c client) GetHashedSecret() []byte            { return nil } // compared by us alone
func (c client) GetRedirectURIs() []string          { return []string{toAbsolute(c.RedirectURI)} }
func (c client) GetGrantTypes() fosite.Arguments    { return fosite.Arguments{"authorization_code"} }
func (c client) GetResponseTypes() fosite.Arguments { return fosite.Arguments{"code"} }
func (c client) GetScopes() fosite.Arguments        { return nil }
func (c client) IsPublic() bool                     { return false }
func (c client) GetAudience() fosite.Arguments      { return nil }

// session answers expiry from the hub's clock: fosite stamps with the machine's, and a moved clock would expire nothing (OA-F12).
type session struct{ f *flow }

func (s *session) SetExpiresAt(fosite.TokenType, time.Time) {}

func (s *session) GetExpiresAt(t fosite.TokenType) time.Time {
	if t == fosite.AccessToken {
		return s.f.token.ExpiresAt
	}
	return s.f.code.ExpiresAt
}
func (s *session) GetUsername() string { return "" }
func (s *session) GetSubject() string  { return s.f.code.User.ID }

// Clone shares the flow: it is the one place where an exchange is gathered.
func (s *session) Clone() fosite.Session { return &session{s.f} }

// GetClient is asked once at authorize. The client was looked up before.
func (a *adapter) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	if f := flowOf(ctx); f.client.ID == id {
		return client{f.client}, nil
	}
	return nil, fosite.ErrNotFound
}

// Assertions are a way of authenticating that we do not have.
func (a *adapter) ClientAssertionJWTValid(context.Context, string) error { return fosite.ErrNotFound }
func (a *adapter) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrNotFound
}

// CreateAuthorizeCodeSession notes the code; Provider.Authorize stores it when fosite has agreed to everything.
func (a *adapter) CreateAuthorizeCodeSession(ctx context.Context, hash string, _ fosite.Requester) error {
	flowOf(ctx).code.Hash = hash
	return nil
}

// GetAuthorizeCodeSession shows the code that the flow holds. Another client's code was never loaded, so that nobody can have another
// client's tokens revoked by replaying its code (OA-F21).
func (a *adapter) GetAuthorizeCodeSession(ctx context.Context, hash string, _ fosite.Session) (fosite.Requester, error) {
	f := flowOf(ctx)
	switch {
	case f.code.Hash == "" || f.code.Hash != hash:
		return nil, fosite.ErrNotFound
	case !f.code.UsedAt.IsZero():
		return a.requester(f), fosite.ErrInvalidatedAuthorizeCode
	}
	return a.requester(f), nil
}

// requester is an authorize request as fosite wants it back from a store.
func (a *adapter) requester(f *flow) fosite.Requester {
	if f.stored != nil {
		return f.stored // asked for more than once, and changed by nobody
	}
	r := &fosite.Request{
		ID: f.code.Hash, RequestedAt: f.now, Client: client{f.client}, Session: &session{f},
		Form: url.Values{"redirect_uri": {toAbsolute(f.code.RedirectURI)}},
	}
	if f.code.Challenge != "" {
		r.Form.Set("code_challenge", f.code.Challenge)
		r.Form.Set("code_challenge_method", "S256")
	}
	f.stored = r
	return r
}

// InvalidateAuthorizeCodeSession, CreateAccessTokenSession and Commit meet in one Store.Redeem.
func (a *adapter) InvalidateAuthorizeCodeSession(context.Context, string) error { return nil }

func (a *adapter) BeginTX(ctx context.Context) (context.Context, error) { return ctx, nil }
func (a *adapter) Rollback(context.Context) error                       { return nil }

// CreateAccessTokenSession notes the token to insert. The signature is the token itself, in memory only: its stored form is salted (OA-F11).
func (a *adapter) CreateAccessTokenSession(ctx context.Context, secret string, _ fosite.Requester) error {
	f := flowOf(ctx)
	hash, err := hashSecret(a.p.random(KindSalt), secret, generatedRounds)
	if err != nil {
		f.failed = err
		return err
	}
	f.token = Token{
		Prefix: prefixOf(secret), Hash: hash, Owner: f.code.User, ClientID: f.client.ID, SessionID: f.code.SessionID, Scopes: f.code.Scopes,
		Created: f.now, ExpiresAt: expiry(f.now, a.p.cfg.TokenLifetime),
	}
	return nil
}

func (a *adapter) Commit(ctx context.Context) error { return a.redeem(ctx) }

func (a *adapter) redeem(ctx context.Context) error {
	f := flowOf(ctx)
	t, change, err := a.p.store.Redeem(ctx, f.now, f.code.Hash, f.client.ID, f.token)
	switch {
	case err == nil:
		f.token = t
		a.p.changed(ctx, change)
	case errors.Is(err, ErrCodeSpent):
		// It was live when this request looked: sent twice at once, not kept and replayed. The one that was faster keeps its token.
		f.spent = true
		a.p.log.InfoContext(ctx, "oauth code sent twice at once", "client_id", f.client.ID, "user_id", f.code.User.ID)
	case errors.Is(err, ErrNoCode) || errors.Is(err, ErrGone) || errors.Is(err, ErrNoClient):
		f.spent = true
	default:
		f.failed = fmt.Errorf("redeem authorization code: %w", err)
	}
	return err
}

// RevokeAccessToken is fosite's answer to a code that was spent when this request looked (OA-55).
func (a *adapter) RevokeAccessToken(ctx context.Context, _ string) error {
	f := flowOf(ctx)
	change, err := a.p.store.RevokeReplayed(ctx, f.now, f.code.Hash, f.client.ID)
	if err != nil {
		f.failed = fmt.Errorf("revoke the token of a replayed code: %w", err)
		return err
	}
	f.spent = true
	a.p.changed(ctx, change)
	a.p.log.WarnContext(ctx, "oauth code replayed, its token is revoked", "client_id", f.client.ID, "user_id", f.code.User.ID)
	return nil
}

// PKCE data lives and dies with the code (OA-151): fosite deletes its record before it compares, so that a second try would need no verifier.
func (a *adapter) CreatePKCERequestSession(ctx context.Context, _ string, r fosite.Requester) error {
	flowOf(ctx).code.Challenge = r.GetRequestForm().Get("code_challenge")
	return nil
}

func (a *adapter) GetPKCERequestSession(ctx context.Context, hash string, _ fosite.Session) (fosite.Requester, error) {
	f := flowOf(ctx)
	f.proving = true
	if f.code.Hash != hash || f.code.Challenge == "" {
		return nil, fosite.ErrNotFound
	}
	return a.requester(f), nil
}
func (a *adapter) DeletePKCERequestSession(context.Context, string) error { return nil }

// Access tokens are looked up by Provider.Authenticate, never through fosite.
func (a *adapter) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}
func (a *adapter) DeleteAccessTokenSession(context.Context, string) error { return fosite.ErrNotFound }

// There are no refresh tokens (OA-F20).
func (a *adapter) CreateRefreshTokenSession(context.Context, string, string, fosite.Requester) error {
	return fosite.ErrNotFound
}
func (a *adapter) GetRefreshTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}
func (a *adapter) DeleteRefreshTokenSession(context.Context, string) error { return fosite.ErrNotFound }
func (a *adapter) RotateRefreshToken(context.Context, string, string) error {
	return fosite.ErrNotFound
}
func (a *adapter) RevokeRefreshToken(context.Context, string) error             { return nil }
func (a *adapter) RefreshTokenSignature(_ context.Context, token string) string { return token }
func (a *adapter) GenerateRefreshToken(context.Context, fosite.Requester) (string, string, error) {
	return "", "", fosite.ErrNotFound
}
func (a *adapter) ValidateRefreshToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrNotFound
}

// The strategy: 30 alphanumerics for both kinds (OA-55, OA-58).

// AuthorizeCodeSignature is asked for again and again.
func (a *adapter) AuthorizeCodeSignature(ctx context.Context, code string) string {
	if f := flowOf(ctx); f.hash != "" && f.secret == code {
		return f.hash
	}
	return codeHash(code)
}

func (a *adapter) GenerateAuthorizeCode(ctx context.Context, _ fosite.Requester) (code, hash string, err error) {
	if code, err = newAlphanumerics(a.p.random(KindCode), oauthSecret); err != nil {
		return "", "", err
	}
	f := flowOf(ctx)
	f.secret, f.hash = code, codeHash(code)
	return code, f.hash, nil
}

func (a *adapter) ValidateAuthorizeCode(ctx context.Context, _ fosite.Requester, _ string) error {
	if f := flowOf(ctx); f.code.ExpiresAt.Before(f.now) {
		return fosite.ErrTokenExpired
	}
	return nil
}

func (a *adapter) AccessTokenSignature(_ context.Context, token string) string { return token }

func (a *adapter) GenerateAccessToken(context.Context, fosite.Requester) (token, signature string, err error) {
	token, err = newAlphanumerics(a.p.random(KindOAuthToken), oauthSecret)
	return token, token, err
}
func (a *adapter) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrNotFound
}
