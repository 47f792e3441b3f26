package httpapi

import (
	"errors"
	"net/http"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// refusal turns any error into what the client may know of it. It is the only place that does. What it does not recognise is a
// failure of ours: it goes to the log, and the client learns nothing but that.
func (h *Handler) refusal(r *http.Request, err error) *web.Error {
	var shown *web.Error
	var refused *oauth.Error
	var scope *scopes.Error
	switch {
	case errors.As(err, &shown):
		return shown
	case errors.As(err, &refused):
		return &web.Error{Status: statusOf(refused.Reason), Message: refused.Message}
	case errors.As(err, &scope):
		return web.Errorf(http.StatusBadRequest, "%s", asUpstream(scope))
	case errors.Is(err, oauth.ErrNoToken), errors.Is(err, oauth.ErrNoOwner), errors.Is(err, oauth.ErrGone):
		return &web.Error{Status: http.StatusNotFound}
	case errors.Is(err, oauth.ErrTokenExists):
		return &web.Error{Status: http.StatusConflict}
	}
	h.log.ErrorContext(r.Context(), "oauth request failed", "method", r.Method, "url", h.logURL(r), "error", err)
	return &web.Error{Status: http.StatusInternalServerError}
}

func statusOf(reason oauth.Reason) int {
	switch reason {
	case oauth.AccessDenied:
		return http.StatusForbidden
	case oauth.InvalidClient:
		return http.StatusUnauthorized
	case oauth.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// asUpstream: a scope that does not exist is reported with quotation marks around the sentence, others are not; so JupyterHub does.
func asUpstream(err *scopes.Error) string {
	if errors.Is(err, scopes.ErrUnknownScope) || errors.Is(err, scopes.ErrUnknownFilter) {
		return `"` + err.Error() + `"`
	}
	return err.Error()
}
