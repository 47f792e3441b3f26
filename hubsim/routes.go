package hubsim

import (
	"net/http"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
)

// buildRoutes registers the hub's own paths; those of sharing and oauth are asked first (see serveHub).
func (h *Hub) buildRoutes() {
	rt := &web.Router{
		NotFound: http.HandlerFunc(h.notFound),
		BadPath:  h.page(func(http.ResponseWriter, *http.Request) error { return web.Errorf(http.StatusBadRequest, "") }),
	}
	h.routes = rt
	prefix := h.site.HubPrefix()
	pages := map[string]http.Handler{
		"":                              h.getPage(h.root),
		"login":                         h.login(),
		"logout":                        h.logout(),
		"home":                          h.getPage(h.home),
		"token":                         h.getPage(h.tokenPage),
		"spawn":                         h.spawn(),
		"spawn/{user}":                  h.spawn(),
		"spawn/{user}/{server?}":        h.spawn(),
		"spawn-pending/{user}":          h.getPage(h.spawnPending),
		"spawn-pending/{user}/{server}": h.getPage(h.spawnPending),
		"user/{user}":                   h.stoppedServer(),
		"user/{user}/{rest...}":         h.stoppedServer(),
		"user-redirect/{rest...}":       h.getPage(h.userRedirect),
		"admin":                         h.getPage(h.admin),
		"metrics":                       h.metrics(),
		"api/metrics":                   h.metrics(),
		"error/{code}":                  h.errorByCode(),
		"security/csp-report":           h.cspReport(),
		"health":                        h.health(),
		"api/health":                    h.health(),
		"logo":                          h.pages.Logo(),
		"static/{rest...}":              h.pages.Static(),
		"api":                           h.version(),
		"api/openapi.json":              h.description(),
		"api/":                          h.version(),
		"api/users/{user}":              h.api(h.userCalls()),
		"api/users":                     h.api(map[string]apiCall{http.MethodGet: h.listUsers, http.MethodPost: h.createUsers}),
		"api/groups":                    h.api(map[string]apiCall{http.MethodGet: h.listGroups, http.MethodPost: h.createGroups}),
		"api/groups/{group}":            h.api(map[string]apiCall{http.MethodGet: h.getGroup, http.MethodPost: h.createGroup, http.MethodDelete: h.deleteGroup}),
		"api/groups/{group}/users":      h.api(map[string]apiCall{http.MethodPost: h.changeMembers(true), http.MethodDelete: h.changeMembers(false)}),
		"api/groups/{group}/properties": h.api(map[string]apiCall{http.MethodPut: h.setProperties}),
		"api/proxy":                     h.api(map[string]apiCall{http.MethodGet: h.getProxy, http.MethodPost: h.checkProxy, http.MethodPatch: h.moveProxy}),
		"api/info":                      h.api(map[string]apiCall{http.MethodGet: h.info}),
		"api/users/{user}/activity":     h.api(map[string]apiCall{http.MethodPost: h.activity}),
		"api/services":                  h.api(map[string]apiCall{http.MethodGet: h.listServices}),
		"api/services/{service}":        h.api(map[string]apiCall{http.MethodGet: h.getService, http.MethodPost: h.createService, http.MethodDelete: h.deleteService}),
	}
	server := h.api(h.serverCalls())
	stream := h.api(map[string]apiCall{http.MethodGet: h.progressStream})
	pages["api/users/{user}/server"], pages["api/users/{user}/servers/{server?}"] = server, server
	pages["api/users/{user}/server/progress"], pages["api/users/{user}/servers/{server?}/progress"] = stream, stream
	for pattern, handler := range pages {
		rt.Handle(prefix+pattern, handler)
	}
}

// userRedirect leads to the visitor's own server, starting it if need be (HB-16).
func (h *Hub) userRedirect(w http.ResponseWriter, r *http.Request, v visitor) error {
	next := h.serverPath(v.account.Name, "") + r.PathValue("rest")
	if r.URL.RawQuery != "" {
		next += "?" + r.URL.RawQuery
	}
	web.Redirect(w, http.StatusFound, h.site.HubPrefix()+"spawn/"+web.EscapeSegment(v.account.Name)+"?next="+queryEscape(next))
	return nil
}

// health answers whoever asks, as long as the hub does (HB-17).
func (h *Hub) health() http.Handler {
	return h.page(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return h.refuseMethod(r)
		}
		w.WriteHeader(http.StatusOK)
		return nil
	})
}

// witness, when a test of this package has set it, sees what every hub answers, before a fault changes it.
var witness func(cfg Config, hub http.Handler) http.Handler

// witnessed is the hub itself, without its proxy.
func (h *Hub) witnessed() http.Handler {
	hub := http.Handler(http.HandlerFunc(h.serveHub))
	if witness != nil {
		hub = witness(h.cfg, hub)
	}
	return hub
}

// notFound answers below H: JSON for the API, a page for the rest (HB-21).
func (h *Hub) notFound(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(web.EscapedPath(r), h.site.HubPrefix()+"api/") {
		if e := entryOf(r); e != nil {
			e.unknownPath = true
		}
		h.site.APIHeaders(w.Header())
		web.WriteError(w, web.Errorf(http.StatusNotFound, ""))
		return
	}
	h.errorPage(w, r, web.Errorf(http.StatusNotFound, ""))
}

// handler is what listeners lead to: proxy and hub behind one log.
func (h *Hub) handler() http.Handler {
	front := h.logged(h.byHost(h.proxy, h.alone))
	if h.cfg.Control != nil {
		front = h.controlled(front)
	}
	if h.cfg.Keys > 0 {
		front = h.keyed(front)
	}
	return front
}

// serveHub answers whatever is routed to no server.
func (h *Hub) serveHub(w http.ResponseWriter, r *http.Request) {
	noteHub(r)
	h.site.PageHeaders(w.Header()) // on every answer (HB-6); the API's handlers set theirs instead
	path := web.EscapedPath(r)
	if _, err := web.SplitPath(path); err != nil {
		h.errorPage(w, r, web.Errorf(http.StatusBadRequest, ""))
		return
	}
	if !h.below(path) {
		h.outside(w, r, path)
		return
	}
	r = h.withSession(w, r)
	defer noteHandler(r)
	switch {
	case h.sharingHTTP.Owns(r):
		h.sharingHTTP.ServeHTTP(w, r)
	case h.oauthHTTP.Owns(r):
		h.oauthHTTP.ServeHTTP(w, r)
	default:
		h.routes.ServeHTTP(w, r)
	}
}

// below says whether an escaped path lies under H. It compares what the escapes mean, since a client may write them otherwise.
func (h *Hub) below(path string) bool {
	segments, err := web.SplitPath(path)
	if err != nil {
		return false
	}
	base, err := web.SplitPath(h.site.HubPrefix())
	if err != nil || len(segments) < len(base) {
		return false
	}
	for i, s := range base[:len(base)-1] { // the last one is empty, behind the slash
		if segments[i] != s {
			return false
		}
	}
	return true
}

// outside answers paths of the hub's listener that are not under H (HB-10, HB-11, HB-18). Neither cookies nor tokens are looked at there.
func (h *Hub) outside(w http.ResponseWriter, r *http.Request, path string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if err := h.xsrf.Check(r, web.Bind{}, false); err != nil {
			h.errorPage(w, r, err)
			return
		}
	}
	base := h.cfg.BaseURL
	rest, under := strings.CutPrefix(path, base)
	query := ""
	if r.URL.RawQuery != "" {
		query = "?" + r.URL.RawQuery
	}
	switch {
	case r.Method != http.MethodGet:
		h.errorPage(w, r, web.Errorf(http.StatusMethodNotAllowed, ""))
	case path+"/" == base || path+"/" == h.site.HubPrefix():
		web.Redirect(w, http.StatusMovedPermanently, path+"/"+query)
	case !under:
		h.errorPage(w, r, web.Errorf(http.StatusNotFound, ""))
	case rest == "favicon.ico":
		h.pages.Favicon().ServeHTTP(w, r)
	case rest == "robots.txt":
		h.errorPage(w, r, web.Errorf(http.StatusNotFound, ""))
	case lacksSlash(rest):
		web.Redirect(w, http.StatusMovedPermanently, path+"/"+query)
	default:
		web.Redirect(w, http.StatusFound, h.site.HubPrefix()+rest+query)
	}
}

// lacksSlash: user/NAME and services/NAME get their slash first.
func lacksSlash(rest string) bool {
	kind, name, ok := strings.Cut(rest, "/")
	return ok && (kind == "user" || kind == "services") && name != "" && !strings.Contains(name, "/")
}
