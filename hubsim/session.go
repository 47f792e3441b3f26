package hubsim

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// Cookies of the hub (HB-33).
const (
	loginCookie    = "jupyterhub-hub-login"
	sessionCookie  = "jupyterhub-session-id"
	servicesCookie = "jupyterhub-services" // of old hubs: only ever cleared (HB-45)
	loginPurpose   = "login"
	loginExpires   = 30 * 24 * time.Hour
)

// visitor is who makes a request, and by what they were recognised.
type visitor struct {
	ref     sharing.Ref
	account account    // of a user; services have none
	scopes  scopes.Set // what they may do now
	cookie  bool       // by login cookie, not by token
	session string     // value of the session cookie, or the session a token was authorised in
	token   *oauth.Identity
}

func (v visitor) bind() web.Bind { return web.Bind{Session: v.session, User: v.ref.ID} }

// loggedIn recognises a user by the login cookie alone. A request is looked at once.
func (h *Hub) loggedIn(r *http.Request) (a account, ok bool) {
	e := entryOf(r)
	if e == nil {
		return h.loginOf(r)
	}
	if !e.loginKnown {
		e.login, e.loggedIn = h.loginOf(r)
		e.loginKnown = true
	}
	return e.login, e.loggedIn
}

func (h *Hub) loginOf(r *http.Request) (a account, ok bool) {
	for _, value := range web.CookieValues(r, loginCookie) {
		signed, ok := h.keys.Verify(loginPurpose, value, h.cfg.Clock.Now(), h.cfg.Limits.cookieMaxAge())
		if !ok {
			continue
		}
		id, secret, _ := strings.Cut(signed, ":")
		a, known := h.roster.userByID(id)
		if known && subtle.ConstantTimeCompare([]byte(a.CookieID), []byte(secret)) == 1 {
			h.live.noteSession(sessionID(r), a.ID, h.cfg.Clock.Now())
			return a, true
		}
	}
	return account{}, false
}

// sessionID is the browser session that a request names; it is a handle, not a credential (OA-197).
func sessionID(r *http.Request) string {
	for _, v := range web.CookieValues(r, sessionCookie) {
		if len(v) <= 64 && v != "" {
			return v
		}
	}
	return ""
}

// identifyCookie recognises a user by login cookie, with what they may do.
func (h *Hub) identifyCookie(r *http.Request) (visitor, bool, error) {
	v := visitor{session: sessionID(r)}
	a, ok := h.loggedIn(r)
	if !ok {
		return v, false, nil
	}
	o, err := h.rights(r.Context(), a.ID)
	if errors.Is(err, oauth.ErrNoOwner) {
		return v, false, nil
	}
	if err != nil {
		return v, false, err
	}
	a.LastActivity = h.roster.touch(a.ID, h.cfg.Clock.Now())
	v.ref, v.account, v.scopes, v.cookie = a.ref(), a, o.Held, true
	return v, true, nil
}

// identify recognises who calls: by a valid token, else by login cookie (SH-50).
func (h *Hub) identify(r *http.Request) (visitor, bool, error) {
	if secret, ok := web.BearerToken(r); ok {
		id, err := h.provider.Authenticate(r.Context(), secret)
		switch {
		case err == nil:
			return h.tokenVisitor(id)
		case !errors.Is(err, oauth.ErrNoToken):
			return visitor{}, false, err
		}
	}
	return h.identifyCookie(r)
}

func (h *Hub) tokenVisitor(id oauth.Identity) (visitor, bool, error) {
	if id.Owner.Kind == oauth.KindService {
		return h.serviceVisitor(id)
	}
	a, ok := h.roster.userByID(id.Owner.ID)
	if !ok {
		return visitor{}, false, nil
	}
	if countsAsActivity(id) {
		a.LastActivity = h.roster.touch(a.ID, h.cfg.Clock.Now())
	}
	return visitor{ref: a.ref(), account: a, scopes: id.Effective, session: id.SessionID, token: &id}, true, nil
}

// countsAsActivity: a server's own token does not make its owner active (HB-91, OA-68).
func countsAsActivity(id oauth.Identity) bool { return !strings.HasPrefix(id.Note, "Server at ") }

// withSession gives a browser session to somebody who is logged in but lost theirs (HB-36), also to the handlers behind this
// request: what they bind to a session is bound to this one. A login that does not hold any more is taken back.
func (h *Hub) withSession(w http.ResponseWriter, r *http.Request) *http.Request {
	if _, ok := h.loggedIn(r); !ok {
		if _, err := r.Cookie(loginCookie); err == nil {
			web.ClearCookie(w, http.Cookie{Name: loginCookie, Path: h.site.HubPrefix()}, time.Now())
		}
		return r
	}
	if sessionID(r) != "" {
		return r
	}
	r = r.Clone(r.Context())
	r.AddCookie(&http.Cookie{Name: sessionCookie, Value: h.newSession(w, r)})
	return r
}

// present is whom the browser's pages are bound to: the session, and who is logged in, if anybody is.
func (h *Hub) present(r *http.Request) web.Bind {
	b := web.Bind{Session: sessionID(r)}
	if a, ok := h.loggedIn(r); ok {
		b.User = a.ID
	}
	return b
}

func (h *Hub) newSession(w http.ResponseWriter, r *http.Request) string {
	id := h.sources.hex("session")
	web.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: h.cfg.BaseURL, Domain: h.domain, HttpOnly: true, Secure: h.secure(r)})
	return id
}

// logIn sets the cookies of a login (HB-33). The session is kept when somebody was logged in before (HB-35), and made anew when not, so
// that nobody inherits a session id that was planted on them (OA-98).
func (h *Hub) logIn(w http.ResponseWriter, r *http.Request, a account) {
	now := h.cfg.Clock.Now()
	session := sessionID(r)
	if _, before := h.loggedIn(r); !before || session == "" {
		session = h.newSession(w, r)
	}
	web.SetCookie(w, h.loginCookieOf(a, now, h.secure(r)))
	h.xsrf.Fresh(w, r, web.Bind{Session: session, User: a.ID})
}

func (h *Hub) loginCookieOf(a account, now time.Time, secure bool) *http.Cookie {
	return &http.Cookie{Name: loginCookie, Value: h.keys.Sign(loginPurpose, a.ID+":"+a.CookieID, now), Path: h.site.HubPrefix(),
		HttpOnly: true, Secure: secure, Expires: time.Now().Add(loginExpires)}
}

// logOut clears the cookies of somebody who is logged in, and ends what this browser session authorised; for others it does nothing (HB-45).
func (h *Hub) logOut(w http.ResponseWriter, r *http.Request) error {
	a, ok := h.loggedIn(r)
	if !ok {
		return nil
	}
	var err error
	if session := sessionID(r); session != "" {
		err = h.provider.Logout(context.WithoutCancel(r.Context()), oauth.OwnerRef{Kind: oauth.KindUser, ID: a.ID}, session)
	}
	now, prefix := time.Now(), h.site.HubPrefix()
	for _, c := range []http.Cookie{
		{Name: sessionCookie, Path: h.cfg.BaseURL, Domain: h.domain}, {Name: loginCookie, Path: prefix}, {Name: "_xsrf", Path: prefix}, {Name: servicesCookie, Path: h.cfg.BaseURL + "services"},
	} {
		web.ClearCookie(w, c, now)
	}
	return err
}

// secure says whether cookies get that attribute (HB-33).
func (h *Hub) secure(r *http.Request) bool {
	if h.cfg.PublicURL != "" {
		return strings.HasPrefix(h.cfg.PublicURL, "https:")
	}
	return web.SecureConnection(r)
}
