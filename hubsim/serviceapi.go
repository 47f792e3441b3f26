package hubsim

import (
	"net/http"
	"slices"

	"github.com/hubshare/hubshare/hubsim/pages"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
)

// readsService are the scopes any of which opens a service's model (HB-147).
var readsService = []string{"read:services", "read:services:name", "read:roles:services"}

// listServices gives by name those services that the caller may list (HB-147, SC-96).
func (h *Hub) listServices(w http.ResponseWriter, r *http.Request, v visitor) error {
	if !v.scopes.Holds("list:services") {
		return refusal(v.scopes.Explain([]string{"list:services"}, scopes.Resource{}, h.roster))
	}
	out := map[string]map[string]any{}
	for _, s := range h.services.all() {
		if on := scopes.Service(s.Name); v.scopes.Allows("list:services", on, h.roster) {
			out[s.Name] = h.serviceModel(s, h.registry.Fields(v.scopes, on, h.roster))
		}
	}
	web.WriteTagged(w, r, out)
	return nil
}

func (h *Hub) getService(w http.ResponseWriter, r *http.Request, v visitor) error {
	on := scopes.Service(r.PathValue("service"))
	if err := refusal(v.scopes.Explain(readsService, on, h.roster)); err != nil {
		return err
	}
	s := h.services.named(on.Name)
	if s == nil {
		return web.Errorf(http.StatusNotFound, "No such service: %s", shortened(on.Name))
	}
	web.WriteTagged(w, r, h.serviceModel(s, h.registry.Fields(v.scopes, on, h.roster)))
	return nil
}

// serviceModel is a service cut to some fields (HB-155).
func (h *Hub) serviceModel(s *service, fields []string) map[string]any {
	prefix, info := "", s.Info
	if s.URL != "" {
		prefix = h.servicePath(s.Name)
	}
	if info == nil {
		info = map[string]any{}
	}
	all := map[string]any{
		"kind": scopes.KindService, "name": s.Name, "admin": slices.Contains(s.roles, "admin"), "roles": orEmpty(s.roles), "url": s.address(), "prefix": prefix,
		"command": orEmpty(s.Command), "pid": s.pid(), "info": info, "display": s.Display == nil || *s.Display,
	}
	out := map[string]any{}
	for _, f := range fields {
		out[f] = all[f]
	}
	return out
}

// ownModel is a service's model as it sees itself: that answer tells nothing of its pages (HB-155).
func (h *Hub) ownModel(s *service, fields []string) map[string]any {
	out := h.serviceModel(s, fields)
	for _, f := range []string{"url", "info", "display"} {
		if _, ok := out[f]; ok {
			out[f] = nil
		}
	}
	return out
}

// serviceMenu lists the services that are shown to somebody: those that they may reach (HB-48, SC-433).
func (h *Hub) serviceMenu(held scopes.Set) (menu []pages.Service) {
	for _, s := range h.services.all() {
		if s.displayed() && held.Contains(scopes.Service(s.Name).Scope("access:services")) {
			menu = append(menu, pages.Service{Name: s.Name, URL: h.serviceOrigin(s.Name) + h.servicePath(s.Name)})
		}
	}
	return menu
}
