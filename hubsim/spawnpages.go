package hubsim

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/hubshare/hubshare/hubsim/pages"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// target is the server that a page is about, after the visitor was found to be allowed to start it (HB-15).
func (h *Hub) target(r *http.Request, v visitor) (*server, error) {
	owner, name := r.PathValue("user"), r.PathValue("server")
	if owner == "" {
		owner = v.account.Name
	}
	if err := refusal(v.scopes.Explain([]string{"servers"}, scopes.Server(owner, name), h.roster)); err != nil {
		return nil, err
	}
	return h.record(r.Context(), owner, name)
}

// record gives a server's record; a named one is made on first use (HB-92, HB-101).
func (h *Hub) record(ctx context.Context, owner, name string) (*server, error) {
	a, ok := h.roster.userByName(owner)
	if !ok {
		return nil, web.Errorf(http.StatusNotFound, "")
	}
	if err := h.named(ctx, name); err != nil {
		return nil, err
	}
	if s, ok := h.roster.server(owner, name); ok {
		return s, nil
	}
	if !h.validServerName(name) {
		return nil, web.Errorf(http.StatusBadRequest, "Invalid server_name: '%s'", name)
	}
	s, err := h.roster.ensureServer(ctx, a.ID, name)
	if errors.Is(err, sharing.ErrNoSuchUser) {
		return nil, web.Errorf(http.StatusNotFound, "")
	}
	return s, h.tooManyServers(err, owner)
}

// spawn starts a server and sends the visitor to watch (HB-94).
func (h *Hub) spawn() http.Handler {
	return h.page(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet && r.Method != http.MethodPost {
			return web.Errorf(http.StatusMethodNotAllowed, "")
		}
		v, ok, err := h.identifyCookie(r)
		if err != nil {
			return err
		}
		if err := h.xsrf.Check(r, v.bind(), false); err != nil {
			return err
		}
		switch {
		case !ok && r.Method == http.MethodPost:
			return web.Errorf(http.StatusForbidden, "")
		case !ok:
			web.Redirect(w, http.StatusFound, h.loginURL(requestURI(r)))
			return nil
		}
		s, err := h.target(r, v)
		if err != nil {
			return err
		}
		h.noticeDead(s)
		st := s.status()
		if st.Active() && r.Method == http.MethodPost {
			if st.Pending != "" {
				return web.Errorf(http.StatusBadRequest, "%s is pending %s", s.fullName(), st.Pending)
			}
			return web.Errorf(http.StatusBadRequest, "%s is already running", s.fullName())
		}
		if st.Ready {
			web.Redirect(w, http.StatusFound, h.nextOr(r, h.userOrigin(s.owner.name)+h.serverPath(s.owner.name, s.name)))
			return nil
		}
		if st.Pending == "" {
			order, err := h.spawnOptions(w, r)
			if err != nil {
				return err
			}
			form := h.cfg.SingleUser.OptionsForm != ""
			if form && order.options == nil {
				h.spawnForm(w, r, v, s, http.StatusOK, "")
				return nil
			}
			if err := h.startAs(r.Context(), s, order); err != nil {
				if form {
					e := h.clientError(r, err)
					maps.Copy(w.Header(), e.Header)
					h.spawnForm(w, r, v, s, e.Status, cmp.Or(e.Message, http.StatusText(e.Status)))
					return nil
				}
				return err
			}
			ctx, cancel := h.within(r.Context(), orDefault(h.cfg.Limits.SpawnPageWait, spawnPageWait))
			defer cancel()
			st = s.wait(ctx)
			noteServerFault(r, s)
			if st.Failure != nil {
				why := cmp.Or(st.Failure.own, "Unhandled error starting server "+s.fullName())
				if form {
					h.spawnForm(w, r, v, s, st.Failure.status, why)
					return nil
				}
				h.pages.Error(w, pages.ErrorPage{Shell: h.shell(w, r), Status: st.Failure.status, Message: why, Hint: pages.RestartHint})
				return nil
			}
		}
		web.Redirect(w, http.StatusFound, withNext(h.pendingPath(s), h.passedOn(r)))
		return nil
	})
}

// pendingPath is the page that watches a server start.
func (h *Hub) pendingPath(s *server) string { return h.serverPage("spawn-pending", s) }

func (h *Hub) serverPage(page string, s *server) string {
	p := h.site.HubPrefix() + page + "/" + web.EscapeSegment(s.owner.name)
	if s.name != "" {
		p += "/" + web.EscapeSegment(s.name)
	}
	return p
}

// passedOn are the parameters of a spawn page that go on to the next one. In 6.0 the display name is for the hub alone (HB-55).
func (h *Hub) passedOn(r *http.Request) url.Values {
	q := r.URL.Query()
	if h.cfg.Profile == scopes.P60 {
		q.Del("display_name")
	}
	return q
}

// withNext keeps next and the other parameters across a redirect.
func withNext(target string, q url.Values) string {
	q.Del("_xsrf")
	if len(q) == 0 {
		return target
	}
	return target + "?" + q.Encode()
}

func (h *Hub) nextOr(r *http.Request, target string) string {
	if next, ok := web.ValidateNext(lastOf(r.URL.Query(), "next"), h.origins(r)...); ok {
		return next
	}
	return target
}

// spawnPending shows a start going on, or what has become of it (HB-56, HB-58). It never starts anything.
func (h *Hub) spawnPending(w http.ResponseWriter, r *http.Request, v visitor) error {
	owner, name := r.PathValue("user"), r.PathValue("server")
	if err := refusal(v.scopes.Explain([]string{"servers"}, scopes.Server(owner, name), h.roster)); err != nil {
		return err
	}
	s, ok := h.roster.server(owner, name)
	if !ok {
		return web.Errorf(http.StatusNotFound, "%s has no such server %s", owner, name)
	}
	page := pages.ServerPage{Shell: h.shellFor(w, r, v), Owner: owner, Server: name, MayStart: true}
	switch st := s.status(); {
	case st.Ready:
		web.Redirect(w, http.StatusFound, h.nextOr(r, h.userOrigin(owner)+h.serverPath(owner, name)))
	case st.Pending == pendingStop:
		h.pages.Stopping(w, page)
	case st.Pending == pendingSpawn:
		h.pages.SpawnPending(w, page)
	case st.Failure != nil:
		page.Status, page.Message = st.Failure.status, st.Failure.own
		h.pages.Failed(w, page)
	default:
		h.pages.NotRunning(w, page)
	}
	return nil
}

// stoppedServer answers for a server that has no route (HB-83 … HB-88): B+user/… was sent here as H+user/….
func (h *Hub) stoppedServer() http.Handler {
	return h.page(func(w http.ResponseWriter, r *http.Request) error {
		v, ok, err := h.identify(r)
		if err != nil {
			return err
		}
		switch r.Method {
		case http.MethodGet:
		case http.MethodPost, http.MethodPatch, http.MethodDelete:
			if v.token == nil {
				if err := h.xsrf.Check(r, v.bind(), false); err != nil {
					return err
				}
			}
			if !ok {
				return web.Errorf(http.StatusForbidden, "")
			}
		default:
			return web.Errorf(http.StatusMethodNotAllowed, "")
		}
		if !ok {
			web.Redirect(w, http.StatusFound, h.loginURL(requestURI(r)))
			return nil
		}
		s, err := h.reachable(r, v)
		if err != nil {
			return err
		}
		h.noticeDead(s)
		if r.Method != http.MethodGet || wantsJSON(r) {
			h.goneJSON(w, r, s)
			return nil
		}
		st := s.status()
		rest := h.cfg.BaseURL + strings.TrimPrefix(web.EscapedPath(r), h.site.HubPrefix())
		uri := requestURI(r)
		switch {
		case st.Ready:
			return h.sendBack(w, r, s, rest)
		case st.Pending != "" || st.Failure != nil:
			web.Redirect(w, http.StatusSeeOther, h.pendingPath(s)+"?next="+queryEscape(uri))
		default:
			mayStart := v.cookie && v.scopes.Allows("servers", scopes.Server(s.owner.name, s.name), h.roster)
			h.pages.Stopped(w, pages.ServerPage{Shell: h.shell(w, r), Owner: s.owner.name, Server: s.name, Next: uri, MayStart: mayStart,
				Status: h.stoppedStatus()})
		}
		return nil
	})
}

// reachable finds the server that a path below H+user/ means: the one named by the next segment if there is one, else the default server. Whoever has
// no access learns nothing, not even whether the user exists (HB-84).
func (h *Hub) reachable(r *http.Request, v visitor) (*server, error) {
	hidden := web.Errorf(http.StatusNotFound, "No access to resources or resources not found")
	owner := r.PathValue("user")
	candidates := []string{""}
	if rest, err := web.SplitPath(r.PathValue("rest")); err == nil && len(rest) > 0 && rest[0] != "" {
		if _, ok := h.roster.server(owner, rest[0]); ok {
			candidates = []string{rest[0], ""}
		}
	}
	for _, name := range candidates {
		if v.scopes.Allows("access:servers", scopes.Server(owner, name), h.roster) {
			if s, ok := h.roster.server(owner, name); ok {
				return s, nil
			}
		}
	}
	return nil, hidden
}

// stoppedStatus is what whoever asks for a server that does not run gets, in JSON and as a page.
func (h *Hub) stoppedStatus() int {
	if h.cfg.LegacyStoppedStatus {
		return http.StatusServiceUnavailable
	}
	return http.StatusFailedDependency
}

// goneJSON tells a script that the server does not run (HB-86).
func (h *Hub) goneJSON(w http.ResponseWriter, r *http.Request, s *server) {
	prefix := h.site.HubPrefix()
	h.site.APIHeaders(w.Header())
	web.WriteJSON(w, h.stoppedStatus(), struct {
		Message string `json:"message"`
	}{"JupyterHub server no longer running at /" + strings.TrimPrefix(web.EscapedPath(r), prefix) +
		". Restart the server at " + web.BrowserOrigin(r).String() + h.serverPage("spawn", s)})
}

// wantsJSON says whether a request prefers JSON to a page, or asks for something below "api" (HB-86).
func wantsJSON(r *http.Request) bool {
	segments, err := web.SplitPath(web.EscapedPath(r))
	if err == nil {
		for _, s := range segments {
			if s == "api" {
				return true
			}
		}
	}
	accept := strings.ToLower(r.Header.Get("Accept"))
	json, html := strings.Index(accept, "application/json"), strings.Index(accept, "text/html")
	return json >= 0 && (html < 0 || json < html)
}
