package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// whose answers, for clients from before "who am I", whose a token in the path is (OA-80). Only who brings a token of their own may ask, and
// learns what that token may read of the owner, the name at least. Looking is using: it counts as the token's activity.
func (h *Handler) whose(w http.ResponseWriter, r *http.Request, v visitor) error {
	if v.token == nil {
		return &web.Error{Status: http.StatusForbidden}
	}
	id, err := h.cfg.Provider.Authenticate(r.Context(), r.PathValue("token"))
	if errors.Is(err, oauth.ErrNoToken) {
		return &web.Error{Status: http.StatusNotFound}
	}
	if err != nil {
		return err
	}
	owner := visitor{owner: id.Owner, name: id.Name}.asOwner()
	reads := scopes.Union(v.scopes, scopes.SetOf(owner.Identify()...))
	model, err := h.cfg.Models.Model(r.Context(), id.Owner, View{
		Fields: h.cfg.Provider.Registry().Fields(reads, scopes.Resource{Kind: id.Owner.Kind, Name: id.Name}, h.cfg.Host),
		Scopes: reads,
	})
	if err != nil {
		return err
	}
	web.WriteTagged(w, r, model)
	return nil
}

// movedTokens: tokens have been made elsewhere for a long time (OA-80).
func movedTokens(http.ResponseWriter, *http.Request, visitor) error {
	return web.Errorf(http.StatusNotFound, "This endpoint is gone. Make tokens with POST users/NAME/tokens instead.")
}

const legacyPrefix = "api/authorizations/token/"

// logURL is an address without the secrets in it (OA-192).
func (h *Handler) logURL(r *http.Request) string {
	if prefix := h.site.HubPrefix() + legacyPrefix; strings.HasPrefix(web.EscapedPath(r), prefix) {
		return prefix + "REDACTED"
	}
	return web.ScrubURL(r.URL.String())
}
