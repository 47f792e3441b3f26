package oauth

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/scopes"
)

// maxNote is the longest note of a token, in bytes.
const maxNote = 1023

// TokenOrder asks [Provider.IssueToken] for an API token.
type TokenOrder struct {
	Owner OwnerRef
	// Secret is chosen by an operator, 8 to 1024 bytes; "" = one is drawn.
	Secret Secret
	// Scopes are raw; nil = those of the role token. An empty list is no default: it identifies the owner and nothing else (SC-340).
	Scopes []string
	Roles  []string // in place of Scopes: their scopes as they are now
	Note   string   // at most 1023 bytes
	// ExpiresIn is in whole seconds; 0 = never, or after Config.MaxTokenAge if there is one.
	ExpiresIn time.Duration
	// Internal: the hub makes the token for itself or one of its servers, so MaxTokenAge does not apply.
	Internal bool
}

// IssueToken makes an API token and gives it with its secret, which nobody can read again (OA-82 … OA-84). An [*Error] with reason
// InvalidScope or InvalidRequest is for who asked, as is an error of package scopes about a scope that does not exist. [ErrTokenExists]: the chosen
// secret is taken. [ErrNoOwner], [ErrGone]: there is no such owner.
func (p *Provider) IssueToken(ctx context.Context, o TokenOrder) (TokenInfo, Secret, error) {
	fail := func(err error) (TokenInfo, Secret, error) { return TokenInfo{}, "", err }
	now := p.now()
	owner, err := p.host.Owner(ctx, o.Owner)
	if err != nil {
		return fail(fmt.Errorf("look up the owner of a new token: %w", err))
	}
	t := Token{Owner: o.Owner, Note: o.Note, Created: now}
	if t.Scopes, err = p.ordered(o, owner); err != nil {
		return fail(err)
	}
	if t.ExpiresAt, err = p.expires(now, o); err != nil {
		return fail(err)
	}
	if len(o.Note) > maxNote {
		return fail(refuse(InvalidRequest, fmt.Sprintf("note must not be longer than %d bytes", maxNote)))
	}
	t, secret, err := p.insert(ctx, now, t, o.Secret)
	if err != nil {
		return fail(err)
	}
	p.log.InfoContext(ctx, "api token issued", "owner_kind", o.Owner.Kind, "owner_id", o.Owner.ID, "token_id", t.ID, "scopes", scopes.Strings(t.Scopes))
	return p.info(Issued{Token: t}, owner), secret, nil
}

// ordered gives the raw scopes of a new token, none of them beyond what its owner holds (SC-340, SC-341).
func (p *Provider) ordered(o TokenOrder, owner Owner) ([]scopes.Scope, error) {
	var list []scopes.Scope
	var err error
	switch {
	case o.Scopes != nil && o.Roles != nil:
		return nil, refuse(InvalidRequest, "Can only specify one of roles or scopes, not both")
	case o.Scopes != nil:
		list, err = p.registry.ParseValid(o.Scopes, "token")
	case o.Roles != nil:
		list, err = p.registry.RoleScopes(o.Roles...)
	default:
		list, err = p.registry.RoleScopes("token")
	}
	if err != nil {
		return nil, err
	}
	excess, err := p.registry.Excess(list, owner.Owner, scopes.Client{}, owner.Held, p.host)
	if err != nil {
		return nil, err
	}
	if excess.Len() > 0 {
		return nil, refuse(InvalidScope, fmt.Sprintf("Not assigning requested scopes %s not held by %s %s",
			strings.Join(excess.Strings(), ","), title(owner.Kind), owner.Name))
	}
	return sorted(slices.Clone(list)), nil
}

func title(kind string) string {
	if kind == KindService {
		return "Service"
	}
	return "User"
}

func (p *Provider) expires(now time.Time, o TokenOrder) (time.Time, error) {
	limit := p.cfg.MaxTokenAge
	if o.Internal {
		limit = 0
	}
	life := o.ExpiresIn
	switch {
	case life < 0 || life%time.Second != 0:
		return time.Time{}, refuse(InvalidRequest, "expires_in must be a positive whole number of seconds")
	case limit > 0 && life > limit:
		return time.Time{}, refuse(InvalidRequest, fmt.Sprintf("expires_in: %d must not exceed %d", life/time.Second, limit/time.Second))
	case life == 0:
		life = limit
	}
	if life == 0 {
		return time.Time{}, nil
	}
	return expiry(now, life), nil
}

// insert stores a token under a drawn or a chosen secret. The salt hides equal secrets from the store, so it asks us about a chosen one (OA-61).
func (p *Provider) insert(ctx context.Context, now time.Time, t Token, chosen Secret) (Token, Secret, error) {
	secret, rounds := chosen.Reveal(), suppliedRounds
	var taken func(hash string) bool
	var err error
	switch {
	case secret == "":
		rounds = generatedRounds
		if secret, err = newHex(p.random(KindAPIToken), apiSecret); err != nil {
			return Token{}, "", err
		}
	case len(secret) < MinSecret || len(secret) > MaxSecret:
		return Token{}, "", refuse(InvalidRequest, fmt.Sprintf("a token has %d to %d bytes", MinSecret, MaxSecret))
	default:
		taken = func(hash string) bool { return matches(hash, secret) }
	}
	t.Prefix = prefixOf(secret)
	if t.Hash, err = hashSecret(p.random(KindSalt), secret, rounds); err != nil {
		return Token{}, "", err
	}
	t, change, err := p.store.PutToken(ctx, now, t, taken)
	if err != nil {
		return Token{}, "", fmt.Errorf("store a new token: %w", err)
	}
	p.changed(ctx, change)
	return t, Secret(secret), nil
}

// ServerTokenScopes gives the raw scopes that a server's own token gets: those wanted, or the role server's, bound to the server, with
// the right to report activity, and cut to what the owner's roles give (OA-68, SC-400). name "" is the default server. The result goes into a [TokenOrder].
func (p *Provider) ServerTokenScopes(ctx context.Context, ref OwnerRef, name string, wanted []string) ([]string, error) {
	owner, err := p.host.Owner(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("look up the owner of a server: %w", err)
	}
	var list []scopes.Scope
	if len(wanted) == 0 {
		list, err = p.registry.RoleScopes("server")
	} else {
		list, err = p.registry.ParseValid(wanted, "token")
	}
	if err != nil {
		return nil, err
	}
	list = slices.Clone(list)
	report := scopes.Scope{Base: "users:activity", Kind: scopes.KindUser}
	reports := false
	for i, s := range list {
		if s.Kind == scopes.KindServer && s.Name == "" {
			list[i] = s.With(scopes.KindServer, owner.Name+"/"+name)
		}
		reports = reports || s == report || s == scopes.Inherit || s == scopes.Scope{Base: "users:activity"}
	}
	if !reports {
		list = append(list, report)
	}
	have := append(slices.Clone(owner.Roles), scopes.Inherit)
	granted, _ := p.registry.Resolve(list, have, owner.Owner, scopes.Client{}, p.host)
	return scopes.Strings(granted), nil
}

// TokenInfo is a token with what it means at this moment.
type TokenInfo struct {
	Token
	OwnerName string
	Effective scopes.Set
	Client    string // description of the client it was issued to, "JupyterHub" for API tokens (OA-85)
}

func (p *Provider) info(t Issued, o Owner) TokenInfo {
	out := TokenInfo{Token: p.activity.overlay(t.Token), OwnerName: o.Name, Client: "JupyterHub"}
	if t.ClientID != "" {
		out.Client = Client{ID: t.ClientID, Description: t.Description}.name()
	}
	out.Effective = p.registry.Effective(t.Scopes, o.Owner, t.For, o.cut(), p.host)
	return out
}

// Tokens lists an owner's live tokens, those unused for longest first (OA-86). [ErrNoOwner].
func (p *Provider) Tokens(ctx context.Context, ref OwnerRef) ([]TokenInfo, error) {
	owner, err := p.host.Owner(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("look up the owner of tokens: %w", err)
	}
	list, err := p.store.Tokens(ctx, p.now(), ref)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	out := make([]TokenInfo, len(list))
	for i, t := range list {
		out[i] = p.info(t, owner)
	}
	// Sorted again: the latest activity may not be in the store yet.
	slices.SortStableFunc(out, func(a, b TokenInfo) int {
		return cmp.Or(a.used().Compare(b.used()), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func (t Token) used() time.Time {
	if t.LastActivity.IsZero() {
		return t.Created
	}
	return t.LastActivity
}

// Token gives one live token of an owner: [ErrNoToken], [ErrNoOwner].
func (p *Provider) Token(ctx context.Context, ref OwnerRef, id int64) (TokenInfo, error) {
	owner, err := p.host.Owner(ctx, ref)
	if err != nil {
		return TokenInfo{}, fmt.Errorf("look up the owner of a token: %w", err)
	}
	t, err := p.store.Token(ctx, p.now(), ref, id)
	if err != nil {
		return TokenInfo{}, fmt.Errorf("look up a token: %w", err)
	}
	return p.info(t, owner), nil
}

// RevokeToken removes an owner's token; one issued through a client takes all of the owner's tokens of that client along, which is how
// consent is withdrawn (OA-86). [ErrNoToken].
func (p *Provider) RevokeToken(ctx context.Context, ref OwnerRef, id int64) error {
	c, err := p.store.DeleteToken(ctx, p.now(), ref, id)
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	p.changed(ctx, c)
	p.log.InfoContext(ctx, "token revoked", "owner_kind", ref.Kind, "owner_id", ref.ID, "token_id", id)
	return nil
}

// Logout removes the tokens that a user's browser session authorised (OA-110). Call it only for a user who is logged in: the session id
// alone proves nothing (OA-S18). "" removes nothing.
func (p *Provider) Logout(ctx context.Context, user OwnerRef, sessionID string) error {
	if sessionID == "" {
		return nil // API tokens have no session
	}
	c, err := p.store.DeleteSession(ctx, p.now(), user, sessionID)
	if err != nil {
		return fmt.Errorf("revoke tokens of a session: %w", err)
	}
	p.changed(ctx, c)
	p.log.InfoContext(ctx, "tokens of session revoked", "user_id", user.ID)
	return nil
}
