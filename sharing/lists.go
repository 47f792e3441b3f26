package sharing

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hubshare/hubshare/scopes"
)

// ListByOwner lists the shares of all servers of an owner, in order of creation (SH-80). It needs read:shares on the whole owner (SH-56).
// Errors: those of Authorize, ErrNoSuchOwner.
func (s *Service) ListByOwner(ctx context.Context, by Caller, owner string, w Window) (Page[Share], error) {
	ref, err := s.gateOwner(ctx, by, owner)
	if err != nil {
		return Page[Share]{}, err
	}
	return s.shares(ctx, Filter{OwnerID: ref.ID}, w)
}

// ListByServer lists the shares of one server (SH-81). Errors: those of Authorize, ErrNoSuchServer.
func (s *Service) ListByServer(ctx context.Context, by Caller, n ServerName, w Window) (Page[Share], error) {
	srv, err := s.gateServer(ctx, by, ScopeReadShares, n)
	if err != nil {
		return Page[Share]{}, err
	}
	return s.shares(ctx, Filter{ServerID: srv.ID}, w)
}

// ListCodesByOwner lists the live codes of all servers of an owner (SH-100). Errors as for ListByOwner.
func (s *Service) ListCodesByOwner(ctx context.Context, by Caller, owner string, w Window) (Page[Code], error) {
	ref, err := s.gateOwner(ctx, by, owner)
	if err != nil {
		return Page[Code]{}, err
	}
	return s.codes(ctx, Filter{OwnerID: ref.ID}, w)
}

// ListCodesByServer lists the live codes of one server (SH-101). Errors as for ListByServer.
func (s *Service) ListCodesByServer(ctx context.Context, by Caller, n ServerName, w Window) (Page[Code], error) {
	srv, err := s.gateServer(ctx, by, ScopeReadShares, n)
	if err != nil {
		return Page[Code]{}, err
	}
	return s.codes(ctx, Filter{ServerID: srv.ID}, w)
}

// ListByGrantee lists what is shared with a user, directly and through the groups they are in now (SH-120), or with a group (SH-130).
// Errors: those of Authorize, ErrInvalidGrantee, ErrNoSuchUser, ErrNoSuchGroup.
func (s *Service) ListByGrantee(ctx context.Context, by Caller, g GranteeName, w Window) (Page[Share], error) {
	ref, err := s.gateGrantee(ctx, by, g, ScopeReadUserShares, ScopeReadGroupShares)
	if err != nil {
		return Page[Share]{}, err
	}
	grantees := []Grantee{{ref.Kind, ref.ID}}
	if ref.Kind == KindUser {
		groups, err := s.Directory.GroupsOf(ctx, ref.ID)
		if err != nil {
			return Page[Share]{}, fmt.Errorf("groups of %s: %w", g, err)
		}
		for _, id := range groups {
			grantees = append(grantees, Grantee{KindGroup, id})
		}
	}
	return s.shares(ctx, Filter{Grantees: grantees}, w)
}

// Get gives a grantee's own share on a server, not what a user has through groups (SH-121, SH-131). Errors: those of Authorize,
// ErrInvalidGrantee, ErrNoSuchGroup, ErrNoSuchShare for all else that is not there.
func (s *Service) Get(ctx context.Context, by Caller, g GranteeName, n ServerName) (Share, error) {
	grantee, srv, err := s.sharedWith(ctx, by, g, n, ScopeReadUserShares, ScopeReadGroupShares)
	if err != nil {
		return Share{}, err
	}
	row, err := s.Store.Share(ctx, s.now(), srv.ID, Grantee{grantee.Kind, grantee.ID})
	switch {
	case errors.Is(err, ErrNoSuchShare):
		return Share{}, noSuchShare(g, n)
	case err != nil:
		return Share{}, fmt.Errorf("share of %s with %s: %w", n, g, err)
	}
	return shareOf(row, srv, grantee), nil
}

// gateOwner passes the gate for a whole owner and looks them up. It asks about the user and not about a made-up server, so that a scope
// filtered to one server never does (SH-56).
func (s *Service) gateOwner(ctx context.Context, by Caller, owner string) (Ref, error) {
	if err := s.Authorize(by, ScopeReadShares, scopes.User(owner)); err != nil {
		return Ref{}, err
	}
	ref, err := s.Directory.Find(ctx, KindUser, owner)
	switch {
	case errors.Is(err, ErrNoSuchUser):
		return Ref{}, refuse(ErrNoSuchOwner, "Not Found")
	case err != nil:
		return Ref{}, fmt.Errorf("find owner %s: %w", owner, err)
	}
	return ref, nil
}

// gateServer passes the gate for a server and looks it up.
func (s *Service) gateServer(ctx context.Context, by Caller, base string, n ServerName) (Server, error) {
	if err := s.Authorize(by, base, n.Resource()); err != nil {
		return Server{}, err
	}
	return s.findServer(ctx, n)
}

func (s *Service) shares(ctx context.Context, f Filter, w Window) (Page[Share], error) {
	rows, err := s.Store.Shares(ctx, s.now(), f, w)
	if err != nil {
		return Page[Share]{}, fmt.Errorf("list shares: %w", err)
	}
	servers, err := s.serversOf(ctx, len(rows.Items), func(i int) Place { return rows.Items[i].Place })
	if err != nil {
		return Page[Share]{}, err
	}
	ids := make([]string, 0, len(rows.Items))
	for _, row := range rows.Items {
		ids = append(ids, row.Grantee.ID)
	}
	refs := map[string]Ref{}
	if ids = slices.Compact(slices.Sorted(slices.Values(ids))); len(ids) > 0 {
		if refs, err = s.Directory.Refs(ctx, ids); err != nil {
			return Page[Share]{}, fmt.Errorf("look up grantees: %w", err)
		}
	}
	page := Page[Share]{Items: make([]Share, 0, len(rows.Items)), Total: rows.Total}
	for _, row := range rows.Items {
		srv, known := servers[row.ServerID]
		ref, found := refs[row.Grantee.ID]
		// Missing: the host deleted it a moment ago and has not said so yet.
		if known && found && ref.Kind == row.Grantee.Kind {
			page.Items = append(page.Items, shareOf(row, srv, ref))
		}
	}
	return page, nil
}

func (s *Service) codes(ctx context.Context, f Filter, w Window) (Page[Code], error) {
	rows, err := s.Store.Codes(ctx, s.now(), f, w)
	if err != nil {
		return Page[Code]{}, fmt.Errorf("list codes: %w", err)
	}
	servers, err := s.serversOf(ctx, len(rows.Items), func(i int) Place { return rows.Items[i].Place })
	if err != nil {
		return Page[Code]{}, err
	}
	page := Page[Code]{Items: make([]Code, 0, len(rows.Items)), Total: rows.Total}
	for _, row := range rows.Items {
		if srv, known := servers[row.ServerID]; known {
			page.Items = append(page.Items, codeOf(row, srv))
		}
	}
	return page, nil
}

// serversOf looks the servers of n rows up in one call.
func (s *Service) serversOf(ctx context.Context, n int, place func(i int) Place) (map[string]Server, error) {
	ids := make([]string, 0, n)
	for i := range n {
		ids = append(ids, place(i).ServerID)
	}
	if ids = slices.Compact(slices.Sorted(slices.Values(ids))); len(ids) == 0 {
		return nil, nil
	}
	servers, err := s.Directory.Servers(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look up servers: %w", err)
	}
	return servers, nil
}
