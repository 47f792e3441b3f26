package hubsim

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

// spawns counts the servers that start and that run (HB-99).
type spawns struct {
	mu                sync.Mutex
	starting, running int
	refusals          int
}

const concurrentSpawns = 100

// admit counts one more start, or refuses it.
func (h *Hub) admit() error {
	q, l := &h.spawns, h.cfg.Limits
	q.mu.Lock()
	defer q.mu.Unlock()
	if most := orDefault(l.ConcurrentSpawns, concurrentSpawns); most > 0 && q.starting >= most {
		q.refusals++
		return h.tooManyStart(q.refusals)
	}
	if l.ActiveServers > 0 && q.starting+q.running >= l.ActiveServers {
		return web.Errorf(http.StatusTooManyRequests, "Active user limit exceeded. Try again in a few minutes.")
	}
	q.starting++
	return nil
}

// tooManyStart asks to come back in a while that differs from one to the next, so that not all come back at once.
func (h *Hub) tooManyStart(nth int) error {
	least, most := h.cfg.Limits.retryRange()
	spread := int64((most-least)/time.Second) + 1
	wait := least + time.Duration(h.chance("spawn_throttle", int64(nth)).Int64N(spread))*time.Second
	human := fmt.Sprintf("%d minutes", int(math.Ceil(wait.Minutes())))
	if wait <= 90*time.Second {
		human = fmt.Sprintf("%d0 seconds", int(math.Ceil(wait.Seconds()/10))) // as upstream rounds it
	}
	e := web.Errorf(http.StatusTooManyRequests, "Too many users trying to log in right now. Try again in %s.", human)
	e.Header = http.Header{"Retry-After": {strconv.Itoa(int(wait / time.Second))}}
	return e
}

// started counts the end of a start.
func (q *spawns) started(runs bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.starting--
	if runs {
		q.running++
	}
}

func (q *spawns) stopped() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
}

// tooManyServers puts the limit of a user's named servers into words, and leaves every other error as it is.
func (h *Hub) tooManyServers(err error, owner string) error {
	if !errors.Is(err, errTooManyServers) {
		return err
	}
	return web.Errorf(http.StatusBadRequest, "User %s already has the maximum of %d named servers.  One must be deleted before a new server can be created",
		owner, h.cfg.Limits.NamedServersPerUser)
}
