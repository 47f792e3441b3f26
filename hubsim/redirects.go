package hubsim

import (
	"net/http"
	"strconv"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

const (
	userRedirects       = 4
	redirectsIfDiffers  = 2
	longestRedirectWait = 10 * time.Second
)

// sendBack sends a visitor, who did not find a server that is said to run, to it once more. If that goes on it waits longer each time, and then gives up (HB-85).
func (h *Hub) sendBack(w http.ResponseWriter, r *http.Request, s *server, target string) error {
	q := r.URL.Query()
	times, err := strconv.Atoi(lastOf(q, "redirects"))
	if err != nil || times < 0 {
		times = 0
	}
	differs := differing(s.versionSeen(), h.versionFor(r))
	if times >= orDefault(h.cfg.Limits.UserRedirects, userRedirects) || differs != "" && times >= redirectsIfDiffers {
		return web.Errorf(http.StatusInternalServerError, "Redirect loop detected.%s", differs)
	}
	if times > 0 {
		h.log.Warn("a server that is ready is not reached", "server", s.fullName(), "redirects", times)
		ctx, cancel := h.within(r.Context(), min(time.Second<<min(times, 4), longestRedirectWait))
		defer cancel()
		select {
		case <-ctx.Done():
		case <-h.life.Done():
		}
	}
	q.Set("redirects", strconv.Itoa(times+1))
	web.Redirect(w, http.StatusFound, h.userOrigin(s.owner.name)+target+"?"+q.Encode())
	return nil
}

// differing says what is wrong with a server's version, if it is not the hub's.
func differing(servers, hubs string) string {
	if servers == hubs {
		return ""
	}
	if servers == "" {
		servers = "unknown (likely < 0.8)"
	}
	return " Notebook has jupyterhub version " + servers + ", but the Hub expects " + hubs + ". Try installing jupyterhub==" + hubs +
		" in the user environment if you continue to have problems."
}
