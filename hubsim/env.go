package hubsim

import (
	"encoding/json"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// serverEnv is what a server is told at its start (HB-103). token is its secret.
func (h *Hub) serverEnv(s *server, token string) map[string]string {
	prefix := h.serverPath(s.owner.name, s.name)
	access := toJSON([]string{
		scopes.Server(s.owner.name, s.name).Scope("access:servers").String(),
		scopes.User(s.owner.name).Scope("access:servers").String(),
	})
	api := h.origin + h.site.HubPrefix() + "api"
	publicHub, publicServer := "", ""
	if h.cfg.PublicURL != "" {
		publicHub, publicServer = h.cfg.PublicURL+h.site.HubPrefix(), h.cfg.PublicURL+prefix
	}
	return map[string]string{
		"JUPYTERHUB_API_TOKEN":                   token,
		"JPY_API_TOKEN":                          token,
		"JUPYTERHUB_CLIENT_ID":                   oauth.ServerClientID(s.owner.name, s.name),
		"JUPYTERHUB_HOST":                        "",
		"JUPYTERHUB_OAUTH_CALLBACK_URL":          prefix + "oauth_callback",
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
