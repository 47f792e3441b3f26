package scopes

import (
	"cmp"
	"strings"
)

// Limits on what is parsed, so that hostile input stays cheap.
const (
	// MaxLength is the greatest length of one scope in bytes.
	MaxLength = 1024
	// MaxFilter is the greatest length of its filter, the text after the "!". The rest is room for any base, so that what a
	// scope implies is never too long either.
	MaxFilter = 768
	// MaxScopes is the greatest number of scopes that [ParseAll] accepts in one list.
	MaxScopes = 10_000
)

// Filter kinds (SC-12). They are case-sensitive.
const (
	KindUser    = "user"
	KindServer  = "server"
	KindGroup   = "group"
	KindService = "service"
)

// Metascopes (SC-46 … SC-48): they stand for other scopes, or for none.
const (
	metaSelf    = "self"
	metaInherit = "inherit"
	metaNone    = "(no_scope)"
)

// Inherit is the metascope of a token that may do all that its owner may (SC-47, SC-354).
var Inherit = Scope{Base: metaInherit}

// Scope is one parsed raw scope, comparable with ==.
//
// Kind "" means no filter. A Kind without Name is a shorthand: user, server or service (SC-12).
// The zero Scope is not a scope; no registry knows it.
type Scope struct{ Base, Kind, Name string }

// Parse splits raw at its first "!" and the filter at its first "=" (SC-10), without asking whether such a
// scope exists: that is [Registry.Validate]. "users!" is the unfiltered "users" (SC-11). Errors: [ErrEmptyFilter], [ErrTooLong].
func Parse(raw string) (s Scope, err error) {
	err = s.parse(raw)
	return s, err
}

// parse fills a zero Scope, and leaves it alone on an error. It stands apart so that a list is parsed in place.
func (s *Scope) parse(raw string) error {
	mark := strings.IndexByte(raw, '!')
	if mark < 0 {
		mark = len(raw)
	}
	filter := raw[min(mark+1, len(raw)):]
	if len(raw) > MaxFilter { // else nothing can be too long
		if err := tooLong(raw, filter); err != nil {
			return err
		}
	}
	if filter == "" {
		s.Base = raw[:mark]
		return nil
	}
	equals := strings.IndexByte(filter, '=')
	if equals < 0 {
		equals = len(filter)
	}
	name := filter[min(equals+1, len(filter)):]
	if name == "" && !isShorthand(filter) {
		return emptyFilter(raw, filter)
	}
	*s = Scope{Base: raw[:mark], Kind: filter[:equals], Name: name}
	return nil
}

// ParseAll parses a list of at most [MaxScopes] scopes, keeping its order. The first bad one is the error.
func ParseAll(raw []string) ([]Scope, error) {
	if len(raw) > MaxScopes {
		return nil, tooMany(len(raw))
	}
	out := make([]Scope, len(raw))
	for i, r := range raw {
		if err := out[i].parse(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func isShorthand(filter string) bool {
	return filter == KindUser || filter == KindServer || filter == KindService
}

// Filter gives the text after the "!": "user=alice", a shorthand such as "server", or "".
func (s Scope) Filter() string {
	if s.Name == "" {
		return s.Kind
	}
	return s.Kind + "=" + s.Name
}

// String gives the scope as it is written, and as [Parse] reads it.
func (s Scope) String() string {
	switch {
	case s.Unfiltered():
		return s.Base
	case s.Name == "":
		return s.Base + "!" + s.Kind
	}
	return s.Base + "!" + s.Kind + "=" + s.Name
}

// Unfiltered says whether the scope has no filter. A name without a kind ("users!=alice") is a filter, though one that nothing satisfies.
func (s Scope) Unfiltered() bool { return s.Kind == "" && s.Name == "" }

// With gives the same base with another filter.
func (s Scope) With(kind, name string) Scope { return Scope{s.Base, kind, name} }

// Compare orders scopes as their texts are ordered byte by byte (SC-3).
func Compare(a, b Scope) int { return cmp.Compare(a.String(), b.String()) }

// Strings gives the texts of a list, in its order.
func Strings(list []Scope) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.String()
	}
	return out
}

// Resource is what an action is done to. The zero Resource is "nothing in particular": only unfiltered scopes reach it.
type Resource struct {
	Kind  string // user, server, group or service
	Owner string // the server's owner; empty for the other kinds
	Name  string // of the user, group or service; of the server, "" being the default one
}

// User is the resource of that user.
func User(name string) Resource { return Resource{Kind: KindUser, Name: name} }

// Server is the resource of a user's server; name "" is the default server.
func Server(owner, name string) Resource {
	return Resource{Kind: KindServer, Owner: owner, Name: name}
}

// Group is the resource of that group.
func Group(name string) Resource { return Resource{Kind: KindGroup, Name: name} }

// Service is the resource of that service.
func Service(name string) Resource { return Resource{Kind: KindService, Name: name} }

// FilterName gives the name by which a filter means this resource: "owner/name" for a server (SC-14), else its name.
func (r Resource) FilterName() string {
	if r.Kind == KindServer {
		return r.Owner + "/" + r.Name
	}
	return r.Name
}

// Scope gives base filtered to exactly this resource; for the zero Resource, base unfiltered.
func (r Resource) Scope(base string) Scope {
	if r.Kind == "" {
		return Scope{Base: base}
	}
	return Scope{Base: base, Kind: r.Kind, Name: r.FilterName()}
}

// Owner is the entity whose scopes are read: it resolves self, !user and !service (SC-49). Kind is user or service;
// any other kind resolves nothing.
type Owner struct{ Kind, Name string }

// Client is the OAuth client that a token was issued to: it resolves !server and !service (SC-49).
// Server is "owner/name". Both empty is the hub's own client; then nothing but the owner resolves.
type Client struct{ Server, Service string }

// Groups answers live membership of users in groups. A nil Groups knows nobody. This package keeps no answer;
// whoever caches a result that consulted it drops it when a membership changes (SC-5).
// Implementations must be safe for concurrent use.
type Groups interface {
	Member(user, group string) bool
}

// GroupLister is a [Groups] that can also list the groups of a user. It must agree with Member. Where a set holds
// many group filters it saves asking for each of them; implementing it is optional.
type GroupLister interface {
	Groups
	GroupsOf(user string) []string
}
