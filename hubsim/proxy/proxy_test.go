package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/proxy"
)

// HB-74, HB-75, HB-196
func TestWhereARequestGoesAndThatItArrivesAsSent(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for prefix, name := range map[string]string{
		"/user/ann/":                "ann",
		"/user/ann/lab/":            "lab",
		"/user/testuser<'&\">/":     "odd",
		"/user/jané doe@x.org/":     "jané",
		"/@/space word/user/ann/":   "based",
		"/services/whoami/":         "whoami",
		"/user/a%2Fb/":              "literal-percent",
		"/user/\xff/":               "bytes",
		"/user/with\u00a0nbsp/lab/": "deep-only",
	} {
		d.Add(prefix, target(t, says(name)))
	}
	for name, c := range map[string]struct{ path, to string }{
		"a server":                             {"/user/ann/lab-not", "ann"},
		"a server's root":                      {"/user/ann/", "ann"},
		"without the slash it is the hub's":    {"/user/ann", "hub"},
		"a longer name is another's":           {"/user/anna/", "hub"},
		"letter case counts":                   {"/user/Ann/", "hub"},
		"a named server":                       {"/user/ann/lab/tree", "lab"},
		"its root":                             {"/user/ann/lab/", "lab"},
		"without its slash it is the default":  {"/user/ann/lab", "ann"},
		"a stopped named server: the default":  {"/user/ann/gone/tree", "ann"},
		"a longer named one: the default":      {"/user/ann/labx/", "ann"},
		"only a named server runs":             {"/user/with%C2%A0nbsp/lab/", "deep-only"},
		"its owner's default server does not":  {"/user/with%C2%A0nbsp/", "hub"},
		"names are compared decoded":           {"/us%65r/%61nn/x", "ann"},
		"markup in a name":                     {"/user/testuser%3C%27%26%22%3E/x", "odd"},
		"markup left raw":                      {`/user/testuser<'&">/x`, "odd"},
		"accents and spaces":                   {"/user/jan%C3%A9%20doe@x.org/x", "jané"},
		"an encoded at sign":                   {"/user/jan%C3%A9%20doe%40x.org/x", "jané"},
		"lower-case escapes":                   {"/user/jan%c3%a9%20doe@x.org/x", "jané"},
		"accents left raw":                     {"/user/jané%20doe@x.org/x%2Fy", "jané"},
		"a base path":                          {"/@/space%20word/user/ann/x", "based"},
		"a service":                            {"/services/whoami/", "whoami"},
		"an encoded slash is data":             {"/user/a%2Fb/x", "hub"},
		"and never a separator":                {"/user%2Fann/x", "hub"},
		"a percent sign in a name":             {"/user/a%252Fb/x", "literal-percent"},
		"escapes that are not UTF-8":           {"/user/%ff/x%fe", "bytes"},
		"such behind a route":                  {"/user/ann/%ff%C3", "ann"},
		"escapes stay as they are":             {"/user/ann/a%20b%2Fc%2f+d~%7E", "ann"},
		"two slashes":                          {"/user/ann//x//", "ann"},
		"two slashes in front":                 {"//user/ann/", "hub"},
		"dots are not resolved":                {"/user/ann/../bob/./x", "ann"},
		"encoded dots neither":                 {"/user/ann/%2e%2e/bob/", "ann"},
		"a query":                              {"/user/ann/x?a=%20+b&c=%zz;d&&e", "ann"},
		"a bare question mark":                 {"/user/ann/x?", "ann"},
		"an address in the query":              {"/user/ann/x?next=http://h//y?z", "ann"},
		"an encoded question mark":             {"/user/ann/x%3Fy", "ann"},
		"an encoded NUL":                       {"/user/ann/%00", "ann"},
		"delimiters":                           {"/user/ann/!$&'()*,;=:@[]|^`{}", "ann"},
		"the hub":                              {"/hub/home?x", "hub"},
		"the root":                             {"/", "hub"},
		"what nobody has":                      {"/nosuch", "hub"},
		"a prefix of a prefix":                 {"/user/", "hub"},
		"the hub gets what is not UTF-8":       {"/hub/%ff", "hub"},
		"an empty name":                        {"/user//", "hub"},
		"a name that is a prefix and a suffix": {"/user/annlab/", "hub"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, body := d.get(t, c.path)
			assert.Equal(t, http.StatusOK, res.StatusCode)
			assert.Equal(t, c.to+" "+c.path, body)

			r := httptest.NewRequest(http.MethodGet, "/", nil)
			u, err := url.ParseRequestURI(c.path)
			require.NoError(t, err)
			r.URL = u
			_, ok := d.Lookup(r)
			assert.Equal(t, c.to != "hub", ok)
		})
	}
	for _, path := range []string{"/user/ann/%zz", "/%", "/user/ann/%4", "/hub/%"} {
		res, _ := d.get(t, path)
		assert.Equal(t, http.StatusBadRequest, res.StatusCode, path)
	}
}

// HB-196: no server in front has to have checked the path.
func TestABrokenEscapeIsABadRequest(t *testing.T) {
	t.Parallel()
	p := proxy.New(proxy.Config{Default: http.HandlerFunc(hubSays)})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.URL = &url.URL{Path: "/a%zz"} // which encodes to /a%25zz, and is fine
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	assert.Equal(t, http.StatusOK, w.Code)
	_, ok := p.Lookup(r)
	assert.False(t, ok)
}

func TestLookupNamesThePrefix(t *testing.T) {
	t.Parallel()
	p := proxy.New(proxy.Config{})
	p.AddHandler("/user/ann/", says("ann"))
	prefix, ok := p.Lookup(httptest.NewRequest(http.MethodGet, "/user/%61nn/x", nil))
	assert.True(t, ok)
	assert.Equal(t, "/user/ann/", prefix)

	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/other", nil))
	assert.Equal(t, http.StatusNotFound, w.Code, "without a hub")
}

// HB-76, HB-77
func TestHeadersOnTheWayIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sent string
		want map[string]string
	}{
		"added": {"", map[string]string{
			"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Port": "8888", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "hub.example:8888",
		}},
		"appended, also over several lines": {
			"X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 8.8.8.8\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Host: outer\r\n",
			map[string]string{
				"X-Forwarded-For": "9.9.9.9,8.8.8.8,127.0.0.1", "X-Forwarded-Port": "443,8888", "X-Forwarded-Proto": "https,http", "X-Forwarded-Host": "outer",
			},
		},
		"others pass untouched": {
			"Forwarded: proto=https\r\nX-Scheme: https\r\nCookie: a=b; c=\"d\"\r\nAuthorization: token x\r\nOrigin: null\r\nSec-Fetch-Mode: cors\r\nReferer: /x\r\n",
			map[string]string{
				"Forwarded": "proto=https", "X-Scheme": "https", "Cookie": `a=b; c="d"`, "Authorization": "token x", "Origin": "null",
				"Sec-Fetch-Mode": "cors", "Referer": "/x", "User-Agent": "", "Accept-Encoding": "",
			},
		},
		"a web socket has its own protocol and no host": {
			"Connection: Upgrade\r\nUpgrade: websocket\r\nX-Forwarded-Proto: https\r\nSec-WebSocket-Protocol: v1\r\n",
			map[string]string{
				"X-Forwarded-Proto": "https,ws", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "",
				"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Protocol": "v1",
			},
		},
		"what Connection names goes no further, ours stays": {
			"Connection: x-secret, x-forwarded-for\r\nX-Secret: 1\r\nTe: trailers\r\n",
			map[string]string{"X-Secret": "", "X-Forwarded-For": "127.0.0.1", "Te": "trailers"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			seen := make(chan *http.Request, 1)
			d.Add("/user/ann/", target(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r }))
			d.raw(t, "GET /user/ann/ HTTP/1.1\r\nHost: hub.example:8888\r\n"+c.sent+"\r\n")
			r := <-seen
			assert.Equal(t, "hub.example:8888", r.Host)
			for header, want := range c.want {
				assert.Equal(t, want, strings.Join(r.Header.Values(header), " | "), header)
			}
		})
	}
}

// HB-76: over TLS the protocol and the default port are others.
func TestHeadersOverTLS(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 1)
	p := proxy.New(proxy.Config{})
	p.Add("/user/ann/", target(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header }))
	front := httptest.NewTLSServer(p)
	defer front.Close()
	defer func() { assert.NoError(t, p.Close()) }()
	r, err := http.NewRequest(http.MethodGet, front.URL+"/user/ann/", nil)
	require.NoError(t, err)
	r.Host = "[::1]"
	res, err := front.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	h := <-seen
	assert.Equal(t, "https", h.Get("X-Forwarded-Proto"))
	assert.Equal(t, "443", h.Get("X-Forwarded-Port"))
}

// HB-195
func TestResponsesPassAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ method, response, status, headers, body string }{
		"several cookies": {"GET", "200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=1; Path=/user/ann/; HttpOnly\r\nSet-Cookie: a=2; Path=/\r\nSet-Cookie: b=\"\"; expires=Fri, 21 Nov 2025 18:29:04 GMT\r\n\r\nok",
			"200", "Set-Cookie: a=1; Path=/user/ann/; HttpOnly|a=2; Path=/|b=\"\"; expires=Fri, 21 Nov 2025 18:29:04 GMT", "ok"},
		"no content type is not guessed": {"GET", "200 OK\r\nContent-Length: 6\r\n\r\n<html>", "200", "Content-Type: ", "<html>"},
		"a content type stays":           {"GET", "200 OK\r\nContent-Length: 2\r\nContent-Type: text/x; a=\"b\"\r\n\r\nok", "200", "Content-Type: text/x; a=\"b\"", "ok"},
		"compressed bodies stay so":      {"GET", "200 OK\r\nContent-Length: 3\r\nContent-Encoding: gzip\r\n\r\nzip", "200", "Content-Encoding: gzip", "zip"},
		"chunks":                         {"GET", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "200", "", "abcde"},
		"HEAD has no body":               {"HEAD", "200 OK\r\nContent-Length: 1234\r\n\r\n", "200", "Content-Length: 1234", ""},
		"304 has no body":                {"GET", "304 Not Modified\r\nEtag: \"x\"\r\n\r\n", "304", "Etag: \"x\"", ""},
		"a redirect is not followed":     {"GET", "302 Found\r\nLocation: /a//b/../c?d\r\nContent-Length: 0\r\n\r\n", "302", "Location: /a//b/../c?d", ""},
		"errors are the target's own":    {"GET", "503 Busy\r\nContent-Length: 4\r\n\r\nmine", "503", "", "mine"},
		"an invented status":             {"GET", "424 Failed\r\nContent-Length: 1\r\n\r\nx", "424", "", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			d.Add("/user/ann/", rawTarget(t, "HTTP/1.1 "+c.response))
			res, body := d.raw(t, c.method+" /user/ann/ HTTP/1.1\r\nHost: h\r\n\r\n")
			assert.Equal(t, c.status, fmt.Sprint(res.StatusCode))
			assert.Equal(t, c.body, body)
			if name, want, ok := strings.Cut(c.headers, ": "); ok {
				assert.Equal(t, want, strings.Join(res.Header.Values(name), "|"))
			}
		})
	}
}

// rawTarget answers one request, byte for byte.
func rawTarget(t testing.TB, response string) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, response)
			// Closing with bytes unread would reset the connection under the answer.
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

func TestAnInProcessTargetSeesWhatOneBehindAListenerWould(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.AddHandler("/user/ann/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, canFlush := w.(http.Flusher)
		_, _ = fmt.Fprint(w, r.RequestURI, " ", r.URL.EscapedPath(), " ", r.Header.Get("X-Forwarded-Proto"), " ", canFlush)
	}))
	_, body := d.get(t, "/user/ann/a%2Fb?x")
	assert.Equal(t, "/user/ann/a%2Fb?x /user/ann/a%2Fb http true", body)
}

func TestMistakesOfTheProgramPanic(t *testing.T) {
	t.Parallel()
	p := proxy.New(proxy.Config{})
	good := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	for name, f := range map[string]func(){
		"no slash in front":  func() { p.Add("user/ann/", good) },
		"no slash behind":    func() { p.Add("/user/ann", good) },
		"nothing between":    func() { p.Add("/", good) },
		"nothing at all":     func() { p.AddHandler("", http.NotFoundHandler()) },
		"an empty name":      func() { p.Add("//", good) },
		"no target":          func() { p.Add("/a/", nil) },
		"no host":            func() { p.Add("/a/", &url.URL{Scheme: "http"}) },
		"another protocol":   func() { p.Add("/a/", &url.URL{Scheme: "ftp", Host: "h"}) },
		"removing malformed": func() { p.Remove("a") },
	} {
		assert.Panics(t, f, name)
	}
	assert.NotPanics(t, func() { p.Remove("/never/there/") })
}

func Example() {
	hub := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "the hub") })
	ann := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, "ann's server at ", r.RequestURI)
	}))
	defer ann.Close()
	address, _ := url.Parse(ann.URL)

	p := proxy.New(proxy.Config{Default: hub})
	defer func() { _ = p.Close() }()
	p.Add("/user/ann/", address)
	front := httptest.NewServer(p)
	defer front.Close()

	for _, path := range []string{"/user/ann/lab%2Fx?a", "/user/ann", "/hub/home"} {
		res, err := front.Client().Get(front.URL + path)
		if err != nil {
			fmt.Println(err)
			continue
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		fmt.Printf("%s → %s\n", path, body)
	}
	// Output:
	// /user/ann/lab%2Fx?a → ann's server at /user/ann/lab%2Fx?a
	// /user/ann → the hub
	// /hub/home → the hub
}
