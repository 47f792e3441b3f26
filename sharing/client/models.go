package client

import (
	"fmt"
	"time"
)

// Server is a server as a share shows it (SH-70).
type Server struct {
	ServerName
	URL     string // path on the hub's host, escaped; with a host if the hub gives each user their own
	FullURL string // "" if the hub does not know its public address
	Ready   bool   // it runs and can be reached now
}

// Share is what one user or group may do on one server (SH-72).
type Share struct {
	Server    Server
	Grantee   Grantee
	Scopes    []string // sorted, each filtered to Server
	CreatedAt time.Time
	// ExpiresAt is when the last of it ends by the clock; zero = it does not, as on every hub that knows no extensions.
	ExpiresAt time.Time
	// Grants are what the share is the union of; nil = the hub knows no extensions.
	Grants []Grant
}

// Grant is a part of a share (an extension): the scopes that came by one way and end together.
type Grant struct {
	Scopes    []string // sorted, each filtered to the share's server
	CodeID    string   // the code that was accepted, which may be gone by now; "" = granted by name
	GrantedAt time.Time
	ExpiresAt time.Time // zero = not by the clock
	Session   bool      // also ends when the server stops
}

// Terms say how long access lasts (an extension). The zero value: until it is revoked.
type Terms struct {
	Lifetime time.Duration // whole seconds, from a minute to 365 days; 0 = not by the clock
	Session  bool          // also ends when the server stops
}

// seconds checks a lifetime and gives it as requests say it.
func (t Terms) seconds() (int64, error) { return seconds("lifetime of the access", t.Lifetime) }

func seconds(what string, d time.Duration) (int64, error) {
	if d%time.Second != 0 {
		return 0, invalid("%s: %s is not of whole seconds", what, d)
	}
	return int64(d / time.Second), nil
}

// Code is a share code without its secret (SH-73): whoever exchanges it gets a share.
type Code struct {
	ID              string // names the code to [Client.DeleteCode]; no secret
	Server          Server
	Scopes          []string // sorted, each filtered to Server
	CreatedAt       time.Time
	ExpiresAt       time.Time // zero = never, which no hub gives
	Exchanges       int
	LastExchangedAt time.Time // zero = never
	Limits          CodeLimits
	Bound           bool // only for those whom the Limits name; if they name nobody, they were all deleted, and it is for nobody
}

// NewCode is a code with what nobody can ask for again (SH-74).
type NewCode struct {
	Code
	Secret Secret
	// AcceptURL is the path on the hub's host where the invitation is accepted; put the scheme and host before it that browsers use.
	AcceptURL Secret
	// FullAcceptURL is the same with scheme and host; "" if the hub does not know its public address.
	FullAcceptURL Secret
}

// The models are read leniently, since later hubs may say more: only what a caller relies on has to be there.

type nameModel struct {
	Name string `json:"name"`
}

type serverModel struct {
	User    nameModel `json:"user"`
	Name    string    `json:"name"`
	URL     string    `json:"url"`
	FullURL string    `json:"full_url"`
	Ready   bool      `json:"ready"`
}

func (m serverModel) server() (Server, error) {
	if m.User.Name == "" {
		return Server{}, fmt.Errorf("%w: a server without an owner", ErrAnswer)
	}
	return Server{ServerName: ServerName{m.User.Name, m.Name}, URL: m.URL, FullURL: m.FullURL, Ready: m.Ready}, nil
}

type shareModel struct {
	Server    serverModel `json:"server"`
	Scopes    []string    `json:"scopes"`
	User      nameModel   `json:"user"`
	Group     nameModel   `json:"group"`
	Kind      string      `json:"kind"`
	CreatedAt time.Time   `json:"created_at"`

	ExpiresAt time.Time     `json:"expires_at"`
	Grants    *[]grantModel `json:"grants"`
}

type grantModel struct {
	Scopes    []string  `json:"scopes"`
	CodeID    string    `json:"code_id"`
	GrantedAt time.Time `json:"granted_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Session   bool      `json:"session"`
}

func (m shareModel) share() (Share, error) {
	server, err := m.Server.server()
	if err != nil {
		return Share{}, err
	}
	g := Grantee{m.Kind, m.User.Name}
	if m.Kind == KindGroup {
		g.Name = m.Group.Name
	}
	if g.check() != nil {
		return Share{}, fmt.Errorf("%w: a share with nobody", ErrAnswer)
	}
	share := Share{Server: server, Grantee: g, Scopes: m.Scopes, CreatedAt: m.CreatedAt.UTC(), ExpiresAt: m.ExpiresAt.UTC()}
	if m.Grants != nil {
		share.Grants = make([]Grant, 0, len(*m.Grants))
		for _, g := range *m.Grants {
			share.Grants = append(share.Grants, Grant{g.Scopes, g.CodeID, g.GrantedAt.UTC(), g.ExpiresAt.UTC(), g.Session})
		}
	}
	return share, nil
}

// granted is share in the answer to a grant that goes beyond a JupyterHub, which is no answer if the share does not say when it ends.
func (m shareModel) granted() (Share, error) {
	share, err := m.share()
	if err == nil && share.Grants == nil {
		return Share{}, fmt.Errorf("%w: a new share without its grants", ErrAnswer)
	}
	return share, err
}

// shown is share of a hub that knows extensions, which shows in every share.
func (m shareModel) shown() (Share, error) {
	share, err := m.share()
	if err == nil && share.Grants == nil {
		return Share{}, fmt.Errorf("%w: a share without its grants", ErrNoExtensions)
	}
	return share, err
}

type codeModel struct {
	ID              string      `json:"id"`
	Server          serverModel `json:"server"`
	Scopes          []string    `json:"scopes"`
	CreatedAt       time.Time   `json:"created_at"`
	ExpiresAt       time.Time   `json:"expires_at"`
	ExchangeCount   int         `json:"exchange_count"`
	LastExchangedAt time.Time   `json:"last_exchanged_at"`

	limitsModel
}

func (m codeModel) code() (Code, error) {
	server, err := m.Server.server()
	if err != nil {
		return Code{}, err
	}
	if m.ID == "" {
		return Code{}, fmt.Errorf("%w: a code without an id", ErrAnswer)
	}
	limits, err := m.limits()
	if err != nil {
		return Code{}, err
	}
	return Code{
		ID: m.ID, Server: server, Scopes: m.Scopes, CreatedAt: m.CreatedAt.UTC(), ExpiresAt: m.ExpiresAt.UTC(),
		Exchanges: m.ExchangeCount, LastExchangedAt: m.LastExchangedAt.UTC(), Limits: limits, Bound: m.Bound,
	}, nil
}

// shown is code of a hub that knows extensions, which shows in every code.
func (m codeModel) shown() (Code, error) {
	code, err := m.code()
	if err == nil && !m.known() {
		return Code{}, fmt.Errorf("%w: a code without its limits", ErrNoExtensions)
	}
	return code, err
}

type newCodeModel struct {
	codeModel
	Code          string `json:"code"`
	AcceptURL     string `json:"accept_url"`
	FullAcceptURL string `json:"full_accept_url"`
}

func (m newCodeModel) newCode() (NewCode, error) {
	code, err := m.code()
	if err != nil {
		return NewCode{}, err
	}
	if m.Code == "" || m.AcceptURL == "" {
		return NewCode{}, fmt.Errorf("%w: a new code without its secret", ErrAnswer)
	}
	return NewCode{Code: code, Secret: Secret(m.Code), AcceptURL: Secret(m.AcceptURL), FullAcceptURL: Secret(m.FullAcceptURL)}, nil
}
