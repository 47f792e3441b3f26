package hubsim

import (
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hubshare/hubshare/scopes"
)

// Config says what hub to make. The zero Config is a hub in memory on a free loopback port, on which the sharing walk works at
// once (HB-176): users sharer and shared-with, role user with shares!user, and servers whose pages may share.
// As soon as one of Users, Groups, Roles, Services or SingleUser's two scope lists is set, all of these are JupyterHub's own defaults instead.
type Config struct {
	// Addr is where to listen, "host:port". "" is a free port on 127.0.0.1.
	Addr string
	// BaseURL is the path that everything lies under, escaped, with a slash at both ends (HB-2). "" is "/".
	BaseURL string
	// PublicURL is the hub's address as the world sees it, "https://host[:port]", if it has one (HB-81).
	PublicURL string
	// Profile is the JupyterHub release to behave as; the zero value is 5.5.
	Profile scopes.Profile
	// Docs2 gives the answer of GET api/user the shape of JupyterHub 2, which its documentation still shows (OA-122). For profile 5.5 alone.
	Docs2 bool
	// Version is the value of X-JupyterHub-Version; "" is the profile's (HB-6).
	Version string

	// Users exist from the start. Anyone else who may log in is created at their first login (HB-26).
	Users []User
	// Groups exist from the start; their members are created as well.
	Groups []Group
	// Roles are defined besides the built-in ones, or in place of their scopes (HB-157).
	Roles []Role
	// Services are what users find beside servers, in the order of the menu (HB-159).
	Services []Service
	// AllowedUsers may log in; empty = everybody (HB-23).
	AllowedUsers []string
	// Password, if set, is the one that logs everybody in; "" accepts any (HB-23).
	Password string
	// AllowNamedServers lets users have servers besides their default one (HB-101).
	AllowNamedServers bool
	// SingleUser configures users' servers.
	SingleUser SingleUser
	// Extensions switches on what a JupyterHub does not have: access that ends by itself, limited and bound share codes, bulk grants, quotas, the
	// page of one's shares. Off by default: answers are the stock hub's.
	Extensions bool

	// KeepConnections leaves open what a stock hub leaves open: web sockets and streams of people whose access has ended (SH-164), and lets servers believe for
	// CacheMaxAge what they remember of them; that is 300 s then, if it is not set (HB-118). Off by default: connections end with the access that they rest on,
	// and servers forget (SH-166). Services, and servers in a process of their own, cannot be told to: they answer plain requests for as long as they remember, but no web
	// socket is opened by it. What brings neither a token nor a session that the hub knows is left to the server.
	KeepConnections bool

	// DB is the file of the hub's SQLite database; "" keeps everything in memory.
	DB string
	// Clock is the hub's time; nil is the machine's.
	Clock Clock
	// Logger gets one line a request and what else is worth telling; nil discards.
	Logger *slog.Logger
}

// User is one user of a [Config].
type User struct {
	Name  string // lower case, no slash
	Admin bool   // holds role admin
}

// Group is one group of a [Config].
type Group struct {
	Name  string
	Users []string
}

// Role is one role of a [Config]. Role user is held by every user; others by those that they list.
type Role struct {
	Name        string
	Description string
	Scopes      []string // nil keeps the built-in scopes of a role of that name
	Users       []string
	Groups      []string
	Services    []string
}

// SingleUser configures users' servers.
type SingleUser struct {
	// OAuthClientAllowedScopes are the raw scopes that a server may ask of its visitors besides access to itself (OA-9).
	OAuthClientAllowedScopes []string
	// ServerTokenScopes are the raw scopes of a server's own token; empty = those of role server (SC-400).
	ServerTokenScopes []string
	// CacheMaxAge is how long a server may remember who a visitor is; 0 = not at all (HB-127), unless there is KeepConnections.
	CacheMaxAge time.Duration
}

// stockCacheAge is for how long a stock server believes what the hub said of a visitor (HB-118).
const stockCacheAge = 300 * time.Second

// The scopes of the sharing walk (HB-122, SH-190).
var (
	walkUsers        = []User{{Name: "sharer"}, {Name: "shared-with"}}
	walkRoles        = []Role{{Name: "user", Scopes: []string{"self", "shares!user"}}}
	walkClientScopes = []string{"access:servers!server", "shares!server"}
	walkTokenScopes  = []string{"shares!server", "servers!server", "users:activity!server"}
)

var (
	basePath  = regexp.MustCompile(`^/([A-Za-z0-9._~@!$&'()*+,;=:%-]+/)*$`)
	publicURL = regexp.MustCompile(`^https?://[^/?#@\s]+/?$`)
)

// filled gives the Config with its defaults in place, or an error that names the field and what is wrong with it.
func (c Config) filled() (Config, error) {
	if c.BaseURL == "" {
		c.BaseURL = "/"
	}
	if !basePath.MatchString(c.BaseURL) {
		return c, fmt.Errorf("config: BaseURL %q: must begin and end with a slash, be escaped, and have no empty part", c.BaseURL)
	}
	if c.PublicURL != "" && !publicURL.MatchString(c.PublicURL) {
		return c, fmt.Errorf("config: PublicURL %q: must be http:// or https:// and a host, without path", c.PublicURL)
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	if c.Profile != scopes.P55 && c.Profile != scopes.P60 {
		return c, fmt.Errorf("config: Profile %d: must be scopes.P55 or scopes.P60", int(c.Profile))
	}
	if c.Docs2 && c.Profile != scopes.P55 {
		return c, fmt.Errorf("config: Docs2: is for profile 5.5 alone")
	}
	if c.Version == "" {
		c.Version = "5.5.1"
		if c.Profile == scopes.P60 {
			c.Version = "6.0.0b2"
		}
	}
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	if c.Clock == nil {
		c.Clock = RealClock{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	su := &c.SingleUser
	if c.KeepConnections && su.CacheMaxAge == 0 {
		su.CacheMaxAge = stockCacheAge
	}
	if c.Users == nil && c.Groups == nil && c.Roles == nil && c.Services == nil && su.OAuthClientAllowedScopes == nil && su.ServerTokenScopes == nil {
		c.Users, c.Roles = walkUsers, walkRoles
		su.OAuthClientAllowedScopes, su.ServerTokenScopes = walkClientScopes, walkTokenScopes
	}
	return c, c.checkNames()
}

func (c Config) checkNames() error {
	for i, u := range c.Users {
		if err := checkUserName(u.Name); err != nil {
			return fmt.Errorf("config: Users[%d]: %w", i, err)
		}
	}
	for i, g := range c.Groups {
		if g.Name == "" {
			return fmt.Errorf("config: Groups[%d]: a group needs a name", i)
		}
		for _, u := range g.Users {
			if err := checkUserName(u); err != nil {
				return fmt.Errorf("config: Groups[%d]: %w", i, err)
			}
		}
	}
	for i, r := range c.Roles {
		for _, u := range r.Users {
			if err := checkUserName(u); err != nil {
				return fmt.Errorf("config: Roles[%d]: %w", i, err)
			}
		}
		for _, g := range r.Groups {
			if !slices.ContainsFunc(c.Groups, func(x Group) bool { return x.Name == g }) {
				return fmt.Errorf("config: Roles[%d]: no such group: %s", i, g)
			}
		}
	}
	if c.Password != "" && len(c.Password) < 8 {
		return fmt.Errorf("config: Password: must have 8 characters or more")
	}
	return c.checkServices()
}

// checkUserName holds configuration to the names that a login gives (HB-25, SC-14).
func checkUserName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a user needs a name")
	case len(name) > 255:
		return fmt.Errorf("user name of %d bytes is too long, at most 255 are allowed", len(name))
	case strings.Contains(name, "/"):
		return fmt.Errorf("user name %q must not contain a slash", name)
	case name == "." || name == "..":
		return fmt.Errorf("user name %q would be lost in every path", name)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("user name %q must be UTF-8 without control characters", name)
	case name != normalName(name):
		return fmt.Errorf("user name %q must be lower case and without outer spaces: logging in makes it so", name)
	}
	return nil
}

// normalName is what a login makes of a typed name (HB-25).
func normalName(typed string) string { return strings.ToLower(strings.TrimSpace(typed)) }
