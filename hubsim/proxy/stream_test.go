package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/proxy"
)

// HB-75
func TestBothBodiesStream(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	// Echoes line by line: hangs, if anything on the way waits for an end.
	d.Add("/user/ann/", target(t, func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		_ = rc.EnableFullDuplex()
		w.Header().Set("Content-Type", "text/event-stream")
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			_, _ = fmt.Fprintln(w, lines.Text())
			_ = rc.Flush()
		}
	}))
	in, out := io.Pipe()
	r, err := http.NewRequest(http.MethodPost, d.url.String()+"/user/ann/", in)
	require.NoError(t, err)
	go func() { _, _ = io.WriteString(out, "first\n") }()
	res, err := d.client.Do(r)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	require.True(t, lines.Scan())
	assert.Equal(t, "first", lines.Text())
	for _, next := range []string{"second", "third"} {
		_, err := io.WriteString(out, next+"\n")
		require.NoError(t, err)
		require.True(t, lines.Scan())
		assert.Equal(t, next, lines.Text())
	}
	require.NoError(t, out.Close())
	assert.False(t, lines.Scan())
}

// HB-75: a refusal reaches a client that is still sending.
func TestAnAnswerMayComeBeforeTheBodysEnd(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for range 3 {
		d.Add("/user/ann/", rawTarget(t, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"))
		res, body := d.raw(t, "POST /user/ann/ HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nthe first part")
		assert.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)
		assert.Equal(t, "big", body)
		assert.True(t, res.Close, "what comes on this connection is still the old request's")
	}
}

// HB-195: one connection carries request after request, to the hub and to targets.
func TestAConnectionIsKeptAlive(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.Add("/user/ann/", target(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	conn, err := net.Dial("tcp", d.url.Host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	reader := bufio.NewReader(conn)
	for range 20 {
		for _, request := range []string{
			"POST /user/ann/ HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody",
			"GET /user/ann/ HTTP/1.1\r\nHost: h\r\n\r\n", "GET /hub/ HTTP/1.1\r\nHost: h\r\n\r\n",
		} {
			_, err := io.WriteString(conn, request)
			require.NoError(t, err)
			res, err := http.ReadResponse(reader, nil)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, res.Body)
			require.NoError(t, err)
			assert.False(t, res.Close)
		}
	}
}

// HB-75, HB-195
func TestLargeBodiesPass(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.Add("/user/ann/", target(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<19)
	r, err := http.NewRequest(http.MethodPut, d.url.String()+"/user/ann/", bytes.NewReader(big))
	require.NoError(t, err)
	r.Header.Set("Expect", "100-continue")
	res, err := d.client.Do(r)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(big, body))
}

// HB-195: a client that waits for leave to send gets it, or the refusal.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.Add("/user/ann/", target(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/user/ann/no" {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	conn, err := net.Dial("tcp", d.url.Host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "POST /user/ann/ HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue\r\n", line)
	_, err = io.WriteString(conn, "body")
	require.NoError(t, err)
	_, _ = reader.ReadString('\n')
	res, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, "body", string(body))

	refused, _ := d.raw(t, "POST /user/ann/no HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
	assert.Equal(t, http.StatusRequestEntityTooLarge, refused.StatusCode)
}

// echo is a web socket that repeats what it hears, and says how it was called.
func echo(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("token") == "" {
		http.Error(w, "no token", http.StatusForbidden)
		return
	}
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"v1.kernel"}})
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	for {
		kind, message, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if err := c.Write(r.Context(), kind, append(message, r.RequestURI...)); err != nil {
			return
		}
	}
}

func (d *door) dial(t testing.TB, path string) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	c, res, err := websocket.Dial(context.Background(), "ws://"+d.url.Host+path, &websocket.DialOptions{
		HTTPClient: d.client, Subprotocols: []string{"v1.kernel"},
		HTTPHeader: http.Header{"Origin": {"http://" + d.url.Host}},
	})
	return c, res, err
}

// HB-77
func TestWebSockets(t *testing.T) {
	t.Parallel()
	for name, add := range map[string]func(*door){
		"behind a listener": func(d *door) { d.Add("/user/ann/", target(t, echo)) },
		"in process":        func(d *door) { d.AddHandler("/user/ann/", http.HandlerFunc(echo)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			add(d)
			const path = "/user/ann/api/kernels/a%2Fb/channels?token=x"
			c, _, err := d.dial(t, path)
			require.NoError(t, err)
			assert.Equal(t, "v1.kernel", c.Subprotocol())
			for _, kind := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
				require.NoError(t, c.Write(context.Background(), kind, []byte("hello ")))
				got, message, err := c.Read(context.Background())
				require.NoError(t, err)
				assert.Equal(t, kind, got)
				assert.Equal(t, "hello "+path, string(message))
			}
			require.NoError(t, c.Close(websocket.StatusNormalClosure, ""))

			_, res, err := d.dial(t, "/user/ann/")
			require.Error(t, err)
			assert.Equal(t, http.StatusForbidden, res.StatusCode, "a refusal is relayed")
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Equal(t, "no token\n", string(body))
		})
	}
}

// deadTarget is an address where nobody listens.
func deadTarget(t testing.TB) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

// HB-89
func TestATargetThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	p := proxy.New(proxy.Config{Down: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "Your server appears to be down.")
	}})
	front := httptest.NewServer(p)
	t.Cleanup(func() {
		assert.NoError(t, p.Close())
		front.Close()
	})
	u, err := url.Parse(front.URL)
	require.NoError(t, err)
	d := &door{Proxy: p, url: u, client: front.Client()}
	d.Add("/user/dead/", deadTarget(t))
	d.Add("/user/mute/", rawTarget(t, ""))
	d.Add("/user/babble/", rawTarget(t, "this is no http\r\n\r\n"))
	for _, name := range []string{"dead", "mute", "babble"} {
		res, body := d.get(t, "/user/"+name+"/api/x")
		assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode, name)
		assert.Equal(t, "text/html", res.Header.Get("Content-Type"), name)
		assert.Equal(t, "Your server appears to be down.", body, name)
	}
	_, res, err := d.dial(t, "/user/dead/x")
	require.Error(t, err)
	require.NotNil(t, res)
	assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Empty(t, body, "a web socket gets a bare status")

	d = newDoor(t)
	d.Add("/user/dead/", deadTarget(t))
	plain, text := d.get(t, "/user/dead/")
	assert.Equal(t, http.StatusServiceUnavailable, plain.StatusCode)
	assert.NotContains(t, text, "127.0.0.1", "nothing of the inside is shown")
}

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
