package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hubshare/hubshare/scopes"
)

// hubClient is the reserved id of the hub's own client, which owns every token that came through no OAuth flow (OA-3).
const hubClient = "jupyterhub"

// Limits of a registration, in bytes (OA-1).
const (
	maxClientID    = 255
	maxDescription = 1023
	maxRedirect    = 1023
)

// ServerClientID gives the client id of a user's server; "" is the default server (OA-2). It serves as a cookie name too, hence the
// strict escaping; ids of different servers may coincide (OA-13), which [Provider.PutClient] refuses.
func ServerClientID(user, server string) string {
	id := "jupyterhub-user-" + escapeID(user)
	if server != "" {
		id += "-" + escapeID(server)
	}
	return id
}

// ServiceClientID gives the client id of a service (OA-2).
func ServiceClientID(service string) string { return "service-" + service }

func escapeID(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_.-~/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// Registration describes a client to [Provider.PutClient].
type Registration struct {
	ID string // see ServerClientID, ServiceClientID; at most 255 bytes
	// Description is shown to visitors: "Server at /user/alice/", "JupyterHub service x" (OA-8); at most 1023 bytes.
	Description string
	// Secret is the server's or service's own API token (OA-6); "" = the client can never authenticate.
	Secret Secret
	// Supplied: an operator chose the secret, so it is hashed slowly (OA-156).
	Supplied    bool
	RedirectURI string        // a path, or an absolute http or https address; exactly this one matches (OA-23)
	For         scopes.Client // the server or the service: exactly one
	LinkID      string        // the host's stable id of that server or service (OA-13)
	// Allowed are the raw scopes that may be asked for; the access scope of For is added (OA-9, OA-10).
	Allowed   []scopes.Scope
	NoConfirm bool // consent is never asked (OA-34)
}

// PutClient registers a client, or refreshes it (OA-11). With another secret than before, every code and token issued through it
// is gone; with the same one they stay. Errors: [ErrInvalidClient] wrapped with the rule broken, [ErrClientTaken].
func (p *Provider) PutClient(ctx context.Context, r Registration) error {
	if err := p.validate(r); err != nil {
		return err
	}
	c := Client{
		ID: r.ID, Description: r.Description, RedirectURI: r.RedirectURI, For: r.For, LinkID: r.LinkID, NoConfirm: r.NoConfirm,
	}
	access, _ := r.For.Access()
	c.Allowed = sorted(append(slices.Clone(r.Allowed), access))
	var err error
	if c.SecretHash, err = p.clientHash(ctx, r); err != nil {
		return err
	}
	change, err := p.store.PutClient(ctx, p.now(), c)
	if errors.Is(err, ErrClientTaken) {
		p.log.WarnContext(ctx, "oauth client id collision", "client_id", r.ID, "link_id", r.LinkID)
	}
	if err != nil {
		return fmt.Errorf("register oauth client %q: %w", r.ID, err)
	}
	p.changed(ctx, change)
	return nil
}

// clientHash keeps the stored hash of an unchanged secret: a fresh salt would look like a new secret to the store.
func (p *Provider) clientHash(ctx context.Context, r Registration) (string, error) {
	secret := r.Secret.Reveal()
	if secret == "" {
		return "", nil
	}
	old, err := p.store.Client(ctx, r.ID)
	switch {
	case err == nil && matches(old.SecretHash, secret):
		return old.SecretHash, nil
	case err != nil && !errors.Is(err, ErrNoClient):
		return "", fmt.Errorf("look up oauth client %q: %w", r.ID, err)
	}
	rounds := generatedRounds
	if r.Supplied {
		rounds = suppliedRounds
	}
	return hashSecret(p.random(KindSalt), secret, rounds)
}

func (p *Provider) validate(r Registration) error {
	invalid := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrInvalidClient, fmt.Sprintf(format, args...))
	}
	secret := r.Secret.Reveal()
	switch {
	case r.ID == "" || len(r.ID) > maxClientID || r.ID == hubClient:
		return invalid("an id has 1 to %d bytes and is not %q", maxClientID, hubClient)
	case len(r.Description) > maxDescription:
		return invalid("%s has a description of more than %d bytes", r.ID, maxDescription)
	case (r.For.Server == "") == (r.For.Service == ""):
		return invalid("%s is for neither or for both of a server and a service", r.ID)
	case r.For.Server != "" && !strings.Contains(r.For.Server, "/"):
		return invalid("%s is for %q, which is no owner/name", r.ID, r.For.Server)
	case r.For.Service != "" && !strings.HasPrefix(r.ID, "service-"):
		return invalid("the id %s of a service does not begin with service-", r.ID) // OA-3
	case r.LinkID == "":
		return invalid("%s has no link id", r.ID)
	case secret != "" && (len(secret) < MinSecret || len(secret) > MaxSecret):
		return invalid("the secret of %s does not have %d to %d bytes", r.ID, MinSecret, MaxSecret)
	case !validRedirect(r.RedirectURI):
		return invalid("the redirect uri of %s is neither a path nor an absolute http address, or is too long", r.ID)
	}
	for _, s := range r.Allowed {
		if err := p.registry.Validate(s.String(), ""); err != nil {
			return invalid("%s: %v", r.ID, err)
		}
	}
	return nil
}

// validRedirect: "//host" looks like a path and is none; a fragment would swallow the code (RFC 6749, 3.1.2).
func validRedirect(uri string) bool {
	if len(uri) > maxRedirect || strings.Contains(uri, sentinel) || strings.ContainsAny(uri, "#\\") {
		return false
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.User != nil:
		return false
	case isPath(uri):
		return !strings.HasPrefix(uri, "//")
	}
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func isPath(uri string) bool { return strings.HasPrefix(uri, "/") }

// RemoveClient removes a client with every code and token issued through it, as when its server stops (OA-11). It is idempotent.
func (p *Provider) RemoveClient(ctx context.Context, id string) error {
	c, err := p.store.DeleteClient(ctx, p.now(), id)
	if err != nil {
		return fmt.Errorf("remove oauth client %q: %w", id, err)
	}
	p.changed(ctx, c)
	return nil
}

// clientName is how a client is shown to people (OA-8).
func (c Client) name() string {
	if c.Description != "" {
		return c.Description
	}
	return c.ID
}

func sorted(list []scopes.Scope) []scopes.Scope {
	slices.SortFunc(list, scopes.Compare)
	return slices.Compact(list)
}
