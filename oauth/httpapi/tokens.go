package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

const (
	maxTokenBody = 64 << 10
	// maxLife is the longest life that can be asked for, in seconds: a hundred years, so that nothing overflows.
	maxLife = 100 * 365 * 24 * 3600
)

// tokenModel is a token on the wire (OA-85, HB-156).
type tokenModel struct {
	User         string   `json:"user,omitempty"`
	Service      string   `json:"service,omitempty"`
	ID           string   `json:"id"`
	Kind         string   `json:"kind"`
	Roles        []string `json:"roles"` // always empty; kept for old clients
	Scopes       []string `json:"scopes"`
	Created      web.Time `json:"created"`
	LastActivity web.Time `json:"last_activity"`
	ExpiresAt    web.Time `json:"expires_at"`
	Note         string   `json:"note"`
	SessionID    *string  `json:"session_id"`
	OAuthClient  string   `json:"oauth_client"`
	Token        string   `json:"token,omitempty"` // in the answer that created it, and never again
}

func modelOf(t oauth.TokenInfo) tokenModel {
	m := tokenModel{
		ID: tokenID(t.ID), Kind: "api_token", Roles: []string{}, Scopes: t.Effective.Strings(),
		Created: web.Time{Time: t.Created}, LastActivity: web.Time{Time: t.LastActivity}, ExpiresAt: web.Time{Time: t.ExpiresAt},
		Note: t.Note, SessionID: orNull(t.SessionID), OAuthClient: t.Client,
	}
	if t.Owner.Kind == oauth.KindService {
		m.Service = t.OwnerName
	} else {
		m.User = t.OwnerName
	}
	return m
}

// gate asks for a scope on the user of the path, then for the user (HB-134): who may not know learns nothing.
func (h *Handler) gate(r *http.Request, v visitor, scope string) (oauth.OwnerRef, error) {
	name := r.PathValue("name")
	if v.anonymous() {
		return oauth.OwnerRef{}, web.Errorf(http.StatusForbidden, "Missing or invalid credentials.")
	}
	switch d := v.scopes.Explain([]string{scope}, scopes.User(name), h.cfg.Host); {
	case d.Allowed:
	case d.Hidden:
		return oauth.OwnerRef{}, web.Errorf(http.StatusNotFound, "%s", d)
	default:
		return oauth.OwnerRef{}, web.Errorf(http.StatusForbidden, "%s", d)
	}
	ref, err := h.cfg.Models.User(r.Context(), name)
	if errors.Is(err, oauth.ErrNoOwner) {
		err = web.Errorf(http.StatusNotFound, "No such user: %s", name)
	}
	return ref, err
}

func (h *Handler) listTokens(w http.ResponseWriter, r *http.Request, v visitor) error {
	ref, err := h.gate(r, v, "read:tokens")
	if err != nil {
		return err
	}
	list, err := h.cfg.Provider.Tokens(r.Context(), ref)
	if err != nil {
		return err
	}
	out := struct {
		Tokens []tokenModel `json:"api_tokens"`
	}{make([]tokenModel, 0, len(list))}
	for _, t := range list {
		out.Tokens = append(out.Tokens, modelOf(t))
	}
	web.WriteTagged(w, r, out)
	return nil
}

func (h *Handler) getToken(w http.ResponseWriter, r *http.Request, v visitor) error {
	ref, id, err := h.tokenOf(r, v, "read:tokens")
	if err != nil {
		return err
	}
	t, err := h.cfg.Provider.Token(r.Context(), ref, id)
	if err != nil {
		return noSuchToken(r, err)
	}
	web.WriteTagged(w, r, modelOf(t))
	return nil
}

func (h *Handler) deleteToken(w http.ResponseWriter, r *http.Request, v visitor) error {
	ref, id, err := h.tokenOf(r, v, "tokens")
	if err != nil {
		return err
	}
	if err := h.cfg.Provider.RevokeToken(r.Context(), ref, id); err != nil {
		return noSuchToken(r, err)
	}
	web.WriteNoContent(w)
	return nil
}

func (h *Handler) tokenOf(r *http.Request, v visitor, scope string) (oauth.OwnerRef, int64, error) {
	ref, err := h.gate(r, v, scope)
	if err != nil {
		return ref, 0, err
	}
	id, ok := parseTokenID(r.PathValue("id"))
	if !ok {
		return ref, 0, noSuchToken(r, oauth.ErrNoToken)
	}
	return ref, id, nil
}

// noSuchToken says which one, to somebody who may read the owner's tokens anyway (OA-86).
func noSuchToken(r *http.Request, err error) error {
	if errors.Is(err, oauth.ErrNoToken) {
		return web.Errorf(http.StatusNotFound, "No such token %s for user %s", r.PathValue("id"), r.PathValue("name"))
	}
	return err
}

// createToken answers POST (OA-82 … OA-84, HB-143). Who has no credential may bring one in the body; that needs no XSRF proof, since
// a foreign page does not know it (OA-87).
func (h *Handler) createToken(w http.ResponseWriter, r *http.Request, v visitor) error {
	if v.anonymous() && !h.mayLogIn(r) {
		if err := h.checkXSRF(r, v); err != nil {
			return err
		}
		return &web.Error{Status: http.StatusForbidden}
	}
	body, err := web.DecodeObject(r, maxTokenBody)
	if err != nil {
		return err
	}
	if v.anonymous() {
		if v, err = h.logIn(r, v, body["auth"]); err != nil {
			return err
		}
	}
	name := r.PathValue("name")
	ref, err := h.mayIssue(r, v, name)
	if err != nil {
		return err
	}
	order, err := decodeOrder(body)
	if err != nil {
		return err
	}
	order.Owner = ref
	if order.Note == "" {
		order.Note = "Requested via api"
		if ref != v.owner {
			order.Note += " by " + v.owner.Kind + " " + v.name
		}
	}
	t, secret, err := h.cfg.Provider.IssueToken(r.Context(), order)
	if err != nil {
		return err
	}
	model := modelOf(t)
	model.Token = secret.Reveal()
	web.NoStore(w.Header())
	web.WriteJSON(w, http.StatusCreated, model)
	return nil
}

// mayLogIn: the way is open, and no login cookie was set aside because of its form (OA-87).
func (h *Handler) mayLogIn(r *http.Request) bool {
	_, _, cookie := h.cfg.Host.Session(r)
	return h.cfg.Login != nil && !cookie
}

func (h *Handler) logIn(r *http.Request, v visitor, auth json.RawMessage) (visitor, error) {
	if absent(auth) {
		if err := h.checkXSRF(r, v); err != nil {
			return v, err
		}
		return v, &web.Error{Status: http.StatusForbidden}
	}
	ref, err := h.cfg.Login(r.Context(), auth)
	if errors.Is(err, ErrBadCredentials) {
		return v, &web.Error{Status: http.StatusForbidden}
	}
	if err != nil {
		return v, err
	}
	if v, err = h.known(r, ref, ""); err == nil && v.anonymous() {
		err = &web.Error{Status: http.StatusForbidden}
	}
	return v, err
}

// mayIssue answers the same for a user who does not exist as for one whose tokens are none of the caller's business (OA-82). A service needs
// the scope for everyone: upstream matches its filters against the wrong kind, and we are no looser.
func (h *Handler) mayIssue(r *http.Request, v visitor, name string) (oauth.OwnerRef, error) {
	allowed := v.scopes.Allows("tokens", scopes.User(name), h.cfg.Host)
	who := "User"
	if v.owner.Kind == oauth.KindService {
		who = "Service"
		allowed = v.scopes.Unfiltered("tokens")
	}
	ref, err := h.cfg.Models.User(r.Context(), name)
	if err != nil && !errors.Is(err, oauth.ErrNoOwner) {
		return ref, err
	}
	if err != nil || !allowed {
		return ref, web.Errorf(http.StatusForbidden, "%s %s not found or no permissions to generate tokens", who, name)
	}
	return ref, nil
}

// decodeOrder reads the body's fields; null is as good as absent.
func decodeOrder(body map[string]json.RawMessage) (oauth.TokenOrder, error) {
	var o oauth.TokenOrder
	for _, f := range []struct {
		name string
		into any
		want string
	}{
		{"note", &o.Note, "a string"}, {"scopes", &o.Scopes, "a list of strings"}, {"roles", &o.Roles, "a list of strings"},
	} {
		if raw := body[f.name]; !absent(raw) && !decode(raw, f.into) {
			return o, web.Errorf(http.StatusBadRequest, "%s must be %s", f.name, f.want)
		}
	}
	if raw := body["expires_in"]; !absent(raw) {
		// A fraction, an exponent, "60", true and 0 are all no life in seconds (OA-84).
		n, err := strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
		switch {
		case err != nil || n < 1:
			return o, web.Errorf(http.StatusBadRequest, "expires_in must be a positive whole number of seconds, or null")
		case n > maxLife:
			return o, web.Errorf(http.StatusBadRequest, "expires_in: %d must not exceed %d", n, maxLife)
		}
		o.ExpiresIn = time.Duration(n) * time.Second
	}
	return o, nil
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null" }

// decode refuses null inside a list, which encoding/json would take for an empty string.
func decode(raw json.RawMessage, into any) bool {
	list, isList := into.(*[]string)
	if !isList {
		return json.Unmarshal(raw, into) == nil
	}
	var items []*string
	if json.Unmarshal(raw, &items) != nil {
		return false
	}
	*list = make([]string, 0, len(items))
	for _, s := range items {
		if s == nil {
			return false
		}
		*list = append(*list, *s)
	}
	return true
}
