package hubsim

import (
	"fmt"
	"io/fs"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/hubauth"
	"github.com/hubshare/hubshare/scopes"
)

// Config says what hub to make. The zero Config is a hub in memory on a free loopback port, on which the sharing walk works at
// once (HB-176): users sharer and shared-with, role user with shares!user, and servers whose pages may share.
// As soon as one of Users, Groups, Roles, Services, Servers or SingleUser's two scope lists is set, all of these are JupyterHub's own defaults instead.
type Config struct {
	// Addr is where to listen, "host:port". "" is a free port on 127.0.0.1.
	Addr string
	// BaseURL is the path that everything lies under, escaped, with a slash at both ends (HB-2). "" is "/".
	BaseURL string
	// PublicURL is the hub's address as the world sees it, "https://host[:port]", if it has one (HB-81).
	PublicURL string
	// SubdomainHost gives every user and service a host name of their own below this one, "LABEL.hub.localhost" and "LABEL--service.hub.localhost" for "hub.localhost",
	// whose port is then the listening one; "https://host[:port]" is taken as it is (HB-82, OA-115). The name needs a dot, or browsers share no cookie below it. All of
	// these names have to lead to this hub: those below localhost do in browsers. "" = one origin for all.
	SubdomainHost string
	// Profile is the JupyterHub release to behave as; the zero value is 5.5.
	Profile scopes.Profile
	// Docs2 gives the answer of GET api/user the shape of JupyterHub 2, which its documentation still shows (OA-122). For profile 5.5 alone.
	Docs2 bool
	// PKCE says what is done about the code challenges of servers and services: checked where they are sent (the zero value), demanded, or ignored,
	// as a hub of 5.5 does (OA-42, OA-57). The servers and services of hubsim always send one.
	PKCE oauth.PKCE
	// Version is the value of X-JupyterHub-Version; "" is the profile's (HB-6).
	Version string

	// InternalTLS names files by which servers and services may prove themselves to what stands before this hub and speaks TLS; they are handed
	// on, and the hub reads none of them (OA-E20). In-process servers ask it directly and need none.
	InternalTLS hubauth.TLSFiles

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
	// Auth says more of who may log in, and as whom; the zero value adds nothing.
	Auth Auth
	// DefaultURL is where a login without next leads, a path such as "/hub/home"; "" = the user's server (HB-42).
	DefaultURL string
	// StayAtHome has such a login lead to the home page instead, and start no server: what a JupyterHub calls redirect_to_server off (HB-42).
	StayAtHome bool
	// ShutdownOnLogout stops a user's servers when they log out (HB-45).
	ShutdownOnLogout bool
	// Announcement is shown on every page, as text: markup is shown, not obeyed (HB-51). "" = none.
	Announcement string
	// Announcements has what single pages show in its place, "" = nothing: "login", "spawn" (the form of options), "home" and "logout", which people see after logging
	// out where Auth.AutoLogin would have them back at once.
	Announcements map[string]string
	// LegacyStoppedStatus answers 503 where a server is asked for that does not run, as a JupyterHub did before 3.0, in place of 424 (HB-86): a JupyterHub's
	// use_legacy_stopped_server_status_code.
	LegacyStoppedStatus bool
	// AllowNamedServers lets users have servers besides their default one (HB-101).
	AllowNamedServers bool
	// SingleUser configures users' servers.
	SingleUser SingleUser
	// Servers are users' servers that exist from the start, or are started in a way of their own.
	Servers []Server
	// Shares are access that users and groups have from the start.
	Shares []Share
	// ShareCodes are made at the start; [Hub.Seed] gives the secrets of those that it makes.
	ShareCodes []ShareCode
	// Extensions switches on what a JupyterHub does not have: access that ends by itself, limited and bound share codes, bulk grants, quotas, the
	// page of one's shares. Off by default: answers are the stock hub's.
	Extensions bool

	// UpstreamQuirks gives the answers of a stock hub where this one deliberately gives better ones (HB-158): what is shared with a group does not count for tokens,
	// nor does what a shared scope implies; PATCH of a share takes scopes as written; expired codes count in totals; an empty code or id deletes all codes, and an id may
	// have a tail; filters without a name are shown as such; KeepConnections. It brings back no hole and no 5xx. Off by default: then the log says, at level info, where a
	// stock hub would have answered differently, and which rule says so.
	UpstreamQuirks bool
	// KeepConnections leaves open what a stock hub leaves open: web sockets and streams of people whose access has ended (SH-164), and lets servers believe for
	// CacheMaxAge what they remember of them; that is 300 s then, if it is not set (HB-118). Off by default: connections end with the access that they rest on,
	// and servers forget (SH-166). Services, and servers in a process of their own, cannot be told to: they answer plain requests for as long as they remember, but no web
	// socket is opened by it. What brings neither a token nor a session that the hub knows is left to the server.
	KeepConnections bool

	// Limits are the hub's times and limits; the zero value has upstream's.
	Limits Limits
	// Seed, if not 0, has every secret and every chance follow from it: the same calls in the same order make the same tokens, codes and cookies in each run (HB-169).
	// It is for tests alone: who knows the seed knows the secrets. 0 draws them at random.
	Seed uint64
	// Strict has a test fail, besides saying so in the log, when the code under test calls an API path that a hub does not have, sends a field that its API does not know,
	// or calls without the rights to (HB-175). See [Hub.Findings].
	Strict bool

	// DB is the file of the hub's SQLite database; "" keeps everything in memory.
	DB string
	// TLS has the hub speak https; nil = http (HB-201). Its servers and services ask it over plain http all the same, at an address of its own.
	TLS *TLS
	// Keys is how many more hubs may be at this hub's address, each made by the first request that names its key and as different from the others as if it
	// were the only one: clock, database, cookies, servers. A request names a key of up to 63 letters, digits and hyphens by the header X-Hubsim-Key, or by
	// coming to KEY.localhost. They end with this hub, or one by one by the control endpoints; 0 = there are none.
	Keys int
	// Clock is the hub's time; nil is the machine's.
	Clock Clock
	// Logger gets one line a request and what else is worth telling; nil discards.
	Logger *slog.Logger
	// Faults are in force once the hub has started, and its servers that are to run do; see [Hub.AddFault].
	Faults []Fault
	// Record is how many of the last requests are remembered for [Hub.Requests]; 0 = 1000, negative = none.
	Record int
	// RecordBody is how many bytes of a request's body are kept in the record, of JSON and of forms; 0 = 4096, negative = none.
	RecordBody int
	// RecordSecrets has the record, not the log, show secrets: tokens, codes and what bodies and addresses have of them (HB-173).
	RecordSecrets bool
	// Control opens the control endpoints below /_hubsim/ (HB-179); nil = there are none.
	Control *Control
}

// User is one user of a [Config].
type User struct {
	Name  string // lower case, no slash
	Admin bool   // holds role admin
	// Tokens are API tokens that the user has from the start.
	Tokens []Token
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

	// OptionsForm is what people fill in before a server starts, the inner part of an HTML form (HB-55); "" = servers start without asking. It goes into the page as it is:
	// whoever configures a hub is trusted with its pages. What was filled in becomes the server's user_options, which its model shows; the servers of hubsim make
	// no use of them.
	OptionsForm string
	// SimpleOptions makes single values of fields that have one, true of boxes that were ticked: what a JupyterHub calls options_from_form "simple". Else every
	// option is a list of texts.
	SimpleOptions bool

	// Kind is how servers are started; "" is KindInProcess. Command and its arguments are for KindCommand, URL, "http://127.0.0.1:PORT", for KindURL.
	Kind    Kind
	Command []string
	URL     string
	// Env is added to what programs find in their environment, and wins.
	Env map[string]string
	// Hints are told to servers about how they are to run; what is zero is not said.
	Hints ServerHints
	// Dir is the directory that Command runs in; "" = the hub's.
	Dir string
	// DefaultURL is the path below a server that its visitors land on, "/lab" (HB-104); "" = the server's own choice.
	DefaultURL string
	// Modules are ES modules that the notebook page of in-process servers runs, as JupyterLab runs an extension (HB-129): absolute URLs, or paths in
	// ModuleFiles. The default export of each, else its export "activate", is called with an element of the page and the page's configuration.
	Modules []string
	// ModuleFiles are where Modules and what these import are read from, at each request; nil = there are none.
	ModuleFiles fs.FS
	// StartTimeout is how long a start may take in all, HTTPTimeout how long a server that was started may take to answer, real time; 0 = 60 s and 30 s (HB-189).
	StartTimeout, HTTPTimeout time.Duration
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
		return c, wrongFieldf("BaseURL", "%q must begin and end with a slash, be escaped, and have no empty part", c.BaseURL)
	}
	if c.PublicURL != "" && !publicURL.MatchString(c.PublicURL) {
		return c, wrongFieldf("PublicURL", "%q must be http:// or https:// and a host, without path", c.PublicURL)
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	if c.Profile != scopes.P55 && c.Profile != scopes.P60 {
		return c, wrongFieldf("Profile", "%d must be scopes.P55 or scopes.P60", int(c.Profile))
	}
	if c.PKCE < oauth.PKCEOptional || c.PKCE > oauth.PKCERequired {
		return c, wrongFieldf("PKCE", "%d must be oauth.PKCEOptional, oauth.PKCEOff or oauth.PKCERequired", int(c.PKCE))
	}
	if c.Docs2 && c.Profile != scopes.P55 {
		return c, wrongFieldf("Docs2", "is for profile 5.5 alone")
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
	if err := c.checkPlace(); err != nil {
		return c, err
	}
	su := &c.SingleUser
	c.KeepConnections = c.KeepConnections || c.quirks().keepConnections
	if c.KeepConnections && su.CacheMaxAge == 0 {
		su.CacheMaxAge = stockCacheAge
	}
	if c.Users == nil && c.Groups == nil && c.Roles == nil && c.Services == nil && c.Servers == nil && su.OAuthClientAllowedScopes == nil && su.ServerTokenScopes == nil {
		c.Users, c.Roles = walkUsers, walkRoles
		su.OAuthClientAllowedScopes, su.ServerTokenScopes = walkClientScopes, walkTokenScopes
	}
	if err := c.checkSubdomains(); err != nil {
		return c, err
	}
	return c, c.checkNames()
}

func (c Config) checkNames() error {
	for i, u := range c.Users {
		if err := checkUserName(u.Name); err != nil {
			return wrongField(fmt.Sprintf("Users[%d]", i), err)
		}
	}
	for i, g := range c.Groups {
		if g.Name == "" {
			return wrongFieldf(fmt.Sprintf("Groups[%d]", i), "a group needs a name")
		}
		for _, u := range g.Users {
			if err := checkUserName(u); err != nil {
				return wrongField(fmt.Sprintf("Groups[%d]", i), err)
			}
		}
	}
	for i, r := range c.Roles {
		for _, u := range r.Users {
			if err := checkUserName(u); err != nil {
				return wrongField(fmt.Sprintf("Roles[%d]", i), err)
			}
		}
		for _, g := range r.Groups {
			if !slices.ContainsFunc(c.Groups, func(x Group) bool { return x.Name == g }) {
				return wrongFieldf(fmt.Sprintf("Roles[%d]", i), "no such group: %s", g)
			}
		}
	}
	if c.Password != "" && len(c.Password) < 8 {
		return wrongFieldf("Password", "must have 8 characters or more")
	}
	if err := c.SingleUser.Hints.check(); err != nil {
		return err
	}
	if err := c.SingleUser.check(); err != nil {
		return wrongField("SingleUser", err)
	}
	if err := c.Control.check(); err != nil {
		return err
	}
	for i, f := range c.Faults {
		if err := f.check(); err != nil {
			return wrongField(fmt.Sprintf("Faults[%d]", i), err)
		}
	}
	if d := c.DefaultURL; d != "" && (!strings.HasPrefix(d, "/") || strings.HasPrefix(d, "//") || strings.ContainsFunc(d, unicode.IsControl) || strings.Contains(d, "\\")) {
		return wrongFieldf("DefaultURL", "%q must be a path of this host", d)
	}
	if err := c.Limits.check(); err != nil {
		return err
	}
	if err := c.checkAnnouncements(); err != nil {
		return err
	}
	if err := c.Auth.check(c); err != nil {
		return wrongField("Auth", err)
	}
	if err := c.checkSeeds(); err != nil {
		return err
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
