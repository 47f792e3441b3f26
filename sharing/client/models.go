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
	return Share{Server: server, Grantee: g, Scopes: m.Scopes, CreatedAt: m.CreatedAt.UTC()}, nil
}

type codeModel struct {
	ID              string      `json:"id"`
	Server          serverModel `json:"server"`
	Scopes          []string    `json:"scopes"`
	CreatedAt       time.Time   `json:"created_at"`
	ExpiresAt       time.Time   `json:"expires_at"`
	ExchangeCount   int         `json:"exchange_count"`
	LastExchangedAt time.Time   `json:"last_exchanged_at"`
}

func (m codeModel) code() (Code, error) {
	server, err := m.Server.server()
	if err != nil {
		return Code{}, err
	}
	if m.ID == "" {
		return Code{}, fmt.Errorf("%w: a code without an id", ErrAnswer)
	}
	return Code{
		ID: m.ID, Server: server, Scopes: m.Scopes, CreatedAt: m.CreatedAt.UTC(), ExpiresAt: m.ExpiresAt.UTC(),
		Exchanges: m.ExchangeCount, LastExchangedAt: m.LastExchangedAt.UTC(),
	}, nil
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
