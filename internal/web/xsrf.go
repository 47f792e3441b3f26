package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	xsrfCookie  = "_xsrf"
	xsrfPurpose = "xsrf"
	// anonymousAge bounds a form that was shown before login (HB-32, HB-189).
	anonymousAge = time.Hour
	xsrfAge      = 31 * 24 * time.Hour
	// maxForm is the largest form body read in search of the argument, bytes.
	maxForm = 1 << 20
)

// XSRF makes and checks the proof that a request was made from one of our own
// pages: a signed value in a cookie that scripts of this origin can read, to
// be repeated in the request (SH-52, OA-95, HB-38). It is safe for concurrent
// use; fields are set before the first.
type XSRF struct {
	Keys *Keys  // required
	Path string // path of the cookie: the hub's prefix, escaped
	// Now is the clock; nil = time.Now.
	Now func() time.Time
	// Secure tells whether the cookie gets that attribute; nil =
	// SecureConnection.
	Secure func(*http.Request) bool
	// ClientIP is the address that anonymous tokens are bound to; nil = the
	// peer's (HB-197).
	ClientIP func(*http.Request) string
}

// Bind is what a token is bound to. With User "" the visitor is anonymous, and
// the token is bound to Session (or none), client address and User-Agent.
type Bind struct{ Session, User string }

// Token is the request's own token if it is valid for b, else a new one. A new
// one is set as a cookie only on navigations, so that a script's request cannot
// pull the cookie from under an open page (SH-148, OA-96). Called again for the
// same response it gives the same token.
func (x *XSRF) Token(w http.ResponseWriter, r *http.Request, b Bind) string {
	if token, ok := x.issued(w, r, b); ok {
		return token
	}
	if token, ok := x.current(r, b); ok {
		return token
	}
	if !IsNavigation(r) {
		return x.make(r, b)
	}
	return x.Fresh(w, r, b)
}

// Fresh is a new token, always set as a cookie: for the login form and for
// what follows a login (HB-30, HB-33). An anonymous visitor's lasts an hour.
func (x *XSRF) Fresh(w http.ResponseWriter, r *http.Request, b Bind) string {
	secure := SecureConnection
	if x.Secure != nil {
		secure = x.Secure
	}
	c := &http.Cookie{Name: xsrfCookie, Value: x.make(r, b), Path: x.Path, Secure: secure(r)}
	if b.User == "" {
		c.MaxAge = int(anonymousAge / time.Second)
	}
	SetCookie(w, c)
	return c.Value
}

// Check demands the proof where NeedsXSRF says so. Call it for callers known by
// cookie and for anonymous ones; a request authenticated by a token needs no
// proof (SH-50). An anonymous API request without Origin is let through, to be
// refused for its missing credentials instead (OA-97, HB-41). The error is an
// *Error: 403, or 413 when a form is too large to look into.
func (x *XSRF) Check(r *http.Request, b Bind, api bool) error {
	if !NeedsXSRF(r, api) || api && b.User == "" && r.Header.Get("Origin") == "" {
		return nil
	}
	given, err := xsrfArgument(r)
	if err != nil {
		return err
	}
	if given == "" {
		return Errorf(http.StatusForbidden, "'_xsrf' argument missing from %s", r.Method)
	}
	if !utf8.ValidString(given) {
		return Errorf(http.StatusForbidden, "'_xsrf' argument invalid")
	}
	token, ok := x.current(r, b)
	if !ok || subtle.ConstantTimeCompare([]byte(token), []byte(given)) != 1 {
		return Errorf(http.StatusForbidden, "XSRF cookie does not match %s argument", r.Method)
	}
	return nil
}

// NeedsXSRF tells whether a cookie-authenticated request must bring the proof
// (SH-52, OA-96, HB-41). Reading methods of pages never do; an API GET does
// when a script made it. No Sec-Fetch-Mode excuses a method that writes: it was
// such an exemption for no-cors that let a foreign page accept a share in its
// visitor's name (CVE-2026-40864).
func NeedsXSRF(r *http.Request, api bool) bool {
	switch r.Method {
	case http.MethodHead, http.MethodOptions:
		return false
	case http.MethodGet:
	default:
		return true
	}
	switch r.Header.Get("Sec-Fetch-Mode") {
	case "", "navigate", "websocket":
		return false
	case "no-cors":
		// A script of another server on this origin can read what it fetches, unlike an image (OA-S11).
		return api && (r.Header.Get("Sec-Fetch-Site") != "same-origin" || r.Header.Get("Sec-Fetch-Dest") == "empty")
	}
	return api
}

// IsNavigation tells whether the browser shows the answer as a page, or says
// nothing about it (SH-148, HB-38).
func IsNavigation(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return mode == "" || mode == "navigate"
}

// xsrfArgument is what the client submitted: the form field, else the query's,
// else a header; empty ones count as missing (SH-52).
func xsrfArgument(r *http.Request) (string, error) {
	if err := parseForm(r); err != nil {
		return "", err
	}
	for _, values := range [][]string{r.PostForm[xsrfCookie], r.URL.Query()[xsrfCookie]} {
		if len(values) > 0 {
			if last := strings.TrimSpace(values[len(values)-1]); last != "" {
				return last, nil
			}
		}
	}
	if v := r.Header.Get("X-XSRFToken"); v != "" {
		return v, nil
	}
	return r.Header.Get("X-CSRFToken"), nil
}

// parseForm reads a form body and leaves any other to the handler. A form that
// cannot be read has no fields; only its size is reported.
func parseForm(r *http.Request) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Body == nil || r.PostForm != nil {
		return nil
	}
	var err error
	switch kind {
	case "application/x-www-form-urlencoded":
		r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
		err = r.ParseForm()
	case "multipart/form-data":
		r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
		err = r.ParseMultipartForm(maxForm)
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &Error{Status: http.StatusRequestEntityTooLarge}
	}
	return nil
}

// current is the token in the request's cookies: the first whose signature is
// ours counts, even when it is bound to someone else (HB-39, OA-202).
func (x *XSRF) current(r *http.Request, b Bind) (string, bool) {
	for _, token := range CookieValues(r, xsrfCookie) {
		if _, ok := x.Keys.Verify(xsrfPurpose, token, x.now(), 0); ok {
			return token, x.valid(token, r, b)
		}
	}
	return "", false
}

// issued is the token that this response already sets.
func (x *XSRF) issued(w http.ResponseWriter, r *http.Request, b Bind) (string, bool) {
	for _, line := range w.Header()["Set-Cookie"] {
		c, err := http.ParseSetCookie(line)
		if err == nil && c.Name == xsrfCookie && c.Path == x.Path && x.valid(c.Value, r, b) {
			return c.Value, true
		}
	}
	return "", false
}

func (x *XSRF) valid(token string, r *http.Request, b Bind) bool {
	age := xsrfAge
	if b.User == "" {
		age = anonymousAge
	}
	id, ok := x.Keys.Verify(xsrfPurpose, token, x.now(), age)
	return ok && subtle.ConstantTimeCompare([]byte(id), []byte(x.identity(r, b))) == 1
}

func (x *XSRF) make(r *http.Request, b Bind) string {
	return x.Keys.Sign(xsrfPurpose, x.identity(r, b), x.now())
}

// identity is a digest, so that a token tells no one whose it is; each part
// has its length in front, so that no two bindings give the same.
func (x *XSRF) identity(r *http.Request, b Bind) string {
	parts := []string{"user", b.Session, b.User}
	if b.User == "" {
		parts = []string{"anonymous", b.Session, x.clientIP(r), r.UserAgent()}
	}
	h := sha256.New()
	for _, part := range parts {
		_ = binary.Write(h, binary.BigEndian, uint64(len(part)))
		_, _ = fmt.Fprint(h, part)
	}
	return base64url.EncodeToString(h.Sum(nil))
}

func (x *XSRF) now() time.Time {
	if x.Now != nil {
		return x.Now()
	}
	return time.Now()
}

func (x *XSRF) clientIP(r *http.Request) string {
	if x.ClientIP != nil {
		return x.ClientIP(r)
	}
	return ClientIP(r)
}
