package hubauth

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// maxForm is how much of a form is read in search of the XSRF argument, bytes.
const maxForm = 1 << 20

// isWebSocket: browsers let no script set either header.
func isWebSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && (r.Header.Get("Sec-Fetch-Mode") == "websocket" || headerHas(r.Header, "Upgrade", "websocket"))
}

func isNavigation(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return !isWebSocket(r) && (mode == "" || mode == "navigate")
}

// needsXSRF says which requests a cookie does not authenticate alone (OA-96). Another server's page on the same origin can make a
// request and read the answer; our own pages prove themselves with a value that only they can read.
func needsXSRF(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
	default:
		return true
	}
	if isNavigation(r) || isWebSocket(r) {
		return false
	}
	// What a script fetches without cors goes nowhere, or so says Sec-Fetch-Dest; it can be read, unlike an image (OA-S11).
	h := r.Header
	return h.Get("Sec-Fetch-Mode") != "no-cors" || h.Get("Sec-Fetch-Site") != "same-origin" || h.Get("Sec-Fetch-Dest") == "empty"
}

// xsrfID is what a value is bound to: the browser session and the token (OA-95).
func xsrfID(r *http.Request, token Secret) string {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return sessionOf(r) + ":" + hex.EncodeToString(sum[:])
}

func sessionOf(r *http.Request) string {
	if c, err := r.Cookie(sessionCookie); err == nil {
		return c.Value
	}
	return ""
}

// validXSRF is the request's own value, if it is bound to this session and token: the first of several that we signed (OA-202).
func (a *Auth) validXSRF(r *http.Request, token Secret) (string, bool) {
	for _, c := range r.CookiesNamed(xsrfCookie) {
		if id, ok := a.keys.verify("xsrf", c.Value, a.cfg.Now(), maxSignedAge); ok {
			return c.Value, subtle.ConstantTimeCompare([]byte(id), []byte(xsrfID(r, token))) == 1
		}
	}
	return "", false
}

func (a *Auth) passesXSRF(r *http.Request, token Secret) bool {
	want, ok := a.validXSRF(r, token)
	if !ok {
		return false
	}
	given := xsrfArgument(r)
	return given != "" && subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}

// refreshXSRF gives the page its value, unless it has a good one. Only navigations call it.
func (a *Auth) refreshXSRF(w http.ResponseWriter, r *http.Request, token Secret) {
	if _, ok := a.validXSRF(r, token); !ok {
		http.SetCookie(w, a.cookie(r, xsrfCookie, a.keys.sign("xsrf", xsrfID(r, token), a.cfg.Now()), 0))
	}
}

func xsrfArgument(r *http.Request) string {
	if v := r.URL.Query().Get(xsrfCookie); v != "" {
		return v
	}
	for _, name := range []string{"X-XSRFToken", "X-CSRFToken"} {
		if v := r.Header.Get(name); v != "" {
			return v
		}
	}
	return formArgument(r)
}

// formArgument looks into a form without taking it from the handler behind us.
func formArgument(r *http.Request) string {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" || r.Body == nil {
		return ""
	}
	read, err := io.ReadAll(io.LimitReader(r.Body, maxForm))
	rest := r.Body
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), rest), rest}
	if err != nil || len(read) == maxForm {
		return ""
	}
	form, err := url.ParseQuery(string(read))
	if err != nil {
		return ""
	}
	return form.Get(xsrfCookie)
}
