package httpapi

import (
	"net/http"

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

// listServerShares is SH-81.
func (h *Handler) listServerShares(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	n := server(r)
	return list(h, w, r, by, sharing.ScopeReadShares, n.Resource(), h.shareModel, func(window sharing.Window) (sharing.Page[sharing.Share], error) {
		return h.cfg.Service.ListByServer(r.Context(), by, n, window)
	})
}

// grant is SH-82.
func (h *Handler) grant(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	request, err := h.grantRequest(r, by)
	if err != nil {
		return err
	}
	share, err := h.cfg.Service.Grant(r.Context(), by, request)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, h.shareModel(share))
	return nil
}

// revoke is SH-90.
func (h *Handler) revoke(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	request, err := h.grantRequest(r, by)
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

func (h *Handler) grantRequest(r *http.Request, by sharing.Caller) (sharing.GrantRequest, error) {
	n := server(r)
	if err := h.cfg.Service.Authorize(by, sharing.ScopeShare, n.Resource()); err != nil {
		return sharing.GrantRequest{}, err
	}
	return decodeGrant(r, n)
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
