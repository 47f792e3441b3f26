package sharing

import (
	"context"
	"errors"
	"time"
)

// What a [Store] answers besides success.
var (
	// ErrCodeNotFound: no live code matches; expired, deleted and never existing look the same (SH-13, SH-142).
	ErrCodeNotFound = errors.New("no such share code")
	// ErrOwnCode: the visitor owns the server that the code is for (SH-144).
	ErrOwnCode = errors.New("share code is for the visitor's own server")
	// ErrNoSuchShare: this grantee has no live share on this server.
	ErrNoSuchShare = errors.New("no such share")
	// ErrGone: a server, user or group was forgotten a moment ago. Errors that wrap it are a [*GoneError].
	ErrGone = errors.New("gone")
)

// GoneError says what was forgotten between looking it up and writing about it (SH-45 e). It wraps [ErrGone].
type GoneError struct {
	Kind string // KindServer, KindUser or KindGroup
	ID   string // the host's id
}

// Error names it by its id.
func (e *GoneError) Error() string { return e.Kind + " " + e.ID + " is gone" }

// Unwrap gives ErrGone.
func (e *GoneError) Unwrap() error { return ErrGone }

// KindServer is what [Store.Forget] calls a server, beside the kinds of a [Ref].
const KindServer = "server"

// Place is a server as a store knows it: the host's ids of it and of its owner.
type Place struct{ ServerID, OwnerID string }

// Grantee is a user or group as a store knows it: Kind is [KindUser] or [KindGroup], ID the host's.
type Grantee struct{ Kind, ID string }

// StoredShare is a share by ids. Bases are scopes without their filter, which follows from the server's name (SH-9).
type StoredShare struct {
	ID int64
	Place
	Grantee   Grantee
	Bases     []string // sorted, at least one: the union of the live grants
	CreatedAt time.Time
}

// StoredCode is a code by ids, without what its secret is checked by.
type StoredCode struct {
	ID int64
	Place
	Bases           []string // sorted, at least one
	CreatedAt       time.Time
	ExpiresAt       time.Time
	Exchanges       int
	LastExchangedAt time.Time // zero = never
}

// ServerScopes is what somebody may do on one server by way of shares.
type ServerScopes struct {
	Place
	Bases []string // sorted, at least one
}

// GrantOrder adds to the direct grant under a share (SH-40).
type GrantOrder struct {
	ActorID string
	Place
	Grantee Grantee
	Bases   []string // at least one
	// ExpiresAt is when these bases end; zero = never. A base that is granted already keeps the later end.
	ExpiresAt time.Time
}

// RevokeOrder takes from a share, whatever grants its scopes came by (SH-41).
type RevokeOrder struct {
	ActorID  string
	ServerID string
	Grantee  Grantee
	All      bool     // the whole share; Bases are ignored then
	Bases    []string // those that the share does not have are ignored
	Leave    bool     // on the grantee's own behalf: recorded as ActionLeave
}

// CodeOrder is a new code. Hash and Prefix come from [Secret.Hash].
type CodeOrder struct {
	ActorID string
	Place
	Bases        []string // at least one
	Prefix, Hash string
	ExpiresAt    time.Time
}

// Filter chooses shares or codes; its non-zero fields all have to match. The zero Filter chooses nothing.
type Filter struct {
	ServerID string
	OwnerID  string
	Grantees []Grantee // any of these; shares only
}

// Purged counts what [Store.Purge] removed.
type Purged struct{ Codes, Shares int }

// Store keeps shares, the grants under them, codes, and the record of changes.
//
// Every method is one transaction; those that change something append their Change in it, and give the zero Change when there
// was nothing to change. Calls behave as if they ran one after the other (SH-45); one that fails has changed nothing. Time comes
// in, never from the database's clock; times are kept in whole microseconds, UTC. Something with an end is over when that end
// is not after now (SH-21), and then no method but Purge and DeleteCode sees it.
//
// A share is the union of its grants: one direct, and one for each code that was exchanged. A share whose grants have all
// ended is no share; granting again makes a new one, with a new id (SH-41). Ids ascend and are never reused (SH-6).
//
// Implementations are safe for concurrent use. Errors other than those named are internal failures. Package storetest checks all this.
type Store interface {
	// Grant makes a share or adds to it. ErrGone: the server, its owner or the grantee was forgotten. The Change is zero when
	// nothing was new.
	Grant(ctx context.Context, now time.Time, o GrantOrder) (StoredShare, Change, error)
	// Revoke takes scopes from a share. left is nil when nothing is left or nothing was there; the Change is zero in the latter case,
	// and when none of the scopes was in the share.
	Revoke(ctx context.Context, now time.Time, o RevokeOrder) (left *StoredShare, c Change, err error)
	// RevokeAll removes every share of a server, and no code (SH-95). n counts them.
	RevokeAll(ctx context.Context, now time.Time, actorID, serverID string) (n int, c Change, err error)
	// Share gives a grantee's share on a server: ErrNoSuchShare.
	Share(ctx context.Context, now time.Time, serverID string, g Grantee) (StoredShare, error)
	// Shares lists in order of id; codes of the same filter are listed by Codes.
	Shares(ctx context.Context, now time.Time, f Filter, w Window) (Page[StoredShare], error)
	// ScopesOf sums the live grants of a user and of groups, given by id; one entry a server, in no order. until is when the answer
	// changes by itself because a grant ends; zero = never.
	ScopesOf(ctx context.Context, now time.Time, userID string, groupIDs []string) (s []ServerScopes, until time.Time, err error)

	// CreateCode stores a code. ErrGone: the server or its owner was forgotten.
	CreateCode(ctx context.Context, now time.Time, o CodeOrder) (StoredCode, Change, error)
	// FindCode gives the live code that matches, and changes nothing: ErrCodeNotFound.
	FindCode(ctx context.Context, now time.Time, p Probe) (StoredCode, error)
	// Exchange finds the live code, makes or extends the visitor's share by the ONE grant for this code, and counts (SH-44), also when
	// the grant changed nothing. The visitor is a user. ErrCodeNotFound, ErrOwnCode, ErrGone.
	Exchange(ctx context.Context, now time.Time, p Probe, visitor Ref) (StoredShare, Change, error)
	// Codes lists live codes in order of id; Filter.Grantees must be empty.
	Codes(ctx context.Context, now time.Time, f Filter, w Window) (Page[StoredCode], error)
	// DeleteCode removes a code of this server by its id, also an expired one: ErrCodeNotFound (SH-22).
	DeleteCode(ctx context.Context, now time.Time, actorID, serverID string, id int64) (Change, error)
	// DeleteCodeBySecret removes the live code of this server that matches: ErrCodeNotFound (SH-110).
	DeleteCodeBySecret(ctx context.Context, now time.Time, actorID, serverID string, p Probe) (id int64, c Change, err error)
	// DeleteCodes removes every code of a server, expired ones too, and no share (SH-113). n counts them.
	DeleteCodes(ctx context.Context, now time.Time, actorID, serverID string) (n int, c Change, err error)

	// Forget removes what hangs on a server, user or group (SH-7) and remembers the id as gone: a racing Grant, CreateCode or
	// Exchange that looked it up a moment earlier gets ErrGone, never an orphan (SH-45 e). Forgetting again changes nothing.
	Forget(ctx context.Context, now time.Time, kind, id string) (Change, error)
	// Purge deletes codes, grants and shares that have ended (SH-23). Nobody's access differs by it, so it appends no Change.
	Purge(ctx context.Context, now time.Time) (Purged, error)
	// Changes gives up to limit changes after a sequence number, oldest first: how a replica catches up.
	Changes(ctx context.Context, after int64, limit int) ([]Change, error)
}
