package httpapi

import (
	"net/http"
	"net/url"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// listOwnerShares is SH-80.
func (h *Handler) listOwnerShares(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	owner := r.PathValue("owner")
	return list(h, w, r, by, sharing.ScopeReadShares, scopes.User(owner), h.shareModel, func(window sharing.Window) (sharing.Page[sharing.Share], error) {
		return h.cfg.Service.ListByOwner(r.Context(), by, owner, window)
	})
}

// listOwnShares is listOwnerShares of whoever asks.
func (h *Handler) listOwnShares(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	if err := ownName(r, by); err != nil {
		return err
	}
	return h.listOwnerShares(w, r, by)
}

// ownName puts a user who asks in the place of the owner in a path. Nobody else owns servers; an anonymous caller is left to the gate.
func ownName(r *http.Request, by sharing.Caller) error {
	if by.ID != "" && by.Kind != sharing.KindUser {
		return web.Errorf(http.StatusForbidden, "Only users have servers")
	}
	r.SetPathValue("owner", by.Name)
	return nil
}

// listServerShares is SH-81, or those of its shares that came by one code.
func (h *Handler) listServerShares(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	n := server(r)
	return list(h, w, r, by, sharing.ScopeReadShares, n.Resource(), h.shareModel, func(window sharing.Window) (sharing.Page[sharing.Share], error) {
		code, err := h.codeID(r)
		if err != nil {
			return sharing.Page[sharing.Share]{}, err
		}
		return h.cfg.Service.ListByCode(r.Context(), by, n, code, window)
	})
}

// codeID reads which code's shares are asked for; 0 = all. What cannot be read must not turn into "all".
func (h *Handler) codeID(r *http.Request) (int64, error) {
	if h.cfg.StockOnly {
		return 0, nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, web.Errorf(http.StatusBadRequest, "Invalid query")
	}
	if !query.Has("code_id") {
		return 0, nil
	}
	id, ok := sharing.ParseCodeID(last(query["code_id"]))
	if !ok || id == 0 {
		return 0, web.Errorf(http.StatusBadRequest, "code_id: must be like sc_1")
	}
	return id, nil
}

// grant is SH-82, for one grantee or for several.
func (h *Handler) grant(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	n := server(r)
	if err := h.cfg.Service.Authorize(by, sharing.ScopeShare, n.Resource()); err != nil {
		return err
	}
	request, several, err := h.decodeGrant(r, n)
	if err != nil {
		return err
	}
	if several != nil {
		return h.grantMany(w, r, by, *several)
	}
	share, err := h.cfg.Service.Grant(r.Context(), by, request)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, h.shareModel(share))
	return nil
}

// grantMany answers with a list, but not with a page of one: it is all that was asked for.
func (h *Handler) grantMany(w http.ResponseWriter, r *http.Request, by sharing.Caller, request sharing.BulkRequest) error {
	shares, err := h.cfg.Service.GrantMany(r.Context(), by, request)
	if err != nil {
		return err
	}
	items := make([]shareModel, len(shares))
	for i, share := range shares {
		items[i] = h.shareModel(share)
	}
	web.WriteJSON(w, http.StatusOK, struct {
		Items []shareModel `json:"items"`
	}{items})
	return nil
}

// revoke is SH-90.
func (h *Handler) revoke(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	n := server(r)
	if err := h.cfg.Service.Authorize(by, sharing.ScopeShare, n.Resource()); err != nil {
		return err
	}
	request, err := decodeRevocation(r, n)
	if err != nil {
		return err
	}
	left, err := h.cfg.Service.Revoke(r.Context(), by, request)
	if err != nil {
		return err
	}
	if left == nil {
		web.WriteJSON(w, http.StatusOK, struct{}{})
		return nil
	}
	web.WriteJSON(w, http.StatusOK, h.shareModel(*left))
	return nil
}

// revokeAll is SH-95.
func (h *Handler) revokeAll(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	if err := h.cfg.Service.RevokeAll(r.Context(), by, server(r)); err != nil {
		return err
	}
	web.WriteNoContent(w)
	return nil
}

// listShared is SH-120 and SH-130.
func (h *Handler) listShared(kind string) func(http.ResponseWriter, *http.Request, sharing.Caller) error {
	base := sharing.ScopeReadUserShares
	if kind == sharing.KindGroup {
		base = sharing.ScopeReadGroupShares
	}
	return func(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
		g := grantee(r, kind)
		on := scopes.Resource{Kind: g.Kind, Name: g.Name}
		return list(h, w, r, by, base, on, h.shareModel, func(window sharing.Window) (sharing.Page[sharing.Share], error) {
			return h.cfg.Service.ListByGrantee(r.Context(), by, g, window)
		})
	}
}

// getShared is SH-121 and SH-131.
func (h *Handler) getShared(kind string) func(http.ResponseWriter, *http.Request, sharing.Caller) error {
	return func(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
		share, err := h.cfg.Service.Get(r.Context(), by, grantee(r, kind), server(r))
		if err != nil {
			return err
		}
		web.WriteTagged(w, r, h.shareModel(share))
		return nil
	}
}

// leave is SH-122 and SH-132.
func (h *Handler) leave(kind string) func(http.ResponseWriter, *http.Request, sharing.Caller) error {
	return func(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
		if err := h.cfg.Service.Leave(r.Context(), by, grantee(r, kind), server(r)); err != nil {
			return err
		}
		web.WriteNoContent(w)
		return nil
	}
}

func grantee(r *http.Request, kind string) sharing.GranteeName {
	return sharing.GranteeName{Kind: kind, Name: r.PathValue("grantee")}
}
