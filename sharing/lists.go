package sharing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hubshare/hubshare/scopes"
)

// ListByOwner lists the shares of all servers of an owner, in order of creation (SH-80). It needs read:shares on the whole owner (SH-56).
// Errors: those of Authorize, ErrNoSuchOwner.
func (s *Service) ListByOwner(ctx context.Context, by Caller, owner string, w Window) (_ Page[Share], err error) {
	defer s.refused(&err)
	ref, err := s.gateOwner(ctx, by, owner)
	if err != nil {
		return Page[Share]{}, err
	}
	return s.shares(ctx, Filter{OwnerID: ref.ID}, w)
}

// ListByServer lists the shares of one server (SH-81). Errors: those of Authorize, ErrNoSuchServer.
func (s *Service) ListByServer(ctx context.Context, by Caller, n ServerName, w Window) (Page[Share], error) {
	return s.ListByCode(ctx, by, n, 0, w)
}

// ListByCode lists the shares of one server that have something by a code, which may be gone by now: who accepted it, and when, and has not lost it since.
// A code of another server was accepted by nobody here. Errors as for ListByServer.
func (s *Service) ListByCode(ctx context.Context, by Caller, n ServerName, codeID int64, w Window) (_ Page[Share], err error) {
	defer s.refused(&err)
	srv, err := s.gateServer(ctx, by, ScopeReadShares, n)
	if err != nil {
		return Page[Share]{}, err
	}
	return s.shares(ctx, Filter{ServerID: srv.ID, CodeID: codeID}, w)
}

// OwnServers lists the servers of a calling user, by name: what they can share. It needs read:shares on them as a whole. Errors: those of Authorize,
// ErrNotAUser.
func (s *Service) OwnServers(ctx context.Context, by Caller) (_ []Server, err error) {
	defer s.refused(&err)
	if err := s.Authorize(by, ScopeReadShares, scopes.User(by.Name)); err != nil {
		return nil, err
	}
	if by.Kind != KindUser {
		return nil, refuse(ErrNotAUser, "Only users have servers")
	}
	lister, ok := s.Directory.(ServerLister)
	if !ok {
		srv, err := s.Directory.FindServer(ctx, by.Name, "")
		switch {
		case errors.Is(err, ErrNoSuchServer):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("find the default server of %s: %w", by.Name, err)
		}
		return []Server{srv}, nil
	}
	servers, err := lister.ServersOf(ctx, by.ID)
	if err != nil {
		return nil, fmt.Errorf("list the servers of %s: %w", by.Name, err)
	}
	servers = slices.Clone(servers)
	slices.SortFunc(servers, func(a, b Server) int { return strings.Compare(a.Name, b.Name) })
	return servers, nil
}

// ListCodesByOwner lists the live codes of all servers of an owner (SH-100). Errors as for ListByOwner.
func (s *Service) ListCodesByOwner(ctx context.Context, by Caller, owner string, w Window) (_ Page[Code], err error) {
	defer s.refused(&err)
	ref, err := s.gateOwner(ctx, by, owner)
	if err != nil {
		return Page[Code]{}, err
	}
	return s.codes(ctx, Filter{OwnerID: ref.ID}, w)
}

// ListCodesByServer lists the live codes of one server (SH-101). Errors as for ListByServer.
func (s *Service) ListCodesByServer(ctx context.Context, by Caller, n ServerName, w Window) (_ Page[Code], err error) {
	defer s.refused(&err)
	srv, err := s.gateServer(ctx, by, ScopeReadShares, n)
	if err != nil {
		return Page[Code]{}, err
	}
	return s.codes(ctx, Filter{ServerID: srv.ID}, w)
}

// ListByGrantee lists what is shared with a user, directly and through the groups they are in now (SH-120), or with a group (SH-130).
// Errors: those of Authorize, ErrInvalidGrantee, ErrNoSuchUser, ErrNoSuchGroup.
func (s *Service) ListByGrantee(ctx context.Context, by Caller, g GranteeName, w Window) (_ Page[Share], err error) {
	defer s.refused(&err)
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
func (s *Service) Get(ctx context.Context, by Caller, g GranteeName, n ServerName) (_ Share, err error) {
	defer s.refused(&err)
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
	refs, err := s.refsOf(ctx, ids)
	if err != nil {
		return Page[Share]{}, err
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
	now := s.now()
	rows, err := s.Store.Codes(ctx, s.listedAt(now), f, w)
	if err != nil {
		return Page[Code]{}, fmt.Errorf("list codes: %w", err)
	}
	s.noteExpired(ctx, f, rows.Total)
	rows.Items = slices.DeleteFunc(rows.Items, func(c StoredCode) bool { return !c.ExpiresAt.After(now) })
	servers, err := s.serversOf(ctx, len(rows.Items), func(i int) Place { return rows.Items[i].Place })
	if err != nil {
		return Page[Code]{}, err
	}
	var ids []string
	for _, row := range rows.Items {
		if row.Bound != nil {
			ids = append(append(ids, row.Bound.Users...), row.Bound.Groups...)
		}
	}
	refs, err := s.refsOf(ctx, ids)
	if err != nil {
		return Page[Code]{}, err
	}
	page := Page[Code]{Items: make([]Code, 0, len(rows.Items)), Total: rows.Total}
	for _, row := range rows.Items {
		if srv, known := servers[row.ServerID]; known {
			page.Items = append(page.Items, codeOf(row, srv, row.Bound.refs(refs)))
		}
	}
	return page, nil
}

// refs are those whom a code is for and who still exist, users first.
func (b *Binding) refs(known map[string]Ref) (out []Ref) {
	if b == nil {
		return nil
	}
	for _, id := range slices.Concat(b.Users, b.Groups) {
		if ref, ok := known[id]; ok {
			out = append(out, ref)
		}
	}
	return out
}

// refsOf looks users and groups up in one call.
func (s *Service) refsOf(ctx context.Context, ids []string) (map[string]Ref, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return nil, nil
	}
	refs, err := s.Directory.Refs(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look up users and groups: %w", err)
	}
	return refs, nil
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
