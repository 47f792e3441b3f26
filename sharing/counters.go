package sharing

import "errors"

// Counters is told what a [Service] does, for a host's metrics. Its methods return at once and are safe for concurrent use.
type Counters interface {
	// Accepted: a code was exchanged.
	Accepted()
	// Refused: a call was refused, for a reason as [Reason] gives it.
	Refused(reason string)
	// Revoked: so many shares lost something that somebody took away: by Revoke, RevokeAll, Leave or together with a code.
	Revoked(shares int)
}

// reasons are the labels of refusals. They are few and never change with what a client sent.
var reasons = []struct {
	err   error
	label string
}{
	{ErrAnonymous, "anonymous"},
	{ErrHidden, "hidden"},
	{ErrNotAllowed, "not_allowed"},
	{ErrInvalidScope, "invalid_scope"},
	{ErrScopeFilter, "scope_filter"},
	{ErrLifetime, "lifetime"},
	{ErrInvalidGrantee, "invalid_grantee"},
	{ErrInvalidCode, "invalid_code_request"},
	{ErrScopeNotHeld, "scope_not_held"},
	{ErrNameNotReadable, "name_not_readable"},
	{ErrNoSuchGrantee, "no_such_grantee"},
	{ErrNoSuchOwner, "no_such_owner"},
	{ErrNoSuchServer, "no_such_server"},
	{ErrNoSuchUser, "no_such_user"},
	{ErrNoSuchGroup, "no_such_group"},
	{ErrNoSuchShare, "no_such_share"},
	{ErrNotAUser, "not_a_user"},
	{ErrCodeNotFound, "code_not_found"},
	{ErrOwnCode, "own_code"},
	{ErrCodeSpent, "code_spent"},
	{ErrNotForVisitor, "not_for_visitor"},
	{ErrQuota, "quota"},
}

// Reason is the label of a refusal for metrics, such as "code_not_found"; "" for any other error and for nil.
func Reason(err error) string {
	var refused *Error
	if !errors.As(err, &refused) {
		return ""
	}
	for _, r := range reasons {
		if errors.Is(refused.reason, r.err) {
			return r.label
		}
	}
	return ""
}

// refused counts the refusal that a call ends with, if it does.
func (s *Service) refused(err *error) {
	if s.Counters == nil || *err == nil {
		return
	}
	if reason := Reason(*err); reason != "" {
		s.Counters.Refused(reason)
	}
}

func (s *Service) countAccepted() {
	if s.Counters != nil {
		s.Counters.Accepted()
	}
}

func (s *Service) countRevoked(shares int) {
	if s.Counters != nil && shares > 0 {
		s.Counters.Revoked(shares)
	}
}
