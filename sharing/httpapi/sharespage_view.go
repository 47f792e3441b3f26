package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// sharesView is all that the template shows.
type sharesView struct {
	Visitor string
	XSRF    string
	Action  string // where the forms go: this part of the page
	Done    string
	NewLink string
	Problem string // that belongs to no form below

	Servers  []serverView
	Hidden   string // why the visitor does not see what they share
	Received []receivedView
	Locked   string // why they do not see what is shared with them

	ServersPart, SharesPart, LinksPart, ReceivedPart partView
}

// MaxUses and MaxNote are the limits of fields.
func (sharesView) MaxUses() int { return sharing.MaxUses }

// MaxNote is in characters.
func (sharesView) MaxNote() int { return sharing.MaxNote }

// serverView is one server of the visitor's.
type serverView struct {
	Index       int // tells the ids of its elements from those of others
	Owner, Name string
	At          link
	Ready       bool
	MayShare    bool
	Shares      []shareView
	Links       []linkView
	Grant, Link formView
}

// shareView is what one user or group may do.
type shareView struct {
	Kind, Name string
	Grants     []grantView // at least one
}

// grantView is a part of it that came by one way and ends together.
type grantView struct {
	What   []string
	LinkID string // "" = given directly
	Listed bool   // the link is in the list of links
	Since  moment
	Ends   endsView
}

type endsView struct {
	At      moment
	Session bool
}

// linkView is one link, without what opens it.
type linkView struct {
	ID, Note    string
	What        []string
	Lasts       string
	For         []string // nobody named = anyone, unless Bound
	Bound       bool
	Made, Works moment
	Used        string
}

// receivedView is what is shared with the visitor.
type receivedView struct {
	Owner, Server string
	At            link
	Group         string // through which it is; "" = with the visitor
	Grants        []grantView
	MayLeave      bool
}

// formView is a form with what was typed into it and what was wrong with that.
type formView struct {
	typed   url.Values
	Problem string
}

// Typed gives what a field held.
func (f formView) Typed(field string) string { return last(f.typed[field]) }

// option is one line of a select.
type option struct {
	Value, Text string
	Selected    bool
}

// Options gives those of a field.
func (f formView) Options(field string) []option {
	switch field {
	case "what":
		return options(whatChoices, f.Typed(field))
	case "lasts":
		return options(lastsChoices, f.Typed(field))
	case "works":
		return options(worksChoices, f.Typed(field))
	default:
		return options(kindChoices, f.Typed(field))
	}
}

func options[T any](offered []choice[T], typed string) (out []option) {
	for _, c := range offered {
		out = append(out, option{c.Value, c.Text, c.Value == typed})
	}
	return out
}

// partView says which entries of a list are shown.
type partView struct {
	Of, Name        string // of the list: in addresses, and for people
	From, To, Total int
	Before, Empty   bool
	More            int // that follow
	Previous, Next  int // offsets
}

// Whole tells that there is nothing but what is shown.
func (p partView) Whole() bool { return !p.Before && p.More == 0 }

// moment is an instant for people and for programs.
type moment struct{ time.Time }

// Machine is the time for programs (SH-71).
func (m moment) Machine() string { return web.FormatTime(m.Time) }

func (m moment) String() string { return m.UTC().Format("2 Jan 2006, 15:04 UTC") }

// sharesView asks for everything that a visitor may see: what they share if they may list that, and what is shared with them.
func (h *Handler) sharesView(ctx context.Context, by sharing.Caller, part listPart, o outcome) (sharesView, error) {
	view := sharesView{Visitor: by.Name, Action: "?" + part.query().Encode(), Done: doneWords[o.done], NewLink: o.link, Problem: o.problem}
	var err error
	if view.Hidden, err = explained(h.addOwn(ctx, by, part, &view)); err != nil {
		return sharesView{}, err
	}
	if view.Locked, err = explained(h.addReceived(ctx, by, part, &view)); err != nil {
		return sharesView{}, err
	}
	view.place(o)
	return view, nil
}

// explained makes a sentence of a refusal, and leaves other errors as they are.
func explained(err error) (string, error) {
	var refused *sharing.Error
	if errors.As(err, &refused) {
		return refused.Message, nil
	}
	return "", err
}

// addOwn puts the visitor's servers on the page, with those in the lists that the host did not name, or that are in another part of theirs.
func (h *Handler) addOwn(ctx context.Context, by sharing.Caller, part listPart, view *sharesView) error {
	svc := h.cfg.Service
	servers, err := svc.OwnServers(ctx, by)
	if err != nil {
		return err
	}
	shares, err := svc.ListByOwner(ctx, by, by.Name, part.window(listShares))
	if err != nil {
		return err
	}
	codes, err := svc.ListCodesByOwner(ctx, by, by.Name, part.window(listLinks))
	if err != nil {
		return err
	}
	view.ServersPart, view.SharesPart, view.LinksPart = part.view(listServers, len(servers)), part.view(listShares, shares.Total), part.view(listLinks, codes.Total)
	var failed error
	at := func(srv sharing.Server) *serverView {
		i := slices.IndexFunc(view.Servers, func(s serverView) bool { return s.Owner == srv.Owner.Name && s.Name == srv.Name })
		if i < 0 {
			i = len(view.Servers)
			added, err := h.serverView(by, srv, i)
			failed = errors.Join(failed, err)
			view.Servers = append(view.Servers, added)
		}
		return &view.Servers[i]
	}
	w := part.window(listServers)
	from := min(w.Offset, len(servers))
	for _, srv := range servers[from:min(from+w.Limit, len(servers))] {
		at(srv)
	}
	listed := map[int64]bool{}
	for _, code := range codes.Items {
		listed[code.ID] = true
		s := at(code.Server)
		s.Links = append(s.Links, h.linkView(code, by.Name))
	}
	for _, share := range shares.Items {
		s := at(share.Server)
		s.Shares = append(s.Shares, shareView{share.Grantee.Kind, share.Grantee.Name, h.grantViews(share, by.Name, listed)})
	}
	return failed
}

func (h *Handler) addReceived(ctx context.Context, by sharing.Caller, part listPart, view *sharesView) error {
	svc, me := h.cfg.Service, sharing.GranteeName{Kind: by.Kind, Name: by.Name}
	shares, err := svc.ListByGrantee(ctx, by, me, part.window(listReceived))
	if err != nil {
		return err
	}
	view.ReceivedPart = part.view(listReceived, shares.Total)
	mayLeave := svc.Authorize(by, sharing.ScopeUserShares, scopes.User(by.Name)) == nil
	for _, share := range shares.Items {
		path, _, _ := h.cfg.Host.ServerURL(share.Server)
		at, err := local(path)
		if err != nil {
			return err
		}
		row := receivedView{Owner: share.Server.Owner.Name, Server: share.Server.Name, At: at, Grants: h.grantViews(share, by.Name, nil), MayLeave: mayLeave}
		if share.Grantee.Kind == sharing.KindGroup {
			row.Group, row.MayLeave = share.Grantee.Name, false
		}
		view.Received = append(view.Received, row)
	}
	return nil
}

func (h *Handler) serverView(by sharing.Caller, srv sharing.Server, index int) (serverView, error) {
	path, _, ready := h.cfg.Host.ServerURL(srv)
	at, err := local(path)
	return serverView{
		Index: index, Owner: srv.Owner.Name, Name: srv.Name, At: at, Ready: ready,
		MayShare: h.cfg.Service.Authorize(by, sharing.ScopeShare, srv.Resource()) == nil,
	}, err
}

func (h *Handler) grantViews(share sharing.Share, visitor string, listed map[int64]bool) []grantView {
	out := make([]grantView, len(share.Grants))
	for i, g := range share.Grants {
		out[i] = grantView{
			What: h.words(g.Scopes, visitor), Since: moment{g.GrantedAt}, Ends: endsView{moment{g.ExpiresAt}, g.Session},
		}
		if g.CodeID != 0 {
			out[i].LinkID, out[i].Listed = sharing.CodeID(g.CodeID), listed[g.CodeID]
		}
	}
	return out
}

func (h *Handler) linkView(code sharing.Code, visitor string) linkView {
	view := linkView{
		ID: sharing.CodeID(code.ID), Note: code.Note, What: h.words(code.Scopes, visitor), Lasts: lastsFor(code.Terms),
		Bound: code.Bound, Made: moment{code.CreatedAt}, Works: moment{code.ExpiresAt}, Used: fmt.Sprint(code.Exchanges),
	}
	if code.MaxUses > 0 {
		view.Used = fmt.Sprintf("%d of %d", code.Exchanges, code.MaxUses)
	}
	for _, ref := range code.For {
		view.For = append(view.For, ref.Kind+" "+ref.Name)
	}
	if code.Domain != "" {
		view.For = append(view.For, "users at "+code.Domain)
	}
	return view
}

// words says what scopes allow, a sentence each.
func (h *Handler) words(list []scopes.Scope, visitor string) (out []string) {
	for _, d := range h.describe(list, visitor) {
		out = append(out, d.Text)
	}
	return out
}

// lastsFor says how long access lasts once it is accepted; "" = until somebody takes it away.
func lastsFor(t sharing.Terms) string {
	switch {
	case t.Lifetime > 0 && t.Session:
		return "For " + inWords(t.Lifetime) + ", or until the server stops before that."
	case t.Lifetime > 0:
		return "For " + inWords(t.Lifetime) + "."
	case t.Session:
		return "Until the server stops."
	}
	return ""
}

// view says which part of a list with total entries is shown.
func (p listPart) view(list string, total int) partView {
	w := p.window(list)
	v := partView{Of: list, Name: listNames[list], From: w.Offset + 1, To: min(w.Offset+w.Limit, total), Total: total, Next: w.Offset + w.Limit}
	v.Before, v.Empty, v.More = w.Offset > 0, w.Offset >= total, total-v.To
	v.Previous = max(min(w.Offset, total)-w.Limit, 0)
	return v
}

// place puts a problem beside the form that it is about. If there is no such form on the page, it stays on top.
func (v *sharesView) place(o outcome) {
	about := formServer(o.form)
	for i := range v.Servers {
		s := &v.Servers[i]
		if !s.MayShare || s.Owner != about.Owner || s.Name != about.Name {
			continue
		}
		switch exact(o.form, "action") {
		case actGrant:
			s.Grant, v.Problem = formView{o.form, o.problem}, ""
		case actLink:
			s.Link, v.Problem = formView{o.form, o.problem}, ""
		}
	}
}
