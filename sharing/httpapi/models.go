package httpapi

import (
	"time"

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
	*shareExtension
}

// shareExtension is what a JupyterHub does not say about a share; nil is absent.
type shareExtension struct {
	ExpiresAt web.Time     `json:"expires_at"` // of the last of it to end by the clock
	Grants    []grantModel `json:"grants"`
}

// grantModel is a part of a share: what came by one way, and ends together.
type grantModel struct {
	Scopes    []string `json:"scopes"`
	CodeID    *string  `json:"code_id"`
	GrantedAt web.Time `json:"granted_at"`
	ExpiresAt web.Time `json:"expires_at"`
	Session   bool     `json:"session"`
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
	*codeExtension
}

// codeExtension is what a JupyterHub does not say about a code; nil is absent.
type codeExtension struct {
	MaxUses        *int     `json:"max_uses"`
	Users          []string `json:"users"`
	Groups         []string `json:"groups"`
	Domain         *string  `json:"domain"`
	Bound          bool     `json:"bound"` // to those above, of whom none may be left
	Note           *string  `json:"note"`
	ShareExpiresIn *int64   `json:"share_expires_in"` // seconds
	ShareSession   bool     `json:"share_session"`
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
	if !h.cfg.StockOnly {
		m.shareExtension = extendShare(s)
	}
	return m
}

func extendShare(s sharing.Share) *shareExtension {
	x := &shareExtension{ExpiresAt: web.Time{Time: s.ExpiresAt}, Grants: make([]grantModel, len(s.Grants))}
	for i, g := range s.Grants {
		x.Grants[i] = grantModel{
			Scopes: scopes.Strings(g.Scopes), GrantedAt: web.Time{Time: g.GrantedAt}, ExpiresAt: web.Time{Time: g.ExpiresAt}, Session: g.Session,
		}
		if g.CodeID != 0 {
			x.Grants[i].CodeID = orNull(sharing.CodeID(g.CodeID))
		}
	}
	return x
}

func (h *Handler) codeModel(c sharing.Code) codeModel {
	m := codeModel{
		Server: h.serverModel(c.Server), Scopes: scopes.Strings(c.Scopes), ID: sharing.CodeID(c.ID),
		CreatedAt: web.Time{Time: c.CreatedAt}, ExpiresAt: web.Time{Time: c.ExpiresAt},
		ExchangeCount: c.Exchanges, LastExchangedAt: web.Time{Time: c.LastExchangedAt},
	}
	if !h.cfg.StockOnly {
		m.codeExtension = extendCode(c)
	}
	return m
}

func extendCode(c sharing.Code) *codeExtension {
	x := &codeExtension{
		MaxUses: orNull(c.MaxUses), Users: []string{}, Groups: []string{}, Domain: orNull(c.Domain), Bound: c.Bound, Note: orNull(c.Note),
		ShareExpiresIn: orNull(int64(c.Terms.Lifetime / time.Second)), ShareSession: c.Terms.Session,
	}
	for _, ref := range c.For {
		if ref.Kind == sharing.KindGroup {
			x.Groups = append(x.Groups, ref.Name)
		} else {
			x.Users = append(x.Users, ref.Name)
		}
	}
	return x
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

// orNull is null for the zero value.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
