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
	// ErrCodeSpent: the code was exchanged as often as it can be, and not by this visitor for something that they still have.
	ErrCodeSpent = errors.New("share code is used up")
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
	Grants    []StoredGrant // the live ones, by CodeID, then Session, then ExpiresAt with never last
}

// StoredGrant is a live grant under a share: bases of one origin that end together.
type StoredGrant struct {
	CodeID    int64    // 0 = direct
	Bases     []string // sorted, at least one
	ActorID   string   // of the newest of its bases, like GrantedAt
	GrantedAt time.Time
	Ends
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
	CodeLimits
}

// CodeLimits are what a code has beyond what a JupyterHub knows. The zero value limits nothing.
type CodeLimits struct {
	MaxUses int // 0 = no limit
	Bound   *Binding
	Note    string
	Terms   Terms // of the access that it gives
}

// Binding says whom alone a code is for: users and groups by id, and users whose name ends in "@" and Domain. Whoever is in one of
// the three may exchange it. The store keeps it and does not judge by it.
type Binding struct {
	Users  []string `json:"users,omitempty"`
	Groups []string `json:"groups,omitempty"`
	Domain string   `json:"domain,omitempty"`
}

// ServerScopes is what somebody may do on one server by way of shares.
type ServerScopes struct {
	Place
	Bases []string // sorted, at least one
}

// Act is who does something and what people call it, for the record: the names of today, since ids say nothing once their subjects are gone (SH-182).
type Act struct {
	Actor    Ref
	Server   string   // "owner/name"; "" = several, or not known
	Grantees []string // "user:name", "group:name"
}

// GrantOrder adds to the direct grants under the shares of one server (SH-40), of all these grantees or of none.
type GrantOrder struct {
	Place
	Grantees []Grantee // at least one, each once
	Bases    []string  // at least one
	// Ends is when these bases end, after now. A base that is granted already keeps the later end by the clock; with and without
	// Session it is granted twice, side by side.
	Ends
}

// SeedOrder is one share of [Store.Seed]: what the server's owner grants directly, without an end.
type SeedOrder struct {
	Place
	Grantee Grantee
	Bases   []string // at least one
}

// Involved are the three that must not be gone, in the order in which they are looked at: the server, its owner, the grantee.
func (o SeedOrder) Involved() []GoneError {
	return []GoneError{{KindServer, o.ServerID}, {KindUser, o.OwnerID}, {o.Grantee.Kind, o.Grantee.ID}}
}

// RevokeOrder takes from a share, whatever grants its scopes came by (SH-41).
type RevokeOrder struct {
	ServerID string
	Grantee  Grantee
	All      bool     // the whole share; Bases are ignored then
	Bases    []string // those that the share does not have are ignored
	Leave    bool     // on the grantee's own behalf: recorded as ActionLeave
}

// CodeOrder is a new code. Hash and Prefix come from [Secret.Hash].
type CodeOrder struct {
	Place
	Bases        []string // at least one
	Prefix, Hash string
	ExpiresAt    time.Time
	CodeLimits
}

// Filter chooses shares or codes; its non-zero fields all have to match. The zero Filter chooses nothing.
type Filter struct {
	ServerID string
	OwnerID  string
	Grantees []Grantee // any of these; shares only
	CodeID   int64     // with a live grant by this code; shares only
}

// PurgeOrder says what is old beside what has ended by itself. A zero time purges none of its kind.
type PurgeOrder struct {
	Changes time.Time // changes made before
	Gone    time.Time // ids forgotten before
}

// Purged counts what [Store.Purge] removed.
type Purged struct{ Codes, Shares, Changes, Gone int }

// Tally is a count of something within a period, such as the failures of one user within an hour. Periods begin at whole multiples of
// their length since the beginning of Unix time.
type Tally struct {
	Key string        // says what is counted; no name or address, which have no place in a table of counts
	Per time.Duration // at least a second
}

// Store keeps shares, the grants under them, codes, and the record of changes.
//
// Every method is one transaction; those that change something append their Change in it, and give the zero Change when there
// was nothing to change. Calls behave as if they ran one after the other (SH-45); one that fails has changed nothing. Time comes
// in, never from the database's clock; times are kept in whole microseconds, UTC. Something with an end is over when that end
// is not after now (SH-21), and then no method but Purge and DeleteCode sees it.
//
// A share is the union of its grants: those made directly, and those of each code that was exchanged. A share whose grants have all
// ended is no share; granting again makes a new one, with a new id (SH-41). Ids ascend and are never reused (SH-6).
//
// Implementations are safe for concurrent use. Errors other than those named are internal failures. Package storetest checks all this.
type Store interface {
	// Grant makes shares or adds to them, and gives them in the order of the grantees. ErrGone: the server, its owner or a grantee was
	// forgotten. The Change is zero when nothing was new.
	Grant(ctx context.Context, now time.Time, a Act, o GrantOrder) ([]StoredShare, Change, error)
	// Seed leaves what as many calls of Grant would leave, one for each order and in their order, each by the owner of its server. It appends one Change for all of
	// them, of ActionSeed, by nobody, about several servers and anyone's access, whose record has the bases granted; the Change is zero when nothing was new.
	// ErrGone, as for Grant: nothing was done then.
	Seed(ctx context.Context, now time.Time, list []SeedOrder) (Change, error)
	// Revoke takes scopes from a share. left is nil when nothing is left or nothing was there; the Change is zero in the latter case,
	// and when none of the scopes was in the share.
	Revoke(ctx context.Context, now time.Time, a Act, o RevokeOrder) (left *StoredShare, c Change, err error)
	// RevokeAll removes every share of a server, and no code (SH-95). n counts them.
	RevokeAll(ctx context.Context, now time.Time, a Act, serverID string) (n int, c Change, err error)
	// EndSession removes the grants on a server that end when it stops. n counts the shares that had some.
	EndSession(ctx context.Context, now time.Time, a Act, serverID string) (n int, c Change, err error)
	// Share gives a grantee's share on a server: ErrNoSuchShare.
	Share(ctx context.Context, now time.Time, serverID string, g Grantee) (StoredShare, error)
	// Shares lists in order of id; codes of the same filter are listed by Codes.
	Shares(ctx context.Context, now time.Time, f Filter, w Window) (Page[StoredShare], error)
	// ScopesOf sums the live grants of a user and of groups, given by id; one entry a server, in no order. until is when the answer
	// changes by itself because a grant ends; zero = never.
	ScopesOf(ctx context.Context, now time.Time, userID string, groupIDs []string) (s []ServerScopes, until time.Time, err error)

	// CreateCode stores a code. ErrGone: the server or its owner was forgotten.
	CreateCode(ctx context.Context, now time.Time, a Act, o CodeOrder) (StoredCode, Change, error)
	// FindCode gives the live code that matches, spent or not, and changes nothing: ErrCodeNotFound.
	FindCode(ctx context.Context, now time.Time, p Probe) (StoredCode, error)
	// Exchange finds the live code, makes or extends the visitor's share by the grant for this code, on the code's terms, and counts
	// (SH-44), also when the grant changed nothing. The visitor is a user. ErrCodeNotFound, ErrOwnCode, ErrCodeSpent, ErrGone.
	// A spent code that is presented by a user who has a live grant by it gives their share, changes nothing and counts nothing, so
	// that whoever sends the last use twice is let in. Whom the code is bound to is not looked at.
	Exchange(ctx context.Context, now time.Time, a Act, p Probe, visitor Ref) (StoredShare, Change, error)
	// Codes lists live codes in order of id, spent ones too; Filter.Grantees and CodeID must be empty.
	Codes(ctx context.Context, now time.Time, f Filter, w Window) (Page[StoredCode], error)
	// DeleteCode removes a code of this server by its id, also an expired one (SH-22); with cascade also every grant on this server that
	// came by that id, and n counts the shares that had one. ErrCodeNotFound: there was neither.
	DeleteCode(ctx context.Context, now time.Time, a Act, serverID string, id int64, cascade bool) (n int, c Change, err error)
	// DeleteCodeBySecret does the same for the live code of this server that matches: ErrCodeNotFound (SH-110).
	DeleteCodeBySecret(ctx context.Context, now time.Time, a Act, serverID string, p Probe, cascade bool) (n int, c Change, err error)
	// DeleteCodes removes every code of a server, expired ones too, and no share (SH-113); with cascade also every grant on this server
	// that came by any code, and n counts the shares that had one.
	DeleteCodes(ctx context.Context, now time.Time, a Act, serverID string, cascade bool) (n int, c Change, err error)

	// Forget removes what hangs on a server, user or group (SH-7) and remembers the id as gone: a racing Grant, CreateCode or
	// Exchange that looked it up a moment earlier gets ErrGone, never an orphan (SH-45 e). Forgetting again changes nothing.
	Forget(ctx context.Context, now time.Time, kind, id string) (Change, error)
	// Tally adds n to each count, and gives what they are then, in the period that now is in. Other periods are gone at the latest with
	// the next Purge.
	Tally(ctx context.Context, now time.Time, n int, counts []Tally) ([]int, error)
	// Purge deletes codes, grants, shares and tallies that have ended (SH-23), and what is older than the order says. Nobody's access
	// differs by it, so it appends no Change.
	Purge(ctx context.Context, now time.Time, o PurgeOrder) (Purged, error)
	// Changes gives up to limit changes after a sequence number, oldest first: how a replica catches up.
	Changes(ctx context.Context, after int64, limit int) ([]Change, error)
}
