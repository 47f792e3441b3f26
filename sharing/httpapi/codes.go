package httpapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// listOwnerCodes is SH-100.
func (h *Handler) listOwnerCodes(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	owner := r.PathValue("owner")
	return list(h, w, r, by, sharing.ScopeReadShares, scopes.User(owner), h.codeModel, func(window sharing.Window) (sharing.Page[sharing.Code], error) {
		return h.cfg.Service.ListCodesByOwner(r.Context(), by, owner, window)
	})
}

// listServerCodes is SH-101.
func (h *Handler) listServerCodes(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	n := server(r)
	return list(h, w, r, by, sharing.ScopeReadShares, n.Resource(), h.codeModel, func(window sharing.Window) (sharing.Page[sharing.Code], error) {
		return h.cfg.Service.ListCodesByServer(r.Context(), by, n, window)
	})
}

// createCode is SH-102. Its answer is the one place where a code's secret leaves the hub, so nothing may keep a copy (SH-62).
func (h *Handler) createCode(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	n := server(r)
	if err := h.cfg.Service.Authorize(by, sharing.ScopeShare, n.Resource()); err != nil {
		return err
	}
	request, err := decodeCode(r, n)
	if err != nil {
		return err
	}
	code, secret, err := h.cfg.Service.CreateCode(r.Context(), by, request)
	if err != nil {
		return err
	}
	web.NoStore(w.Header())
	web.WriteJSON(w, http.StatusOK, h.newCodeModel(code, secret))
	return nil
}

// deleteCodes is SH-110: one code by its secret, one by its id, or all. A query that cannot be read, or a parameter without a value,
// must not turn into "all" (SH-111).
func (h *Handler) deleteCodes(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	n := server(r)
	svc := h.cfg.Service
	if err := svc.Authorize(by, sharing.ScopeShare, n.Resource()); err != nil {
		return err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	code, id := last(query["code"]), last(query["id"])
	switch {
	case err != nil:
		return web.Errorf(http.StatusBadRequest, "Invalid query")
	case code != "":
		err = svc.DeleteCode(r.Context(), by, n, sharing.Presented(code))
	case id != "":
		err = svc.DeleteCodeByID(r.Context(), by, n, id)
	case query.Has("code") || query.Has("id"):
		return web.Errorf(http.StatusBadRequest, "code and id must not be empty")
	default:
		err = svc.DeleteCodes(r.Context(), by, n)
	}
	if err != nil {
		return err
	}
	web.WriteNoContent(w)
	return nil
}

// last is the value that counts of a repeated argument, without outer white space.
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return strings.TrimSpace(values[len(values)-1])
}
