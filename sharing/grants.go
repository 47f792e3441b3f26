package sharing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/hubshare/hubshare/scopes"
)

// GrantRequest asks to share a server (SH-82), or to stop doing so (SH-90).
type GrantRequest struct {
	Server  ServerName
	Grantee GranteeName
	// Scopes as the client wrote them, with or without the server's filter. None: to share, access to the server (SH-34); to revoke,
	// everything (SH-90).
	Scopes []string
}

// Grant shares a server with a user or group, adding to what they have (SH-40, SH-82 … SH-87), and gives the whole share. Errors, in the order of the checks: those of
// Authorize, ErrInvalidGrantee, ErrInvalidScope, ErrScopeFilter, ErrNoSuchServer, ErrScopeNotHeld, ErrNameNotReadable, ErrNoSuchGrantee.
func (s *Service) Grant(ctx context.Context, by Caller, r GrantRequest) (Share, error) {
	if err := s.Authorize(by, ScopeShare, r.Server.Resource()); err != nil {
		return Share{}, err
	}
	if err := r.Grantee.validate(); err != nil {
		return Share{}, err
	}
	bases, err := s.bases(r.Scopes, r.Server)
	if err != nil {
		return Share{}, err
	}
	srv, err := s.findServer(ctx, r.Server)
	if err != nil {
		return Share{}, err
	}
	if err := s.mayGrant(by, bases, r.Server); err != nil {
		return Share{}, err
	}
	grantee, err := s.findGrantee(ctx, by, r.Grantee)
	if err != nil {
		return Share{}, err
	}
	row, c, err := s.Store.Grant(ctx, s.now(), GrantOrder{
		ActorID: by.ID, Place: placeOf(srv), Grantee: Grantee{grantee.Kind, grantee.ID}, Bases: bases,
	})
	var gone *GoneError
	switch {
	case errors.As(err, &gone) && gone.Kind == grantee.Kind && gone.ID == grantee.ID:
		return Share{}, noSuchGrantee(r.Grantee)
	case errors.Is(err, ErrGone):
		return Share{}, noSuchServer(r.Server)
	case err != nil:
		return Share{}, fmt.Errorf("grant %s to %s: %w", r.Server, r.Grantee, err)
	}
	s.changed(ctx, by.Ref, c, slog.String("server", srv.String()), slog.String("grantee", r.Grantee.String()), logScopes(filtered(bases, r.Server)))
	return shareOf(row, srv, grantee), nil
}

// Revoke takes scopes from a share, or all of it (SH-41, SH-90 … SH-92), and gives what is left: nil for nothing, which is also the
// answer for a grantee who does not exist. Errors, in the order of the checks: those of Authorize, ErrInvalidGrantee, ErrInvalidScope, ErrNoSuchServer.
func (s *Service) Revoke(ctx context.Context, by Caller, r GrantRequest) (*Share, error) {
	if err := s.Authorize(by, ScopeShare, r.Server.Resource()); err != nil {
		return nil, err
	}
	if err := r.Grantee.validate(); err != nil {
		return nil, err
	}
	if err := s.validate(r.Scopes); err != nil {
		return nil, err
	}
	srv, err := s.findServer(ctx, r.Server)
	if err != nil {
		return nil, err
	}
	grantee, err := s.Directory.Find(ctx, r.Grantee.Kind, r.Grantee.Name)
	if errors.Is(err, ErrNoSuchUser) || errors.Is(err, ErrNoSuchGroup) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", r.Grantee, err)
	}
	bases := revoked(r.Scopes, r.Server)
	row, c, err := s.Store.Revoke(ctx, s.now(), RevokeOrder{
		ActorID: by.ID, ServerID: srv.ID, Grantee: Grantee{grantee.Kind, grantee.ID}, All: len(r.Scopes) == 0, Bases: bases,
	})
	if err != nil {
		return nil, fmt.Errorf("revoke %s from %s: %w", r.Server, r.Grantee, err)
	}
	s.changed(ctx, by.Ref, c, slog.String("server", srv.String()), slog.String("grantee", r.Grantee.String()), logScopes(filtered(bases, r.Server)))
	if row == nil {
		return nil, nil
	}
	left := shareOf(*row, srv, grantee)
	return &left, nil
}

// revoked completes scopes without a filter and drops those filtered for something else, which no share has (SH-42).
func revoked(requested []string, n ServerName) []string {
	only := n.Scope("").Filter()
	var out []string
	for _, raw := range requested {
		base, filter, _ := strings.Cut(raw, "!")
		if filter == "" || filter == only {
			out = append(out, base)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// RevokeAll ends every share of a server, whoever granted it, and leaves codes alone (SH-95). Errors: those of Authorize, ErrNoSuchServer.
func (s *Service) RevokeAll(ctx context.Context, by Caller, n ServerName) error {
	if err := s.Authorize(by, ScopeShare, n.Resource()); err != nil {
		return err
	}
	srv, err := s.findServer(ctx, n)
	if err != nil {
		return err
	}
	count, c, err := s.Store.RevokeAll(ctx, s.now(), by.ID, srv.ID)
	if err != nil {
		return fmt.Errorf("revoke all shares of %s: %w", n, err)
	}
	s.changed(ctx, by.Ref, c, slog.String("server", srv.String()), slog.Int("count", count))
	return nil
}

// Leave ends a grantee's own share, whole (SH-122, SH-132): needs users:shares or groups:shares on the grantee, and nothing on the server.
// Errors: those of Authorize, ErrInvalidGrantee, ErrNoSuchGroup, ErrNoSuchShare for all else that is not there.
func (s *Service) Leave(ctx context.Context, by Caller, g GranteeName, n ServerName) error {
	grantee, srv, err := s.sharedWith(ctx, by, g, n, ScopeUserShares, ScopeGroupShares)
	if err != nil {
		return err
	}
	_, c, err := s.Store.Revoke(ctx, s.now(), RevokeOrder{
		ActorID: by.ID, ServerID: srv.ID, Grantee: Grantee{grantee.Kind, grantee.ID}, All: true, Leave: true,
	})
	if err != nil {
		return fmt.Errorf("leave %s as %s: %w", n, g, err)
	}
	if c.Seq == 0 {
		return noSuchShare(g, n)
	}
	s.changed(ctx, by.Ref, c, slog.String("server", srv.String()), slog.String("grantee", g.String()))
	return nil
}

// sharedWith passes the gate for a grantee and looks grantee and server up, for the routes that start at the grantee (SH-121, SH-131).
// The server takes no part in the gate (SH-133).
func (s *Service) sharedWith(ctx context.Context, by Caller, g GranteeName, n ServerName, forUser, forGroup string) (Ref, Server, error) {
	grantee, err := s.gateGrantee(ctx, by, g, forUser, forGroup)
	if errors.Is(err, ErrNoSuchUser) {
		return Ref{}, Server{}, noSuchShare(g, n)
	}
	if err != nil {
		return Ref{}, Server{}, err
	}
	srv, err := s.findServer(ctx, n)
	if errors.Is(err, ErrNoSuchServer) {
		return Ref{}, Server{}, noSuchShare(g, n)
	}
	return grantee, srv, err
}

// gateGrantee passes the gate for a grantee and looks them up.
func (s *Service) gateGrantee(ctx context.Context, by Caller, g GranteeName, forUser, forGroup string) (Ref, error) {
	base := forUser
	if g.Kind == KindGroup {
		base = forGroup
	}
	if err := s.Authorize(by, base, g.resource()); err != nil {
		return Ref{}, err
	}
	if err := g.validate(); err != nil {
		return Ref{}, err
	}
	ref, err := s.Directory.Find(ctx, g.Kind, g.Name)
	switch {
	case errors.Is(err, ErrNoSuchUser):
		return Ref{}, refuse(ErrNoSuchUser, "No such user: %s", g.Name)
	case errors.Is(err, ErrNoSuchGroup):
		return Ref{}, refuse(ErrNoSuchGroup, "No such group: %s", g.Name)
	case err != nil:
		return Ref{}, fmt.Errorf("find %s: %w", g, err)
	}
	return ref, nil
}

// findGrantee looks up whom to share with, for a caller who may read that name (SH-86, SH-87).
func (s *Service) findGrantee(ctx context.Context, by Caller, g GranteeName) (Ref, error) {
	// The message has the kind in the plural twice, as the scope has it.
	base := "read:" + g.Kind + "s:name"
	if !by.Scopes.Allows(base, g.resource(), s.Directory) {
		return Ref{}, refuse(ErrNameNotReadable, "Need scope '%s' to share with %ss by name", base, g.Kind)
	}
	ref, err := s.Directory.Find(ctx, g.Kind, g.Name)
	switch {
	case errors.Is(err, ErrNoSuchUser), errors.Is(err, ErrNoSuchGroup):
		return Ref{}, noSuchGrantee(g)
	case err != nil:
		return Ref{}, fmt.Errorf("find %s: %w", g, err)
	}
	return ref, nil
}

func noSuchGrantee(g GranteeName) *Error {
	return refuse(ErrNoSuchGrantee, "No such %s: %s", g.Kind, g.Name)
}

func (g GranteeName) validate() error {
	if g.Name == "" || g.Kind != KindUser && g.Kind != KindGroup {
		return refuse(ErrInvalidGrantee, "Specify exactly one of `user` or `group`")
	}
	return nil
}

func (g GranteeName) resource() scopes.Resource {
	return scopes.Resource{Kind: g.Kind, Name: g.Name}
}

func shareOf(row StoredShare, srv Server, grantee Ref) Share {
	return Share{ID: row.ID, Server: srv, Grantee: grantee, Scopes: filtered(row.Bases, nameOf(srv)), CreatedAt: row.CreatedAt}
}

// logScopes shows scopes as the wire does.
func logScopes(list []scopes.Scope) slog.Attr {
	return slog.String("scopes", strings.Join(scopes.Strings(list), " "))
}
