package hubsim

import (
	"context"
	"net/http"

	"github.com/hubshare/hubshare/hubsim/spawner"
)

// disturbStart has a start meet the faults that are about it, before its spawner is asked.
func (h *Hub) disturbStart(ctx context.Context, s *server, spec spawner.Spec) (hit, error) {
	f, met := h.meet(func(f *fault) bool {
		return f.line != nil && (f.line.start != nil || f.line.probe != nil) && f.Scenario.concerns(spec.User, spec.Server)
	})
	if !met {
		return hit{}, nil
	}
	h.noteMet(s, f)
	if f.line.start == nil {
		return f, nil
	}
	return f, f.line.start(ctx, h, f)
}

// disturbStop has a stop meet those that are about it, after the route is gone and before the server is told.
func (h *Hub) disturbStop(s *server) {
	f, met := h.meet(func(f *fault) bool {
		return f.line != nil && f.line.stop != nil && f.Scenario.concerns(s.owner.name, s.name)
	})
	if met {
		h.noteMet(s, f)
		f.line.stop(h.life, h, f)
	}
}

func (h *Hub) noteMet(s *server, f hit) {
	h.log.Info("a server meets a fault", "server", s.fullName(), "fault", f.ID, "scenario", f.Scenario.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// noteServerFault marks the request that had a server start or stop which met a fault.
func noteServerFault(r *http.Request, s *server) {
	s.mu.Lock()
	f := s.fault
	s.mu.Unlock()
	if e := entryOf(r); e != nil && e.Fault == 0 && f.ID != 0 {
		e.met(f)
	}
}
