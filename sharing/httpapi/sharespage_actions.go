package httpapi

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/sharing"
)

// What the forms of the page ask for, by their field "action".
const (
	actGrant        = "grant"
	actLink         = "link"
	actRevoke       = "revoke"
	actDelete       = "delete"
	actDeleteAccess = "delete-access"
	actLeave        = "leave"
)

// choice is one that a form offers by a word.
type choice[T any] struct {
	Value, Text string
	means       T
}

// The choices of the forms, in order; the first is taken if nothing is said.
var (
	whatChoices = []choice[[]string]{
		{"access", "Use the server", []string{"access:servers"}},
		{"servers", "Use the server, start and stop it", []string{"access:servers", "servers"}},
	}
	lastsChoices = []choice[sharing.Terms]{
		{"forever", "Until I take it away", sharing.Terms{}},
		{"hour", "For an hour", sharing.Terms{Lifetime: time.Hour}},
		{"day", "For a day", sharing.Terms{Lifetime: 24 * time.Hour}},
		{"week", "For a week", sharing.Terms{Lifetime: 7 * 24 * time.Hour}},
		{"session", "Until the server stops", sharing.Terms{Session: true}},
	}
	worksChoices = []choice[time.Duration]{
		{"day", "For a day", 24 * time.Hour},
		{"hour", "For an hour", time.Hour},
		{"week", "For a week", 7 * 24 * time.Hour},
	}
	kindChoices = []choice[string]{
		{sharing.KindUser, "A user", sharing.KindUser},
		{sharing.KindGroup, "A group", sharing.KindGroup},
	}
)

// chosen is what a form's word means. A word that was not offered is an error that names the field.
func chosen[T any](form url.Values, field string, offered []choice[T]) (T, error) {
	word := last(form[field])
	if word == "" {
		return offered[0].means, nil
	}
	for _, c := range offered {
		if c.Value == word {
			return c.means, nil
		}
	}
	var none T
	return none, web.Errorf(http.StatusBadRequest, "%s: not one of the choices", field)
}

// act does what a form asks for. All that the form says about whose and what is checked by the service, as if nobody had printed it.
func (h *Handler) act(r *http.Request, by sharing.Caller, form url.Values) (outcome, error) {
	svc, n := h.cfg.Service, formServer(form)
	grantee := sharing.GranteeName{Kind: exact(form, "kind"), Name: exact(form, "grantee")}
	switch exact(form, "action") {
	case actGrant:
		return outcome{done: "granted"}, h.grantByForm(r, by, n, form)
	case actLink:
		link, err := h.linkByForm(r, by, n, form)
		return outcome{link: link}, err
	case actRevoke:
		_, err := svc.Revoke(r.Context(), by, sharing.RevokeRequest{Server: n, Grantee: grantee})
		return outcome{done: "revoked"}, err
	case actDelete:
		return outcome{done: "deleted"}, svc.DeleteCodeByID(r.Context(), by, sharing.DeleteRequest{Server: n}, exact(form, "id"))
	case actDeleteAccess:
		return outcome{done: "access-deleted"}, svc.DeleteCodeByID(r.Context(), by, sharing.DeleteRequest{Server: n, Cascade: true}, exact(form, "id"))
	case actLeave:
		return outcome{done: "left"}, svc.Leave(r.Context(), by, grantee, n)
	}
	return outcome{}, web.Errorf(http.StatusBadRequest, "action: not one that this page has")
}

func (h *Handler) grantByForm(r *http.Request, by sharing.Caller, n sharing.ServerName, form url.Values) error {
	kind, err := chosen(form, "kind", kindChoices)
	if err != nil {
		return err
	}
	what, err := chosen(form, "what", whatChoices)
	if err != nil {
		return err
	}
	terms, err := chosen(form, "lasts", lastsChoices)
	if err != nil {
		return err
	}
	_, err = h.cfg.Service.Grant(r.Context(), by, sharing.GrantRequest{
		Server: n, Grantee: sharing.GranteeName{Kind: kind, Name: last(form["grantee"])}, Scopes: what, Terms: terms,
	})
	return err
}

// linkByForm makes a link, and gives it whole.
func (h *Handler) linkByForm(r *http.Request, by sharing.Caller, n sharing.ServerName, form url.Values) (string, error) {
	what, err := chosen(form, "what", whatChoices)
	if err != nil {
		return "", err
	}
	terms, err := chosen(form, "lasts", lastsChoices)
	if err != nil {
		return "", err
	}
	works, err := chosen(form, "works", worksChoices)
	if err != nil {
		return "", err
	}
	uses, err := usesOf(last(form["uses"]))
	if err != nil {
		return "", err
	}
	code, secret, err := h.cfg.Service.CreateCode(r.Context(), by, sharing.CodeRequest{
		Server: n, Scopes: what, Lifetime: works, MaxUses: uses, Domain: last(form["domain"]), Note: last(form["note"]), Terms: terms,
	})
	if err != nil {
		return "", err
	}
	origin := h.public
	if origin.Host == "" {
		origin = web.BrowserOrigin(r)
	}
	return origin.String() + h.newCodeModel(code, secret).AcceptURL, nil
}

// usesOf reads how often a link may be used; nothing = as often as one likes.
func usesOf(typed string) (int, error) {
	if typed == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(typed)
	if err != nil || n < 1 || n > sharing.MaxUses {
		return 0, web.Errorf(http.StatusBadRequest, "uses: must be from 1 to %d, or empty", sharing.MaxUses)
	}
	return n, nil
}

func formServer(form url.Values) sharing.ServerName {
	return sharing.ServerName{Owner: exact(form, "owner"), Name: exact(form, "server")}
}

// exact is the value that counts of a field that a page of ours filled in, as it is: names are compared exactly (SH-172).
func exact(form url.Values, field string) string {
	if values := form[field]; len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}
