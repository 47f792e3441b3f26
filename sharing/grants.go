package sharing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/scopes"
)

// GrantRequest asks to share a server (SH-82).
type GrantRequest struct {
	Server  ServerName
	Grantee GranteeName
	// Scopes as the client wrote them, with or without the server's filter. None: access to the server (SH-34).
	Scopes []string
	Terms  Terms // how long it will last; not on a JupyterHub's wire
}

// BulkRequest asks to share a server with several at once: with all of them or, if anything is wrong, with none.
type BulkRequest struct {
	Server   ServerName
	Grantees []GranteeName // 1 to MaxGrantees; one named twice counts once
	Scopes   []string      // as for GrantRequest
	Terms    Terms
}

// Grant shares a server with a user or group, adding to what they have (SH-40, SH-82 … SH-87), and gives the whole share. Errors, in the order of the checks: those of
// Authorize, ErrInvalidGrantee, ErrLifetime, ErrInvalidScope, ErrScopeFilter, ErrNoSuchServer, ErrScopeNotHeld, ErrNameNotReadable, ErrNoSuchGrantee, ErrQuota.
//
// What is granted never takes away: scopes that the grantee has for longer stay for longer. To shorten access, revoke and grant again.
func (s *Service) Grant(ctx context.Context, by Caller, r GrantRequest) (_ Share, err error) {
	defer s.refused(&err)
	shares, err := s.grant(ctx, by, BulkRequest{Server: r.Server, Grantees: []GranteeName{r.Grantee}, Scopes: r.Scopes, Terms: r.Terms})
	if err != nil {
		return Share{}, err
	}
	return shares[0], nil
}

// GrantMany is Grant for several, in one transaction, and gives their shares in the order of the grantees. Errors are those of Grant; the message names every
// grantee who does not exist.
func (s *Service) GrantMany(ctx context.Context, by Caller, r BulkRequest) (_ []Share, err error) {
	defer s.refused(&err)
	return s.grant(ctx, by, r)
}

func (s *Service) grant(ctx context.Context, by Caller, r BulkRequest) ([]Share, error) {
	if err := s.Authorize(by, ScopeShare, r.Server.Resource()); err != nil {
		return nil, err
	}
	names, err := distinct(r.Grantees)
	if err != nil {
		return nil, err
	}
	if err := r.Terms.validate("expires_in"); err != nil {
		return nil, err
	}
	bases, err := s.bases(r.Scopes, r.Server)
	if err != nil {
		return nil, err
	}
	srv, err := s.findServer(ctx, r.Server)
	if err != nil {
		return nil, err
	}
	if err := s.mayGrant(by, bases, r.Server); err != nil {
		return nil, err
	}
	refs, err := s.findGrantees(ctx, by, names)
	if err != nil {
		return nil, err
	}
	now := s.now()
	if err := s.spend(ctx, now, s.creations(by), len(refs)); err != nil {
		return nil, err
	}
	o := GrantOrder{Place: placeOf(srv), Bases: bases, Ends: r.Terms.ends(now)}
	for _, ref := range refs {
		o.Grantees = append(o.Grantees, Grantee{ref.Kind, ref.ID})
	}
	rows, c, err := s.Store.Grant(ctx, now, act(by, srv, names...), o)
	var gone *GoneError
	switch {
	case errors.As(err, &gone):
		for i, ref := range refs {
			if gone.Kind == ref.Kind && gone.ID == ref.ID {
				return nil, noSuchGrantee(names[i])
			}
		}
		return nil, noSuchServer(r.Server)
	case err != nil:
		return nil, fmt.Errorf("grant %s: %w", r.Server, err)
	}
	s.changed(ctx, c)
	out := make([]Share, len(rows))
	for i, row := range rows {
		out[i] = shareOf(row, srv, refs[i])
	}
	return out, nil
}

// distinct checks grantees and drops those named again.
func distinct(names []GranteeName) ([]GranteeName, error) {
	if len(names) == 0 || len(names) > MaxGrantees {
		return nil, refuse(ErrInvalidGrantee, "Specify from 1 to %d users and groups", MaxGrantees)
	}
	var out []GranteeName
	for _, n := range names {
		if err := n.validate(); err != nil {
			return nil, err
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out, nil
}

func (t Terms) validate(field string) error {
	if t.Lifetime != 0 && (t.Lifetime < MinCodeLifetime || t.Lifetime > MaxCodeLifetime) {
		return badLifetime(field)
	}
	return nil
}

func badLifetime(field string) *Error {
	return refuse(ErrLifetime, "%s: must be from %d to %d seconds", field, MinCodeLifetime/time.Second, MaxCodeLifetime/time.Second)
}

// RevokeRequest asks to stop sharing a server with somebody (SH-90).
type RevokeRequest struct {
	Server  ServerName
	Grantee GranteeName
	// Scopes as for [GrantRequest]. None: everything (SH-90).
	Scopes []string
}

// Revoke takes scopes from a share, or all of it (SH-41, SH-90 … SH-92), and gives what is left: nil for nothing, which is also the
// answer for a grantee who does not exist. Errors, in the order of the checks: those of Authorize, ErrInvalidGrantee, ErrInvalidScope, ErrNoSuchServer.
func (s *Service) Revoke(ctx context.Context, by Caller, r RevokeRequest) (_ *Share, err error) {
	defer s.refused(&err)
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
	row, c, err := s.Store.Revoke(ctx, s.now(), act(by, srv, r.Grantee), RevokeOrder{
		ServerID: srv.ID, Grantee: Grantee{grantee.Kind, grantee.ID}, All: len(r.Scopes) == 0, Bases: s.revoked(ctx, r.Scopes, r.Server),
	})
	if err != nil {
		return nil, fmt.Errorf("revoke %s from %s: %w", r.Server, r.Grantee, err)
	}
	if s.changed(ctx, c) {
		s.countRevoked(1)
	}
	if row == nil {
		return nil, nil
	}
	left := shareOf(*row, srv, grantee)
	return &left, nil
}

// revoked completes scopes without a filter and drops those filtered for something else, which no share has (SH-42).
func (s *Service) revoked(ctx context.Context, requested []string, n ServerName) []string {
	only := n.Scope("").Filter()
	var out []string
	for _, raw := range requested {
		base, filter, _ := strings.Cut(raw, "!")
		switch {
		case filter == only:
			out = append(out, base)
		case filter == "" && !s.Stock.VerbatimRevoke:
			out = append(out, base)
			s.Differs(ctx, "SH-42", "it would have revoked nothing for "+base+", which is written without a filter")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// RevokeAll ends every share of a server, whoever granted it, and leaves codes alone (SH-95). Errors: those of Authorize, ErrNoSuchServer.
func (s *Service) RevokeAll(ctx context.Context, by Caller, n ServerName) (err error) {
	defer s.refused(&err)
	if err := s.Authorize(by, ScopeShare, n.Resource()); err != nil {
		return err
	}
	srv, err := s.findServer(ctx, n)
	if err != nil {
		return err
	}
	count, c, err := s.Store.RevokeAll(ctx, s.now(), act(by, srv), srv.ID)
	if err != nil {
		return fmt.Errorf("revoke all shares of %s: %w", n, err)
	}
	s.changed(ctx, c)
	s.countRevoked(count)
	return nil
}

// Leave ends a grantee's own share, whole (SH-122, SH-132): needs users:shares or groups:shares on the grantee, and nothing on the server.
// Errors: those of Authorize, ErrInvalidGrantee, ErrNoSuchGroup, ErrNoSuchShare for all else that is not there.
func (s *Service) Leave(ctx context.Context, by Caller, g GranteeName, n ServerName) (err error) {
	defer s.refused(&err)
	grantee, srv, err := s.sharedWith(ctx, by, g, n, ScopeUserShares, ScopeGroupShares)
	if err != nil {
		return err
	}
	_, c, err := s.Store.Revoke(ctx, s.now(), act(by, srv, g), RevokeOrder{
		ServerID: srv.ID, Grantee: Grantee{grantee.Kind, grantee.ID}, All: true, Leave: true,
	})
	if err != nil {
		return fmt.Errorf("leave %s as %s: %w", n, g, err)
	}
	if !s.changed(ctx, c) {
		return noSuchShare(g, n)
	}
	s.countRevoked(1)
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

// findGrantees looks up whom to share with, for a caller who may read each of the names (SH-86, SH-87).
func (s *Service) findGrantees(ctx context.Context, by Caller, names []GranteeName) ([]Ref, error) {
	for _, g := range names {
		// The message has the kind in the plural twice, as the scope has it.
		base := "read:" + g.Kind + "s:name"
		if !by.Scopes.Allows(base, g.resource(), s.Directory) {
			return nil, refuse(ErrNameNotReadable, "Need scope '%s' to share with %ss by name", base, g.Kind)
		}
	}
	var refs []Ref
	var unknown []string
	for _, g := range names {
		ref, err := s.Directory.Find(ctx, g.Kind, g.Name)
		switch {
		case errors.Is(err, ErrNoSuchUser), errors.Is(err, ErrNoSuchGroup):
			unknown = append(unknown, noSuchGrantee(g).Message)
		case err != nil:
			return nil, fmt.Errorf("find %s: %w", g, err)
		}
		refs = append(refs, ref)
	}
	if len(unknown) > 0 {
		return nil, refuse(ErrNoSuchGrantee, "%s", strings.Join(unknown, "\n"))
	}
	return refs, nil
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
	n := nameOf(srv)
	share := Share{ID: row.ID, Server: srv, Grantee: grantee, Scopes: filtered(row.Bases, n), CreatedAt: row.CreatedAt, Grants: make([]Grant, len(row.Grants))}
	for i, g := range row.Grants {
		share.Grants[i] = Grant{Scopes: filtered(g.Bases, n), CodeID: g.CodeID, ActorID: g.ActorID, GrantedAt: g.GrantedAt, Ends: g.Ends}
	}
	share.ExpiresAt = lastEnd(share.Grants)
	return share
}

// lastEnd is when the last grant ends by the clock; zero if one does not.
func lastEnd(grants []Grant) (end time.Time) {
	for _, g := range grants {
		if g.ExpiresAt.IsZero() {
			return time.Time{}
		}
		if g.ExpiresAt.After(end) {
			end = g.ExpiresAt
		}
	}
	return end
}
