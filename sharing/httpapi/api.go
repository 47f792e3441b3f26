package httpapi

import (
	"mime"
	"net/http"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// methods maps the methods that a route knows to what answers them. An answer is written only when there is no error.
type methods map[string]func(w http.ResponseWriter, r *http.Request, by sharing.Caller) error

// api is the way of every API request (HB-131): who asks, XSRF, whether the method exists, and then the endpoint, which passes
// the gate before it reads anything else.
func (h *Handler) api(known methods) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.site.APIHeaders(w.Header())
		if r.Method == http.MethodOptions {
			w.Header().Set("Content-Length", "0")
			w.WriteHeader(http.StatusOK)
			return
		}
		by, err := h.caller(r)
		if err == nil {
			endpoint, ok := known[r.Method]
			if !ok {
				endpoint = methodNotAllowed
			}
			err = endpoint(w, r, by)
		}
		if err != nil {
			web.WriteError(w, h.httpError(r, err, acceptance{}))
		}
	})
}

// caller identifies an API request and demands XSRF proof where that is due. The zero Caller is an anonymous one.
func (h *Handler) caller(r *http.Request) (sharing.Caller, error) {
	v, ok, err := h.identify(r)
	if err != nil {
		return sharing.Caller{}, err
	}
	if ok && !v.Cookie {
		return v.Caller, nil
	}
	bind := web.Bind{Session: v.Session}
	if ok {
		bind.User = v.ID
	}
	// The proof is in the query or a header: the body of an API request is JSON, whatever its type says, and must not be eaten as a form.
	bodiless := new(http.Request)
	*bodiless = *r
	bodiless.Body = http.NoBody
	if err := h.xsrf.Check(bodiless, bind, true); err != nil {
		return sharing.Caller{}, err
	}
	if !ok || r.Method == http.MethodPost && !jsonOrNothing(r.Header.Get("Content-Type")) {
		return sharing.Caller{}, nil
	}
	return v.Caller, nil
}

// jsonOrNothing judges the type of a POST by cookie. Types that a foreign page's form can send make the caller anonymous (SH-51).
func jsonOrNothing(contentType string) bool {
	if contentType == "" {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && mediaType == "application/json"
}

func methodNotAllowed(http.ResponseWriter, *http.Request, sharing.Caller) error {
	return &web.Error{Status: http.StatusMethodNotAllowed}
}

// noServer refuses a writing method on the route of an owner, after the gate (SH-83).
func (h *Handler) noServer(w http.ResponseWriter, r *http.Request, by sharing.Caller) error {
	if err := h.cfg.Service.Authorize(by, sharing.ScopeShare, scopes.User(r.PathValue("owner"))); err != nil {
		return err
	}
	return methodNotAllowed(w, r, by)
}

func server(r *http.Request) sharing.ServerName {
	return sharing.ServerName{Owner: r.PathValue("owner"), Name: r.PathValue("server")}
}
