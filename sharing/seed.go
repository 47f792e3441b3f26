package sharing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hubshare/hubshare/scopes"
)

// SeedRequest is one share of a [Service.Seed], without an end.
type SeedRequest struct {
	Server  ServerName
	Grantee GranteeName
	Scopes  []string // as for GrantRequest
}

// SeedError says which request of a [Service.Seed] was refused. It wraps why.
type SeedError struct {
	At  int // in the list, from 0
	Err error
}

// Error begins with the place in the list.
func (e *SeedError) Error() string { return fmt.Sprintf("share %d: %s", e.At, e.Err) }

// Unwrap gives why.
func (e *SeedError) Unwrap() error { return e.Err }

// Seed is Grant for many shares of many servers, for a host that fills a hub: in one transaction, all or none. Afterwards the shares are those that as many calls
// of Grant by the owners of the servers would have made, one after the other, if each owner held what held allows; and what held does not allow is refused.
//
// It is the host's act: no quota counts it, and it is one change, of [ActionSeed], with nobody as its actor, about several servers and anyone's access. So whoever
// follows the changes drops all that they remember once, and not something for each share.
//
// The error is a [*SeedError], for the first request that Grant would refuse, about what Grant would answer; or an internal failure.
func (s *Service) Seed(ctx context.Context, held scopes.Set, list []SeedRequest) error {
	orders := make([]SeedOrder, len(list))
	seen := map[string][]string{}
	for i, r := range list {
		o, err := s.seedOrder(ctx, held, r, seen)
		if err != nil {
			return &SeedError{i, err}
		}
		orders[i] = o
	}
	c, err := s.Store.Seed(ctx, s.now(), orders)
	var gone *GoneError
	switch {
	case errors.As(err, &gone):
		i := slices.IndexFunc(orders, func(o SeedOrder) bool { return slices.Contains(o.Involved(), *gone) })
		if gone.Kind == list[i].Grantee.Kind && gone.ID == orders[i].Grantee.ID {
			return &SeedError{i, noSuchGrantee(list[i].Grantee)}
		}
		return &SeedError{i, noSuchServer(list[i].Server)}
	case err != nil:
		return fmt.Errorf("seed shares: %w", err)
	}
	s.changed(ctx, c)
	return nil
}

// seedOrder makes the checks of Grant, in their order. seen are the bases of lists of scopes that were checked before.
func (s *Service) seedOrder(ctx context.Context, held scopes.Set, r SeedRequest, seen map[string][]string) (SeedOrder, error) {
	if !held.Allows(ScopeShare, r.Server.Resource(), s.Directory) {
		return SeedOrder{}, refusal(held.Explain([]string{ScopeShare}, r.Server.Resource(), s.Directory))
	}
	if err := r.Grantee.validate(); err != nil {
		return SeedOrder{}, err
	}
	bases, err := s.seedBases(r, seen)
	if err != nil {
		return SeedOrder{}, err
	}
	srv, err := s.findServer(ctx, r.Server)
	if err != nil {
		return SeedOrder{}, err
	}
	by := Caller{Ref: srv.Owner, Scopes: held}
	if err := s.mayGrant(by, bases, r.Server); err != nil {
		return SeedOrder{}, err
	}
	refs, err := s.findGrantees(ctx, by, []GranteeName{r.Grantee})
	if err != nil {
		return SeedOrder{}, err
	}
	return SeedOrder{Place: placeOf(srv), Grantee: Grantee{refs[0].Kind, refs[0].ID}, Bases: bases}, nil
}

// seedBases is bases, once for each different list of scopes that would mean the same on another server too.
func (s *Service) seedBases(r SeedRequest, seen map[string][]string) ([]string, error) {
	key := strings.Join(r.Scopes, "\x00")
	if strings.Contains(key, "!") || len(r.Scopes) == 1 && key == "" {
		return s.bases(r.Scopes, r.Server)
	}
	if bases, ok := seen[key]; ok {
		return bases, nil
	}
	bases, err := s.bases(r.Scopes, r.Server)
	if err == nil {
		seen[key] = bases
	}
	return bases, err
}
