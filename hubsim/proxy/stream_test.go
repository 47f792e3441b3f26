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
