package hubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
)

// keepAlive is the pause between signs of life on a progress stream.
const keepAlive = 8 * time.Second

// progressStream tells a page how a start goes on, until it is over (HB-100).
func (h *Hub) progressStream(w http.ResponseWriter, r *http.Request, v visitor) error {
	owner, name := r.PathValue("user"), r.PathValue("server")
	if err := refusal(v.scopes.Explain([]string{"read:servers"}, scopes.Server(owner, name), h.roster)); err != nil {
		return err
	}
	s, ok := h.roster.server(owner, name)
	if !ok {
		return web.Errorf(http.StatusNotFound, "")
	}
	st := s.status()
	if !st.Active() && st.Failure == nil {
		return web.Errorf(http.StatusBadRequest, "%s is not starting...", s.fullName())
	}
	events, more, changed := s.progressSince(0)
	if !more && len(events) > 0 {
		events = events[len(events)-1:]
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	out := http.NewResponseController(w)
	if _, err := fmt.Fprint(w, "\n"); err != nil {
		return nil // nobody listens any more
	}
	alive := time.NewTicker(keepAlive) // a guard on a socket: real time
	defer alive.Stop()
	for sent := 0; ; {
		for _, e := range events {
			data, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("encode progress: %w", err)
			}
			if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
				return nil
			}
		}
		if out.Flush() != nil || !more {
			return nil
		}
		sent += len(events)
		select {
		case <-changed:
		case <-alive.C:
			if _, err := fmt.Fprint(w, "\n"); err != nil {
				return nil
			}
		case <-r.Context().Done():
			return nil
		case <-h.life.Done():
			return nil
		}
		events, more, changed = s.progressSince(sent)
	}
}
