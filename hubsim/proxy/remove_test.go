package proxy_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// HB-78, HB-198: what runs over a route ends with it, however it ends.
func TestRemovingARouteEndsWhatRunsOverIt(t *testing.T) {
	t.Parallel()
	replace := func(d *door) { d.AddHandler("/user/ann/", says("new")) }
	for name, end := range map[string]func(*door){
		"removed":  func(d *door) { d.Remove("/user/ann/") },
		"replaced": replace,
		"closed":   func(d *door) { _ = d.Close() },
	} {
		t.Run(name+": a stream", func(t *testing.T) {
			t.Parallel()
			d, gone := newDoor(t), make(chan struct{})
			d.Add("/user/ann/", target(t, func(w http.ResponseWriter, r *http.Request) {
				defer close(gone)
				_, _ = io.WriteString(w, "begun")
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}))
			res, err := d.client.Get(d.url.String() + "/user/ann/")
			require.NoError(t, err)
			defer func() { _ = res.Body.Close() }()
			_, err = io.ReadFull(res.Body, make([]byte, 5))
			require.NoError(t, err)
			end(d)
			_, err = res.Body.Read(make([]byte, 1))
			assert.Error(t, err)
			assert.NotErrorIs(t, err, io.EOF, "the client must not take it for a whole answer")
			<-gone
		})
		t.Run(name+": a request that waits for an answer", func(t *testing.T) {
			t.Parallel()
			d, begun := newDoor(t), make(chan struct{})
			d.Add("/user/ann/", target(t, func(_ http.ResponseWriter, r *http.Request) {
				close(begun)
				<-r.Context().Done()
			}))
			go func() {
				<-begun
				end(d)
			}()
			res, _ := d.get(t, "/user/ann/")
			assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
		})
		t.Run(name+": a web socket", func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			d.Add("/user/ann/", target(t, echo))
			c, _, err := d.dial(t, "/user/ann/?token=x")
			require.NoError(t, err)
			defer func() { _ = c.CloseNow() }()
			require.NoError(t, c.Write(context.Background(), websocket.MessageText, []byte("x")))
			_, _, err = c.Read(context.Background())
			require.NoError(t, err)
			end(d)
			_, _, err = c.Read(context.Background())
			assert.Error(t, err)
		})
		t.Run(name+": a client that does not read", func(t *testing.T) {
			t.Parallel()
			d, gone := newDoor(t), make(chan struct{})
			full := make(chan struct{}, 1)
			d.Add("/user/ann/", target(t, func(w http.ResponseWriter, _ *http.Request) {
				defer close(gone)
				for i := 0; ; i++ {
					if _, err := w.Write(make([]byte, 1<<20)); err != nil {
						return
					}
					if i == 1 {
						full <- struct{}{}
					}
				}
			}))
			conn, err := net.Dial("tcp", d.url.Host)
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			_, err = io.WriteString(conn, "GET /user/ann/ HTTP/1.1\r\nHost: h\r\n\r\n")
			require.NoError(t, err)
			<-full
			end(d)
			<-gone
		})
		t.Run(name+": a client that does not write on", func(t *testing.T) {
			t.Parallel()
			d, gone, begun := newDoor(t), make(chan struct{}), make(chan struct{})
			d.Add("/user/ann/", target(t, func(_ http.ResponseWriter, r *http.Request) {
				defer close(gone)
				close(begun)
				_, _ = io.Copy(io.Discard, r.Body)
			}))
			conn, err := net.Dial("tcp", d.url.Host)
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			_, err = io.WriteString(conn, "POST /user/ann/ HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf")
			require.NoError(t, err)
			<-begun
			end(d)
			<-gone
		})
	}
}

// HB-198
func TestARouteActsAtOnce(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for range 50 {
		ended := target(t, says("ann"))
		d.Add("/user/ann/", ended)
		_, body := d.get(t, "/user/ann/x")
		require.Equal(t, "ann /user/ann/x", body)
		d.Remove("/user/ann/")
		_, body = d.get(t, "/user/ann/x")
		require.Equal(t, "hub /user/ann/x", body)
	}
}

// A request under way may remove the very route that it came over.
func TestATargetMayRemoveItsOwnRoute(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.AddHandler("/user/ann/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.Remove("/user/ann/")
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}))
	_, err := d.client.Get(d.url.String() + "/user/ann/")
	assert.Error(t, err)
	_, body := d.get(t, "/user/ann/")
	assert.Equal(t, "hub /user/ann/", body)
}

// When the client goes, its target hears of it.
func TestAClientThatGoesAwayEndsItsRequest(t *testing.T) {
	t.Parallel()
	d, begun, gone := newDoor(t), make(chan struct{}), make(chan struct{})
	d.Add("/user/ann/", target(t, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
		close(gone)
	}))
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-begun
		cancel()
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url.String()+"/user/ann/", nil)
	require.NoError(t, err)
	_, err = d.client.Do(r)
	assert.ErrorIs(t, err, context.Canceled)
	<-gone
}

func TestRoutesComeAndGoUnderLoad(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	address := target(t, says("target"))
	var load, churn sync.WaitGroup
	var stop atomic.Bool
	for i := range 4 {
		name := fmt.Sprintf("/user/u%d/", i%2)
		churn.Go(func() {
			for range 100 {
				d.Add(name, address)
				d.Lookup(httptest.NewRequest(http.MethodGet, name, nil))
				d.Remove(name)
			}
		})
		load.Go(func() {
			for !stop.Load() {
				res, err := d.client.Get(d.url.String() + name + "x")
				if err != nil {
					continue // cut off with its route
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err == nil && res.StatusCode == http.StatusOK {
					who, path, _ := strings.Cut(string(body), " ")
					assert.Contains(t, []string{"hub", "target"}, who)
					assert.Equal(t, name+"x", path)
				}
			}
		})
	}
	churn.Wait()
	stop.Store(true)
	load.Wait()
	_, body := d.get(t, "/user/u0/")
	assert.Equal(t, "hub /user/u0/", body)
}

func TestAfterCloseEverythingIsTheHubs(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.Add("/user/ann/", target(t, says("ann")))
	require.NoError(t, d.Close())
	d.Add("/user/ann/", target(t, says("ann")))
	_, body := d.get(t, "/user/ann/")
	assert.Equal(t, "hub /user/ann/", body)
	require.NoError(t, d.Close(), "twice is fine")
}
