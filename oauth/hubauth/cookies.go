package hubauth

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	sessionCookie = "jupyterhub-session-id" // the hub's; a correlation handle, no credential (OA-90, OA-197)
	xsrfCookie    = "_xsrf"
	stateAge      = 600 * time.Second // OA-93
)

// tokenCookie is the client id, whose escaping makes it fit for a cookie's name (OA-92, OA-201).
func (a *Auth) tokenCookie() string { return a.hostPrefix() + a.cfg.ClientID }

// stateCookie is the name of the first pending login's cookie; further ones have a suffix (OA-93).
func (a *Auth) stateCookie() string { return a.tokenCookie() + "-oauth-state" }

func (a *Auth) hostPrefix() string {
	if a.cfg.CookieHostPrefix {
		return "__Host-"
	}
	return ""
}

// cookie is what all cookies of ours have in common: they stay on our path, unless the host is ours alone (OA-100).
func (a *Auth) cookie(r *http.Request, name, value string, age time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: name, Value: value, Path: a.cfg.Prefix, MaxAge: int(age / time.Second), HttpOnly: name != xsrfCookie,
		Secure: a.secure(r), SameSite: a.cfg.Cookies.SameSite,
	}
	if strings.HasPrefix(name, "__Host-") {
		c.Path, c.Secure = "/", true
	}
	return c
}

func (a *Auth) setTokenCookie(w http.ResponseWriter, r *http.Request, token Secret) {
	name := a.tokenCookie()
	signed := a.keys.sign("token "+name, token.Reveal(), a.cfg.Now())
	// Max-Age alone: the browser's clock is not ours.
	http.SetCookie(w, a.cookie(r, name, signed, a.cfg.Cookies.MaxAge))
}

// cookieToken is the first value that we signed; others of the same name were put there by somebody else (OA-S11).
func (a *Auth) cookieToken(r *http.Request) (Secret, bool) {
	name := a.tokenCookie()
	for _, c := range r.CookiesNamed(name) {
		if token, ok := a.keys.verify("token "+name, c.Value, a.cfg.Now(), maxSignedAge); ok && token != "" {
			return Secret(token), true
		}
	}
	return "", false
}

func (a *Auth) clearCookie(w http.ResponseWriter, r *http.Request, name string) {
	c := a.cookie(r, name, "", 0)
	c.MaxAge = -1
	http.SetCookie(w, c)
}

// stateCookies are the names of all pending logins of this browser.
func (a *Auth) stateCookies(r *http.Request) []string {
	var names []string
	for _, c := range r.Cookies() {
		if c.Name == a.stateCookie() || strings.HasPrefix(c.Name, a.stateCookie()+"-") {
			names = append(names, c.Name)
		}
	}
	return names
}

// secure: the browser's own connection decides, through however many proxies (OA-99), unless the public address is known.
func (a *Auth) secure(r *http.Request) bool {
	if a.cfg.Cookies.Secure || a.cfg.CookieHostPrefix {
		return true
	}
	if u, err := url.Parse(a.cfg.PublicURL); err == nil && u.Scheme != "" {
		return u.Scheme == "https"
	}
	for _, scheme := range []string{forwardedProto(r.Header.Get("Forwarded")), r.Header.Get("X-Scheme"), r.Header.Get("X-Forwarded-Proto")} {
		first, _, _ := strings.Cut(scheme, ",")
		switch strings.ToLower(strings.TrimSpace(first)) {
		case "https", "wss":
			return true
		case "http", "ws":
			return false
		}
	}
	return r.TLS != nil
}

// forwardedProto is the proto of a Forwarded header's first element (RFC 7239).
func forwardedProto(header string) string {
	first, _, _ := strings.Cut(header, ",")
	for _, pair := range strings.Split(first, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(name, "proto") {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}
