package hubsim

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

const pollInterval = 30 * time.Second

// every has f called each time that so much of the hub's clock has passed, until the hub closes. f runs in a task of the hub.
func (h *Hub) every(d time.Duration, f func()) {
	var mu sync.Mutex
	stop := func() bool { return false }
	var tick func()
	set := func() {
		mu.Lock()
		defer mu.Unlock()
		if h.life.Err() == nil {
			stop = h.cfg.Clock.AfterFunc(d, tick)
		}
	}
	tick = func() {
		h.task(f)
		set()
	}
	set()
	context.AfterFunc(h.life, func() {
		mu.Lock()
		defer mu.Unlock()
		stop()
	})
}

// poll looks now and then whether servers still run (HB-90). A hub looks besides whenever somebody opens home, starts or stops one.
func (h *Hub) poll() {
	interval := orDefault(h.cfg.Limits.PollInterval, pollInterval)
	if interval <= 0 {
		return
	}
	h.every(interval, func() {
		for _, s := range h.roster.allServers() {
			h.noticeDead(s)
		}
	})
}

// activities are those of servers behind the proxy that are still to be collected.
type activities struct {
	mu   sync.Mutex
	seen map[*server]time.Time
}

// reached notes that an answer of a server went through the proxy: that moves its activity and its owner's (HB-91).
func (h *Hub) reached(prefix string, status int) {
	if status == 0 || status >= http.StatusMultipleChoices {
		return
	}
	s := h.serverAt(prefix)
	if s == nil {
		return
	}
	now := h.cfg.Clock.Now()
	if h.cfg.Limits.LastActivityInterval <= 0 {
		h.active(s, now)
		return
	}
	h.activities.mu.Lock()
	defer h.activities.mu.Unlock()
	h.activities.seen[s] = now
}

func (h *Hub) active(s *server, at time.Time) {
	s.touch(at, h.cfg.Limits.activityResolution())
	h.roster.touch(s.owner.id, at)
}

// collect takes what was noted since the last time.
func (h *Hub) collect() {
	h.activities.mu.Lock()
	seen := h.activities.seen
	h.activities.seen = map[*server]time.Time{}
	h.activities.mu.Unlock()
	for s, at := range seen {
		h.active(s, at)
	}
}

// serverAt finds the server of a route's decoded prefix; nil if it is a service's.
func (h *Hub) serverAt(prefix string) *server {
	rest, ok := strings.CutPrefix(prefix, h.plainBase+"user/")
	if !ok {
		return nil
	}
	owner, name, _ := strings.Cut(strings.TrimSuffix(rest, "/"), "/")
	s, _ := h.roster.server(owner, name)
	return s
}
