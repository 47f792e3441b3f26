package sharing

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hubshare/hubshare/scopes"
)

// Limits on how long a share code lives (SH-20), and on how long access lasts that ends by itself.
const (
	MinCodeLifetime     = time.Minute
	MaxCodeLifetime     = 365 * 24 * time.Hour
	DefaultCodeLifetime = 24 * time.Hour
)

// Limits on what comes with a code or a grant beyond what a JupyterHub knows.
const (
	MaxUses     = 1_000_000 // of one code
	MaxGrantees = 200       // of one grant, and of those that a code is for
	MaxNote     = 200       // characters in the note on a code
)

// ServerName is a server as callers name it, before anyone has looked whether it exists; Name "" is the default server.
type ServerName struct{ Owner, Name string }

// String gives "owner/name", as filters and messages write it (SH-173).
func (n ServerName) String() string { return n.Owner + "/" + n.Name }

// Resource gives the server as the scope checks know it.
func (n ServerName) Resource() scopes.Resource { return scopes.Server(n.Owner, n.Name) }

// Scope gives base filtered to this server: the only form in which a scope can be shared (SH-35).
func (n ServerName) Scope(base string) scopes.Scope { return n.Resource().Scope(base) }

// GranteeName is a user or group as callers name it: Kind is [KindUser] or [KindGroup].
type GranteeName struct{ Kind, Name string }

// String gives "user:name" or "group:name", as log lines write it (SH-180).
func (g GranteeName) String() string { return g.Kind + ":" + g.Name }

// Share is what one user or group may do on one server (SH-1), with the names that server and grantee have now (SH-9).
type Share struct {
	ID        int64 // ascending in order of creation, never reused (SH-6); not on the wire
	Server    Server
	Grantee   Ref            // of kind user or group
	Scopes    []scopes.Scope // each filtered to Server; sorted, at least one
	CreatedAt time.Time      // UTC, whole microseconds
	ExpiresAt time.Time      // when the last of its grants ends; zero = some grant has no end by the clock
	Grants    []Grant        // what it is the union of; at least one
}

// Grant is a part of a share: the scopes that came by one way and end together.
type Grant struct {
	Scopes    []scopes.Scope // each filtered to the share's server; sorted, at least one
	CodeID    int64          // the code that was exchanged for it, which may be gone by now; 0 = granted directly
	ActorID   string         // the host's id of who granted it; of who exchanged the code
	GrantedAt time.Time      // UTC, whole microseconds; anew when the end was moved
	Ends
}

// Ends says when access ends by itself. The zero value: never.
type Ends struct {
	ExpiresAt time.Time // over from this very instant on (SH-21); zero = not by the clock
	Session   bool      // also over when the server stops, see [Service.ServerStopped]
}

// Terms say how long access will last that is granted now. The zero value: until it is revoked.
type Terms struct {
	Lifetime time.Duration // from MinCodeLifetime to MaxCodeLifetime; 0 = not by the clock
	Session  bool          // also ends when the server stops
}

// ends is when access granted now is over.
func (t Terms) ends(now time.Time) Ends {
	if t.Lifetime == 0 {
		return Ends{Session: t.Session}
	}
	return Ends{ExpiresAt: now.Add(t.Lifetime), Session: t.Session}
}

// Code is a prospective share without a grantee (SH-2). Its secret is not in here: [Service.CreateCode] shows it once.
type Code struct {
	ID              int64 // see [CodeID]
	Server          Server
	Scopes          []scopes.Scope // each filtered to Server; sorted, at least one
	CreatedAt       time.Time      // UTC, whole microseconds
	ExpiresAt       time.Time      // expired from this very instant on (SH-21)
	Exchanges       int
	LastExchangedAt time.Time // zero = never
	MaxUses         int       // how often it can be exchanged; 0 = as often as one likes
	For             []Ref     // users and groups whom alone it is for, beside those of Domain; see Bound
	Domain          string    // users whose name ends in "@" and this
	Bound           bool      // only for those in For and Domain, of whom all may be deleted by now
	Note            string    // for those who manage the code, never shown to visitors
	Terms           Terms     // of the access that it gives
}

// CodeID gives the public handle of a code, "sc_12". It is no secret and cannot be exchanged (SH-15).
func CodeID(id int64) string { return "sc_" + strconv.FormatInt(id, 10) }

// ParseCodeID reads what [CodeID] gives: exactly "sc_" and ASCII digits (SH-112). ok is false for everything else.
func ParseCodeID(s string) (id int64, ok bool) {
	digits, found := strings.CutPrefix(s, "sc_")
	if !found || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, err == nil
}

// Window is a part of a list that is in order of creation: Limit entries, Offset of them skipped. A Limit below 1 gives none.
type Window struct{ Offset, Limit int }

// Page is a window on a list whose whole length was Total at that moment.
type Page[T any] struct {
	Items []T
	Total int
}

// String names the share for people.
func (s Share) String() string {
	return fmt.Sprintf("share of %s with %s:%s", s.Server, s.Grantee.Kind, s.Grantee.Name)
}

// String names the code for people; the secret is not known here.
func (c Code) String() string { return fmt.Sprintf("code %s for %s", CodeID(c.ID), c.Server) }
