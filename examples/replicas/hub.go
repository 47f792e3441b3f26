package main

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/oauth"
	oauthhttp "github.com/hubshare/hubshare/oauth/httpapi"
	oauthsql "github.com/hubshare/hubshare/oauth/sqlstore"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	sharinghttp "github.com/hubshare/hubshare/sharing/httpapi"
	sharingsql "github.com/hubshare/hubshare/sharing/sqlstore"
)

// settings are what every replica is told, the same: without a common database and common keys they are no replicas.
type settings struct {
	Database string            // address of the PostgreSQL database
	Key      []byte            // signs logins and forms
	People   map[string]string // password by name
	Servers  map[string]string // secret of the OAuth client by owner
}

// hub is one replica: who is there (people.go), sharing and oauth on one database, and the news of the other replicas.
type hub struct {
	settings
	log      *slog.Logger
	registry *scopes.Registry
	sharing  *sharing.Service
	provider *oauth.Provider
	stores   struct {
		sharing *sharingsql.Store
		oauth   *oauthsql.Store
	}
	pages  *sharinghttp.Handler
	logins *oauthhttp.Handler
}

func newHub(ctx context.Context, s settings, log *slog.Logger) (_ *hub, err error) {
	h := &hub{settings: s, log: log, registry: scopes.New(scopes.P55)}
	if h.stores.sharing, err = sharingsql.Open(ctx, s.Database); err != nil {
		return nil, err
	}
	if h.stores.oauth, err = oauthsql.Open(ctx, s.Database); err != nil {
		return nil, errors.Join(err, h.stores.sharing.Close())
	}
	if err := h.assemble(ctx); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *hub) assemble(ctx context.Context) (err error) {
	h.sharing = &sharing.Service{Store: h.stores.sharing, Directory: people{h}, Registry: h.registry, Logger: h.log,
		OnChange: func(_ context.Context, c sharing.Change) { h.heard(c) }}
	if h.provider, err = oauth.New(oauth.Config{Store: h.stores.oauth, Host: visitors{h}, Registry: h.registry, Logger: h.log}); err != nil {
		return err
	}
	if h.pages, err = sharinghttp.New(sharinghttp.Config{Service: h.sharing, Host: callers{h}, Keys: [][]byte{h.Key}, Logger: h.log, ClientIP: clientIP}); err != nil {
		return err
	}
	h.logins, err = oauthhttp.New(oauthhttp.Config{Provider: h.provider, Host: visitors{h}, Models: visitors{h}, BaseURL: "/", Version: sharinghttp.DefaultVersion,
		Keys: [][]byte{h.Key}, Logger: h.log, ClientIP: clientIP, Login: h.passwordLogin})
	if err != nil {
		return err
	}
	for name, secret := range h.Servers {
		path := "/user/" + name + "/"
		err := h.provider.PutClient(ctx, oauth.Registration{ID: oauth.ServerClientID(name, ""), Description: "Server at " + path, Secret: oauth.Secret(secret),
			RedirectURI: path + "oauth_callback", For: scopes.Client{Server: name + "/"}, LinkID: serverID(name)})
		if err != nil {
			return err
		}
	}
	return nil
}

// heard drops what is remembered of people whose access a change of shares may concern: one of this replica before it is answered, one of
// another as soon as it is told.
func (h *hub) heard(c sharing.Change) {
	owners := make([]oauth.OwnerRef, len(c.UserIDs))
	for i, id := range c.UserIDs {
		owners[i] = userRef(id)
	}
	if len(owners) > 0 || len(c.GroupIDs) == 0 {
		h.provider.Drop(owners...) // none named = everybody
	}
}

// follow listens to the other replicas until ctx ends, and cleans up now and then. In touch, a change is heard in milliseconds; out of touch,
// nothing is believed for longer than the provider's CacheAge.
func (h *hub) follow(ctx context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, 2)
	all.Go(func() {
		errs[0] = h.stores.sharing.Follow(ctx, sharingsql.Follow{
			News: func(list []sharing.Change) {
				for _, c := range list {
					h.heard(c)
				}
			},
			Lost: func(err error) { h.log.Warn("out of touch", "error", err); h.provider.Drop() },
		})
	})
	all.Go(func() {
		errs[1] = h.stores.oauth.Follow(ctx, oauthsql.Follow{
			News: func(list []oauth.Change) { h.provider.Heard(ctx, list) },
			Lost: func(err error) { h.log.Warn("out of touch", "error", err); h.provider.Drop() },
		})
	})
	all.Go(func() {
		hourly := time.NewTicker(time.Hour)
		defer hourly.Stop()
		for ctx.Err() == nil {
			select {
			case <-hourly.C:
				_, err := h.sharing.PurgeExpired(ctx)
				if err := errors.Join(err, h.provider.Flush(ctx), h.provider.PurgeExpired(ctx)); err != nil {
					h.log.Warn("purge", "error", err) // the next hour, or another replica
				}
			case <-ctx.Done():
			}
		}
	})
	all.Wait()
	return errors.Join(errs...)
}

func (h *hub) close() error { return errors.Join(h.stores.oauth.Close(), h.stores.sharing.Close()) }

// clientIP is whom the proxy in front had to do with. It drops what others say of themselves, and nobody reaches a replica but through it.
func clientIP(r *http.Request) string { return r.Header.Get("X-Forwarded-For") }

// ServeHTTP is the hub as the proxy sees it: below /hub/.
func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case h.pages.Owns(r):
		h.pages.ServeHTTP(w, r)
	case h.logins.Owns(r):
		h.logins.ServeHTTP(w, r)
	case r.URL.Path == "/hub/login" && (r.Method == http.MethodGet || r.Method == http.MethodPost):
		http.NewCrossOriginProtection().Handler(http.HandlerFunc(h.login)).ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

const loginLifetime = 12 * time.Hour

func (h *hub) login(w http.ResponseWriter, r *http.Request) {
	name := r.PostFormValue("username")
	if r.Method == http.MethodGet || !h.knows(name, r.PostFormValue("password")) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "frame-ancestors 'none'")
		_ = loginPage.Execute(w, r.Method == http.MethodPost) // an error means that the visitor has gone
		return
	}
	end := time.Now().Add(loginLifetime).UTC().Format(time.RFC3339)
	http.SetCookie(w, &http.Cookie{Name: loginCookie, Value: h.sign(name + "|" + end), Path: "/hub/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	// One slash and no more: it cannot lead off this hub.
	next := strings.TrimLeftFunc(r.FormValue("next"), func(c rune) bool { return c <= ' ' || c == '/' || c == '\\' })
	http.Redirect(w, r, "/"+cmp.Or(next, "user/"+url.PathEscape(name)+"/"), http.StatusSeeOther)
}

var loginPage = template.Must(template.New("login").Parse(`<!DOCTYPE html><html lang="en"><title>Log in</title><h1>Log in</h1>
{{if .}}<p role="alert">Invalid username or password</p>{{end}}<form method="post"><label>Name <input name="username" autofocus></label>
<label>Password <input name="password" type="password"></label> <button>Log in</button></form>`))

func (h *hub) knows(name, password string) bool {
	known, ok := h.People[name]
	return hmac.Equal([]byte(known), []byte(password)) && ok
}

// passwordLogin lets programs ask for a token in somebody's name.
func (h *hub) passwordLogin(_ context.Context, auth json.RawMessage) (oauth.OwnerRef, error) {
	var who struct{ Username, Password string }
	if json.Unmarshal(auth, &who) != nil || !h.knows(who.Username, who.Password) {
		return oauth.OwnerRef{}, oauthhttp.ErrBadCredentials
	}
	return userRef(userID(who.Username)), nil
}

// Cookies that every replica knows how to read. The session is named as on a JupyterHub, since servers behind the hub look at it.
const (
	loginCookie   = "replicas-login"
	sessionCookie = "jupyterhub-session-id"
)

func (h *hub) sign(text string) string {
	mac := hmac.New(newHash, h.Key)
	mac.Write([]byte(loginCookie + "|" + text))
	return fmt.Sprintf("%s|%x", text, mac.Sum(nil))
}

// loggedIn gives the name in the login cookie, if it is this hub's and has not ended.
func (h *hub) loggedIn(r *http.Request) (name string, ok bool) {
	for _, c := range r.CookiesNamed(loginCookie) {
		part := strings.Split(c.Value, "|")
		if len(part) != 3 || !hmac.Equal([]byte(c.Value), []byte(h.sign(part[0]+"|"+part[1]))) || part[1] < time.Now().UTC().Format(time.RFC3339) {
			continue
		}
		if _, there := h.People[part[0]]; there {
			return part[0], true
		}
	}
	return "", false
}

func sessionOf(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

func ensureSession(w http.ResponseWriter, r *http.Request) string {
	if id := sessionOf(r); id != "" {
		return id
	}
	id := rand.Text()
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return id
}

// bearer is the token in the Authorization header; "" = none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !slices.Contains([]string{"token", "bearer"}, strings.ToLower(scheme)) {
		return ""
	}
	return strings.TrimSpace(token)
}
