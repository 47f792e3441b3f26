package hubsim

import "net/http"

// meetStart has a start meet the fault that is about it; the zero hit is none.
func (h *Hub) meetStart(s *server) hit {
	return h.meetServer(s, func(l *scenario) bool { return l.start != nil || l.probe != nil })
}

// meetStop has a stop meet the one that is about it.
func (h *Hub) meetStop(s *server) hit {
	return h.meetServer(s, func(l *scenario) bool { return l.stop != nil })
}

func (h *Hub) meetServer(s *server, of func(*scenario) bool) hit {
	f, met := h.meet(func(f *fault) bool { return f.line != nil && of(f.line) && f.Scenario.concerns(s.owner.name, s.name) })
	if !met {
		return hit{}
	}
	h.log.Info("a server meets a fault", "server", s.fullName(), "fault", f.ID, "scenario", f.Scenario.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
	return f
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
