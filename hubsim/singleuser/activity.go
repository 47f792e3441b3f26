package singleuser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

const (
	checkAttempts   = 5
	firstCheckPause = 50 * time.Millisecond

	firstReport    = time.Second
	reportInterval = 5 * time.Minute // HB-189
	firstRetry     = time.Second
	retryFor       = time.Minute
)

// Start makes sure that the hub is there, as Check does, and from then on
// reports activity to it until Close (HB-113, HB-115).
func (s *Server) Start(ctx context.Context) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	if s.settings.activityURL != "" {
		s.reporter.schedule(firstReport)
	}
	return nil
}

// Check asks the hub for its version, up to five times with growing pauses in
// real time (HB-113). Another major version than this server's, or none, is
// logged: the two would send visitors to and fro. The error is the last
// attempt's, or ctx's.
func (s *Server) Check(ctx context.Context) error {
	var err error
	for pause, n := firstCheckPause, 1; ; pause, n = 2*pause, n+1 {
		var version string
		if version, err = s.askVersion(ctx); err == nil {
			s.compareVersion(version)
			return nil
		}
		if n == checkAttempts || ctx.Err() != nil {
			return fmt.Errorf("reach the hub at %s: %w", s.settings.apiURL, err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("reach the hub at %s: %w", s.settings.apiURL, errors.Join(context.Cause(ctx), err))
		case <-timer.C:
		}
	}
}

func (s *Server) askVersion(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.settings.apiURL, nil)
	if err != nil {
		return "", err
	}
	header, err := s.send(req)
	if err != nil {
		return "", err
	}
	return header.Get("X-JupyterHub-Version"), nil
}

// send gives the header of a successful answer, and an error for every other.
func (s *Server) send(req *http.Request) (http.Header, error) {
	res, err := s.cfg.HTTPClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.CopyN(io.Discard, res.Body, 4096) // so that the connection can be used again
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, statusError(res.StatusCode)
	}
	return res.Header, nil
}

type statusError int

func (e statusError) Error() string { return fmt.Sprintf("the hub answered %d", int(e)) }

func (s *Server) compareVersion(hub string) {
	major := func(v string) string { m, _, _ := strings.Cut(v, "."); return m }
	switch {
	case hub == "":
		s.cfg.Logger.Warn("the hub does not tell its version", "server", s.cfg.Version)
	case major(hub) != major(s.cfg.Version):
		s.cfg.Logger.Warn("hub and server differ in their major version; redirect loops are possible", "hub", hub, "server", s.cfg.Version)
	}
}

// ReportActivity tells the hub when this server was last used, unless it has
// been told already (HB-115).
func (s *Server) ReportActivity(ctx context.Context) error {
	return s.reporter.report(ctx)
}

// reporter tells the hub of activity, on the server's clock.
type reporter struct {
	server *Server

	sending sync.Mutex // one report at a time
	told    time.Time  // guarded by sending

	mu      sync.Mutex
	closed  bool
	stop    func() bool
	running sync.WaitGroup // added to only while not closed
	retry   time.Duration  // next pause after a failure; 0 = none failed
	spent   time.Duration  // on retries so far
}

func (r *reporter) report(ctx context.Context) error {
	r.sending.Lock()
	defer r.sending.Unlock()
	s := r.server
	active := s.lastActivity()
	if !active.After(r.told) {
		return nil
	}
	type times struct {
		LastActivity web.Time `json:"last_activity"`
	}
	body, err := json.Marshal(struct {
		Servers map[string]times `json:"servers"`
		times
	}{map[string]times{s.settings.name: {web.Time{Time: active}}}, times{web.Time{Time: active}}})
	if err != nil {
		return fmt.Errorf("report activity: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.settings.activityURL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("report activity: %w", err)
	}
	req.Header.Set("Authorization", "token "+s.settings.token.Reveal())
	req.Header.Set("Content-Type", "application/json")
	if _, err := s.send(req); err != nil {
		return fmt.Errorf("report activity: %w", err)
	}
	r.told = active
	return nil
}

func (r *reporter) schedule(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.stop = r.server.cfg.AfterFunc(d, r.tick)
	}
}

// tick reports once and plans the next time. Refusals are not repeated: the
// token will not become valid again (OA-140).
func (r *reporter) tick() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.running.Add(1)
	r.mu.Unlock()
	defer r.running.Done()

	err := r.report(r.server.ctx)
	if err != nil && r.server.ctx.Err() == nil {
		r.server.cfg.Logger.Warn("the hub did not take the activity report", "error", err)
	}
	r.schedule(r.next(err))
}

func (r *reporter) next(err error) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	var refused statusError
	pause := max(2*r.retry, firstRetry)
	if err == nil || errors.As(err, &refused) && refused < 500 || r.spent+pause > retryFor {
		r.retry, r.spent = 0, 0
		return reportInterval
	}
	r.retry, r.spent = pause, r.spent+pause
	return pause
}

// close returns when no report is under way.
func (r *reporter) close() {
	r.mu.Lock()
	r.closed = true
	if r.stop != nil {
		r.stop()
	}
	r.mu.Unlock()
	r.running.Wait()
}
