package httpapi

import (
	"errors"
	"net/http"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
)

const (
	maxBody    = 8 << 10  // of a token request, bytes (OA-62)
	maxQuery   = 8 << 10  // of an authorize request; what is longer is not even sent on to the login page (OA-43)
	maxConsent = 64 << 10 // of a consent form, which repeats every scope of its page
)

// authorize answers the browser that a client sent here. Only the login cookie counts (OA-20).
func (h *Handler) authorize(w http.ResponseWriter, r *http.Request) {
	h.site.PageHeaders(w.Header())
	web.NoStore(w.Header())
	w.Header().Set("Referrer-Policy", "strict-origin") // OA-S7: addresses here carry codes
	var err error
	switch {
	case len(r.URL.RawQuery) > maxQuery:
		err = web.Errorf(http.StatusBadRequest, "Request too long.")
	case r.Method == http.MethodOptions:
		w.Header().Del("Content-Type")
		w.WriteHeader(http.StatusOK)
	case r.Method == http.MethodGet:
		err = h.ask(w, r)
	case r.Method == http.MethodPost:
		err = h.approve(w, r)
	default:
		err = &web.Error{Status: http.StatusMethodNotAllowed}
	}
	if err != nil {
		h.logRefusal(r, err)
		h.writeError(w, r, h.refusal(r, err))
	}
}

// maxLoggedID is the longest client id there is: what somebody sent as one must not fill the log.
const maxLoggedID = 255

// logRefusal tells what was refused before the provider, which logs its own refusals, heard of it (OA-47).
func (h *Handler) logRefusal(r *http.Request, err error) {
	var shown *web.Error
	if !errors.As(err, &shown) {
		return
	}
	client := r.URL.Query().Get("client_id")
	user, _, _ := h.cfg.Host.Session(r)
	h.log.InfoContext(r.Context(), "oauth authorize refused", "client_id", client[:min(len(client), maxLoggedID)], "user_id", user.ID,
		"status", shown.Status, "message", shown.Message)
}

func (h *Handler) ask(w http.ResponseWriter, r *http.Request) error {
	user, _, ok := h.cfg.Host.Session(r)
	if !ok {
		web.Redirect(w, http.StatusFound, h.cfg.Host.LoginURL(requestURI(r)))
		return nil
	}
	if err := h.guard(r); err != nil {
		return err
	}
	session := h.cfg.Host.EnsureSession(w, r)
	d, err := h.cfg.Provider.Authorize(r.Context(), oauth.AuthorizeRequest{User: user, SessionID: session, Query: r.URL.RawQuery})
	if err != nil {
		return err
	}
	if d.Consent == nil {
		web.Redirect(w, http.StatusFound, d.Redirect)
		return nil
	}
	h.writeConsent(w, r, *d.Consent, h.xsrf.Token(w, r, web.Bind{Session: session, User: user.ID}))
	return nil
}

func requestURI(r *http.Request) string {
	if r.URL.RawQuery == "" {
		return web.EscapedPath(r)
	}
	return web.EscapedPath(r) + "?" + r.URL.RawQuery
}

// guard refuses what a page of the same origin does behind its visitor's back: it could read the code out of the answer's address, or
// out of a frame (OA-S11). A browser that sends no such headers cannot be helped.
func (h *Handler) guard(r *http.Request) error {
	mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	if h.cfg.AllowEmbedded || (mode == "" || mode == "navigate") && (dest == "" || dest == "document") {
		return nil
	}
	return web.Errorf(http.StatusForbidden, "Authorization is only given to pages that are opened in a window of their own.")
}

func (h *Handler) approve(w http.ResponseWriter, r *http.Request) error {
	user, session, ok := h.cfg.Host.Session(r)
	if !ok {
		return &web.Error{Status: http.StatusForbidden}
	}
	if err := h.guard(r); err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxConsent)
	if err := r.ParseForm(); err != nil {
		return formError(err)
	}
	if err := h.xsrf.Check(r, web.Bind{Session: session, User: user.ID}, false); err != nil {
		return err
	}
	// OAuth's parameters are in the query, where the visitor's page had them; a second set could only be there to confuse (OA-38).
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "state", "scope", "code_challenge", "code_challenge_method"} {
		if r.PostForm.Has(name) {
			return web.Errorf(http.StatusBadRequest, "Duplicate %s parameter.", name)
		}
	}
	session = h.cfg.Host.EnsureSession(w, r)
	d, err := h.cfg.Provider.Approve(r.Context(),
		oauth.AuthorizeRequest{User: user, SessionID: session, Query: r.URL.RawQuery}, r.PostForm["scopes"])
	if err != nil {
		return err
	}
	web.Redirect(w, http.StatusFound, d.Redirect)
	return nil
}

func formError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &web.Error{Status: http.StatusRequestEntityTooLarge}
	}
	return web.Errorf(http.StatusBadRequest, "Malformed form.")
}
