package httpapi

import (
	"net/http"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/sharing"
)

// accept is the page on which a visitor takes up a share code (SH-140 … SH-152). It knows its visitors by the login cookie alone:
// a token in the request means nothing here (SH-50).
func (h *Handler) accept(w http.ResponseWriter, r *http.Request) {
	h.acceptHeaders(w)
	var err error
	at := acceptance{}
	switch r.Method {
	case http.MethodGet:
		err = h.showInvitation(w, r)
	case http.MethodPost:
		at.submitted = true
		at.code, err = h.acceptInvitation(w, r)
	default:
		err = &web.Error{Status: http.StatusMethodNotAllowed}
	}
	if err != nil {
		h.errorPage(w, r, h.httpError(r, err, at))
	}
}

// acceptWithSlash leads to the one address of the page, which prose about it often writes with a slash (SH-140).
func (h *Handler) acceptWithSlash(w http.ResponseWriter, r *http.Request) {
	h.acceptHeaders(w)
	if r.Method != http.MethodGet {
		h.errorPage(w, r, &web.Error{Status: http.StatusMethodNotAllowed})
		return
	}
	web.Redirect(w, http.StatusFound, withQuery(h.site.HubPrefix()+"accept-share", r))
}

// acceptHeaders: the address of this page holds a secret, which neither a cache nor the next page may learn (SH-62).
func (h *Handler) acceptHeaders(w http.ResponseWriter) {
	h.site.PageHeaders(w.Header())
	web.NoStore(w.Header())
	w.Header().Set("Referrer-Policy", "strict-origin")
}

// showInvitation is the GET: SH-142. It changes nothing.
func (h *Handler) showInvitation(w http.ResponseWriter, r *http.Request) error {
	v, ok, err := h.identifyCookie(r)
	if err != nil {
		return err
	}
	if !ok {
		web.Redirect(w, http.StatusFound, h.cfg.Host.LoginURL(withQuery(web.EscapedPath(r), r)))
		return nil
	}
	query := r.URL.Query()
	if !query.Has("code") {
		return web.Errorf(http.StatusBadRequest, "Missing argument code")
	}
	presented := last(query["code"])
	code, err := h.cfg.Service.FindCode(r.Context(), v.Caller, sharing.Presented(presented))
	if err != nil {
		return err
	}
	h.invitationPage(w, r, invitation{
		code: code, secret: presented, visitor: v, target: h.target(r, last(query["next"]), code.Server),
		xsrf: h.xsrf.Token(w, r, web.Bind{Session: v.Session, User: v.ID}),
	})
	return nil
}

// acceptInvitation is the POST: SH-143. The code comes back for the message that may show it.
func (h *Handler) acceptInvitation(w http.ResponseWriter, r *http.Request) (presented string, err error) {
	v, ok, err := h.identifyCookie(r)
	if err != nil {
		return "", err
	}
	bind := web.Bind{Session: v.Session}
	if ok {
		bind.User = v.ID
	}
	// The check also reads the form, within its bounds.
	if err := h.xsrf.Check(r, bind, false); err != nil {
		return "", err
	}
	if !ok {
		return "", &web.Error{Status: http.StatusForbidden}
	}
	query := r.URL.Query()
	codes := append(query["code"], r.PostForm["code"]...)
	if len(codes) == 0 {
		return "", web.Errorf(http.StatusBadRequest, "Missing argument code")
	}
	presented = last(codes)
	share, err := h.cfg.Service.Exchange(r.Context(), v.Caller, sharing.Presented(presented))
	if err != nil {
		return presented, err
	}
	web.Redirect(w, http.StatusFound, h.target(r, last(append(query["next"], r.PostForm["next"]...)), share.Server))
	return presented, nil
}

// target is where accepting leads: next if that stays on this host, else the server, running or not (SH-150, SH-151).
func (h *Handler) target(r *http.Request, next string, srv sharing.Server) string {
	own := h.public
	if own.Host == "" {
		own = web.BrowserOrigin(r)
	}
	if path, ok := web.ValidateNext(next, own); ok {
		return path
	}
	path, _, _ := h.cfg.Host.ServerURL(srv)
	return path
}

// withQuery is a path with the request's query, as it was sent.
func withQuery(path string, r *http.Request) string {
	if r.URL.RawQuery == "" {
		return path
	}
	return path + "?" + r.URL.RawQuery
}
