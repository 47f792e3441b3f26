package hubsim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	oauthhttp "github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/scopes"
)

// maxBody bounds the JSON bodies of the hub's own endpoints, bytes.
const maxBody = 1 << 20

// apiCall is a handler behind identification, XSRF and method checks.
type apiCall func(w http.ResponseWriter, r *http.Request, v visitor) error

// api serves one path of the REST API: who calls, their proof, the method, in this order (HB-131); scopes, resource and body are the call's.
func (h *Hub) api(methods map[string]apiCall) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.site.APIHeaders(w.Header())
		if err := h.callAPI(w, r, methods); err != nil {
			web.WriteError(w, h.clientError(r, err))
		}
	})
}

func (h *Hub) callAPI(w http.ResponseWriter, r *http.Request, methods map[string]apiCall) error {
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	v, ok, err := h.identify(r)
	if err != nil {
		return err
	}
	if v.token == nil {
		if err := h.xsrf.Check(r, v.bind(), true); err != nil {
			return err
		}
		// A form that a foreign page submits must not pass for a script's call (SH-51).
		if ok && r.Method == http.MethodPost && !jsonOrNothing(r) {
			v, ok = visitor{session: v.session}, false
		}
	}
	call := methods[r.Method]
	if call == nil {
		return web.Errorf(http.StatusMethodNotAllowed, "")
	}
	if !ok {
		return web.Errorf(http.StatusForbidden, "Missing or invalid credentials.")
	}
	return call(w, r, v)
}

func jsonOrNothing(r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	kind = strings.TrimSpace(strings.ToLower(kind))
	return kind == "" || kind == "application/json"
}

// clientError gives what a client may see of an error; the rest is logged (the one place where errors become statuses).
func (h *Hub) clientError(r *http.Request, err error) *web.Error {
	noteError(r, err)
	var e *web.Error
	if errors.As(err, &e) {
		return e
	}
	h.log.Error("request failed", "method", r.Method, "path", web.ScrubURL(requestURI(r)), "error", err)
	return &web.Error{Status: http.StatusInternalServerError}
}

// refusal turns a scope decision into the error of SC-94 or SC-95; nil when it was allowed.
func refusal(d scopes.Decision) error {
	status := http.StatusForbidden
	switch {
	case d.Allowed:
		return nil
	case d.Hidden:
		status = http.StatusNotFound
	}
	return &refused{web.Errorf(status, "%s", d), d.Missing}
}

// version answers GET H+api: what a server asks first (HB-113, HB-137).
func (h *Hub) version() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.site.APIHeaders(w.Header())
		switch r.Method {
		case http.MethodGet:
			w.Header().Set("Access-Control-Allow-Origin", "*") // HB-132
			web.WriteJSON(w, http.StatusOK, map[string]string{"version": h.versionFor(r)})
		case http.MethodOptions:
			w.WriteHeader(http.StatusOK)
		default:
			web.WriteError(w, web.Errorf(http.StatusMethodNotAllowed, ""))
		}
	})
}

// readsUser are the scopes any of which opens a user's model (HB-140).
var readsUser = []string{"read:users", "read:users:name", "read:servers", "read:users:groups", "read:users:activity", "read:roles:users"}

func (h *Hub) getUser(w http.ResponseWriter, r *http.Request, v visitor) error {
	name := r.PathValue("user")
	if err := refusal(v.scopes.Explain(readsUser, scopes.User(name), h.roster)); err != nil {
		return err
	}
	a, ok := h.roster.userByName(name)
	if !ok {
		return web.Errorf(http.StatusNotFound, "")
	}
	web.WriteTagged(w, r, h.seenBy(v, a, r))
	return nil
}

// userModel is a user cut to a view (HB-150, HB-151).
func (h *Hub) userModel(a account, view oauthhttp.View) map[string]any {
	all := map[string]any{
		"kind": scopes.KindUser, "name": a.Name, "admin": a.Admin, "roles": orEmpty(a.Roles), "groups": orEmpty(a.Groups),
		"server": nil, "pending": nil, "created": web.Time{Time: a.Created}, "last_activity": web.Time{Time: a.LastActivity},
		"auth_state": orNoState(a.AuthState), "user_info": nil,
	}
	if s, ok := h.roster.server(a.Name, ""); ok {
		st := s.status()
		if st.Ready {
			all["server"] = h.serverPath(a.Name, "")
		}
		all["pending"] = orNull(st.Pending)
	}
	out := make(map[string]any, len(all)+4) // with what is added to it
	for _, f := range view.Fields {
		if value, ok := all[f]; ok {
			out[f] = value
		}
	}
	servers := map[string]any{}
	readable := slices.Contains(view.Fields, "servers")
	for _, s := range h.roster.serversOf(a.ID) {
		on := scopes.Server(a.Name, s.name)
		if !view.Scopes.Allows("read:servers", on, h.roster) {
			continue
		}
		st := s.status()
		if st.Active() || view.Stopped {
			servers[s.name] = h.serverModel(s, st, view.Scopes)
			readable = true
		}
	}
	// Single servers show up even when the list as a whole is not readable (SC-161).
	if readable {
		out["servers"] = servers
	}
	return out
}

// serverModel is a server as a caller with these scopes sees it, who may read it (HB-152).
func (h *Hub) serverModel(s *server, st status, held scopes.Set) map[string]any {
	path := h.serverPath(s.owner.name, s.name)
	var options any = struct{}{}
	switch {
	case len(st.Options) > 0:
		options = st.Options
	case s.name != "" && !st.Active(): // a hub forgets a named server that has stopped, but for what it was started with
		options = nil
	}
	progressURL := h.serverAPI(s) + "/progress"
	m := map[string]any{
		"name": s.name, "full_name": s.owner.name + "/" + s.name, "last_activity": web.Time{Time: st.LastActivity}, "started": nil,
		"pending": orNull(st.Pending), "ready": st.Ready, "stopped": !st.Active(), "url": path, "user_options": options,
		"progress_url": progressURL, "full_url": nil, "full_progress_url": nil,
	}
	if st.Active() {
		m["started"] = web.Time{Time: st.Started}
	}
	if h.cfg.PublicURL != "" {
		m["full_url"], m["full_progress_url"] = h.cfg.PublicURL+path, h.cfg.PublicURL+progressURL
	}
	if h.cfg.Profile == scopes.P60 {
		m["display_name"] = cmp.Or(st.DisplayName, s.name)
	}
	if held.Allows("admin:server_state", scopes.Server(s.owner.name, s.name), h.roster) {
		m["state"] = s.state()
	}
	return m
}

// serverAPI is the address of a server in the REST API.
func (h *Hub) serverAPI(s *server) string {
	p := h.site.HubPrefix() + "api/users/" + web.EscapeSegment(s.owner.name)
	if s.name == "" {
		return p + "/server"
	}
	return p + "/servers/" + web.EscapeSegment(s.name)
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// User and Model give the OAuth handlers the hub's users, and its models of them and of services.
func (h oauthHost) User(_ context.Context, name string) (oauth.OwnerRef, error) {
	a, ok := h.roster.userByName(name)
	if !ok {
		return oauth.OwnerRef{}, oauth.ErrNoOwner
	}
	return oauth.OwnerRef{Kind: oauth.KindUser, ID: a.ID}, nil
}

func (h oauthHost) Model(_ context.Context, ref oauth.OwnerRef, v oauthhttp.View) (map[string]any, error) {
	if s := h.services.withID(ref.ID); s != nil && ref.Kind == oauth.KindService {
		return h.ownModel(s, v.Fields), nil
	}
	a, ok := h.roster.userByID(ref.ID)
	if !ok || ref.Kind != oauth.KindUser {
		return nil, oauth.ErrNoOwner
	}
	if v.Token == nil || countsAsActivity(*v.Token) {
		a.LastActivity = h.roster.touch(a.ID, h.cfg.Clock.Now())
	}
	return h.userModel(a, v), nil
}

// activity takes a server's report (HB-144).
func (h *Hub) activity(w http.ResponseWriter, r *http.Request, v visitor) error {
	name := r.PathValue("user")
	if err := refusal(v.scopes.Explain([]string{"users:activity"}, scopes.User(name), h.roster)); err != nil {
		return err
	}
	a, ok := h.roster.userByName(name)
	if !ok {
		return web.Errorf(http.StatusNotFound, "")
	}
	body, err := web.DecodeObject(r, maxBody)
	if err != nil {
		return err
	}
	if body["last_activity"] == nil && body["servers"] == nil {
		return web.Errorf(http.StatusBadRequest, "body must contain at least one of `last_activity` or `servers`")
	}
	now := h.cfg.Clock.Now()
	reported := map[*server]time.Time{}
	var servers map[string]map[string]json.RawMessage
	if raw := body["servers"]; raw != nil {
		if err := json.Unmarshal(raw, &servers); err != nil {
			return web.Errorf(http.StatusBadRequest, "servers must be an object of objects")
		}
	}
	for sname, entry := range servers {
		s, ok := h.roster.server(name, sname)
		if !ok {
			return web.Errorf(http.StatusBadRequest, "No such server '%s' for user %s", sname, name)
		}
		at, err := activityTime(entry["last_activity"], now)
		if err != nil {
			return err
		}
		reported[s] = at
	}
	if raw := body["last_activity"]; raw != nil {
		at, err := activityTime(raw, now)
		if err != nil {
			return err
		}
		h.roster.touch(a.ID, at)
	}
	for s, at := range reported {
		s.touch(at, h.cfg.Limits.activityResolution())
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func activityTime(raw json.RawMessage, now time.Time) (time.Time, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil || text == "" {
		return time.Time{}, web.Errorf(http.StatusBadRequest, "last_activity must be an ISO 8601 timestamp")
	}
	at, err := web.ParseTime(text)
	if err != nil {
		return time.Time{}, web.Errorf(http.StatusBadRequest, "last_activity must be an ISO 8601 timestamp")
	}
	if at.After(now.Add(59 * time.Minute)) {
		return time.Time{}, web.Errorf(http.StatusBadRequest, "last_activity is more than 59 minutes in the future")
	}
	return at, nil
}
