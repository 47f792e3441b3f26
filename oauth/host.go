package oauth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hubshare/hubshare/scopes"
)

// OwnerRef names the user or service that a token belongs to, by the host's stable id: opaque, never reused, surviving a rename.
type OwnerRef struct{ Kind, ID string }

// Kinds of an [OwnerRef].
const (
	KindUser    = "user"
	KindService = "service"
)

// Owner is what the host knows about an owner at this moment.
type Owner struct {
	scopes.Owner
	// Roles are the raw scopes of the owner's roles, and for a user of their groups' roles, without shares (SC-404, OA-31).
	Roles []scopes.Scope
	// Held is everything the owner may do now, shares included (SC-350).
	Held scopes.Set
	// Cut is what the owner's tokens are cut by, if it is not Held: for hosts that treat tokens as a JupyterHub does, which leaves some of what is shared out
	// (SC-352); nil = Held.
	Cut *scopes.Set
	// Until is when Held changes by itself, for instance because a share's grant ends; zero means never.
	Until time.Time
}

// cut is what the owner's tokens may do at most.
func (o Owner) cut() scopes.Set {
	if o.Cut != nil {
		return *o.Cut
	}
	return o.Held
}

// ErrNoOwner is what a [Host] answers about an owner that does not exist, or no longer: all their tokens are dead.
var ErrNoOwner = errors.New("no such owner")

// Host is all that the provider asks of the hub that it is part of. Implementations are safe for concurrent use.
type Host interface {
	scopes.Groups
	// Owner gives an owner's present rights. Errors: ErrNoOwner; any other is an internal failure.
	Owner(ctx context.Context, ref OwnerRef) (Owner, error)
	// OwnsServer says whether a server, named "owner/name" as in [scopes.Client], belongs to this user: then consent is not asked (OA-34).
	OwnsServer(ctx context.Context, user OwnerRef, server string) bool
	// Session says who is logged in, by the login cookie alone (OA-20); ok is false for an anonymous request. sessionID is the
	// value of the browser-session cookie, "" if the request has none.
	Session(r *http.Request) (user OwnerRef, sessionID string, ok bool)
	// EnsureSession gives the browser-session id of a request, setting its cookie when there is none yet (OA-40).
	EnsureSession(w http.ResponseWriter, r *http.Request) string
	// LoginURL gives the path of the login page that comes back to next, a path with query (OA-20).
	LoginURL(next string) string
}
