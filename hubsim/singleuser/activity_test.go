package singleuser_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/singleuser"
	"github.com/hubshare/hubshare/internal/testlog"
)

func TestCheckComparesVersions(t *testing.T) { // HB-113
	t.Parallel()
	for name, c := range map[string]struct{ hub, server, want string }{
		"the same":       {"5.5.1", "5.5.1", ""},
		"same major":     {"5.1.0", "5.5.1", ""},
		"another major":  {"6.0.0b2", "5.5.1", "differ in their major version"},
		"not the prefix": {"55.0", "5.5.1", "differ in their major version"},
		"none told":      {"", "5.5.1", "does not tell its version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t)
			hub.version = c.hub
			var log testlog.Log
			s := hub.serve(t, singleuser.Config{Version: c.server, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			require.NoError(t, s.Check(t.Context()))
			if c.want == "" {
				assert.Empty(t, log.String())
			} else {
				assert.Contains(t, log.String(), c.want)
			}
		})
	}
}

func TestCheckTriesFiveTimes(t *testing.T) { // HB-113
	t.Parallel()
	for name, c := range map[string]struct {
		failures, asked int
		works           bool
	}{"the hub comes late": {4, 5, true}, "the hub never comes": {99, 5, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t)
			asked := 0
			client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				asked++
				assert.Equal(t, hub.URL+"/hub/api", r.URL.String(), "no slash at the end")
				assert.Empty(t, r.Header.Get("Authorization"))
				if asked <= c.failures {
					return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Body: http.NoBody}, nil
				}
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, nil
			})}
			s := hub.serve(t, singleuser.Config{HTTPClient: client})
			err := s.Check(t.Context())
			assert.Equal(t, c.works, err == nil)
			if err != nil {
				assert.ErrorContains(t, err, "404")
				assert.Error(t, s.Start(canceled(t)))
				asked-- // Start's own attempt
			}
			assert.Equal(t, c.asked, asked)
		})
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// timers is a clock that a test moves: one timer at a time is enough here.
type timers struct {
	mu   sync.Mutex
	now  time.Time
	wait time.Duration
	f    func()
}

func (c *timers) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *timers) AfterFunc(d time.Duration, f func()) func() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wait, c.f = d, f
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.f = nil
		return true
	}
}

// fire lets the timer run off and tells how long it took.
func (c *timers) fire(t *testing.T) time.Duration {
	t.Helper()
	c.mu.Lock()
	d, f := c.wait, c.f
	c.now, c.f = c.now.Add(d), nil
	c.mu.Unlock()
	require.NotNil(t, f, "a timer is set")
	f()
	return d
}

func TestActivityIsReported(t *testing.T) { // HB-115
	t.Parallel()
	hub := newFakeHub(t)
	clock := &timers{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	s := hub.serve(t, singleuser.Config{Now: clock.Now, AfterFunc: clock.AfterFunc})
	require.NoError(t, s.Start(t.Context()))
	assert.Equal(t, time.Second, clock.fire(t), "soon after the start")
	require.Len(t, hub.reports, 1)
	assert.JSONEq(t, `{"servers":{"":{"last_activity":"2026-11-21T12:00:00Z"}},"last_activity":"2026-11-21T12:00:00Z"}`, hub.reports[0])

	assert.Equal(t, 5*time.Minute, clock.fire(t))
	assert.Len(t, hub.reports, 1, "nobody came, so there is nothing to report")

	hub.visitor(t, "bob").page("/user/ann/lab")
	assert.Equal(t, 5*time.Minute, clock.fire(t))
	require.Len(t, hub.reports, 2)
	assert.Contains(t, hub.reports[1], `"last_activity":"2026-11-21T12:05:01Z"`)

	assert.Equal(t, 5*time.Minute, clock.wait)
	require.NoError(t, s.Close())
	assert.Nil(t, clock.f, "a closed server reports no more")
	require.NoError(t, s.ReportActivity(t.Context()), "there is nothing new to tell")
}

func TestFailedReportIsRepeatedForAMinute(t *testing.T) { // HB-115, OA-140
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		pauses []time.Duration
	}{
		"hub in trouble": {503, []time.Duration{1 * time.Second, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 5 * time.Minute}},
		"refused":        {403, []time.Duration{1 * time.Second, 5 * time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t)
			clock := &timers{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
			var log testlog.Log
			client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				status := http.StatusOK
				if r.Method == http.MethodPost {
					status = c.status
				}
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(nil))}, nil
			})}
			s := hub.serve(t, singleuser.Config{Now: clock.Now, AfterFunc: clock.AfterFunc, HTTPClient: client, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			require.NoError(t, s.Start(t.Context()))
			for _, want := range c.pauses {
				assert.Equal(t, want, clock.fire(t))
			}
			assert.Contains(t, log.String(), "did not take the activity report")
			assert.NotContains(t, log.String(), serverToken)
		})
	}
}
