package sharing

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/hubshare/hubshare/scopes"
)

// This file holds what the host calls on its own behalf; nobody's scopes are checked here.

// SharedScopes gives what a host adds to the scopes of a user's roles: those of shares with the user and with the groups they are in now,
// raw, each filtered to its server, sorted (SH-160). until is when the answer changes by itself; zero = never. Cookies and tokens
// get the same (SH-161); [scopes.Registry.Held] expands it.
func (s *Service) SharedScopes(ctx context.Context, userID string) (list []scopes.Scope, until time.Time, err error) {
	groups, err := s.Directory.GroupsOf(ctx, userID)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("groups of user %s: %w", userID, err)
	}
	rows, until, err := s.Store.ScopesOf(ctx, s.now(), userID, groups)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("shares of user %s: %w", userID, err)
	}
	servers, err := s.serversOf(ctx, len(rows), func(i int) Place { return rows[i].Place })
	if err != nil {
		return nil, time.Time{}, err
	}
	for _, row := range rows {
		if srv, known := servers[row.ServerID]; known {
			list = append(list, filtered(row.Bases, nameOf(srv))...)
		}
	}
	slices.SortFunc(list, scopes.Compare)
	return slices.Compact(list), until, nil
}

// ServerRemoved is told of a server that the host has deleted: its shares and codes go (SH-7). Like its two fellows it may be called
// again, also for ids that were never heard of, which is what a host does at start for ids that it no longer knows. A server that
// merely stopped keeps its shares; a rename needs no call at all (SH-9).
func (s *Service) ServerRemoved(ctx context.Context, id string) error {
	return s.forget(ctx, KindServer, id)
}

// UserRemoved is told of a deleted user: the shares and codes of their servers go, and the shares with them (SH-7).
func (s *Service) UserRemoved(ctx context.Context, id string) error {
	return s.forget(ctx, KindUser, id)
}

// GroupRemoved is told of a deleted group: the shares with it go (SH-7).
func (s *Service) GroupRemoved(ctx context.Context, id string) error {
	return s.forget(ctx, KindGroup, id)
}

func (s *Service) forget(ctx context.Context, kind, id string) error {
	c, err := s.Store.Forget(ctx, s.now(), kind, id)
	if err != nil {
		return fmt.Errorf("forget %s %s: %w", kind, id, err)
	}
	s.changed(ctx, Ref{}, c, slog.String("kind", kind), slog.String("id", id))
	return nil
}

// PurgeExpired deletes what has ended: housekeeping, on which nothing else depends (SH-23). A host calls it at start and then hourly.
func (s *Service) PurgeExpired(ctx context.Context) (Purged, error) {
	p, err := s.Store.Purge(ctx, s.now())
	if err != nil {
		return Purged{}, fmt.Errorf("purge expired codes: %w", err)
	}
	return p, nil
}
