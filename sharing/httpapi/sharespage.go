package httpapi

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/sharing"
)

// sharesPage is where users look at what they share and what is shared with them, and change it. It is no page of a JupyterHub's. Its visitors
// are known by the login cookie alone, like those of the accept page (SH-50), and it changes nothing that [sharing.Service] does not let them change.
func (h *Handler) sharesPage(w http.ResponseWriter, r *http.Request) {
	h.acceptHeaders(w)
	var err error
	switch r.Method {
	case http.MethodGet:
		err = h.showShares(w, r)
	case http.MethodPost:
		err = h.changeShares(w, r)
	default:
		err = &web.Error{Status: http.StatusMethodNotAllowed}
	}
	if err != nil {
		h.errorPage(w, r, h.httpError(r, err, acceptance{}))
	}
}

func (h *Handler) showShares(w http.ResponseWriter, r *http.Request) error {
	v, ok, err := h.identifyCookie(r)
	if err != nil {
		return err
	}
	if !ok {
		web.Redirect(w, http.StatusFound, h.cfg.Host.LoginURL(withQuery(web.EscapedPath(r), r)))
		return nil
	}
	part, err := h.listPart(r, v)
	if err != nil {
		return err
	}
	return h.writeShares(w, r, v, part, http.StatusOK, outcome{done: last(r.URL.Query()["done"])})
}

// changeShares answers a form with a redirect to the page as it is then. What is refused, and a new link, which is shown this once, come with the page
// itself.
func (h *Handler) changeShares(w http.ResponseWriter, r *http.Request) error {
	v, ok, err := h.identifyCookie(r)
	if err != nil {
		return err
	}
	bind := web.Bind{Session: v.Session}
	if ok {
		bind.User = v.ID
	}
	// The check also reads the form, within its bounds.
	if err := h.xsrf.Check(r, bind, false); err != nil {
		return err
	}
	if !ok {
		return &web.Error{Status: http.StatusForbidden}
	}
	part, err := h.listPart(r, v)
	if err != nil {
		return err
	}
	done, err := h.act(r, v.Caller, r.PostForm)
	status := http.StatusOK
	switch {
	case err != nil:
		refused := h.httpError(r, err, acceptance{})
		for name, values := range refused.Header {
			w.Header()[name] = values
		}
		status, done = refused.Status, outcome{problem: refused.Text(), form: r.PostForm}
	case done.link == "":
		query := part.query()
		query.Set("done", done.done)
		web.Redirect(w, http.StatusSeeOther, h.sharesPath()+"?"+query.Encode())
		return nil
	}
	return h.writeShares(w, r, v, part, status, done)
}

// outcome is what the page says first: what was done, or what was not and why. At most one of them.
type outcome struct {
	done    string // a key of doneWords; others say nothing
	link    string // just made, with its secret
	problem string
	form    url.Values // that there was a problem with
}

// doneWords are all that the page can be made to say by its address.
var doneWords = map[string]string{
	"granted":        "Access was given.",
	"revoked":        "Access was taken away.",
	"deleted":        "The link was deleted. Whoever accepted it keeps their access.",
	"access-deleted": "The link was deleted, and the access that it gave has ended.",
	"left":           "You have left what was shared with you.",
}

func (h *Handler) writeShares(w http.ResponseWriter, r *http.Request, v Visitor, part listPart, status int, o outcome) error {
	page, err := h.sharesView(r.Context(), v.Caller, part, o)
	if err != nil {
		return err
	}
	page.XSRF = h.xsrf.Token(w, r, web.Bind{Session: v.Session, User: v.ID})
	main, err := execute(sharesTemplate, page)
	if err != nil {
		return err
	}
	h.layout(w, r, status, main)
	return nil
}

func (h *Handler) sharesPath() string { return h.site.HubPrefix() + "shares" }

// Names of the lists on the page, in its address and as ids in it.
const (
	listServers  = "servers"
	listShares   = "shares"
	listLinks    = "links"
	listReceived = "received"
)

// listNames are the same for people.
var listNames = map[string]string{listServers: "servers", listShares: "people", listLinks: "links", listReceived: "shared servers"}

// listPart says which part of the lists a visitor looks at: every list from its beginning, but one.
type listPart struct {
	of     string // one of the list names
	offset int
	length int // of a part
}

// listPart reads the query of a visitor, who has to be a user: of which list, and from where on (SH-67).
func (h *Handler) listPart(r *http.Request, v Visitor) (listPart, error) {
	if v.Kind != sharing.KindUser {
		return listPart{}, web.Errorf(http.StatusForbidden, "Only users have shares")
	}
	asked, err := web.ParsePage(r, web.PageLimits{Default: h.cfg.PageLimits.Max, Max: h.cfg.PageLimits.Max})
	if err != nil {
		return listPart{}, err
	}
	part := listPart{of: listShares, offset: asked.Offset, length: h.cfg.PageLimits.Max}
	if part.length <= 0 {
		part.length = defaultPart
	}
	switch of := last(r.URL.Query()["of"]); of {
	case listServers, listShares, listLinks, listReceived:
		part.of = of
	case "":
	default:
		return listPart{}, web.Errorf(http.StatusBadRequest, "of: must be %s, %s, %s or %s", listServers, listShares, listLinks, listReceived)
	}
	return part, nil
}

// defaultPart is how many entries of a list are shown at a time, if PageLimits does not say.
const defaultPart = 200

func (p listPart) window(list string) sharing.Window {
	if p.of == list {
		return sharing.Window{Offset: p.offset, Limit: p.length}
	}
	return sharing.Window{Limit: p.length}
}

// query leads to the same part again.
func (p listPart) query() url.Values {
	if p.offset == 0 {
		return url.Values{}
	}
	return url.Values{"of": {p.of}, "offset": {strconv.Itoa(p.offset)}}
}
