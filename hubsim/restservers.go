package hubsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
)

// slugName are the names that 6.0 gives to new servers (SC-14, HB-101).
var slugName = regexp.MustCompile(`^[a-z]([a-z0-9]|-[a-z0-9]){0,29}\z`)

func (h *Hub) validServerName(name string) bool {
	if h.cfg.Profile == scopes.P60 {
		return len(name) <= 30 && slugName.MatchString(name)
	}
	return len(name) <= 255 && !strings.Contains(name, "/") && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

// serverCalls are the methods of a server's address, per profile (HB-141).
func (h *Hub) serverCalls() map[string]apiCall {
	calls := map[string]apiCall{http.MethodPost: h.startServerAPI, http.MethodDelete: h.stopServerAPI}
	if h.cfg.Profile == scopes.P60 {
		calls[http.MethodGet], calls[http.MethodPut] = h.getServer, h.createServer
	}
	return calls
}

// state is what a spawner would need to find a running server again (HB-152).
func (s *server) state() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.process.(interface{ PID() int }); ok && p.PID() > 0 {
		return map[string]any{"pid": p.PID()}
	}
	return map[string]any{}
}

// serverOf is the gate of whatever is about one server: the caller's scopes, then whether its owner exists.
func (h *Hub) serverOf(r *http.Request, v visitor, base string) (owner account, name string, err error) {
	name = r.PathValue("server")
	if err := refusal(v.scopes.Explain([]string{base}, scopes.Server(r.PathValue("user"), name), h.roster)); err != nil {
		return account{}, "", err
	}
	owner, ok := h.roster.userByName(r.PathValue("user"))
	if !ok {
		return account{}, "", web.Errorf(http.StatusNotFound, "")
	}
	return owner, name, nil
}

// named refuses named servers where they are switched off (HB-99).
func (h *Hub) named(ctx context.Context, name string) error {
	if name != "" && !h.namedServers(ctx) {
		return web.Errorf(http.StatusBadRequest, "Named servers are not enabled.")
	}
	return nil
}

// namedServers says whether there may be named servers now.
func (h *Hub) namedServers(ctx context.Context) bool {
	return h.cfg.AllowNamedServers && !h.asked(ctx, "NoNamedServers")
}

// startOrder is what a request says of the server that it starts or makes.
type startOrder struct {
	displayName string          // "" = not said
	options     json.RawMessage // nil = not said
}

// startOrder reads the body of a start: all of it is options, but in profile 6.0 they can stand beside a display name (HB-95).
func (h *Hub) startOrder(r *http.Request) (o startOrder, err error) {
	body, err := optionalObject(r)
	if err != nil || len(body) == 0 {
		return o, err
	}
	if h.cfg.Profile == scopes.P60 && (body["display_name"] != nil || body["user_options"] != nil) {
		if raw, ok := body["display_name"]; ok {
			if kindOf(raw) != kindString {
				return o, web.Errorf(http.StatusBadRequest, "display_name must be a string")
			}
			if o.displayName, err = body.text("display_name"); err != nil {
				return o, err
			}
			if err := checkDisplayName(o.displayName); err != nil {
				return o, err
			}
		}
		raw, ok := body["user_options"]
		switch {
		case !ok || kindOf(raw) == "NoneType":
		case kindOf(raw) != kindObject:
			return o, web.Errorf(http.StatusBadRequest, "user_options must be an object or null")
		default:
			o.options = raw
		}
		return o, nil
	}
	if o.options, err = json.Marshal(body); err != nil {
		return o, fmt.Errorf("keep user options: %w", err)
	}
	return o, nil
}

// startAs starts a server as it was ordered.
func (h *Hub) startAs(ctx context.Context, s *server, order startOrder) error {
	if err := h.start(s, order.options); err != nil {
		return err
	}
	if order.displayName == "" || s.name == "" {
		return nil
	}
	return h.roster.setDisplayName(ctx, s, order.displayName)
}

// startServerAPI is POST of a server (HB-95).
func (h *Hub) startServerAPI(w http.ResponseWriter, r *http.Request, v visitor) error {
	needs := "servers"
	if h.cfg.Profile == scopes.P60 {
		needs = "start:servers"
	}
	owner, name, err := h.serverOf(r, v, needs)
	if err != nil {
		return err
	}
	order, err := h.startOrder(r)
	if err != nil {
		return err
	}
	s, err := h.record(r.Context(), owner.Name, name)
	if err != nil {
		return err
	}
	if err := h.startAs(r.Context(), s, order); err != nil {
		return err
	}
	ctx, cancel := h.within(r.Context(), orDefault(h.cfg.Limits.SlowSpawnTimeout, slowSpawnTimeout))
	defer cancel()
	st := s.wait(ctx)
	noteServerFault(r, s)
	if st.Failure != nil {
		return web.Errorf(st.Failure.status, "%s", st.Failure.message)
	}
	w.Header().Set("Content-Type", "text/plain")
	if st.Ready {
		w.WriteHeader(http.StatusCreated)
	} else {
		w.WriteHeader(http.StatusAccepted)
	}
	return nil
}

func (r *roster) setDisplayName(ctx context.Context, s *server, name string) error {
	if err := r.db.setDisplayName(ctx, s.id, name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.displayName = name
	return nil
}

// getServer is GET of a server, which 5.5 does not have.
func (h *Hub) getServer(w http.ResponseWriter, r *http.Request, v visitor) error {
	owner, name, err := h.serverOf(r, v, "read:servers")
	if err != nil {
		return err
	}
	s, ok := h.roster.server(owner.Name, name)
	if !ok {
		return web.Errorf(http.StatusNotFound, "")
	}
	web.WriteTagged(w, r, h.serverModel(s, s.status(), v.scopes))
	return nil
}

// createServer is PUT of a named server, which makes it and does not start it; 5.5 does not have it.
func (h *Hub) createServer(w http.ResponseWriter, r *http.Request, v visitor) error {
	owner, name, err := h.serverOf(r, v, "start:servers")
	if err != nil {
		return err
	}
	if name == "" {
		return web.Errorf(http.StatusConflict, "User %s already has a default server", owner.Name)
	}
	taken := web.Errorf(http.StatusConflict, "User %s already has server %s", owner.Name, name)
	if _, ok := h.roster.server(owner.Name, name); ok {
		return taken
	}
	order, err := h.startOrder(r)
	if err != nil {
		return err
	}
	if err := h.named(r.Context(), name); err != nil {
		return err
	}
	if !h.validServerName(name) {
		return web.Errorf(http.StatusBadRequest, "Invalid server_name: '%s'", name)
	}
	s, made, err := h.roster.addServer(r.Context(), owner.ID, name)
	if err != nil {
		return h.tooManyServers(err, owner.Name)
	}
	if !made {
		return taken
	}
	if order.displayName != "" {
		if err := h.roster.setDisplayName(r.Context(), s, order.displayName); err != nil {
			return err
		}
	}
	s.setOptions(order.options)
	h.log.Info("server created", "server", s.fullName(), "by", v.ref.Name)
	web.WriteJSON(w, http.StatusCreated, h.serverModel(s, s.status(), v.scopes))
	return nil
}

func (s *server) setOptions(options json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if options != nil {
		s.options = options
	}
}

// stopServerAPI is DELETE of a server (HB-97).
func (h *Hub) stopServerAPI(w http.ResponseWriter, r *http.Request, v visitor) error {
	owner, name, err := h.serverOf(r, v, "delete:servers")
	if err != nil {
		return err
	}
	body, err := optionalObject(r)
	if err != nil {
		return err
	}
	remove := false
	if raw, ok := body["remove"]; ok {
		if err := json.Unmarshal(raw, &remove); err != nil {
			return web.Errorf(http.StatusBadRequest, "remove must be true or false")
		}
	}
	if remove && name == "" {
		return web.Errorf(http.StatusBadRequest, "Cannot delete the default server")
	}
	if err := h.named(r.Context(), name); err != nil {
		return err
	}
	s, ok := h.roster.server(owner.Name, name)
	if !ok {
		return web.Errorf(http.StatusNotFound, "%s has no server named '%s'", owner.Name, name)
	}
	wait := orDefault(h.cfg.Limits.SlowStopTimeout, slowStopTimeout)
	if s.status().Pending == pendingStop {
		wait = 0 // whoever began it waits (HB-97)
	}
	ctx, cancel := h.within(r.Context(), wait)
	defer cancel()
	st := h.stop(ctx, s)
	noteServerFault(r, s)
	if st.Pending != "" {
		if remove {
			h.removeWhenStopped(s)
		}
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	if remove {
		if err := h.removeServer(r.Context(), s); errors.Is(err, errActive) {
			return web.Errorf(http.StatusBadRequest, "%s was started again meanwhile", s.fullName())
		} else if err != nil {
			return err
		}
	}
	web.WriteNoContent(w)
	return nil
}

// removeServer deletes a named server's record: the host's row goes first, which denies at once; then what hangs on it (SH-7).
func (h *Hub) removeServer(ctx context.Context, s *server) error {
	if err := h.roster.dropServer(ctx, s); err != nil {
		return err
	}
	h.log.Info("server deleted", "server", s.fullName())
	return h.sharing.ServerRemoved(context.WithoutCancel(ctx), s.id)
}

// removeWhenStopped is for a client that got its 202 because the server takes its time.
func (h *Hub) removeWhenStopped(s *server) {
	h.task(func() {
		s.wait(h.life)
		if err := h.removeServer(h.life, s); err != nil && h.life.Err() == nil {
			h.log.Error("server was not deleted", "server", s.fullName(), "error", err)
		}
	})
}
