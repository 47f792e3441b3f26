package spawner_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/spawner"
)

// listen serves h until the test ends and gives the address of ann's server.
func listen(t *testing.T, h http.HandlerFunc) (*http.Client, *url.URL) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL + "/user/a%2Fb/")
	require.NoError(t, err)
	return srv.Client(), u
}

func TestProbeTakesAnyAnswerBelow500(t *testing.T) { // HB-93
	t.Parallel()
	for name, status := range map[string]int{"success": 200, "a redirect, not followed": 302, "a refusal": 403, "not found": 404} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, u := listen(t, func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "/user/a%2Fb/api", r.URL.EscapedPath())
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("X-JupyterHub-Version", "5.5.1")
				w.WriteHeader(status)
			})
			version, err := spawner.Probe(bounded(t), client, u)
			require.NoError(t, err)
			assert.Equal(t, "5.5.1", version)
			assert.Nil(t, client.CheckRedirect, "the caller's client stays as it was")
		})
	}
}

func TestProbeAsksAgainWhileTheServerIsNotReady(t *testing.T) { // HB-93
	t.Parallel()
	var asked atomic.Int32
	client, u := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		switch asked.Add(1) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			conn, _, err := http.NewResponseController(w).Hijack()
			if assert.NoError(t, err) {
				_ = conn.Close()
			}
		}
	})
	version, err := spawner.Probe(bounded(t), client, u)
	require.NoError(t, err)
	assert.Empty(t, version, "this server tells none")
	assert.EqualValues(t, 3, asked.Load())
}

func TestProbeGivesUpWithItsContextAndSaysWhatItMet(t *testing.T) {
	t.Parallel()
	late := errors.New("30 s are over")
	ctx, cancel := context.WithCancelCause(t.Context())
	client, u := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_ = http.NewResponseController(w).Flush()
	})
	var once atomic.Bool
	client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		res, err := http.DefaultTransport.RoundTrip(r)
		if once.Swap(true) {
			cancel(late)
		}
		return res, err
	})
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	_, err := spawner.Probe(ctx, client, u)
	require.ErrorIs(t, err, late)
	assert.ErrorContains(t, err, "502")
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
