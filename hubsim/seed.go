package hubsim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// Token is an API token of a [User] of a [Config] (HB-178).
type Token struct {
	Token     oauth.Secret  // 8 bytes or more; "" = one is drawn
	Scopes    []string      // raw; nil = whatever the user may do
	Note      string        // at most 1023 bytes
	ExpiresIn time.Duration // whole seconds; 0 = never
}

// Server is a user's server of a [Config] or a [Seed] (HB-178). Its owner is created if need be.
type Server struct {
	User string
	Name string // "" = the default server; another one needs AllowNamedServers
	// Running servers are started with the hub, which waits for them unless they are attached by Kind url.
	Running bool
	// Kind is how this server is started, with URL or Command beside it; "" = as SingleUser says.
	Kind    Kind
	URL     string
	Command []string
}

// Share gives a user or a group access to a server (HB-166).
type Share struct {
	Owner, Server string   // Server "" = the default server
	User, Group   string   // exactly one of them
	Scopes        []string // none = access to the server
}

// ShareCode is a code to be made for a server (HB-178).
type ShareCode struct {
	Owner, Server string
	Scopes        []string      // none = access to the server
	ExpiresIn     time.Duration // a minute to a year; 0 = a day
}

// Seed is what can be added to a hub that runs; see the fields of [Config] of the same names. Roles cannot be for services, and Servers are of the
// kind that the hub was configured with.
type Seed struct {
	Users      []User
	Groups     []Group
	Roles      []Role
	Servers    []Server
	Shares     []Share
	ShareCodes []ShareCode
}

// Seeded are the secrets of what was made, in the order of the [Seed].
type Seeded struct {
	Tokens     []SeededToken `json:"tokens"`
	ShareCodes []SeededCode  `json:"share_codes"`
}

// SeededToken is a token with its secret.
type SeededToken struct {
	User  string       `json:"user"`
	ID    int64        `json:"id"`
	Token oauth.Secret `json:"-"`
}

// SeededCode is a share code with its secret.
type SeededCode struct {
	Owner  string       `json:"owner"`
	Server string       `json:"server"`
	ID     string       `json:"id"`
	Code   oauth.Secret `json:"-"`
}

// Seed adds to what the hub has: users, groups, roles and so on, each of which may exist already. Names are checked before anything is added; after a
// later error, what was added stays. Who gains or loses rights does so at once. Users are made in one transaction, and so are Shares, up to the first that is
// wrong: one change, of the hub's own, whoever they are of.
func (h *Hub) Seed(ctx context.Context, s Seed) (Seeded, error) {
	if err := s.check(h.cfg.AllowNamedServers); err != nil {
		return Seeded{}, err
	}
	for i, srv := range s.Servers {
		if srv.Kind != "" || srv.URL != "" || len(srv.Command) > 0 {
			return Seeded{}, wrongFieldf(fmt.Sprintf("Servers[%d].Kind", i), "is for the configuration alone")
		}
	}
	if err := h.addRoles(s.Roles); err != nil {
		return Seeded{}, err
	}
	if err := h.addPeople(ctx, s.Users, s.Groups, s.Roles); err != nil {
		return Seeded{}, err
	}
	h.accessChanged(ctx)
	return h.plant(ctx, s)
}

// check holds a seed to the names that a configuration may have.
func (s Seed) check(named bool) error {
	c := Config{Users: s.Users, Groups: s.Groups, AllowNamedServers: named, Servers: s.Servers, Shares: s.Shares, ShareCodes: s.ShareCodes}
	if err := c.checkNames(); err != nil {
		return err
	}
	for i, r := range s.Roles {
		for _, u := range r.Users {
			if err := checkUserName(u); err != nil {
				return wrongField(fmt.Sprintf("Roles[%d].Users", i), err)
			}
		}
		if len(r.Services) > 0 {
			return wrongFieldf(fmt.Sprintf("Roles[%d].Services", i), "is for the configuration alone")
		}
	}
	return nil
}

// checkSeeds looks at what a configuration has beside people.
func (c Config) checkSeeds() error {
	for i, u := range c.Users {
		for j, t := range u.Tokens {
			place := fmt.Sprintf("Users[%d].Tokens[%d]", i, j)
			switch {
			case t.Token != "" && (len(t.Token) < oauth.MinSecret || len(t.Token) > oauth.MaxSecret):
				return wrongFieldf(place+".Token", "must have %d to %d bytes", oauth.MinSecret, oauth.MaxSecret)
			case t.ExpiresIn < 0 || t.ExpiresIn%time.Second != 0:
				return wrongFieldf(place+".ExpiresIn", "must be whole seconds, or 0 for never")
			case len(t.Note) > 1023:
				return wrongFieldf(place+".Note", "must have at most 1023 bytes")
			}
		}
	}
	for i, s := range c.Servers {
		if err := s.check(c.AllowNamedServers); err != nil {
			return wrongField(fmt.Sprintf("Servers[%d]", i), err)
		}
		if slices.ContainsFunc(c.Servers[:i], func(o Server) bool { return o.User == s.User && o.Name == s.Name }) {
			return wrongFieldf(fmt.Sprintf("Servers[%d]", i), "there is one of that user and name already")
		}
	}
	for i, s := range c.Shares {
		place := fmt.Sprintf("Shares[%d]", i)
		if err := checkServerName(s.Owner, s.Server, c.AllowNamedServers); err != nil {
			return wrongField(place, err)
		}
		if (s.User == "") == (s.Group == "") {
			return wrongFieldf(place, "needs a user or a group, and not both")
		}
		if s.User != "" {
			if err := checkUserName(s.User); err != nil {
				return wrongField(place+".User", err)
			}
		}
	}
	for i, s := range c.ShareCodes {
		place := fmt.Sprintf("ShareCodes[%d]", i)
		if err := checkServerName(s.Owner, s.Server, c.AllowNamedServers); err != nil {
			return wrongField(place, err)
		}
		if s.ExpiresIn != 0 && (s.ExpiresIn < sharing.MinCodeLifetime || s.ExpiresIn > sharing.MaxCodeLifetime) {
			return wrongFieldf(place+".ExpiresIn", "must be between a minute and 365 days")
		}
	}
	return nil
}

func checkServerName(owner, name string, named bool) error {
	if err := checkUserName(owner); err != nil {
		return wrongField("Owner", err)
	}
	if name != "" && !named {
		return wrongFieldf("Server", "%q: a server with a name needs allow_named_servers", name)
	}
	return nil
}

// addRoles defines roles, or redefines them, in a hub that runs.
func (h *Hub) addRoles(roles []Role) error {
	for i, r := range roles {
		reg, err := h.registry.DefineRoles([]scopes.Role{{Name: r.Name, Description: r.Description, Scopes: r.Scopes}})
		if err != nil {
			return wrongField(fmt.Sprintf("Roles[%d]", i), err)
		}
		raw, err := reg.RoleScopes(r.Name)
		if err != nil {
			return wrongField(fmt.Sprintf("Roles[%d]", i), err)
		}
		h.roster.giveRole(heldRole{name: r.Name, scopes: raw, users: setOf(r.Users), groups: setOf(r.Groups)})
	}
	return nil
}

// giveRole puts a role in place of the one of that name; services keep what they have.
func (r *roster) giveRole(role heldRole) {
	r.mu.Lock()
	defer r.mu.Unlock()
	role.services = r.roles[role.name].services
	r.roles[role.name] = role
}

// seedConfigured adds what the configuration names beside users and groups.
func (h *Hub) seedConfigured(ctx context.Context) error {
	_, err := h.plant(ctx, Seed{Users: h.cfg.Users, Servers: h.cfg.Servers, Shares: h.cfg.Shares, ShareCodes: h.cfg.ShareCodes})
	return err
}

// plant makes tokens, servers, shares and codes of people who exist.
func (h *Hub) plant(ctx context.Context, s Seed) (out Seeded, err error) {
	for i, u := range s.Users {
		for j, t := range u.Tokens {
			made, err := h.plantToken(ctx, u.Name, t)
			if err != nil {
				return out, wrongField(fmt.Sprintf("Users[%d].Tokens[%d]", i, j), err)
			}
			out.Tokens = append(out.Tokens, made)
		}
	}
	for i, srv := range s.Servers {
		if err := h.plantServer(ctx, srv); err != nil {
			return out, wrongField(fmt.Sprintf("Servers[%d]", i), err)
		}
	}
	if err := h.plantShares(ctx, s.Shares); err != nil {
		return out, err
	}
	for i, c := range s.ShareCodes {
		made, err := h.plantCode(ctx, c)
		if err != nil {
			return out, wrongField(fmt.Sprintf("ShareCodes[%d]", i), err)
		}
		out.ShareCodes = append(out.ShareCodes, made)
	}
	return out, nil
}

func (h *Hub) plantToken(ctx context.Context, user string, t Token) (SeededToken, error) {
	a, ok := h.roster.userByName(user)
	if !ok {
		return SeededToken{}, sharing.ErrNoSuchUser
	}
	info, secret, err := h.provider.IssueToken(ctx, oauth.TokenOrder{Owner: oauth.OwnerRef{Kind: oauth.KindUser, ID: a.ID}, Secret: t.Token,
		Scopes: t.Scopes, Note: t.Note, ExpiresIn: t.ExpiresIn, Internal: true})
	if errors.Is(err, oauth.ErrTokenExists) && h.cfg.DB != "" {
		return SeededToken{User: user, Token: t.Token}, nil // made when the hub last started on this file
	}
	return SeededToken{User: user, ID: info.ID, Token: secret}, err
}

func (h *Hub) plantServer(ctx context.Context, srv Server) error {
	a, err := h.roster.ensureUser(ctx, srv.User, false, h.cfg.Clock.Now())
	if err != nil {
		return err
	}
	s, err := h.roster.ensureServer(ctx, a.ID, srv.Name)
	if err != nil || !srv.Running {
		return err
	}
	if s.status().Ready {
		return nil
	}
	if h.kindOf(srv.User, srv.Name) == KindURL {
		return h.start(s, nil) // its author may still have to start it
	}
	return h.StartServer(ctx, srv.User, srv.Name)
}

// grantee is who has, gets or loses it.
func (s Share) grantee() sharing.GranteeName {
	if s.Group != "" {
		return sharing.GranteeName{Kind: sharing.KindGroup, Name: s.Group}
	}
	return sharing.GranteeName{Kind: sharing.KindUser, Name: s.User}
}

// Share gives somebody access to a server, as the hub: nobody's rights are asked. Sharing what is shared already adds the scopes. Errors: there is no
// such owner, server, user or group; scopes that cannot be shared.
func (h *Hub) Share(ctx context.Context, s Share) error {
	by, err := h.caller(s.Owner)
	if err != nil {
		return err
	}
	_, err = h.sharing.Grant(ctx, by, sharing.GrantRequest{Server: sharing.ServerName{Owner: s.Owner, Name: s.Server}, Grantee: s.grantee(), Scopes: s.Scopes})
	return err
}

func (h *Hub) plantCode(ctx context.Context, c ShareCode) (SeededCode, error) {
	by, err := h.caller(c.Owner)
	if err != nil {
		return SeededCode{}, err
	}
	code, secret, err := h.sharing.CreateCode(ctx, by, sharing.CodeRequest{Server: sharing.ServerName{Owner: c.Owner, Name: c.Server}, Scopes: c.Scopes,
		Lifetime: c.ExpiresIn})
	if err != nil {
		return SeededCode{}, err
	}
	return SeededCode{Owner: c.Owner, Server: c.Server, ID: sharing.CodeID(code.ID), Code: oauth.Secret(secret.Reveal())}, nil
}
