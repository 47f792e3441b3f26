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

// listOwnCodes is listOwnerCodes of whoever asks.
func (h *Handler) listOwnCodes(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	if err := ownName(r, by); err != nil {
		return err
	}
	return h.listOwnerCodes(w, r, by)
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
	request, err := h.decodeCode(r, n)
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
	if err != nil {
		return web.Errorf(http.StatusBadRequest, "Invalid query")
	}
	request := sharing.DeleteRequest{Server: n}
	if request.Cascade, err = h.cascade(query); err != nil {
		return err
	}
	code, id := last(query["code"]), last(query["id"])
	switch {
	case code != "":
		err = svc.DeleteCode(r.Context(), by, request, sharing.Presented(code))
	case id != "":
		err = svc.DeleteCodeByID(r.Context(), by, request, id)
	case (query.Has("code") || query.Has("id")) && !svc.Stock.EmptyMeansAll:
		svc.Differs(r.Context(), "SH-111", "it would have deleted all codes of the server")
		return web.Errorf(http.StatusBadRequest, "code and id must not be empty")
	default:
		err = svc.DeleteCodes(r.Context(), by, request)
	}
	if err != nil {
		return err
	}
	web.WriteNoContent(w)
	return nil
}

// cascade tells whether the access that the codes gave goes with them. Whatever is not plainly yes or no is refused, because a client that meant
// yes would believe that nobody is left.
func (h *Handler) cascade(query url.Values) (bool, error) {
	if h.cfg.StockOnly || !query.Has("cascade") {
		return false, nil
	}
	switch last(query["cascade"]) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, web.Errorf(http.StatusBadRequest, "cascade: must be true or false")
}

// last is the value that counts of a repeated argument, without outer white space.
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return strings.TrimSpace(values[len(values)-1])
}
