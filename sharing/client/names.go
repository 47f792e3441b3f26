package client

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// ServerName is a server: its owner's name, and its own; Name "" is the default server.
type ServerName struct{ Owner, Name string }

// String gives "owner/name", as filters and messages write it (SH-173).
func (n ServerName) String() string { return n.Owner + "/" + n.Name }

// Scope gives base filtered to this server, which is how shares hold their scopes: "access:servers!server=alice/" (SH-35).
func (n ServerName) Scope(base string) string { return base + "!server=" + n.String() }

// complete gives scopes without a filter this server's: a JupyterHub compares what is to be revoked as it is written (SH-42).
func (n ServerName) complete(scopes []string) []string {
	out := slices.Clone(scopes)
	for i, s := range out {
		if !strings.Contains(s, "!") {
			out[i] = n.Scope(s)
		}
	}
	return out
}

// path is the server in a request's path. The default server is an empty segment, so that the path ends in a slash (SH-80).
func (n ServerName) path() (string, error) {
	owner, err := segment("owner", n.Owner)
	if err != nil || n.Name == "" {
		return owner + "/", err
	}
	name, err := segment("server", n.Name)
	return owner + "/" + name, err
}

// Kinds of a [Grantee].
const (
	KindUser  = "user"
	KindGroup = "group"
)

// Grantee is whom a server is shared with: Kind is KindUser or KindGroup.
type Grantee struct{ Kind, Name string }

// User is a user as a grantee.
func User(name string) Grantee { return Grantee{KindUser, name} }

// Group is a group as a grantee.
func Group(name string) Grantee { return Grantee{KindGroup, name} }

// String gives "user:name" or "group:name".
func (g Grantee) String() string { return g.Kind + ":" + g.Name }

func (g Grantee) check() error {
	// JSON would say another name for one that is no UTF-8.
	if g.Name == "" || !utf8.ValidString(g.Name) || g.Kind != KindUser && g.Kind != KindGroup {
		return invalid("grantee %q is no named user or group", g)
	}
	return nil
}

// path is what is shared with the grantee, in a request's path.
func (g Grantee) path() (string, error) {
	if err := g.check(); err != nil {
		return "", err
	}
	name, err := segment(g.Kind, g.Name)
	return g.Kind + "s/" + name + "/shared", err
}

// segment escapes a name for a path (SH-170). Dot segments are refused: on its way to the hub something may resolve them, escaped or not, and
// the request would be about something else.
func segment(what, name string) (string, error) {
	if name == "" || name == "." || name == ".." || !utf8.ValidString(name) {
		return "", invalid("%s name %q cannot be in a path", what, name)
	}
	return url.PathEscape(name), nil
}
