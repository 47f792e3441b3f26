package hubsim

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"sync"
)

// restarts lets requests into the hub, except while it restarts.
type restarts struct {
	mu     sync.Mutex
	down   bool
	life   context.Context // of the requests since the last restart; nil = there was none yet
	cancel context.CancelFunc
	open   sync.WaitGroup
}

// enter counts a request to the hub and gives it a context that ends when the hub restarts; false while it does.
func (q *restarts) enter(r *http.Request) (_ *http.Request, leave func(), up bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.down {
		return r, nil, false
	}
	if q.life == nil {
		q.life, q.cancel = context.WithCancel(context.Background())
	}
	q.open.Add(1)
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(q.life, cancel)
	return r.WithContext(ctx), func() { stop(); cancel(); q.open.Done() }, true
}

// begin keeps requests out, ends those that are under way, and returns once they have.
func (q *restarts) begin() {
	q.mu.Lock()
	q.down = true
	if q.cancel != nil {
		q.cancel()
	}
	q.mu.Unlock()
	q.open.Wait()
}

func (q *restarts) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.down, q.life, q.cancel = false, nil, nil
}

// whileUp serves the hub's own paths. A proxy whose hub is not there answers 503.
func (h *Hub) whileUp(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, leave, up := h.restarts.enter(r)
		if !up {
			noteHub(r)
			http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
			return
		}
		defer leave()
		next.ServeHTTP(w, in)
	})
}

// Restart is a restart of the hub alone (HB-200). Requests to the hub that are under way are cut short, later ones get 503 until it is back. It then knows what its
// database has: users, groups, tokens, shares, logins. Servers that run go on running, with what is open through the proxy; starts that are under way fail, and why an
// earlier one failed is forgotten, as is what administrators kept with users (auth_state). ctx bounds the wait for starts and stops that are under way; after an error the hub is up.
func (h *Hub) Restart(ctx context.Context) error {
	h.resets.Lock()
	defer h.resets.Unlock()
	h.restarts.begin()
	defer h.restarts.end()
	for _, s := range h.roster.allServers() {
		if !s.status().Ready {
			if st := h.stop(ctx, s); st.Pending != "" {
				return fmt.Errorf("restart: the server of %s is pending %s: %w", s.fullName(), st.Pending, context.Cause(ctx))
			}
		}
	}
	if err := h.roster.keepActivity(ctx); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	if err := h.provider.Flush(ctx); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	if err := h.roster.reload(ctx); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	for _, s := range h.roster.allServers() {
		s.forgetFailure()
		h.noticeDead(s)
	}
	h.accessChanged(ctx)
	h.log.Info("hub restarted")
	return nil
}

func (s *server) forgetFailure() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil && s.pending == "" && !s.ready {
		s.failure, s.events = nil, nil
		s.tell()
	}
}

// reload puts what the database has over what is in memory. Records stay the same objects: servers that run hold on to theirs.
func (r *roster) reload(ctx context.Context) error {
	fresh := &roster{users: map[string]*user{}, byID: map[string]*user{}, groups: map[string]*group{}, servers: map[string]*server{}}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.db.passing != nil { // it is what there is
		for _, u := range r.byID {
			u.authState = nil
		}
		return nil
	}
	if err := r.db.load(ctx, fresh); err != nil {
		return err
	}
	r.groups = fresh.groups
	for id, u := range fresh.byID {
		known := r.byID[id]
		if known == nil {
			r.adopt(u)
			continue
		}
		known.cookieID, known.admin, known.lastActivity, known.groups, known.authState = u.cookieID, u.admin, u.lastActivity, u.groups, nil
	}
	return nil
}

// keepActivity writes down when users were active last. It is kept in memory in between: no request waits for a disk on that account.
func (r *roster) keepActivity(ctx context.Context) error {
	if r.db.passing != nil {
		return nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	err := r.db.Write(ctx, func(tx *sql.Tx) error {
		for _, u := range r.byID {
			if _, err := tx.ExecContext(ctx, `UPDATE hub_users SET last_activity = ? WHERE id = ?`, u.lastActivity.UnixMicro(), rowID(u.id)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep when users were active: %w", err)
	}
	return nil
}
