package hubauth_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/testlog"
	"github.com/hubshare/hubshare/oauth/hubauth"
)

// starting is a server that starts beside a hub, whose API gives these statuses in turn and then 200. It waits for nothing, and notes how long it would.
type starting struct {
	auth *hubauth.Auth
	hub  *httptest.Server
	log  testlog.Log

	mu     sync.Mutex
	asked  []string // method, path and credentials
	waited []time.Duration
}

func newStarting(t *testing.T, hubVersion string, change func(*hubauth.Config), statuses ...int) *starting {
	t.Helper()
	s := &starting{}
	s.hub = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization")+r.Header.Get("Cookie"))
		w.Header()["X-JupyterHub-Version"] = nil
		if hubVersion != "" {
			w.Header().Set("X-JupyterHub-Version", hubVersion)
		}
		if n := len(s.asked); n <= len(statuses) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(statuses[n-1])
		}
		_, _ = io.WriteString(w, `{"version": "not read"}`)
	}))
	t.Cleanup(s.hub.Close)
	c := hubauth.Config{
		APIURL: s.hub.URL + "/hub/api", APIToken: secret, ClientID: clientID, Prefix: prefix, Version: "5.5.1",
		Logger: slog.New(slog.NewTextHandler(&s.log, nil)),
		Wait: func(ctx context.Context, d time.Duration) error {
			s.waited = append(s.waited, d)
			return ctx.Err()
		},
	}
	if change != nil {
		change(&c)
	}
	var err error
	s.auth, err = hubauth.New(c)
	require.NoError(t, err)
	require.Empty(t, s.asked, "making one asks nobody")
	return s
}

const question = "GET /hub/api "

func TestAServerAsksForTheHubsVersionAtItsStart(t *testing.T) { // OA-140
	t.Parallel()
	s := newStarting(t, "5.5.1", nil)
	version, err := s.auth.CheckVersion(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "5.5.1", version)
	assert.Equal(t, []string{question}, s.asked, "and tells no secret")
	assert.Empty(t, s.waited)
	assert.Empty(t, s.log.String())
}

func TestAHubThatComesUpLaterIsWaitedFor(t *testing.T) { // OA-140
	t.Parallel()
	s := newStarting(t, "5.4.0", nil, http.StatusServiceUnavailable, http.StatusNotFound, http.StatusFound, http.StatusNoContent)
	version, err := s.auth.CheckVersion(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "5.4.0", version)
	assert.Len(t, s.asked, 5, "redirects are not followed")
	assert.Equal(t, []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}, s.waited)
}

func TestAfterFiveTriesAServerGivesUp(t *testing.T) { // OA-140
	t.Parallel()
	s := newStarting(t, "5.5.1", nil, 500, 502, 503, 504, 500)
	version, err := s.auth.CheckVersion(t.Context())
	require.ErrorIs(t, err, hubauth.ErrNoHub)
	require.ErrorContains(t, err, "hub answered 500")
	assert.Empty(t, version)
	assert.Len(t, s.asked, 5)
	assert.Len(t, s.waited, 4)
	assert.NotContains(t, err.Error()+s.log.String(), secret)

	gone := newStarting(t, "5.5.1", nil)
	gone.hub.Close()
	_, err = gone.auth.CheckVersion(t.Context())
	require.ErrorIs(t, err, hubauth.ErrNoHub)
	assert.Len(t, gone.waited, 4)
}

func TestOtherVersionsAreAWarning(t *testing.T) { // OA-140
	t.Parallel()
	for name, c := range map[string]struct{ hub, own, warning string }{
		"the same":                            {"5.5.1", "5.5.1", ""},
		"another minor one":                   {"5.2.0", "5.5.1", ""},
		"another major one":                   {"6.0.0b2", "5.5.1", "another version"},
		"one that begins alike":               {"50.1", "5.5.1", "another version"},
		"none":                                {"", "5.5.1", "does not tell its version"},
		"a server that does not know its own": {"6.0.0", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStarting(t, c.hub, func(cfg *hubauth.Config) { cfg.Version = c.own })
			version, err := s.auth.CheckVersion(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.hub, version)
			if c.warning == "" {
				assert.Empty(t, s.log.String())
			} else {
				assert.Contains(t, s.log.String(), c.warning)
			}
		})
	}
}

func TestWaitingForTheHubEndsWithItsContext(t *testing.T) { // OA-140
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := newStarting(t, "5.5.1", func(c *hubauth.Config) {
		c.Wait = nil // real time, of which none passes
	}, 500, 500, 500, 500, 500)
	cancel()
	_, err := s.auth.CheckVersion(ctx)
	require.ErrorIs(t, err, context.Canceled)

	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	watched := newStarting(t, "5.5.1", func(c *hubauth.Config) {
		c.Wait = nil
		c.Logger = slog.New(slog.NewTextHandler(ending{cancel}, nil))
	}, 500)
	_, err = watched.auth.CheckVersion(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, watched.asked, 1)
}

// ending ends a context at the first line: behind a try that failed, before the pause.
type ending struct{ cancel func() }

func (e ending) Write(p []byte) (int, error) {
	e.cancel()
	return len(p), nil
}
