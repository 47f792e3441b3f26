package httpapi

import (
	"net/http"

	"github.com/hubshare/hubshare/internal/web"
)

// Page makes a handler of a page of the host's own that treats its visitors as the accept page does: they are known by the login cookie alone and sent
// to log in first (SH-50, SH-141), other sites' forms are refused (SH-52), and an error that serve returns becomes a page with the status that belongs
// to it and the message that its reader may see (SH-145): a refusal of the service, or what is logged and shown as a bare 500. serve returns an error
// only while it has written nothing. It does not check what the visitor may do; [sharing.Service] does, and its Authorize.
//
// The page may be anywhere on the host. Its forms need no token: where they come from is told by what browsers say about it, which all do since 2023
// and most since 2020.
func (h *Handler) Page(serve func(w http.ResponseWriter, r *http.Request, v Visitor) error) http.Handler {
	elsewhere := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.site.PageHeaders(w.Header())
		web.NoStore(w.Header())
		v, ok, err := h.identifyCookie(r)
		switch {
		case err != nil:
		case elsewhere.Check(r) != nil:
			err = web.Errorf(http.StatusForbidden, "This form was sent from another site")
		case ok:
			err = serve(w, r, v)
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			web.Redirect(w, http.StatusFound, h.cfg.Host.LoginURL(withQuery(web.EscapedPath(r), r)))
		default:
			err = &web.Error{Status: http.StatusForbidden}
		}
		if err != nil {
			h.errorPage(w, r, h.httpError(r, err, acceptance{}))
		}
	})
}
