package sharing

import (
	"context"
	"errors"

	"github.com/hubshare/hubshare/scopes"
)

// Kinds of a [Ref].
const (
	KindUser    = "user"
	KindGroup   = "group"
	KindService = "service" // acts, but never receives a share (SH-43)
)

// Ref names a user, a group or a service of the host. ID is opaque, never reused, and survives a rename; Name is what people and
// the wire use, compared exactly (SH-172).
type Ref struct{ Kind, ID, Name string }

// Server is one server of one user: ID as for [Ref]; Name "" is the default server, which exists for every user even if it
// never ran (SH-8).
type Server struct {
	ID    string
	Owner Ref
	Name  string
}

// Resource gives the server as the scope checks know it.
func (s Server) Resource() scopes.Resource { return scopes.Server(s.Owner.Name, s.Name) }

// String gives "owner/name", as filters and messages write it (SH-173).
func (s Server) String() string { return s.Owner.Name + "/" + s.Name }

// Caller is who asks. [Service] looks at Scopes alone to decide; the Ref says on whose behalf, and has to have an ID: without one it is nobody,
// whatever the Scopes (SH-54).
type Caller struct {
	Ref
	Scopes scopes.Set
	// Address is the network address that they ask from, for [Quotas]; "" = not known, so that none counts by it.
	Address string
}

// What a [Directory] answers about names that it does not know.
var (
	ErrNoSuchServer = errors.New("no such server")
	ErrNoSuchUser   = errors.New("no such user")
	ErrNoSuchGroup  = errors.New("no such group")
)

// Directory is the host's address book. It is batched, so that a page of 200 shares costs two calls. Implementations are safe for
// concurrent use and answer from live data; any error but the sentinels named here is an internal failure.
type Directory interface {
	scopes.Groups
	// FindServer gives a server by its owner's and its own name: ErrNoSuchServer, also when there is no such owner.
	FindServer(ctx context.Context, owner, name string) (Server, error)
	// Find gives a user or group by name: ErrNoSuchUser, ErrNoSuchGroup.
	Find(ctx context.Context, kind, name string) (Ref, error)
	// Servers gives servers by id; ids that are unknown are absent from the answer.
	Servers(ctx context.Context, ids []string) (map[string]Server, error)
	// Refs gives users and groups by id; ids that are unknown are absent from the answer.
	Refs(ctx context.Context, ids []string) (map[string]Ref, error)
	// GroupsOf lists the ids of the groups that a user is in now; none for an unknown user.
	GroupsOf(ctx context.Context, userID string) ([]string, error)
}

// ServerLister is what a [Directory] may be besides: it lists the servers of a user by the user's id, in any order. Where it is missing,
// [Service.OwnServers] gives the default server alone.
type ServerLister interface {
	ServersOf(ctx context.Context, ownerID string) ([]Server, error)
}
