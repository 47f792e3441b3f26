package hubsim

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	oauthhttp "github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	sharinghttp "github.com/hubshare/hubshare/sharing/httpapi"
)

// rights sums what a user may do now: their roles, and what is shared with them (SC-350).
func (h *Hub) rights(ctx context.Context, userID string) (oauth.Owner, error) {
	o, _, _, err := h.sumRights(ctx, userID)
	return o, err
}

// tokenRights are rights with what tokens are cut by.
func (h *Hub) tokenRights(ctx context.Context, userID string) (oauth.Owner, error) {
	o, a, shared, err := h.sumRights(ctx, userID)
	if err == nil {
		err = h.cutTokens(ctx, &o, a, shared)
	}
	return o, err
}

func (h *Hub) sumRights(ctx context.Context, userID string) (oauth.Owner, account, []scopes.Scope, error) {
	a, raw, ok := h.roster.rawScopes(userID)
	if !ok {
		return oauth.Owner{}, a, nil, oauth.ErrNoOwner
	}
	shared, until, err := h.sharing.SharedScopes(ctx, userID)
	if err != nil {
		return oauth.Owner{}, a, nil, fmt.Errorf("sum the shares of %s: %w", a.Name, err)
	}
	o := oauth.Owner{Owner: a.owner(), Roles: raw, Until: until}
	o.Held = h.registry.Held(o.Owner, raw, shared)
	h.live.endsAt(ending{owner: oauth.OwnerRef{Kind: oauth.KindUser, ID: userID}}, until)
	return o, a, shared, nil
}

// accessChanged is called when what owners may do has changed, before anybody is told so; none = it may be anyone's. It drops every cached decision about
// them and ends the connections that are not allowed any more.
func (h *Hub) accessChanged(ctx context.Context, owners ...oauth.OwnerRef) {
	h.provider.Drop(owners...)
	h.live.changed(ctx, owners)
}

// onTokenChange is told what the provider has committed and dropped.
func (h *Hub) onTokenChange(ctx context.Context, c oauth.Change) { h.live.changed(ctx, c.Owners) }

// onSharingChange finds those whose access a change of shares may concern.
func (h *Hub) onSharingChange(ctx context.Context, c sharing.Change) {
	h.noteRevocation(c)
	if len(c.UserIDs) == 0 && len(c.GroupIDs) == 0 {
		h.accessChanged(ctx)
		return
	}
	ids := slices.Clone(c.UserIDs)
	for _, g := range c.GroupIDs {
		ids = append(ids, h.roster.membersOf(g)...)
	}
	owners := make([]oauth.OwnerRef, len(ids))
	for i, id := range ids {
		owners[i] = oauth.OwnerRef{Kind: oauth.KindUser, ID: id}
	}
	if len(owners) > 0 {
		h.accessChanged(ctx, owners...)
	}
}

// oauthHost is the hub as the OAuth provider knows it.
type oauthHost struct{ *Hub }

var (
	_ oauth.Host       = oauthHost{}
	_ oauthhttp.Models = oauthHost{}
	_ sharinghttp.Host = sharingHost{}
)

func (h oauthHost) Member(user, group string) bool { return h.roster.Member(user, group) }

func (h oauthHost) Owner(ctx context.Context, ref oauth.OwnerRef) (oauth.Owner, error) {
	if s := h.services.withID(ref.ID); s != nil && ref.Kind == oauth.KindService {
		return s.owner, nil
	}
	if ref.Kind != oauth.KindUser {
		return oauth.Owner{}, oauth.ErrNoOwner
	}
	return h.tokenRights(ctx, ref.ID)
}

func (h oauthHost) OwnsServer(_ context.Context, user oauth.OwnerRef, name string) bool {
	a, ok := h.roster.userByID(user.ID)
	if !ok || user.Kind != oauth.KindUser {
		return false
	}
	for _, s := range h.roster.serversOf(a.ID) {
		if s.shared().String() == name {
			return true
		}
	}
	return false
}

func (h oauthHost) Session(r *http.Request) (oauth.OwnerRef, string, bool) {
	a, ok := h.loggedIn(r)
	return oauth.OwnerRef{Kind: oauth.KindUser, ID: a.ID}, sessionID(r), ok
}

func (h oauthHost) EnsureSession(w http.ResponseWriter, r *http.Request) string {
	if id := sessionID(r); id != "" {
		return id
	}
	return h.newSession(w, r)
}

func (h oauthHost) LoginURL(next string) string { return h.loginURL(next) }

// sharingHost is the hub as the sharing handlers know it.
type sharingHost struct{ *Hub }

func (h sharingHost) LoginURL(next string) string { return h.loginURL(next) }

func (h sharingHost) ServerURL(s sharing.Server) (path, full string, ready bool) {
	path = h.serverPath(s.Owner.Name, s.Name)
	if h.cfg.PublicURL != "" {
		full = h.cfg.PublicURL + path
	}
	if rec, ok := h.roster.server(s.Owner.Name, s.Name); ok {
		ready = rec.status().Ready
	}
	return path, full, ready
}

// loginURL is the login page that comes back to next, a path with query.
func (h *Hub) loginURL(next string) string {
	return h.site.HubPrefix() + "login?next=" + queryEscape(next)
}

// origins are the addresses that count as this hub's own in a next argument (HB-43).
func (h *Hub) origins(r *http.Request) []web.Origin {
	out := []web.Origin{web.BrowserOrigin(r)}
	if o, ok := originOf(h.cfg.PublicURL); ok {
		out = append(out, o)
	}
	return out
}

// Identify and IdentifyCookie recognise callers for the sharing handlers.
func (h sharingHost) Identify(r *http.Request) (sharinghttp.Visitor, bool, error) {
	return sharingVisitor(h.identify(r))
}

func (h sharingHost) IdentifyCookie(r *http.Request) (sharinghttp.Visitor, bool, error) {
	return sharingVisitor(h.identifyCookie(r))
}

func sharingVisitor(v visitor, ok bool, err error) (sharinghttp.Visitor, bool, error) {
	return sharinghttp.Visitor{Caller: sharing.Caller{Ref: v.ref, Scopes: v.scopes}, Cookie: v.cookie, Session: v.session}, ok, err
}
