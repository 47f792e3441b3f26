package httpapi

import (
	"net/http"

	"github.com/hubshare/hubshare/sharing"
)

// Visitor is who makes a request.
type Visitor struct {
	sharing.Caller
	// Cookie: identified by the login cookie and not by a token, so the XSRF rules apply (SH-52).
	Cookie bool
	// Session is the browser session that the XSRF token is bound to, together with the visitor's ID; empty if there is none. The host's own
	// pages have to bind theirs to the same two.
	Session string
}

// Host is all that the handlers ask of the hub that they are mounted in. Implementations are safe for concurrent use.
type Host interface {
	// Identify says who makes the request: by the Authorization header's token if that is valid, else by the login cookie (SH-50).
	// ok is false for an anonymous request; the Session may be set all the same. An error is an internal failure.
	// Identify does not check XSRF: that is the handlers' own.
	Identify(r *http.Request) (v Visitor, ok bool, err error)
	// IdentifyCookie is Identify by the login cookie alone, whatever tokens the request carries: the pages' way (SH-50).
	IdentifyCookie(r *http.Request) (v Visitor, ok bool, err error)
	// LoginURL gives the path of the login page that comes back to next, a path with query (SH-141).
	LoginURL(next string) string
	// ServerURL gives a server's address, escaped (SH-171): path below the host, full as an absolute URL if the hub knows
	// its public one, else "" (SH-70); ready says whether it runs and is reachable now.
	ServerURL(s sharing.Server) (path, full string, ready bool)
}
