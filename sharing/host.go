package sharing

import (
	"context"
	"fmt"
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
	return s.sharedScopes(ctx, userID, groups)
}

func (s *Service) sharedScopes(ctx context.Context, userID string, groups []string) (list []scopes.Scope, until time.Time, err error) {
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
	s.changed(ctx, c)
	return nil
}

// ServerStopped is told of a server that stopped, however it did: what was shared for as long as it runs ends. Shares without that term are not touched (SH-7). It may be
// called again, and for servers that were never shared; a host that was away calls it at start for those that do not run. What is granted while a server is stopped
// lasts until it has run and stopped again.
func (s *Service) ServerStopped(ctx context.Context, srv Server) error {
	_, c, err := s.Store.EndSession(ctx, s.now(), Act{Server: srv.String()}, srv.ID)
	if err != nil {
		return fmt.Errorf("end what was shared until %s stopped: %w", srv, err)
	}
	s.changed(ctx, c)
	return nil
}

const (
	defaultAuditAge = 365 * 24 * time.Hour
	minAuditAge     = 24 * time.Hour
	// goneAge is for how long an id is remembered as gone. Whoever looked it up before has given up long since, and it never comes back.
	goneAge = 24 * time.Hour
)

// PurgeExpired deletes what has ended, and changes older than AuditAge: housekeeping, on which nothing else depends (SH-23). A host calls it at start and then
// hourly.
func (s *Service) PurgeExpired(ctx context.Context) (Purged, error) {
	now, age := s.now(), s.AuditAge
	if age <= 0 {
		age = defaultAuditAge
	}
	p, err := s.Store.Purge(ctx, now, PurgeOrder{Changes: now.Add(-max(age, minAuditAge)), Gone: now.Add(-goneAge)})
	if err != nil {
		return Purged{}, fmt.Errorf("purge expired codes: %w", err)
	}
	return p, nil
}
