package hubsim

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/hubshare/hubshare/hubsim/pages"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
)

// admin lists the users whom the visitor may list, and what they may do with their servers (HB-19). The page is for whoever holds admin-ui; what there is on it is a
// question of their other scopes.
func (h *Hub) admin(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := h.demand(v, "admin-ui"); err != nil {
		return err
	}
	page, err := web.ParsePage(r, web.PageLimits{Max: 50})
	if err != nil {
		return err
	}
	find := lastOf(r.URL.Query(), "name_filter")
	users, total := h.roster.userPage(userQuery{on: v.scopes, part: strings.ToLower(find), sort: "name"}, page.Offset, page.Limit)
	view := pages.AdminPage{Shell: h.shellFor(w, r, v), Find: find, Offset: page.Offset, Limit: page.Limit, Total: total, Now: h.cfg.Clock.Now()}
	for _, a := range users {
		if len(h.registry.Fields(v.scopes, scopes.User(a.Name), h.roster)) == 0 {
			continue
		}
		u := pages.AdminUser{Name: a.Name, Admin: a.Admin, LastActivity: a.LastActivity}
		for _, s := range h.roster.serversOf(a.ID) {
			st, on := s.status(), scopes.Server(a.Name, s.name)
			may := func(base string) bool { return v.scopes.Allows(base, on, h.roster) }
			u.Servers = append(u.Servers, pages.AdminServer{Name: s.name, Ready: st.Ready, Active: st.Active(),
				MayOpen: may("access:servers"), MayStart: may("servers"), MayStop: may("delete:servers")})
		}
		view.Users = append(view.Users, u)
	}
	h.pages.Admin(w, view)
	return nil
}

// sharedWith gives the servers that a user may enter because they are shared with them or with a group of theirs, by owner and name.
func (h *Hub) sharedWith(ctx context.Context, userID string) ([]pages.SharedServer, error) {
	raw, _, err := h.sharing.SharedScopes(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("list what is shared with a user: %w", err)
	}
	var out []pages.SharedServer
	for _, s := range raw {
		owner, name, ok := strings.Cut(s.Name, "/")
		if s.Base != "access:servers" || s.Kind != scopes.KindServer || !ok {
			continue
		}
		if rec, ok := h.roster.server(owner, name); ok {
			out = append(out, pages.SharedServer{Owner: owner, Name: name, Ready: rec.status().Ready})
		}
	}
	slices.SortFunc(out, func(a, b pages.SharedServer) int {
		return cmp.Or(strings.Compare(a.Owner, b.Owner), strings.Compare(a.Name, b.Name))
	})
	return slices.Compact(out), nil
}
