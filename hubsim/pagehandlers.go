package hubsim

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/hubshare/hubshare/hubsim/pages"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// page is a handler of a hub page: an error it gives back becomes an error page.
type page func(w http.ResponseWriter, r *http.Request) error

// getPage answers GET with a page for whoever is logged in, and sends others to log in (HB-22).
func (h *Hub) getPage(p func(http.ResponseWriter, *http.Request, visitor) error) http.Handler {
	return h.page(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet {
			return h.refuseMethod(r)
		}
		v, ok, err := h.identifyCookie(r)
		if err != nil {
			return err
		}
		if !ok {
			web.Redirect(w, http.StatusFound, h.loginURL(requestURI(r)))
			return nil
		}
		return p(w, r, v)
	})
}

// proven is who sends a form or the like, with the proof that a page of ours gave them; whoever has not logged in is refused after that.
func (h *Hub) proven(r *http.Request) (visitor, error) {
	v, ok, err := h.identifyCookie(r)
	if err == nil {
		err = h.xsrf.Check(r, v.bind(), false)
	}
	if err == nil && !ok {
		err = web.Errorf(http.StatusForbidden, "")
	}
	return v, err
}

// refuseMethod is what a page says to a method that it does not have: writing ones fail for lack of proof or of a login first (HB-22).
func (h *Hub) refuseMethod(r *http.Request) error {
	if r.Method != http.MethodHead && r.Method != http.MethodOptions {
		if _, err := h.proven(r); err != nil {
			return err
		}
	}
	return web.Errorf(http.StatusMethodNotAllowed, "")
}

func (h *Hub) page(p page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p(w, r); err != nil {
			h.errorPage(w, r, err)
		}
	})
}

// errorPage maps an error to a page (HB-72). What is not meant for visitors goes to the log only.
func (h *Hub) errorPage(w http.ResponseWriter, r *http.Request, err error) {
	e := h.clientError(r, err)
	for k, v := range e.Header {
		w.Header()[k] = v
	}
	h.pages.Error(w, pages.ErrorPage{Shell: h.shell(w, r), Status: e.Status, Message: e.Message})
}

// shell says who looks at a page.
func (h *Hub) shell(w http.ResponseWriter, r *http.Request) pages.Shell {
	s := pages.Shell{XSRF: h.xsrf.Token(w, r, h.present(r))}
	a, ok := h.loggedIn(r)
	if !ok {
		return s
	}
	s.User = a.Name
	if o, err := h.rights(r.Context(), a.ID); err == nil {
		s.Admin = o.Held.Holds("admin-ui")
		s.Services = h.serviceMenu(o.Held)
	}
	return s
}

// layout puts a main block that another package rendered into the hub's shell. Of those pages, only that of one's shares is one to come to and go from
// like the hub's own, so it has the login widget.
func (h *Hub) layout(w http.ResponseWriter, r *http.Request, status int, main template.HTML) {
	shell := h.shell(w, r)
	shell.Login = h.cfg.Extensions && web.EscapedPath(r) == h.site.HubPrefix()+"shares"
	h.pages.Main(w, status, shell, main)
}

// root sends visitors on (HB-12).
func (h *Hub) root(w http.ResponseWriter, r *http.Request, v visitor) error {
	web.Redirect(w, http.StatusFound, h.afterLogin(r, v.account))
	return nil
}

// afterLogin is where a login leads: a valid next, else the user's server, else starting it (HB-42).
func (h *Hub) afterLogin(r *http.Request, a account) string {
	q := r.URL.Query()
	if next, ok := web.ValidateNext(lastOf(q, "next"), h.origins(r)...); ok {
		return next
	}
	return withQuery(h.defaultTarget(a), q)
}

func (h *Hub) defaultTarget(a account) string {
	switch {
	case h.cfg.DefaultURL != "":
		return h.cfg.DefaultURL
	case h.cfg.StayAtHome:
		return h.site.HubPrefix() + "home"
	}
	if s, ok := h.roster.server(a.Name, ""); ok && s.status().Active() {
		return h.userOrigin(a.Name) + h.serverPath(a.Name, "")
	}
	return h.site.HubPrefix() + "spawn"
}

// withQuery appends a request's other parameters to a default target (OA-107).
func withQuery(target string, q url.Values) string {
	q.Del("next")
	q.Del("_xsrf")
	switch {
	case len(q) == 0:
		return target
	case strings.Contains(target, "?"):
		return target + "&" + q.Encode()
	}
	return target + "?" + q.Encode()
}

func (h *Hub) login() http.Handler {
	return h.page(func(w http.ResponseWriter, r *http.Request) error {
		switch r.Method {
		case http.MethodGet:
			if a, ok := h.loggedIn(r); ok {
				h.xsrf.Fresh(w, r, h.present(r))
				web.Redirect(w, http.StatusFound, h.afterLogin(r, a))
				return nil
			}
			if done, err := h.autoLogin(w, r); done {
				return err
			}
			h.loginForm(w, r, r.URL.Query().Get("username"), "")
			return nil
		case http.MethodPost:
			return h.loginPost(w, r)
		}
		return web.Errorf(http.StatusMethodNotAllowed, "")
	})
}

func (h *Hub) loginForm(w http.ResponseWriter, r *http.Request, username, problem string) {
	// A form always carries a fresh proof (HB-30), so that sending it again works at once (HB-32).
	xsrf := h.xsrf.Fresh(w, r, h.present(r))
	h.pages.Login(w, pages.LoginPage{Shell: pages.Shell{XSRF: xsrf}, Next: lastOf(r.URL.Query(), "next"), Username: username, Error: problem})
}

// maxLogin bounds the body of a login, bytes.
const maxLogin = 64 << 10

func (h *Hub) loginPost(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxLogin)
	if err := h.xsrf.Check(r, h.present(r), false); err != nil {
		if !web.IsNavigation(r) {
			return err
		}
		h.loginForm(w, r, r.PostFormValue("username"), "Login form invalid or expired. Try again.") // HB-32
		return nil
	}
	typed := r.PostFormValue("username")
	name := h.userNamed(typed)
	if !h.mayLogIn(name, r.PostFormValue("password")) {
		h.log.Info("login refused", "user", name)
		h.loginForm(w, r, typed, "Invalid username or password")
		return nil
	}
	return h.enterAs(w, r, name)
}

func (h *Hub) logout() http.Handler {
	return h.page(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet {
			return h.refuseMethod(r)
		}
		a, ok := h.loggedIn(r)
		if err := h.logOut(w, r); err != nil {
			return err
		}
		if ok && h.cfg.ShutdownOnLogout {
			h.stopServersOf(a)
		}
		if h.cfg.Auth.AutoLogin != "" {
			h.loggedOut(w, r)
			return nil
		}
		web.Redirect(w, http.StatusFound, h.site.HubPrefix()+"login")
		return nil
	})
}

// stopServersOf stops what a user has running; nobody waits for it.
func (h *Hub) stopServersOf(a account) {
	for _, s := range h.roster.serversOf(a.ID) {
		h.task(func() { h.stop(h.life, s) })
	}
}

func (h *Hub) home(w http.ResponseWriter, r *http.Request, v visitor) error {
	page := pages.HomePage{Shell: h.shellFor(w, r, v), NamedServers: h.namedServers(r.Context()), Slugs: h.cfg.Profile == scopes.P60, Now: h.cfg.Clock.Now()}
	for _, s := range h.roster.serversOf(v.account.ID) {
		h.noticeDead(s)
		st := s.status()
		if s.name == "" {
			page.Active = st.Active()
			continue
		}
		page.OtherActive = page.OtherActive || st.Active()
		page.Servers = append(page.Servers, pages.NamedServer{Name: s.name, DisplayName: st.DisplayName, Ready: st.Ready, Active: st.Active(),
			LastActivity: st.LastActivity})
	}
	if h.cfg.Extensions {
		var err error
		if page.Shared, err = h.sharedWith(r.Context(), v.account.ID); err != nil {
			return err
		}
	}
	h.pages.Home(w, page)
	return nil
}

func (h *Hub) shellFor(w http.ResponseWriter, r *http.Request, v visitor) pages.Shell {
	return pages.Shell{User: v.account.Name, Admin: v.scopes.Holds("admin-ui"), XSRF: h.xsrf.Token(w, r, v.bind()), Services: h.serviceMenu(v.scopes),
		Login: true, OptionsForm: h.cfg.SingleUser.OptionsForm != ""}
}

func (h *Hub) tokenPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	tokens, err := h.provider.Tokens(r.Context(), oauth.OwnerRef{Kind: oauth.KindUser, ID: v.account.ID})
	if err != nil {
		return err
	}
	page := pages.TokenPage{Shell: h.shellFor(w, r, v), MaxAge: h.provider.MaxTokenAge(), Now: h.cfg.Clock.Now()}
	apps := map[string]int{}
	for _, t := range tokens {
		if t.ClientID == "" {
			page.Tokens = append(page.Tokens, pages.Token{ID: "a" + strconv.FormatInt(t.ID, 10), Note: t.Note, Scopes: scopes.Strings(t.Scopes),
				LastUsed: t.LastActivity, Created: t.Created, Expires: t.ExpiresAt})
			continue
		}
		i, known := apps[t.ClientID]
		if !known {
			i = len(page.Applications)
			apps[t.ClientID] = i
			page.Applications = append(page.Applications, pages.Application{TokenID: "a" + strconv.FormatInt(t.ID, 10), Created: t.Created,
				Description: t.Client})
		}
		app := &page.Applications[i]
		app.Scopes = append(app.Scopes, scopes.Strings(t.Scopes)...)
		slices.Sort(app.Scopes)
		app.Scopes = slices.Compact(app.Scopes)
		if t.LastActivity.After(app.LastUsed) {
			app.LastUsed = t.LastActivity
		}
		if t.Created.Before(app.Created) {
			app.Created = t.Created
		}
	}
	h.pages.Token(w, page)
	return nil
}

// requestURI is what was asked for, as sent: escaped path and query.
func requestURI(r *http.Request) string {
	uri := web.EscapedPath(r)
	if r.URL.RawQuery != "" {
		uri += "?" + r.URL.RawQuery
	}
	return uri
}

func lastOf(q url.Values, key string) string {
	if v := q[key]; len(v) > 0 {
		return strings.TrimSpace(v[len(v)-1])
	}
	return ""
}
