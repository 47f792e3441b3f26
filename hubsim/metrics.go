package hubsim

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

// activePeriods are those over which active users are counted, by the label that says so.
var activePeriods = []struct {
	label string
	d     time.Duration
}{{"24h", 24 * time.Hour}, {"7d", 7 * 24 * time.Hour}, {"30d", 30 * 24 * time.Hour}}

// metrics answers GET metrics and api/metrics, by token as well as by cookie, in Prometheus' text format (HB-19). Names are JupyterHub's, so that its dashboards show
// something; what is not counted here is left out.
func (h *Hub) metrics() http.Handler {
	return h.page(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet {
			return h.refuseMethod(r)
		}
		v, ok, err := h.identify(r)
		if err != nil {
			return err
		}
		if v.token == nil {
			if err := h.xsrf.Check(r, v.bind(), false); err != nil {
				return err
			}
		}
		if !ok {
			return web.Errorf(http.StatusForbidden, "Missing or invalid credentials.")
		}
		if err := h.demand(v, "read:metrics"); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(h.measured()) // the client has gone; nobody is left to tell
		return nil
	})
}

func (h *Hub) measured() []byte {
	var b bytes.Buffer
	gauge := func(name, help string) { fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name) }
	users, active := h.roster.counted(h.cfg.Clock.Now())
	gauge("jupyterhub_total_users", "total number of users")
	fmt.Fprintf(&b, "jupyterhub_total_users %d\n", users)
	gauge("jupyterhub_active_users", "number of users who were active in the given time period")
	for i, p := range activePeriods {
		fmt.Fprintf(&b, "jupyterhub_active_users{period=%q} %d\n", p.label, active[i])
	}
	running, starting, stopping := 0, 0, 0
	for _, s := range h.roster.allServers() {
		switch st := s.status(); {
		case st.Ready:
			running++
		case st.Pending == pendingSpawn:
			starting++
		case st.Pending == pendingStop:
			stopping++
		}
	}
	gauge("jupyterhub_running_servers", "the number of user servers currently running")
	fmt.Fprintf(&b, "jupyterhub_running_servers %d\n", running)
	gauge("hubsim_pending_servers", "the number of user servers that are starting or stopping")
	fmt.Fprintf(&b, "hubsim_pending_servers{pending=%q} %d\nhubsim_pending_servers{pending=%q} %d\n", pendingSpawn, starting, pendingStop, stopping)
	gauge("hubsim_services", "the number of services")
	fmt.Fprintf(&b, "hubsim_services %d\n", len(h.services.all()))
	return b.Bytes()
}

// counted gives how many users there are, and how many of them were active within each of activePeriods.
func (r *roster) counted(now time.Time) (users int, active []int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	active = make([]int, len(activePeriods))
	for _, u := range r.users {
		for i, p := range activePeriods {
			if !u.lastActivity.IsZero() && now.Sub(u.lastActivity) <= p.d {
				active[i]++
			}
		}
	}
	return len(r.users), active
}
