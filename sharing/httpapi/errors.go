package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/sharing"
)

// acceptance tells httpError that a code was submitted on the accept page, where the same refusals have other statuses (SH-143).
type acceptance struct {
	submitted bool
	code      string // as the visitor sent it
}

// statuses says for each refusal of the service which status it is. It is the whole mapping, with the exceptions in httpError.
var statuses = []struct {
	reason error
	status int
}{
	{sharing.ErrAnonymous, http.StatusForbidden},
	{sharing.ErrHidden, http.StatusNotFound},
	{sharing.ErrNotAllowed, http.StatusForbidden},
	{sharing.ErrInvalidScope, http.StatusBadRequest},
	{sharing.ErrScopeFilter, http.StatusBadRequest},
	{sharing.ErrLifetime, http.StatusBadRequest},
	{sharing.ErrInvalidGrantee, http.StatusBadRequest},
	{sharing.ErrScopeNotHeld, http.StatusForbidden},
	{sharing.ErrNameNotReadable, http.StatusForbidden},
	{sharing.ErrNoSuchGrantee, http.StatusBadRequest},
	{sharing.ErrNoSuchOwner, http.StatusNotFound},
	{sharing.ErrNoSuchServer, http.StatusNotFound},
	{sharing.ErrNoSuchUser, http.StatusNotFound},
	{sharing.ErrNoSuchGroup, http.StatusNotFound},
	{sharing.ErrNoSuchShare, http.StatusNotFound},
	{sharing.ErrCodeNotFound, http.StatusNotFound},
	{sharing.ErrOwnCode, http.StatusForbidden},
	{sharing.ErrCodeSpent, http.StatusNotFound},
	{sharing.ErrNotForVisitor, http.StatusForbidden},
	{sharing.ErrInvalidCode, http.StatusBadRequest},
	{sharing.ErrQuota, http.StatusTooManyRequests},
	{sharing.ErrNotAUser, http.StatusForbidden},
}

// mistakes are the refusals that are a 400 once the code is submitted, whatever they are when it is only looked at (SH-143).
var mistakes = []error{sharing.ErrOwnCode, sharing.ErrCodeSpent, sharing.ErrNotForVisitor}

// retryAfter is the header of a refusal that ends by itself: whole seconds, and never earlier than it ends.
func retryAfter(e *sharing.Error) http.Header {
	if e.RetryAfter <= 0 {
		return nil
	}
	seconds := (e.RetryAfter + time.Second - 1) / time.Second
	return http.Header{"Retry-After": {strconv.FormatInt(int64(seconds), 10)}}
}

// httpError is the one place where an error becomes an answer. What is neither a refusal of the service nor one of the HTTP conventions is
// logged and becomes a 500 that says nothing.
func (h *Handler) httpError(r *http.Request, err error, at acceptance) *web.Error {
	var made *web.Error
	if errors.As(err, &made) {
		return made
	}
	var refused *sharing.Error
	if errors.As(err, &refused) {
		if at.submitted && errors.Is(err, sharing.ErrCodeNotFound) {
			return web.Errorf(http.StatusBadRequest, "Invalid share code: %s", at.code)
		}
		for _, s := range statuses {
			switch {
			case !errors.Is(err, s.reason):
			case at.submitted && slices.Contains(mistakes, s.reason):
				return &web.Error{Status: http.StatusBadRequest, Message: refused.Message}
			default:
				return &web.Error{Status: s.status, Message: refused.Message, Header: retryAfter(refused)}
			}
		}
	}
	if !errors.Is(err, context.Canceled) {
		h.log.ErrorContext(r.Context(), "sharing request failed", "method", r.Method, "url", web.ScrubURL(r.URL.String()), "error", err)
	}
	return &web.Error{Status: http.StatusInternalServerError}
}
