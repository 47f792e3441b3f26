package hubsim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	oauthhttp "github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// demand asks for a scope that is about no resource in particular: a filtered one does not do (SC-95).
func (h *Hub) demand(v visitor, base string) error {
	if v.scopes.Unfiltered(base) {
		return nil
	}
	return refusal(v.scopes.Explain([]string{base}, scopes.Resource{}, h.roster))
}

// isAdmin says whether a caller may make others admin, which no scope alone allows.
func (h *Hub) isAdmin(v visitor) bool {
	if v.ref.Kind == scopes.KindService {
		s := h.services.withID(v.ref.ID)
		return s != nil && slices.Contains(s.roles, "admin")
	}
	return v.account.Admin || slices.Contains(v.account.Roles, "admin")
}

// seenBy is a user's model for a caller.
func (h *Hub) seenBy(v visitor, a account, r *http.Request) map[string]any {
	return h.userModel(a, oauthhttp.View{Fields: h.registry.Fields(v.scopes, scopes.User(a.Name), h.roster), Scopes: v.scopes, Stopped: wantsStopped(r)})
}

// wantsStopped: the argument counts as given whatever it says, but for 0 and false (HB-150).
func wantsStopped(r *http.Request) bool {
	q := r.URL.Query()
	return q.Has("include_stopped_servers") && !slices.Contains([]string{"0", "false"}, strings.ToLower(lastOf(q, "include_stopped_servers")))
}

// userCalls are the methods of a user's address (HB-140).
func (h *Hub) userCalls() map[string]apiCall {
	return map[string]apiCall{http.MethodGet: h.getUser, http.MethodPost: h.createUser, http.MethodPatch: h.changeUser, http.MethodDelete: h.deleteUser}
}

// listUsers is GET /users (HB-139).
func (h *Hub) listUsers(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := h.mayList(v, "list:users", scopes.KindUser, scopes.KindGroup); err != nil {
		return err
	}
	page, err := web.ParsePage(r, h.cfg.Limits.pages())
	if err != nil {
		return err
	}
	args := r.URL.Query()
	q := userQuery{on: v.scopes, state: lastOf(args, "state"), part: strings.ToLower(lastOf(args, "name_filter")), sort: "id"}
	if args.Has("sort") {
		q.sort, q.down = strings.CutPrefix(lastOf(args, "sort"), "-")
	}
	if !slices.Contains([]string{"id", "name", "last_activity"}, q.sort) {
		return web.Errorf(http.StatusBadRequest, "sort must be 'id', 'name', or 'last_activity', not '%s'", shortened(lastOf(args, "sort")))
	}
	if !slices.Contains([]string{"", "active", "ready", "inactive"}, q.state) {
		return web.Errorf(http.StatusBadRequest, "Unrecognized state filter: '%s'", shortened(q.state))
	}
	users, total := h.roster.userPage(q, page.Offset, page.Limit)
	models := make([]map[string]any, 0, len(users))
	for _, a := range users {
		// Whom the caller may list but not read is left out (SC-160).
		if len(h.registry.Fields(v.scopes, scopes.User(a.Name), h.roster)) > 0 {
			models = append(models, h.seenBy(v, a, r))
		}
	}
	writeList(w, r, page, models, total)
	return nil
}

// createUsers is POST /users (HB-139).
func (h *Hub) createUsers(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := h.demand(v, "admin:users"); err != nil {
		return err
	}
	body, err := optionalObject(r)
	if err != nil {
		return err
	}
	typed, err := body.userNames("usernames")
	if err != nil {
		return err
	}
	if len(typed) == 0 {
		return web.Errorf(http.StatusBadRequest, "Must specify at least one user to create")
	}
	delete(body, "usernames")
	admin, err := h.wantsAdmin(v, body)
	if err != nil {
		return err
	}
	var bad []string
	for _, name := range typed {
		if checkUserName(name) != nil {
			bad = append(bad, shortened(name))
		}
	}
	switch len(bad) {
	case 0:
	case 1:
		return web.Errorf(http.StatusBadRequest, "Invalid username: %s", bad[0])
	default:
		return web.Errorf(http.StatusBadRequest, "Invalid usernames: %s", shortened(strings.Join(bad, ", ")))
	}
	made, err := h.roster.addUsers(r.Context(), typed, admin, h.cfg.Clock.Now())
	if err != nil {
		return err
	}
	if len(made) == 0 {
		return web.Errorf(http.StatusConflict, "All %d users already exist", len(typed))
	}
	models := make([]map[string]any, len(made))
	for i, a := range made {
		h.log.Info("user created", "user", a.Name, "by", v.ref.Name)
		models[i] = h.seenBy(v, a, r)
	}
	web.WriteJSON(w, http.StatusCreated, models)
	return nil
}

// wantsAdmin checks what a request says of new users, and whether they are to be admin.
func (h *Hub) wantsAdmin(v visitor, body jsonBody) (bool, error) {
	if err := body.check("user", userKeys); err != nil {
		return false, err
	}
	admin, err := body.yes("admin")
	if admin && !h.isAdmin(v) {
		return false, web.Errorf(http.StatusForbidden, "Only admins can grant admin permissions")
	}
	return admin, err
}

// createUser is POST /users/{u} (HB-140).
func (h *Hub) createUser(w http.ResponseWriter, r *http.Request, v visitor) error {
	name := r.PathValue("user")
	if err := refusal(v.scopes.Explain([]string{"admin:users"}, scopes.User(name), h.roster)); err != nil {
		return err
	}
	body, err := optionalObject(r)
	if err != nil {
		return err
	}
	if _, taken := h.roster.userByName(name); taken {
		return userTaken(name)
	}
	admin, err := h.wantsAdmin(v, body)
	if err != nil {
		return err
	}
	if checkUserName(name) != nil {
		return web.Errorf(http.StatusBadRequest, "Invalid username: %s", shortened(name))
	}
	made, err := h.roster.addUsers(r.Context(), []string{name}, admin, h.cfg.Clock.Now())
	if err != nil {
		return err
	}
	if len(made) == 0 { // somebody was faster
		return userTaken(name)
	}
	h.log.Info("user created", "user", name, "by", v.ref.Name)
	web.WriteJSON(w, http.StatusCreated, h.seenBy(v, made[0], r))
	return nil
}

func userTaken(name string) error {
	return web.Errorf(http.StatusConflict, "User %s already exists", name)
}

// changeUser is PATCH /users/{u} (HB-140): name, admin and auth_state.
func (h *Hub) changeUser(w http.ResponseWriter, r *http.Request, v visitor) error {
	name := r.PathValue("user")
	if err := refusal(v.scopes.Explain([]string{"admin:users"}, scopes.User(name), h.roster)); err != nil {
		return err
	}
	a, ok := h.roster.userByName(name)
	if !ok {
		return web.Errorf(http.StatusNotFound, "")
	}
	body, err := requiredObject(r)
	if err != nil {
		return err
	}
	if err := body.check("user", userKeys); err != nil {
		return err
	}
	to := name
	if _, ok := body["name"]; ok {
		if to, err = body.text("name"); err != nil {
			return err
		}
	}
	if _, taken := h.roster.userByName(to); taken && to != name {
		return nameTaken(to)
	}
	admin, err := body.yes("admin")
	if err != nil {
		return err
	}
	switch {
	case !h.isAdmin(v) && a.Admin:
		return web.Errorf(http.StatusForbidden, "Only admins can modify other admins")
	case !h.isAdmin(v) && admin:
		return web.Errorf(http.StatusForbidden, "Only admins can grant admin permissions")
	case checkUserName(to) != nil:
		return web.Errorf(http.StatusBadRequest, "Invalid username: %s", shortened(to))
	case body["groups"] != nil || body["roles"] != nil:
		return web.Errorf(http.StatusBadRequest, "groups and roles are not changed here")
	}
	// The name first: it is what may still be refused.
	if to != name {
		if err := h.RenameUser(r.Context(), name, to); err != nil {
			return userError(err, name, to)
		}
	}
	if _, ok := body["admin"]; ok {
		if err := h.SetAdmin(r.Context(), to, admin); err != nil {
			return userError(err, name, to)
		}
	}
	if state, ok := body["auth_state"]; ok {
		h.roster.setAuthState(a.ID, state)
	}
	if a, ok = h.roster.userByID(a.ID); !ok {
		return web.Errorf(http.StatusNotFound, "")
	}
	h.log.Info("user changed", "user", name, "now", a.Name, "admin", a.Admin, "by", v.ref.Name)
	model := h.seenBy(v, a, r)
	model["auth_state"] = orNoState(a.AuthState)
	web.WriteJSON(w, http.StatusOK, model)
	return nil
}

func nameTaken(name string) error {
	return web.Errorf(http.StatusBadRequest, "User %s already exists, username must be unique", name)
}

// userError says what a change of a user was refused for.
func userError(err error, name, to string) error {
	switch {
	case errors.Is(err, sharing.ErrNoSuchUser):
		return web.Errorf(http.StatusNotFound, "")
	case errors.Is(err, errTaken):
		return nameTaken(to)
	case errors.Is(err, errActive):
		return web.Errorf(http.StatusBadRequest, "A server of %s is running. Stop it before giving the user another name.", name)
	}
	return err
}

func orNoState(state json.RawMessage) any {
	if state == nil {
		return nil
	}
	return state
}

// RenameUser gives a user another name. Their shares, tokens, groups and roles stay; they stay logged in. None of their servers may be running,
// since a server's address holds the name. The error wraps sharing.ErrNoSuchUser if there is no such user.
func (h *Hub) RenameUser(ctx context.Context, from, to string) error {
	if err := checkUserName(to); err != nil {
		return err
	}
	a, ok := h.roster.userByName(from)
	if !ok {
		return &nameError{from, sharing.ErrNoSuchUser}
	}
	if err := h.roster.renameUser(ctx, from, to); err != nil {
		return &nameError{from, err}
	}
	// The old name means nobody by now; what holds it in writing follows, whoever still waits for the answer.
	ctx = context.WithoutCancel(ctx)
	err := h.provider.Renamed(ctx, oauth.KindUser, from, to)
	h.accessChanged(ctx, oauth.OwnerRef{Kind: oauth.KindUser, ID: a.ID})
	return err
}

// deleteUser is DELETE /users/{u} (HB-140, SH-7).
func (h *Hub) deleteUser(w http.ResponseWriter, r *http.Request, v visitor) error {
	name := r.PathValue("user")
	if err := refusal(v.scopes.Explain([]string{"delete:users"}, scopes.User(name), h.roster)); err != nil {
		return err
	}
	a, ok := h.roster.userByName(name)
	if !ok {
		return web.Errorf(http.StatusNotFound, "")
	}
	if v.ref == a.ref() {
		return web.Errorf(http.StatusBadRequest, "Cannot delete yourself!")
	}
	for _, s := range h.roster.serversOf(a.ID) {
		if s.status().Pending == pendingStop {
			return web.Errorf(http.StatusBadRequest, "%s's server is in the process of stopping, please wait.", name)
		}
	}
	if err := h.DeleteUser(r.Context(), name); err != nil {
		return userError(err, name, name)
	}
	h.log.Info("user deleted", "user", name, "by", v.ref.Name)
	web.WriteNoContent(w)
	return nil
}
