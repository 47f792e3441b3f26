package hubsim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/hubshare/hubshare/scopes"
)

// ServiceEnv gives what a service finds in its environment, as sorted "NAME=value" (HB-160): for starting one by hand that has no Command.
// Its token is among it; of a service that was made through the API (OA-14) only until the hub ends: after that, its maker alone has it. Error: [ErrNoSuchService].
func (h *Hub) ServiceEnv(name string) ([]string, error) {
	s := h.services.named(name)
	if s == nil {
		return nil, fmt.Errorf("environment of service %s: %w", name, ErrNoSuchService)
	}
	env := h.serviceEnv(s)
	out := make([]string, 0, len(env))
	for _, k := range slices.Sorted(maps.Keys(env)) {
		out = append(out, k+"="+env[k])
	}
	return out, nil
}

// serviceEnv is the environment of a service: what its configuration adds wins, except over who and where it is (HB-160, OA-120).
func (h *Hub) serviceEnv(s *service) map[string]string {
	access := toJSON([]string{"access:services", scopes.Service(s.Name).Scope("access:services").String()})
	hub := h.site.HubPrefix()
	env := map[string]string{
		"JUPYTERHUB_API_TOKEN":                   s.token.Reveal(),
		"JPY_API_TOKEN":                          s.token.Reveal(),
		"JUPYTERHUB_CLIENT_ID":                   s.clientID(),
		"JUPYTERHUB_HOST":                        h.hubHost(),
		"JUPYTERHUB_OAUTH_CALLBACK_URL":          h.redirectURI(s),
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES":         access,
		"JUPYTERHUB_OAUTH_SCOPES":                access,
		"JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES": "[]", // OA-E7
		"JUPYTERHUB_USER":                        "",
		"JUPYTERHUB_SERVER_NAME":                 "",
		"JUPYTERHUB_API_URL":                     h.inner + hub + "api",
		"JUPYTERHUB_BASE_URL":                    h.cfg.BaseURL,
		"JUPYTERHUB_PUBLIC_URL":                  "",
		"JUPYTERHUB_PUBLIC_HUB_URL":              "",
		"JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED":  "0",
	}
	if h.cfg.PublicURL != "" {
		env["JUPYTERHUB_PUBLIC_HUB_URL"] = h.cfg.PublicURL + hub
		if s.URL != "" {
			env["JUPYTERHUB_PUBLIC_URL"] = cmp.Or(h.serviceOrigin(s.Name), h.cfg.PublicURL) + h.servicePath(s.Name)
		}
	}
	maps.Copy(env, tlsEnv(h.cfg.InternalTLS))
	maps.Copy(env, s.Environment)
	env["JUPYTERHUB_SERVICE_NAME"] = s.Name
	if s.URL != "" {
		env["JUPYTERHUB_SERVICE_URL"] = s.address()
		env["JUPYTERHUB_SERVICE_PREFIX"] = h.servicePath(s.Name)
	}
	return env
}
