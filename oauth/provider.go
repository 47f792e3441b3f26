package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/ory/fosite"

	"github.com/hubshare/hubshare/scopes"
)

// PKCE says what the provider does about code challenges (OA-57).
type PKCE int

// The policies. A challenge that was accepted is always enforced (OA-S4); the method plain is accepted by none.
const (
	PKCEOptional PKCE = iota // verified when sent; the default
	PKCEOff                  // challenges are ignored, as JupyterHub 5.5 does
	PKCERequired             // an authorize request without a challenge is refused
)

// Config is what a [Provider] is made of. Store, Host and Registry are required; every other zero value works.
type Config struct {
	Store    Store
	Host     Host
	Registry *scopes.Registry

	Now  func() time.Time // nil = time.Now; read once per request
	Rand io.Reader        // nil = crypto/rand; must be safe for concurrent use
	// RandFor, if set, is asked in place of Rand for what each secret is made of, once a secret, by its [Kind]: so a test can have secrets that
	// depend on nothing but how many of their kind there were. Must be safe for concurrent use.
	RandFor func(k Kind) io.Reader
	// Logger gets audit events (OA-192) and refusals (OA-47), each with the context of its request: a handler that finds the host's id of the request there
	// puts it beside. nil = discard.
	Logger *slog.Logger

	PKCE PKCE

	TokenLifetime time.Duration // of OAuth tokens, whole seconds; 0 = 14 days (OA-59)
	CodeLifetime  time.Duration // 0 = 5 minutes (OA-55)
	// MaxTokenAge is the longest life of an API token that someone asks for, and the one of a token asked for without any;
	// 0 = unlimited (OA-84).
	MaxTokenAge time.Duration
	// CacheAge bounds how long an answer of Authenticate is remembered without hearing of a change; 0 = 5 seconds, negative = never remembered.
	CacheAge time.Duration
	// ActivityResolution is the shortest time between two recorded activities of one token; 0 = 30 seconds (OA-78).
	ActivityResolution time.Duration

	// ChangesKept is how long the store's changes are kept, for replicas that catch up and as the audit trail; 0 = 90 days, negative = for ever.
	ChangesKept time.Duration

	// OnChange is called after a change was committed and the provider's own caches were cleared, before the method that made it returns,
	// so that the host can end live connections that rested on a token. It must not call methods that change something. nil = nobody listens.
	OnChange func(ctx context.Context, c Change)
}

// Kind is what a secret is for.
type Kind string

// The kinds of secrets that a provider draws.
const (
	KindAPIToken   Kind = "api token"
	KindOAuthToken Kind = "oauth token"
	KindCode       Kind = "code"
	KindSalt       Kind = "salt"
)

// random is what a secret of a kind is made of.
func (p *Provider) random(k Kind) io.Reader {
	if p.cfg.RandFor != nil {
		return p.cfg.RandFor(k)
	}
	return p.rand
}

// Provider is the OAuth provider of one hub (see the package comment). It is safe for concurrent use and starts no goroutine.
type Provider struct {
	store    Store
	host     Host
	registry *scopes.Registry
	now      func() time.Time
	rand     io.Reader
	log      *slog.Logger
	cfg      Config
	engine   *fosite.Fosite

	cache    cache
	activity activity
}

// New gives a provider, or an error when a required field is missing or a duration makes no sense.
func New(c Config) (*Provider, error) {
	switch {
	case c.Store == nil:
		return nil, errors.New("oauth: config has no store")
	case c.Host == nil:
		return nil, errors.New("oauth: config has no host")
	case c.Registry == nil:
		return nil, errors.New("oauth: config has no scope registry")
	case c.TokenLifetime < 0 || c.CodeLifetime < 0 || c.MaxTokenAge < 0 || c.ActivityResolution < 0:
		return nil, errors.New("oauth: a duration in the config is negative")
	case c.TokenLifetime%time.Second != 0:
		return nil, errors.New("oauth: the token lifetime is not a whole number of seconds")
	case c.PKCE < PKCEOptional || c.PKCE > PKCERequired:
		return nil, fmt.Errorf("oauth: no pkce policy %d", int(c.PKCE))
	}
	def(&c.TokenLifetime, 14*24*time.Hour)
	def(&c.CodeLifetime, 5*time.Minute)
	def(&c.CacheAge, 5*time.Second)
	def(&c.ActivityResolution, 30*time.Second)
	def(&c.ChangesKept, 90*24*time.Hour)
	p := &Provider{store: c.Store, host: c.Host, registry: c.Registry, now: c.Now, rand: c.Rand, log: c.Logger, cfg: c}
	if p.now == nil {
		p.now = time.Now
	}
	if p.rand == nil {
		p.rand = rand.Reader
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.engine = newEngine(p)
	return p, nil
}

func def(d *time.Duration, v time.Duration) {
	if *d == 0 {
		*d = v
	}
}

// Registry is what the provider's scope names mean.
func (p *Provider) Registry() *scopes.Registry { return p.registry }

// MaxTokenAge is the configured longest life of a token that someone asks for; 0 = unlimited (OA-84).
func (p *Provider) MaxTokenAge() time.Duration { return p.cfg.MaxTokenAge }

// changed clears what a committed change made stale, then tells the host.
func (p *Provider) changed(ctx context.Context, c Change) {
	if c.Seq == 0 {
		return // nothing was there to change
	}
	p.Drop(c.Owners...)
	if p.cfg.OnChange != nil {
		p.cfg.OnChange(ctx, c)
	}
}

// ForgetOwner removes every token and code of an owner that the host has deleted, and refuses new ones from then on. It is idempotent.
func (p *Provider) ForgetOwner(ctx context.Context, ref OwnerRef) error {
	// Dropped first: should the store fail, the host's ErrNoOwner still denies at once.
	p.Drop(ref)
	c, err := p.store.Forget(ctx, p.now(), ref)
	if err != nil {
		return fmt.Errorf("forget tokens of %s %s: %w", ref.Kind, ref.ID, err)
	}
	p.changed(ctx, c)
	p.log.InfoContext(ctx, "tokens of owner removed", "owner_kind", ref.Kind, "owner_id", ref.ID)
	return nil
}

// Renamed tells that a user, group, service or server ("owner/name") has another name: the filters of stored raw scopes and the
// servers and services that clients are for follow (a user's servers too). Client ids and redirect URIs stay until the client is registered anew.
func (p *Provider) Renamed(ctx context.Context, kind, from, to string) error {
	c, err := p.store.Renamed(ctx, p.now(), kind, from, to)
	if err != nil {
		return fmt.Errorf("rename %s %q to %q in stored scopes: %w", kind, from, to, err)
	}
	p.changed(ctx, c)
	return nil
}

// goneRemembers is how long a forgotten owner is remembered: longer than any request that looked them up before.
const goneRemembers = 24 * time.Hour

// PurgeExpired deletes tokens and codes that have expired, which nothing finds before that either (OA-59), and changes older than
// Config.ChangesKept. Call it hourly.
func (p *Provider) PurgeExpired(ctx context.Context) error {
	now := p.now()
	o := PurgeOrder{Gone: now.Add(-goneRemembers)}
	if p.cfg.ChangesKept > 0 {
		o.Changes = now.Add(-p.cfg.ChangesKept)
	}
	done, err := p.store.Purge(ctx, now, o)
	if err != nil {
		return fmt.Errorf("purge expired tokens: %w", err)
	}
	p.log.DebugContext(ctx, "oauth purged", "tokens", done.Tokens, "codes", done.Codes, "changes", done.Changes, "gone", done.Gone)
	return nil
}

// Heard tells the provider what a replica has committed, as the store's Follow reports it: what that made stale is forgotten, and
// Config.OnChange is called. Changes of its own that come back this way do no harm.
func (p *Provider) Heard(ctx context.Context, changes []Change) {
	for _, c := range changes {
		p.changed(ctx, c)
	}
}

// Reconcile removes what outlived a host that died between its own deletion and telling of it: clients that keep refuses (OA-11), and
// the tokens and codes of owners whom the host no longer knows. Call it at start, when clients that stay are known to the host.
func (p *Provider) Reconcile(ctx context.Context, keep func(Client) bool) error {
	clients, err := p.store.Clients(ctx)
	if err != nil {
		return fmt.Errorf("list oauth clients: %w", err)
	}
	for _, c := range clients {
		if keep(c) {
			continue
		}
		if err := p.RemoveClient(ctx, c.ID); err != nil {
			return err
		}
	}
	owners, err := p.store.Owners(ctx)
	if err != nil {
		return fmt.Errorf("list the owners of tokens: %w", err)
	}
	for _, ref := range owners {
		_, err := p.host.Owner(ctx, ref)
		if errors.Is(err, ErrNoOwner) {
			err = p.ForgetOwner(ctx, ref)
		}
		if err != nil {
			return fmt.Errorf("look after owner %s %s: %w", ref.Kind, ref.ID, err)
		}
	}
	return nil
}
