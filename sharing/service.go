package sharing

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/scopes"
)

// Scopes that guard the methods of [Service] (SH-80 … SH-132), for [Service.Authorize].
const (
	ScopeShare           = "shares"
	ScopeReadShares      = "read:shares"
	ScopeUserShares      = "users:shares"
	ScopeReadUserShares  = "read:users:shares"
	ScopeGroupShares     = "groups:shares"
	ScopeReadGroupShares = "read:groups:shares"
)

// defaultBase is what is shared if nothing is said (SH-34).
const defaultBase = "access:servers"

// Service holds the rules: who may share what with whom, what merging and revoking mean, what a code is good for. Methods that take a
// [Caller] check what the caller may do before they look at anything else, so that nobody learns what exists from a refusal.
//
// Fields are set before the first call and not changed after. Service is safe for concurrent use, and must not be copied.
type Service struct {
	Store     Store            // required
	Directory Directory        // required
	Registry  *scopes.Registry // required
	// Now is the clock, read once a call; nil = [time.Now].
	Now func() time.Time
	// Rand is where secrets come from; nil = [rand.Reader].
	Rand io.Reader
	// Logger gets one record for each mutation (SH-182); nil = none. No record holds a secret.
	Logger *slog.Logger
	// OnChange is told of each mutation after it was committed and before the call that made it returns, so that the host can drop what
	// it remembers about the users and groups named. It may block; it does not run inside a transaction. nil = nobody is told.
	OnChange func(ctx context.Context, c Change)
	// Quotas limit how often one may create and fail; the zero value is generous, [NoQuotas] refuses nothing.
	Quotas Quotas
	// Counters count for metrics; nil = none.
	Counters Counters
	// Stock says where to answer as a stock hub does; the zero value is nowhere.
	Stock Stock
	// OnDifference is told each time that a stock hub would have answered differently for want of a Stock: the number of the rule, and how. nil = nobody is.
	OnDifference func(ctx context.Context, rule, how string)
	// AuditAge is how long changes are kept, for the record and for replicas that catch up; 0 = 365 days, never less than a day.
	// [Service.PurgeExpired] deletes older ones.
	AuditAge time.Duration

	meters meters
}

// Authorize is the gate that every method with a Caller passes first (SH-54): the caller must hold base on the resource. It is
// exported for handlers that have to refuse before they read a body. Errors: ErrAnonymous, ErrHidden, ErrNotAllowed.
func (s *Service) Authorize(by Caller, base string, on scopes.Resource) error {
	if by.ID == "" {
		return refuse(ErrAnonymous, "Missing or invalid credentials.")
	}
	if d := by.Scopes.Explain([]string{base}, on, s.Directory); !d.Allowed {
		return refusal(d)
	}
	return nil
}

// now is the time in the precision in which stores keep it.
func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now().UTC().Truncate(time.Microsecond)
	}
	return time.Now().UTC().Truncate(time.Microsecond)
}

func (s *Service) random() io.Reader {
	if s.Rand != nil {
		return s.Rand
	}
	return rand.Reader
}

// changed tells the log and the host about a committed change, if there was one. The request's end does not stop it: access that was
// revoked has to be dropped even if nobody waits for the answer.
func (s *Service) changed(ctx context.Context, c Change) bool {
	if c.Seq == 0 {
		return false
	}
	ctx = context.WithoutCancel(ctx)
	if s.Logger != nil {
		s.Logger.LogAttrs(ctx, slog.LevelInfo, "sharing changed", c.LogValue().Group()...)
	}
	if s.OnChange != nil {
		s.OnChange(ctx, c)
	}
	return true
}

// act is what a caller does about a server, for the record.
func act(by Caller, srv Server, to ...GranteeName) Act {
	a := Act{Actor: by.Ref, Server: srv.String()}
	for _, g := range to {
		a.Grantees = append(a.Grantees, g.String())
	}
	return a
}

// findServer looks a server up for a caller who may know about it.
func (s *Service) findServer(ctx context.Context, n ServerName) (Server, error) {
	srv, err := s.Directory.FindServer(ctx, n.Owner, n.Name)
	switch {
	case errors.Is(err, ErrNoSuchServer):
		return Server{}, noSuchServer(n)
	case err != nil:
		return Server{}, fmt.Errorf("find server %s: %w", n, err)
	}
	return srv, nil
}

// bases applies the filter rule to requested scopes (SH-34 … SH-37): the bases that are meant, sorted, without duplicates.
func (s *Service) bases(requested []string, n ServerName) ([]string, error) {
	if len(requested) == 0 {
		return []string{defaultBase}, nil
	}
	if err := s.validate(requested); err != nil {
		return nil, err
	}
	only := n.Scope("").Filter()
	out := make([]string, 0, len(requested))
	for _, raw := range requested {
		base, filter, _ := strings.Cut(raw, "!")
		if filter != "" && filter != only {
			return nil, refuse(ErrScopeFilter, "!%s not allowed on sharing %s, only !%s", filter, raw, only)
		}
		out = append(out, base)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// validate finds scopes that do not exist (SH-37).
func (s *Service) validate(requested []string) error {
	for _, raw := range requested {
		if err := s.Registry.Validate(raw, "share"); err != nil {
			return refuse(ErrInvalidScope, "%s", err)
		}
	}
	return nil
}

// mayGrant checks that a caller holds what they give (SH-36, SH-85), named in the order of the scopes.
func (s *Service) mayGrant(by Caller, bases []string, n ServerName) error {
	for _, base := range bases {
		if !by.Scopes.Allows(base, n.Resource(), s.Directory) {
			return refuse(ErrScopeNotHeld, "Do not have permission to grant share with scope %s", n.Scope(base))
		}
	}
	return nil
}

func filtered(bases []string, n ServerName) []scopes.Scope {
	out := make([]scopes.Scope, len(bases))
	for i, base := range bases {
		out[i] = n.Scope(base)
	}
	slices.SortFunc(out, scopes.Compare)
	return out
}

func nameOf(srv Server) ServerName { return ServerName{srv.Owner.Name, srv.Name} }

func placeOf(srv Server) Place { return Place{ServerID: srv.ID, OwnerID: srv.Owner.ID} }
