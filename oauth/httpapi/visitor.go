package httpapi

import (
	"errors"
	"fmt"
	"mime"
	"net/http"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// visitor is who makes a request, and what they may do.
type visitor struct {
	owner   oauth.OwnerRef // zero: nobody we know
	name    string
	scopes  scopes.Set
	session string // the browser session of a cookie caller, or of an anonymous one
	token   *oauth.Identity
}

func (v visitor) anonymous() bool { return v.owner == oauth.OwnerRef{} }

// asOwner is the visitor as the scope engine knows them.
func (v visitor) asOwner() scopes.Owner { return scopes.Owner{Kind: v.owner.Kind, Name: v.name} }

// identify tries the Authorization header, then the login cookie (OA-70, HB-130). A token that identifies nobody is as good as none.
func (h *Handler) identify(r *http.Request) (visitor, error) {
	if secret, ok := web.BearerToken(r); ok {
		id, err := h.cfg.Provider.Authenticate(r.Context(), secret)
		if err == nil {
			return visitor{owner: id.Owner, name: id.Name, scopes: id.Effective, token: &id}, nil
		}
		if !errors.Is(err, oauth.ErrNoToken) {
			return visitor{}, fmt.Errorf("authenticate: %w", err)
		}
	}
	user, session, ok := h.cfg.Host.Session(r)
	if !ok || foreignForm(r) {
		return visitor{session: session}, nil
	}
	return h.known(r, user, session)
}

// known looks up whom the host identified. A login that outlived its user is anonymous.
func (h *Handler) known(r *http.Request, ref oauth.OwnerRef, session string) (visitor, error) {
	o, err := h.cfg.Host.Owner(r.Context(), ref)
	if errors.Is(err, oauth.ErrNoOwner) {
		return visitor{session: session}, nil
	}
	if err != nil {
		return visitor{}, fmt.Errorf("look up the visitor: %w", err)
	}
	return visitor{owner: ref, name: o.Name, scopes: o.Held, session: session}, nil
}

// foreignForm: a POST that a form on another site could have made brings no cookie's authority (HB-131, SH-51).
func foreignForm(r *http.Request) bool {
	given := r.Header.Get("Content-Type")
	if r.Method != http.MethodPost || given == "" {
		return false
	}
	kind, _, err := mime.ParseMediaType(given)
	return err != nil || kind != "application/json"
}

// checkXSRF: callers known by cookie, and anonymous ones (OA-96, OA-97, HB-41).
func (h *Handler) checkXSRF(r *http.Request, v visitor) error {
	if v.token != nil {
		return nil
	}
	return h.xsrf.Check(r, web.Bind{Session: v.session, User: v.owner.ID}, true)
}
