package spawner_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/spawner"
)

// patience bounds what should take no time at all.
const patience = 3 * time.Second

type closerFunc func() error

func (f closerFunc) Close() error { return f() }

// start runs h as the server of ann and stops it with the test.
func start(t *testing.T, h http.Handler, c io.Closer) spawner.Process {
	t.Helper()
	s := spawner.InProcess{Handler: func(spawner.Spec) (http.Handler, io.Closer, error) { return h, c, nil }}
	p, err := s.Start(t.Context(), spawner.Spec{User: "ann", Prefix: "/user/ann/"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Stop(bounded(t)) })
	return p
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	return ctx
}

// get asks once, on a connection of its own.
func get(t *testing.T, p spawner.Process) (*http.Response, error) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL().String(), nil)
	require.NoError(t, err)
	res, err := client.Do(req)
	if err == nil {
		t.Cleanup(func() { _ = res.Body.Close() })
	}
	return res, err
}

func TestServerKnowsItsAddressBeforeItIsMade(t *testing.T) {
	t.Parallel()
	env := map[string]string{"JUPYTERHUB_USER": "ann"}
	var seen spawner.Spec
	s := spawner.InProcess{Handler: func(spec spawner.Spec) (http.Handler, io.Closer, error) {
		seen = spec
		return http.NotFoundHandler(), nil, nil
	}}
	p, err := s.Start(t.Context(), spawner.Spec{User: "ann", Server: "gpu", Prefix: "/b%20c/user/ann/gpu/", Env: env})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Stop(bounded(t))) })

	// HB-103, HB-105
	assert.Equal(t, p.URL().String(), seen.Env["JUPYTERHUB_SERVICE_URL"])
	assert.Equal(t, "ann", seen.Env["JUPYTERHUB_USER"])
	assert.Equal(t, "127.0.0.1", p.URL().Hostname())
	assert.Equal(t, "/b%20c/user/ann/gpu/", p.URL().EscapedPath())
	assert.Equal(t, map[string]string{"JUPYTERHUB_USER": "ann"}, env, "the caller's map stays as it was")
}

func TestStartTellsProgress(t *testing.T) { // HB-100
	t.Parallel()
	var events []spawner.Event
	s := spawner.InProcess{Handler: func(spawner.Spec) (http.Handler, io.Closer, error) { return http.NotFoundHandler(), nil, nil }}
	p, err := s.Start(t.Context(), spawner.Spec{Prefix: "/", Progress: func(e spawner.Event) { events = append(events, e) }})
	require.NoError(t, err)
	require.NoError(t, p.Stop(bounded(t)))
	assert.Equal(t, []spawner.Event{{Progress: 50, Message: "Spawning server..."}}, events)
}

func TestFailedStartLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	broken := errors.New("no notebooks")
	var address string
	s := spawner.InProcess{Handler: func(spec spawner.Spec) (http.Handler, io.Closer, error) {
		address = spec.Env["JUPYTERHUB_SERVICE_URL"]
		return nil, nil, broken
	}}
	_, err := s.Start(t.Context(), spawner.Spec{User: "ann", Prefix: "/"})
	require.ErrorIs(t, err, broken)
	_, err = (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(address)
	assert.Error(t, err, "the port is closed again")

	_, err = s.Start(t.Context(), spawner.Spec{Prefix: "/%zz/"})
	assert.ErrorContains(t, err, "prefix")

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Start(gone, spawner.Spec{Prefix: "/"})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestStoppedServerIsGone(t *testing.T) {
	t.Parallel()
	closed := 0
	p := start(t, http.NotFoundHandler(), closerFunc(func() error { closed++; return nil }))
	res, err := get(t, p)
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, res.StatusCode)
	select {
	case <-p.Done():
		t.Fatal("done while it runs")
	default:
	}

	require.NoError(t, p.Stop(bounded(t)))
	<-p.Done()
	require.NoError(t, p.Err(), "it was asked to end")
	_, err = get(t, p)
	require.Error(t, err)

	require.NoError(t, p.Stop(bounded(t)), "stopping again is no error")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, p.Stop(gone))
	assert.Equal(t, 1, closed)
}

func TestPoliteStopLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	p := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-release
		_, _ = io.WriteString(w, "whole")
	}), closerFunc(func() error { close(release); return nil })) // streams end with the closer
	var body []byte
	var wg sync.WaitGroup
	wg.Go(func() {
		res, err := get(t, p)
		if assert.NoError(t, err) {
			body, err = io.ReadAll(res.Body)
			assert.NoError(t, err)
		}
	})
	<-begun
	require.NoError(t, p.Stop(bounded(t)))
	wg.Wait()
	assert.Equal(t, "whole", string(body))
}

func TestStopUsesForceWhenTheTimeIsUp(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	p := start(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done() // never ends by itself
	}), nil)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := get(t, p)
		assert.Error(t, err, "the connection was cut")
	})
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.Stop(ctx), context.Canceled)
	wg.Wait()
	<-p.Done()
	assert.NoError(t, p.Err())
}

func TestConnectionWithoutARequestDoesNotDelayTheStop(t *testing.T) {
	t.Parallel()
	p := start(t, http.NotFoundHandler(), nil)
	var dial net.Dialer
	conn, err := dial.DialContext(t.Context(), "tcp", p.URL().Host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = get(t, p) // answered after conn was accepted
	require.NoError(t, err)
	require.NoError(t, p.Stop(bounded(t)))
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	_, err = conn.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
}

func TestStopReportsWhatFailedToClose(t *testing.T) {
	t.Parallel()
	broken := errors.New("socket stuck")
	p := start(t, http.NotFoundHandler(), closerFunc(func() error { return broken }))
	require.ErrorIs(t, p.Stop(bounded(t)), broken)
}

func TestManyMayStopAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t, http.NotFoundHandler(), nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { assert.NoError(t, p.Stop(bounded(t))) })
	}
	wg.Wait()
}

func TestPanicInAHandlerIsThatRequestsAlone(t *testing.T) {
	t.Parallel()
	p := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Panic") != "" {
			panic("mistake")
		}
	}), nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL().String(), nil)
	require.NoError(t, err)
	req.Header.Set("X-Panic", "1")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	_, err = client.Do(req)
	require.Error(t, err)
	res, err := get(t, p)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, res.StatusCode)
}
