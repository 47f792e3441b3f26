package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hubshare/hubshare/hubsim/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// door is a proxy with a real listener in front of it.
type door struct {
	*proxy.Proxy
	url    *url.URL
	client *http.Client
}

// hubSays stands for the hub: it names itself and what it was asked for.
func hubSays(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, "hub ", r.RequestURI) }

func newDoor(t testing.TB) *door {
	t.Helper()
	p := proxy.New(proxy.Config{Default: http.HandlerFunc(hubSays)})
	front := httptest.NewUnstartedServer(p)
	front.Config.ErrorLog = log.New(complaints{t}, "", 0)
	front.Start()
	u, err := url.Parse(front.URL)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, p.Close())
		front.Close()
	})
	return &door{Proxy: p, url: u, client: front.Client()}
}

// complaints fails the test for whatever the server in front has to complain
// about: panics, headers written twice.
type complaints struct{ t testing.TB }

func (c complaints) Write(line []byte) (int, error) {
	c.t.Errorf("%s", line)
	return len(line), nil
}

// target starts a server and gives its address.
func target(t testing.TB, h http.HandlerFunc) *url.URL {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	return u
}

// says answers with a name and the address as it arrived.
func says(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, name, " ", r.RequestURI) }
}

// raw sends a request byte for byte and reads one response.
func (d *door) raw(t testing.TB, request string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", d.url.Host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	method, _, _ := strings.Cut(request, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body)
}

func (d *door) get(t testing.TB, target string) (*http.Response, string) {
	t.Helper()
	return d.raw(t, "GET "+target+" HTTP/1.1\r\nHost: "+d.url.Host+"\r\nConnection: close\r\n\r\n")
}
