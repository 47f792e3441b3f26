package hubsim

import (
	"encoding/json"
	"net/http"

	"github.com/hubshare/hubshare/internal/apidoc"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
)

// variant says which of the described hubs this one is.
func (c Config) variant() apidoc.Variant {
	return apidoc.Variant{Prefix: web.Site{BaseURL: c.BaseURL}.HubPrefix(), Version: c.Version, Profile60: c.Profile == scopes.P60, Extensions: c.Extensions,
		Docs2: c.Docs2}
}

// description answers GET api/openapi.json: the REST API of this very hub, in OpenAPI 3.1. A JupyterHub has no such address. Like the version it is open to everybody:
// there is nothing in it that is not in the documentation.
func (h *Hub) description() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.site.APIHeaders(w.Header())
		switch r.Method {
		case http.MethodGet:
			text, err := apidoc.Describe(h.cfg.variant())
			if err != nil {
				web.WriteError(w, h.clientError(r, err))
				return
			}
			web.WriteTagged(w, r, json.RawMessage(text))
		case http.MethodOptions:
			w.WriteHeader(http.StatusOK)
		default:
			web.WriteError(w, web.Errorf(http.StatusMethodNotAllowed, ""))
		}
	})
}
