package httpapi

import (
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// token exchanges a code. Cookies and the Authorization header are not looked at: the caller is a server, and its credentials
// are in the body (OA-50, OA-51).
func (h *Handler) token(w http.ResponseWriter, r *http.Request) {
	h.site.APIHeaders(w.Header())
	web.NoStore(w.Header())
	w.Header().Set("Pragma", "no-cache")
	switch r.Method {
	case http.MethodPost:
	case http.MethodOptions:
		w.WriteHeader(http.StatusOK)
		return
	default:
		web.WriteError(w, &web.Error{Status: http.StatusMethodNotAllowed})
		return
	}
	g, err := h.exchange(w, r)
	if err != nil {
		h.writeTokenError(w, r, err)
		return
	}
	web.WriteJSON(w, http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
		TokenType   string `json:"token_type"`
		Scope       string `json:"scope"`
	}{g.AccessToken.Reveal(), int64(g.ExpiresIn / time.Second), "Bearer", strings.Join(scopes.Strings(g.Scopes), " ")})
}

// exchange reads the body: one of a form's, small, and nothing in the query, where secrets end up in logs (OA-62).
func (h *Handler) exchange(w http.ResponseWriter, r *http.Request) (oauth.Grant, error) {
	malformed := func(message string) (oauth.Grant, error) {
		return oauth.Grant{}, &oauth.Error{Reason: oauth.InvalidRequest, Message: message}
	}
	if r.URL.RawQuery != "" {
		return malformed("Parameters must not be in the query.")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return malformed("The body must be application/x-www-form-urlencoded.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return malformed("Malformed or too long body.")
	}
	return h.cfg.Provider.Exchange(r.Context(), r.PostForm)
}

// writeTokenError answers in OAuth's own form (OA-53).
func (h *Handler) writeTokenError(w http.ResponseWriter, r *http.Request, err error) {
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		web.WriteError(w, h.refusal(r, err))
		return
	}
	if refused.Reason == oauth.InvalidClient {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_client"`)
	}
	web.WriteJSON(w, statusOf(refused.Reason), struct {
		Error       oauth.Reason `json:"error"`
		Description string       `json:"error_description,omitempty"`
	}{refused.Reason, refused.Message})
}
