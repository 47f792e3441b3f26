package sharing

import (
	"errors"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/scopes"
)

// Why a [Service] refuses. Beside these it answers [ErrCodeNotFound], [ErrOwnCode], [ErrCodeSpent] and [ErrNoSuchShare]. A refusal is always an
// [*Error] that wraps exactly one of them; any other error is an internal failure, whose text no client may see.
var (
	// ErrAnonymous: nobody is asking (SH-54.1).
	ErrAnonymous = errors.New("not authenticated")
	// ErrHidden: the caller has the scope elsewhere, and must not learn whether this target exists (SH-54.3).
	ErrHidden = errors.New("no access, or not found")
	// ErrNotAllowed: the caller does not have the scope in any form (SH-54.4).
	ErrNotAllowed = errors.New("scope not held")
	// ErrInvalidScope: a scope that does not exist (SH-37).
	ErrInvalidScope = errors.New("invalid scope")
	// ErrScopeFilter: a scope filtered for anything but the server that is shared (SH-35).
	ErrScopeFilter = errors.New("scope filter not allowed")
	// ErrLifetime: a code's lifetime out of range (SH-20).
	ErrLifetime = errors.New("lifetime out of range")
	// ErrInvalidGrantee: neither a user nor a group, or without a name (SH-43, SH-60).
	ErrInvalidGrantee = errors.New("invalid grantee")
	// ErrScopeNotHeld: the caller cannot give what they do not have (SH-85).
	ErrScopeNotHeld = errors.New("cannot grant a scope that is not held")
	// ErrNameNotReadable: the caller may not read the grantee's name (SH-86).
	ErrNameNotReadable = errors.New("name not readable")
	// ErrNoSuchGrantee: nobody to share with by that name (SH-87).
	ErrNoSuchGrantee = errors.New("no such grantee")
	// ErrNoSuchOwner: an owner-level list of an unknown user (SH-80).
	ErrNoSuchOwner = errors.New("no such owner")
	// ErrNotAUser: only users accept a share (SH-2).
	ErrNotAUser = errors.New("not a user")
	// ErrNotForVisitor: the code is bound to others.
	ErrNotForVisitor = errors.New("share code is for others")
	// ErrInvalidCode: a limit, a binding or a note that no code can have.
	ErrInvalidCode = errors.New("invalid share code request")
	// ErrQuota: asked too often; the [*Error] says when to come back.
	ErrQuota = errors.New("quota exceeded")
)

// Error is a refusal with the text that a client may see (sections 6, 8 and 9 of the sharing rules). Tell refusals apart with
// [errors.Is] and the values of this package.
type Error struct {
	Message    string        // for the client; never holds a secret, may hold what they sent otherwise
	RetryAfter time.Duration // with ErrQuota: how long to wait, more than 0
	reason     error
}

// Error gives the message.
func (e *Error) Error() string { return e.Message }

// Unwrap gives the reason, one of the Err… values of this package.
func (e *Error) Unwrap() error { return e.reason }

func refuse(reason error, format string, args ...any) *Error {
	return &Error{Message: fmt.Sprintf(format, args...), reason: reason}
}

func noSuchServer(n ServerName) *Error {
	return refuse(ErrNoSuchServer, "No such server: %s", n)
}

func noSuchShare(g GranteeName, n ServerName) *Error {
	return refuse(ErrNoSuchShare, "No such share for %s %s on %s", g.Kind, g.Name, n)
}

// refusal puts the message of the scope rules on a decision that is not to allow.
func refusal(d scopes.Decision) *Error {
	if d.Hidden {
		return refuse(ErrHidden, "%s", d)
	}
	return refuse(ErrNotAllowed, "%s", d)
}
