package hubsim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/hubsim/spawner"
)

// Limits of a managed service's life. They guard processes, and so run on real time (HB-168).
const (
	serviceReady    = 30 * time.Second       // for a service to answer when the hub starts (OA-V9)
	servicePatience = 2 * time.Second        // between interrupt and SIGTERM
	serviceStop     = 6 * time.Second        // until SIGKILL
	firstPause      = 100 * time.Millisecond // before a service that ended is started again
	longestPause    = 30 * time.Second       // twice the last pause each time, up to this, which is how often a stock hub looks
	provenAfter     = time.Minute            // who lived that long is not failing: the pause is the first again
)

// startServices adds the routes of all services and starts the managed ones (HB-159, HB-160). It returns when those with a URL answer, or are not
// going to: that is logged and, as in a stock hub, no reason not to start. A program that cannot be run at all is an error.
func (h *Hub) startServices(ctx context.Context) error {
	var ready sync.WaitGroup
	defer ready.Wait()
	for _, s := range h.services.all() {
		if err := h.settleAddress(ctx, s); err != nil {
			return fmt.Errorf("service %s: %w", s.Name, err)
		}
		if len(s.Command) == 0 {
			continue
		}
		child, err := h.launchService(ctx, s)
		if err != nil {
			return fmt.Errorf("service %s: %w", s.Name, err)
		}
		if !h.task(func() { h.keepService(s, child) }) {
			return errors.Join(fmt.Errorf("service %s: the hub is closing", s.Name), h.endService(s, child))
		}
		if s.URL != "" {
			ready.Go(func() { h.awaitService(ctx, s, child) })
		}
	}
	ready.Wait()
	return context.Cause(ctx)
}

// settleAddress picks a port if that is the hub's to pick, and leads the service's route there. The route stays while the service does not
// answer: visitors then see that it is down (HB-89).
func (h *Hub) settleAddress(ctx context.Context, s *service) error {
	if s.URL == "" {
		return nil
	}
	at, err := s.target()
	if err != nil {
		return err
	}
	if at.Port() == "0" {
		if at.Host, err = spawner.FreeAddress(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.at = at
	s.mu.Unlock()
	h.proxy.Add(h.plainBase+"services/"+s.Name+"/", at)
	return nil
}

func (h *Hub) launchService(ctx context.Context, s *service) (*spawner.Child, error) {
	env := spawner.Inherited()
	maps.Copy(env, h.serviceEnv(s))
	child, err := spawner.Program{
		Args: s.Command, Env: env, Dir: s.Cwd, Hide: []string{s.token.Reveal()}, Patience: servicePatience,
		Output: func(line string) { h.log.Info("service says", "service", s.Name, "line", line) },
	}.Start(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.child = child
	s.mu.Unlock()
	h.log.Info("service started", "service", s.Name, "pid", child.PID())
	return child, nil
}

// keepService starts a service again whenever it ends, until the hub does; it then stops it.
func (h *Hub) keepService(s *service, child *spawner.Child) {
	pause := firstPause
	for began := time.Now(); ; began = time.Now() {
		if child != nil {
			select {
			case <-h.life.Done():
				if err := h.endService(s, child); err != nil {
					h.log.Warn("service had to be forced to stop", "service", s.Name, "error", err)
				}
				return
			case <-child.Done():
			}
			h.ended(s)
			h.log.Error("service ended", "service", s.Name, "error", child.Err(), "output", lastLines(child.Tail(), 5))
		}
		if time.Since(began) >= provenAfter {
			pause = firstPause
		}
		again := time.NewTimer(pause)
		select {
		case <-h.life.Done():
			again.Stop()
			return
		case <-again.C:
		}
		pause = min(2*pause, longestPause)
		child = h.relaunch(s)
	}
}

// relaunch gives nil if the program could not be started this time.
func (h *Hub) relaunch(s *service) *spawner.Child {
	// The port that was free may be somebody's by now.
	err := h.settleAddress(h.life, s)
	var child *spawner.Child
	if err == nil {
		child, err = h.launchService(h.life, s)
	}
	if err != nil {
		h.log.Error("service did not start", "service", s.Name, "error", err)
		return nil
	}
	return child
}

// endService takes the route away before the program ends (HB-78).
func (h *Hub) endService(s *service, child *spawner.Child) error {
	if s.URL != "" {
		h.proxy.Remove(h.plainBase + "services/" + s.Name + "/")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.life), serviceStop)
	defer cancel()
	err := child.Stop(ctx)
	h.ended(s)
	return err
}

func (h *Hub) ended(s *service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.child = nil
}

// awaitService waits until a service answers below its address, or has ended.
func (h *Hub) awaitService(ctx context.Context, s *service, child *spawner.Child) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Timeout, serviceReady))
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel()
	watch.Go(func() {
		select {
		case <-child.Done():
			cancel()
		case <-ctx.Done():
		}
	})
	at, err := url.Parse(h.servicePath(s.Name))
	if err == nil {
		s.mu.Lock()
		at.Scheme, at.Host = s.at.Scheme, s.at.Host
		s.mu.Unlock()
		_, err = spawner.Await(ctx, h.internal, at)
	}
	if err != nil {
		h.log.Error("service does not answer", "service", s.Name, "error", err)
	}
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
