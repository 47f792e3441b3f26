package hubsim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// serverEnv is what a server is told at its start (HB-103). token is its secret.
func (h *Hub) serverEnv(s *server, token string) map[string]string {
	prefix := h.serverPath(s.owner.name, s.name)
	access := toJSON([]string{
		scopes.Server(s.owner.name, s.name).Scope("access:servers").String(),
		scopes.User(s.owner.name).Scope("access:servers").String(),
	})
	api := h.inner + h.site.HubPrefix() + "api"
	publicHub, publicServer := "", ""
	if h.cfg.PublicURL != "" {
		publicHub, publicServer = h.cfg.PublicURL+h.site.HubPrefix(), cmp.Or(h.userOrigin(s.owner.name), h.cfg.PublicURL)+prefix
	}
	// JUPYTERHUB_HOST stays empty under a public address: HB-103 has it so, OA-116 otherwise. Browsers reach servers and hub at one host all the
	// same, and an empty one is right at every address that the hub is reached by, also where people do not use the public one.
	env := map[string]string{
		"JUPYTERHUB_API_TOKEN":                   token,
		"JPY_API_TOKEN":                          token,
		"JUPYTERHUB_CLIENT_ID":                   oauth.ServerClientID(s.owner.name, s.name),
		"JUPYTERHUB_HOST":                        h.hubHost(),
		"JUPYTERHUB_OAUTH_CALLBACK_URL":          h.userOrigin(s.owner.name) + prefix + "oauth_callback",
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES":         access,
		"JUPYTERHUB_OAUTH_SCOPES":                access,
		"JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES": toJSON(scopes.Strings(h.clientScopes)),
		"JUPYTERHUB_USER":                        s.owner.name,
		"JUPYTERHUB_SERVER_NAME":                 s.name,
		"JUPYTERHUB_API_URL":                     api,
		"JUPYTERHUB_ACTIVITY_URL":                api + "/users/" + web.EscapeSegment(s.owner.name) + "/activity",
		"JUPYTERHUB_BASE_URL":                    h.cfg.BaseURL,
		"JUPYTERHUB_SERVICE_PREFIX":              prefix,
		"JUPYTERHUB_PUBLIC_URL":                  publicServer,
		"JUPYTERHUB_PUBLIC_HUB_URL":              publicHub,
		"JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED":  "0",
		"USER":                                   s.owner.name,
	}
	maps.Copy(env, h.cfg.SingleUser.Hints.env())
	maps.Copy(env, tlsEnv(h.cfg.InternalTLS))
	if h.cfg.SingleUser.DefaultURL != "" {
		env["JUPYTERHUB_DEFAULT_URL"] = h.cfg.SingleUser.DefaultURL
	}
	return env
}

// ServerEnv gives what a user's server finds in its environment, as sorted "NAME=value" (HB-103): for running one by hand that is attached (HB-181). Its
// token is among it, which is good until the server stops. It has to be starting or running. A server that is attached is told where to listen.
func (h *Hub) ServerEnv(user, name string) ([]string, error) {
	s, ok := h.roster.server(user, name)
	if !ok {
		return nil, fmt.Errorf("environment of the server of %s: %w", user, sharing.ErrNoSuchServer)
	}
	s.mu.Lock()
	env := maps.Clone(s.env)
	s.mu.Unlock()
	if env == nil {
		return nil, fmt.Errorf("environment of the server of %s: it is neither starting nor running", user)
	}
	if h.kindOf(user, name) == KindURL {
		address := h.cfg.SingleUser.URL
		if c, ok := h.configured(user, name); ok {
			address = c.URL
		}
		env["JUPYTERHUB_SERVICE_URL"] = strings.TrimSuffix(address, "/") + h.serverPath(user, name)
	}
	out := make([]string, 0, len(env))
	for _, k := range slices.Sorted(maps.Keys(env)) {
		out = append(out, k+"="+env[k])
	}
	return out, nil
}

func toJSON(list []string) string {
	if list == nil {
		list = []string{}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(list); err != nil {
		return "[]" // strings always encode
	}
	return strings.TrimSpace(b.String())
}
