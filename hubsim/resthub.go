package hubsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"runtime"
	"slices"

	"github.com/hubshare/hubshare/internal/web"
)

// info answers GET /info (HB-137). There is no Python behind this hub, and it says so rather than naming one.
func (h *Hub) info(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := h.demand(v, "read:hub"); err != nil {
		return err
	}
	type class struct {
		Class   string `json:"class"`
		Version string `json:"version"`
	}
	web.WriteTagged(w, r, struct {
		Version       string `json:"version"`
		Python        string `json:"python"`
		Executable    string `json:"sys_executable"`
		Spawner       class  `json:"spawner"`
		Authenticator class  `json:"authenticator"`
	}{h.cfg.Version, "none (" + runtime.Version() + ")", "", class{"hubsim.Spawner", h.cfg.Version}, class{"hubsim.DummyAuthenticator", h.cfg.Version}})
	return nil
}

// proxyRoute is one entry of the routing table (HB-79).
type proxyRoute struct {
	Spec   string    `json:"routespec"`
	Target string    `json:"target"`
	Data   routeData `json:"data"`
}

// routeData says what a route is for: the hub, a user's server, or a service.
type routeData struct {
	Hub          bool      `json:"hub,omitempty"`
	User         *string   `json:"user,omitempty"`
	ServerName   *string   `json:"server_name,omitempty"`
	Service      string    `json:"service,omitempty"`
	LastActivity *web.Time `json:"last_activity,omitempty"`
}

// routeTable is what the proxy does at this moment, by route.
func (h *Hub) routeTable() map[string]proxyRoute {
	table := map[string]proxyRoute{h.cfg.BaseURL: {Spec: h.cfg.BaseURL, Target: h.inner, Data: routeData{Hub: true}}}
	for _, s := range h.roster.allServers() {
		target, at := s.reached()
		if target == "" {
			continue
		}
		path := h.serverPath(s.owner.name, s.name)
		table[path] = proxyRoute{path, target, routeData{User: &s.owner.name, ServerName: &s.name, LastActivity: &at}}
	}
	for _, s := range h.services.all() {
		if target := s.address(); target != "" {
			path := h.cfg.BaseURL + "services/" + web.EscapeSegment(s.Name) + "/"
			table[path] = proxyRoute{path, target, routeData{Service: s.Name}}
		}
	}
	return table
}

// reached is where a ready server answers, "" if it is not, and when it was last used.
func (s *server) reached() (target string, at web.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ready || s.pending != "" || s.process == nil {
		return "", at
	}
	u := s.process.URL()
	return u.Scheme + "://" + u.Host, web.Time{Time: s.lastActivity}
}

// getProxy is GET /proxy: the routing table, or a part of it in the order of routes (HB-79, HB-136).
func (h *Hub) getProxy(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := h.demand(v, "proxy"); err != nil {
		return err
	}
	page, err := web.ParsePage(r, h.cfg.Limits.pages())
	if err != nil {
		return err
	}
	table := h.routeTable()
	part := map[string]proxyRoute{}
	for _, spec := range window(slices.Sorted(maps.Keys(table)), page.Offset, page.Limit) {
		part[spec] = table[spec]
	}
	writeList(w, r, page, part, len(table))
	return nil
}

// checkProxy is POST /proxy. Routes and servers are one thing here, so there is nothing to bring in line but servers that ended by themselves.
func (h *Hub) checkProxy(w http.ResponseWriter, _ *http.Request, v visitor) error {
	if err := h.demand(v, "proxy"); err != nil {
		return err
	}
	for _, s := range h.roster.allServers() {
		h.noticeDead(s)
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// moveProxy is PATCH /proxy. The proxy is a part of this hub and stays where it is; who manages another one is told nothing else (HB-79).
func (h *Hub) moveProxy(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := h.demand(v, "proxy"); err != nil {
		return err
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || len(raw) > maxBody:
		return web.Errorf(http.StatusRequestEntityTooLarge, "")
	case len(raw) == 0:
		return web.Errorf(http.StatusBadRequest, "need JSON body")
	case err != nil || !json.Valid(raw) || !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")):
		return web.Errorf(http.StatusBadRequest, "Request body must be JSON dict")
	}
	var where map[string]json.RawMessage
	if err := json.Unmarshal(raw, &where); err != nil {
		return web.Errorf(http.StatusBadRequest, "Request body must be JSON dict")
	}
	for _, key := range []string{"api_url", "auth_token"} {
		if value, ok := where[key]; ok && kindOf(value) != kindString {
			return web.Errorf(http.StatusBadRequest, "%s must be str, not <class '%s'>", key, kindOf(value))
		}
	}
	h.log.Info("another proxy was announced, and stays unused: this hub has its own", "by", v.ref.Name)
	w.WriteHeader(http.StatusOK)
	return nil
}
