package httpapi

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// whoAmI gives the visitor's own model, as far as the credential may read it (OA-70, HB-138).
func (h *Handler) whoAmI(w http.ResponseWriter, r *http.Request, v visitor) error {
	if v.anonymous() {
		return &web.Error{Status: http.StatusForbidden}
	}
	// Every credential may learn whose it is. What is added for that alone is not listed (OA-71, SC-359).
	reads := scopes.Union(v.scopes, scopes.SetOf(v.asOwner().Identify()...))
	model, err := h.cfg.Models.Model(r.Context(), v.owner, View{
		Fields:  h.cfg.Provider.Registry().Fields(reads, scopes.Resource{Kind: v.owner.Kind, Name: v.name}, h.cfg.Host),
		Scopes:  reads,
		Stopped: flag(r, "include_stopped_servers"),
		Token:   v.token,
	})
	if errors.Is(err, oauth.ErrNoOwner) {
		return &web.Error{Status: http.StatusForbidden} // deleted since they were identified
	}
	if err != nil {
		return err
	}
	model["token_id"], model["session_id"] = nil, nil
	if v.token != nil {
		model["token_id"] = tokenID(v.token.TokenID)
		model["session_id"] = orNull(v.token.SessionID)
	}
	model["scopes"] = v.scopes.Strings()
	if h.cfg.Docs2 {
		asDocs2(model, v)
	}
	web.WriteTagged(w, r, model)
	return nil
}

// asDocs2 takes out what the hub of the documentation did not know yet (OA-121).
func asDocs2(model map[string]any, v visitor) {
	delete(model, "token_id")
	delete(model, "user_info")
	hidden := map[string]bool{}
	if v.token != nil && v.token.ClientID != "" {
		for _, s := range v.asOwner().Identify() {
			hidden[s.String()] = true
		}
	}
	model["scopes"] = slices.DeleteFunc(v.scopes.Strings(), func(s string) bool {
		base, _, _ := strings.Cut(s, "!")
		return hidden[s] || base == "shares" || strings.HasSuffix(base, ":shares")
	})
}

// flag: given without a value means yes (HB-150).
func flag(r *http.Request, name string) bool {
	values, ok := r.URL.Query()[name]
	if !ok {
		return false
	}
	v := values[len(values)-1]
	return v != "0" && !strings.EqualFold(v, "false")
}

// tokenID is how ids of tokens look on the wire (HB-8).
func tokenID(id int64) string { return "a" + strconv.FormatInt(id, 10) }

func parseTokenID(text string) (int64, bool) {
	digits, ok := strings.CutPrefix(text, "a")
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, ok && err == nil && id > 0 && tokenID(id) == text
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
