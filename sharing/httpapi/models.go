package httpapi

import (
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// named shows a user or group; nil is null.
type named struct {
	Name string `json:"name"`
}

// serverModel is all that a share shows of a server (SH-70, HB-153).
type serverModel struct {
	User    named   `json:"user"`
	Name    string  `json:"name"`
	URL     string  `json:"url"`
	FullURL *string `json:"full_url"`
	Ready   bool    `json:"ready"`
}

// shareModel is SH-72.
type shareModel struct {
	Server    serverModel `json:"server"`
	Scopes    []string    `json:"scopes"`
	User      *named      `json:"user"`
	Group     *named      `json:"group"`
	Kind      string      `json:"kind"`
	CreatedAt web.Time    `json:"created_at"`
}

// codeModel is SH-73: nothing in it opens anything.
type codeModel struct {
	Server          serverModel `json:"server"`
	Scopes          []string    `json:"scopes"`
	ID              string      `json:"id"`
	CreatedAt       web.Time    `json:"created_at"`
	ExpiresAt       web.Time    `json:"expires_at"`
	ExchangeCount   int         `json:"exchange_count"`
	LastExchangedAt web.Time    `json:"last_exchanged_at"`
}

// newCodeModel is SH-74, the answer to creating a code.
type newCodeModel struct {
	codeModel
	Code          string  `json:"code"`
	AcceptURL     string  `json:"accept_url"`
	FullAcceptURL *string `json:"full_accept_url"`
}

func (h *Handler) serverModel(s sharing.Server) serverModel {
	path, full, ready := h.cfg.Host.ServerURL(s)
	return serverModel{User: named{s.Owner.Name}, Name: s.Name, URL: path, FullURL: orNull(full), Ready: ready}
}

func (h *Handler) shareModel(s sharing.Share) shareModel {
	m := shareModel{
		Server: h.serverModel(s.Server), Scopes: scopes.Strings(s.Scopes), Kind: s.Grantee.Kind, CreatedAt: web.Time{Time: s.CreatedAt},
	}
	if s.Grantee.Kind == sharing.KindGroup {
		m.Group = &named{s.Grantee.Name}
	} else {
		m.User = &named{s.Grantee.Name}
	}
	return m
}

func (h *Handler) codeModel(c sharing.Code) codeModel {
	return codeModel{
		Server: h.serverModel(c.Server), Scopes: scopes.Strings(c.Scopes), ID: sharing.CodeID(c.ID),
		CreatedAt: web.Time{Time: c.CreatedAt}, ExpiresAt: web.Time{Time: c.ExpiresAt},
		ExchangeCount: c.Exchanges, LastExchangedAt: web.Time{Time: c.LastExchangedAt},
	}
}

func (h *Handler) newCodeModel(c sharing.Code, secret sharing.Secret) newCodeModel {
	m := newCodeModel{codeModel: h.codeModel(c), Code: secret.Reveal()}
	// A code needs no escaping (SH-10).
	m.AcceptURL = h.site.HubPrefix() + "accept-share?code=" + m.Code
	if h.public.Host != "" {
		m.FullAcceptURL = orNull(h.public.String() + m.AcceptURL)
	}
	return m
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
