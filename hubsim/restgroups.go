package hubsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// readsGroup are the scopes any of which opens a group's model (HB-146).
var readsGroup = []string{"read:groups", "read:groups:name", "read:roles:groups"}

// groupModel is a group cut to what a caller may read (HB-154).
func (h *Hub) groupModel(v visitor, g groupCopy) map[string]any {
	all := map[string]any{"kind": scopes.KindGroup, "name": g.Name, "users": orEmpty(g.Users), "roles": orEmpty(g.Roles), "properties": g.Properties}
	out := map[string]any{}
	for _, f := range h.registry.Fields(v.scopes, scopes.Group(g.Name), h.roster) {
		out[f] = all[f]
	}
	return out
}

// listGroups is GET /groups (HB-146, SC-96).
func (h *Hub) listGroups(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := h.mayList(v, "list:groups", scopes.KindGroup); err != nil {
		return err
	}
	page, err := web.ParsePage(r, h.cfg.Limits.pages())
	if err != nil {
		return err
	}
	listed := func(name string) bool { return v.scopes.Allows("list:groups", scopes.Group(name), nil) }
	groups, total := h.roster.groupPage(listed, page.Offset, page.Limit)
	writeList(w, r, page, h.groupModels(v, groups), total)
	return nil
}

func (h *Hub) groupModels(v visitor, groups []groupCopy) []map[string]any {
	models := make([]map[string]any, len(groups))
	for i, g := range groups {
		models[i] = h.groupModel(v, g)
	}
	return models
}

// createGroups is POST /groups (HB-146): all or none.
func (h *Hub) createGroups(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := h.demand(v, "admin:groups"); err != nil {
		return err
	}
	body, err := optionalObject(r)
	if err != nil {
		return err
	}
	names, err := body.names("groups", "group names")
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return web.Errorf(http.StatusBadRequest, "Must specify at least one group to create")
	}
	delete(body, "groups")
	slices.Sort(names)
	made, err := h.makeGroups(r, v, slices.Compact(names), body)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusCreated, h.groupModels(v, made))
	return nil
}

// createGroup is POST /groups/{g} (HB-146).
func (h *Hub) createGroup(w http.ResponseWriter, r *http.Request, v visitor) error {
	name := r.PathValue("group")
	if err := refusal(v.scopes.Explain([]string{"admin:groups"}, scopes.Group(name), h.roster)); err != nil {
		return err
	}
	body, err := optionalObject(r)
	if err != nil {
		return err
	}
	made, err := h.makeGroups(r, v, []string{name}, body)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusCreated, h.groupModel(v, made[0]))
	return nil
}

func (h *Hub) makeGroups(r *http.Request, v visitor, names []string, body jsonBody) ([]groupCopy, error) {
	if err := body.check("group", groupKeys); err != nil {
		return nil, err
	}
	members, err := body.userNames("users")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !validGroupName(name) {
			return nil, web.Errorf(http.StatusBadRequest, "Invalid group name: %s", shortened(name))
		}
	}
	made, users, err := h.roster.addGroups(r.Context(), names, members)
	if err != nil {
		return nil, groupError(err, "")
	}
	if len(users) > 0 {
		h.accessChanged(r.Context(), users...)
	}
	h.log.Info("groups created", "groups", names, "users", len(users), "by", v.ref.Name)
	return made, nil
}

// groupError says what a change of a group was refused for.
func groupError(err error, group string) error {
	var about *nameError
	switch {
	case errors.Is(err, sharing.ErrNoSuchGroup):
		return web.Errorf(http.StatusNotFound, "No such group: %s", group)
	case !errors.As(err, &about):
		return err
	case errors.Is(err, errTaken):
		return web.Errorf(http.StatusConflict, "Group %s already exists", about.name)
	case errors.Is(err, sharing.ErrNoSuchUser):
		return web.Errorf(http.StatusBadRequest, "No such user: %s", shortened(about.name))
	}
	return err
}

// forGroup is the gate of whatever is about one group: the caller's scopes, then whether it exists.
func (h *Hub) forGroup(r *http.Request, v visitor, anyOf ...string) (groupCopy, error) {
	name := r.PathValue("group")
	if err := refusal(v.scopes.Explain(anyOf, scopes.Group(name), h.roster)); err != nil {
		return groupCopy{}, err
	}
	g, ok := h.roster.groupByName(name)
	if !ok {
		return groupCopy{}, groupError(sharing.ErrNoSuchGroup, name)
	}
	return g, nil
}

func (h *Hub) getGroup(w http.ResponseWriter, r *http.Request, v visitor) error {
	g, err := h.forGroup(r, v, readsGroup...)
	if err != nil {
		return err
	}
	web.WriteTagged(w, r, h.groupModel(v, g))
	return nil
}

// deleteGroup is DELETE /groups/{g}; what was shared with the group goes too (SH-7).
func (h *Hub) deleteGroup(w http.ResponseWriter, r *http.Request, v visitor) error {
	g, err := h.forGroup(r, v, "delete:groups")
	if err != nil {
		return err
	}
	if err := h.DeleteGroup(r.Context(), g.Name); err != nil {
		return groupError(err, g.Name)
	}
	h.log.Info("group deleted", "group", g.Name, "by", v.ref.Name)
	web.WriteNoContent(w)
	return nil
}

// changeMembers is POST and DELETE /groups/{g}/users (HB-146).
func (h *Hub) changeMembers(in bool) apiCall {
	verb := "delete"
	if in {
		verb = "add"
	}
	return func(w http.ResponseWriter, r *http.Request, v visitor) error {
		g, err := h.forGroup(r, v, "groups")
		if err != nil {
			return err
		}
		body, err := requiredObject(r)
		if err != nil {
			return err
		}
		if err := body.check("group", groupKeys); err != nil {
			return err
		}
		if body["users"] == nil {
			return web.Errorf(http.StatusBadRequest, "Must specify users to %s", verb)
		}
		names, err := body.userNames("users")
		if err != nil {
			return err
		}
		changed, err := h.roster.setMembers(r.Context(), g.Name, names, in)
		if len(changed) > 0 {
			h.accessChanged(r.Context(), changed...)
		}
		if err != nil {
			return groupError(err, g.Name)
		}
		h.log.Info("group members changed", "group", g.Name, "verb", verb, "users", len(changed), "by", v.ref.Name)
		return h.writeGroup(w, v, g.Name)
	}
}

// setProperties is PUT /groups/{g}/properties: any JSON object.
func (h *Hub) setProperties(w http.ResponseWriter, r *http.Request, v visitor) error {
	g, err := h.forGroup(r, v, "groups")
	if err != nil {
		return err
	}
	body, err := requiredObject(r)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return fmt.Errorf("keep properties: %w", err)
	}
	if err := h.roster.setProperties(r.Context(), g.Name, bytes.TrimSpace(text.Bytes())); err != nil {
		return groupError(err, g.Name)
	}
	h.log.Info("group properties changed", "group", g.Name, "by", v.ref.Name)
	return h.writeGroup(w, v, g.Name)
}

func (h *Hub) writeGroup(w http.ResponseWriter, v visitor, name string) error {
	g, ok := h.roster.groupByName(name)
	if !ok {
		return groupError(sharing.ErrNoSuchGroup, name)
	}
	web.WriteJSON(w, http.StatusOK, h.groupModel(v, g))
	return nil
}
