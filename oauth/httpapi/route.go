package httpapi

import (
	"net/http"
	"slices"

	"github.com/hubshare/hubshare/internal/web"
)

func (h *Handler) route() {
	api := h.site.HubPrefix() + "api/"
	h.routes.Handle(api+"oauth2/authorize", http.HandlerFunc(h.authorize))
	h.routes.Handle(api+"oauth2/token", http.HandlerFunc(h.token))
	h.routes.Handle(api+"user", h.api(map[string]action{http.MethodGet: h.whoAmI}, false))
	h.routes.Handle(api+"authorizations/token", h.api(map[string]action{http.MethodPost: movedTokens}, true))
	h.routes.Handle(h.site.HubPrefix()+legacyPrefix+"{token}", h.api(map[string]action{http.MethodGet: h.whose, http.MethodPost: movedTokens}, true))
	h.routes.Handle(api+"users/{name}/tokens", h.api(map[string]action{http.MethodGet: h.listTokens, http.MethodPost: h.createToken}, true))
	h.routes.Handle(api+"users/{name}/tokens/{id}", h.api(map[string]action{http.MethodGet: h.getToken, http.MethodDelete: h.deleteToken}, false))
}

// action answers one method of an API route, or says why not.
type action func(w http.ResponseWriter, r *http.Request, v visitor) error

// api keeps the order that every API request goes through: identify, XSRF, method, then the action (HB-131). ownCheck: the action may
// have a reason to do without the XSRF proof of an anonymous caller, and sees to it itself.
func (h *Handler) api(actions map[string]action, ownCheck bool) http.Handler {
	methods := make([]string, 0, len(actions))
	for m := range actions {
		methods = append(methods, m)
	}
	slices.Sort(methods)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.site.APIHeaders(w.Header())
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusOK) // unauthenticated and empty (HB-132)
			return
		}
		v, err := h.identify(r)
		do, known := actions[r.Method]
		if err == nil && !(ownCheck && known && v.anonymous() && r.Method == http.MethodPost) {
			err = h.checkXSRF(r, v)
		}
		if err == nil && !known {
			err = &web.Error{Status: http.StatusMethodNotAllowed}
		}
		if err == nil {
			err = do(w, r, v)
		}
		if err != nil {
			web.WriteError(w, h.refusal(r, err))
		}
	})
}
