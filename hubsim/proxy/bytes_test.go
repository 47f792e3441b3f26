package proxy_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wire is a target that reads whole requests as bytes, gives them to a test, and answers each with the same bytes. Nothing of Go's idea of HTTP lies between
// what the proxy sent and what a test sees.
func wire(t testing.TB, answer string) (address *url.URL, heard <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	sent := make(chan string, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		if request := wholeMessage(bufio.NewReader(conn)); request != "" {
			sent <- request
			_, _ = io.WriteString(conn, answer)
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return &url.URL{Scheme: "http", Host: l.Addr().String()}, sent
}

// wholeMessage reads a header, and a body if it is in chunks, with trailers; "" when the sender stopped before its end.
func wholeMessage(r *bufio.Reader) string {
	var b strings.Builder
	block := func() bool { // up to an empty line
		for {
			line, err := r.ReadString('\n')
			b.WriteString(line)
			if err != nil {
				return false
			}
			if line == "\r\n" {
				return true
			}
		}
	}
	if !block() {
		return ""
	}
	if !strings.Contains(b.String(), "\r\nTransfer-Encoding: chunked\r\n") {
		return b.String()
	}
	for {
		line, err := r.ReadString('\n')
		b.WriteString(line)
		if err != nil {
			return ""
		}
		if line == "0\r\n" {
			if !block() {
				return ""
			}
			return b.String()
		}
	}
}

// exchange sends bytes and gives all that comes back until the connection ends.
func (d *door) exchange(t testing.TB, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", d.url.Host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	all, err := io.ReadAll(conn)
	require.NoError(t, err)
	return string(all)
}

// lines are those of a message's head, sorted out of it: the first one, and the rest in the order of sending.
func lines(message string) (first string, header []string, body string) {
	head, body, _ := strings.Cut(message, "\r\n\r\n")
	all := strings.Split(head, "\r\n")
	return all[0], all[1:], body
}

const okEmpty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// HB-75, HB-76, HB-195, HB-196: what a target reads is what the client sent, and the four lines of HB-76; nothing is added, dropped or merged beside.
func TestATargetReadsTheBytesThatWereSent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target string
		header []string
	}{
		"a plain request":         {target: "/user/ann/"},
		"escapes":                 {target: "/user/ann/a%20b%2Fc%2f+d~%7E//x//%e9%FF/%2e%2e/./..?q=%20+%2F&&;x=%zz"},
		"a bare question mark":    {target: "/user/ann/x?"},
		"bytes that are no ASCII": {target: "/user/ann/\xe9\xff"},
		"its name in escapes":     {target: "/us%65r/%61nn/x"},
		"lines that come twice":   {target: "/user/ann/", header: []string{"X-Twice: 1", "X-Twice: 2", "Accept: a", "Accept: b, c"}},
		"credentials and what browsers say": {target: "/user/ann/", header: []string{
			`Cookie: a=b; c="d e"; _xsrf=2|x`, "Cookie: second=line", "Authorization: token x", "Origin: null", "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: cross-site",
			"Sec-Fetch-Dest: empty", "Referer: http://elsewhere/%zz", "Accept-Encoding: br", "If-None-Match: W/\"x\"", "Range: bytes=0-1", "Cache-Control: no-cache",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			address, heard := wire(t, okEmpty)
			d.Add("/user/ann/", address)
			sent := append([]string{"Host: hub.example:81"}, c.header...)
			answer := d.exchange(t, "GET "+c.target+" HTTP/1.1\r\n"+strings.Join(sent, "\r\n")+"\r\nConnection: close\r\n\r\n")
			first, _, _ := lines(answer)
			require.Equal(t, "HTTP/1.1 200 OK", first)
			first, header, body := lines(<-heard)
			assert.Equal(t, "GET "+c.target+" HTTP/1.1", first)
			assert.Empty(t, body)
			assert.ElementsMatch(t, append(sent, "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Port: 81", "X-Forwarded-Proto: http",
				"X-Forwarded-Host: hub.example:81"), header)
		})
	}
}

// HB-195: nothing is made of a target's answer either. The date is HTTP's own, and only there if the target gave none.
func TestAClientReadsTheBytesThatWereAnswered(t *testing.T) {
	t.Parallel()
	const date = "Date: Fri, 21 Nov 2025 18:29:04 GMT"
	for name, c := range map[string]struct {
		method, status string
		header         []string
		body           string
	}{
		"several cookies": {"GET", "200 OK", []string{date, "Content-Length: 2", "Set-Cookie: a=1; Path=/user/ann/; HttpOnly", "Set-Cookie: a=1; Path=/",
			`Set-Cookie: b=""; expires=Fri, 21 Nov 2025 18:29:04 GMT`, "Set-Cookie: c=1; SameSite=Weird"}, "ok"},
		"other lines that come twice": {"GET", "200 OK", []string{date, "Content-Length: 0", "Vary: a", "Vary: b, c", "Link: <x>", "Link: <y>"}, ""},
		"HEAD":                        {"HEAD", "200 OK", []string{date, "Content-Length: 1234", "Content-Type: text/x", "Set-Cookie: a=1"}, ""},
		"HEAD of something empty":     {"HEAD", "200 OK", []string{date, "Content-Length: 0"}, ""},
		"not modified":                {"GET", "304 Not Modified", []string{date, `Etag: "x"`, "Set-Cookie: a=1"}, ""},
		"no content":                  {"DELETE", "204 No Content", []string{date}, ""},
		"no type":                     {"GET", "200 OK", []string{date, "Content-Length: 6"}, "<html>"},
		"a redirect":                  {"GET", "302 Found", []string{date, "Content-Length: 0", "Location: /a%2Fb//../c d?%zz"}, ""},
		"a range":                     {"GET", "206 Partial Content", []string{date, "Content-Length: 1", "Content-Range: bytes 0-0/2"}, "o"},
		"an encoding":                 {"GET", "200 OK", []string{date, "Content-Length: 3", "Content-Encoding: gzip", "Server: x", "Via: y"}, "zip"},
		"a refusal":                   {"GET", "403 Forbidden", []string{date, "Content-Length: 2", "Www-Authenticate: a", "Www-Authenticate: b"}, "no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			d.Add("/user/ann/", rawTarget(t, "HTTP/1.1 "+c.status+"\r\n"+strings.Join(c.header, "\r\n")+"\r\n\r\n"+c.body))
			first, header, body := lines(d.exchange(t, c.method+" /user/ann/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
			assert.Equal(t, "HTTP/1.1 "+c.status, first)
			assert.Equal(t, c.body, body)
			assert.ElementsMatch(t, append(c.header, "Connection: close"), header, "the last line is the answer to the client's own")
		})
	}
}

// HB-75, HB-195: a body in chunks comes in chunks, and what follows it follows it, both ways.
func TestChunksAndTrailersPass(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	address, heard := wire(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n")
	d.Add("/user/ann/", address)
	answer := d.exchange(t, "POST /user/ann/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Check\r\n\r\n"+
		"4\r\nbody\r\n0\r\nX-Check: yes\r\n\r\n")
	first, header, body := lines(<-heard)
	assert.Equal(t, "POST /user/ann/x HTTP/1.1", first)
	assert.Contains(t, header, "Transfer-Encoding: chunked")
	assert.Contains(t, header, "Trailer: X-Check")
	assert.Equal(t, "4\r\nbody\r\n0\r\nX-Check: yes\r\n\r\n", body)
	first, header, body = lines(answer)
	assert.Equal(t, "HTTP/1.1 200 OK", first)
	assert.Contains(t, header, "Transfer-Encoding: chunked")
	assert.Contains(t, header, "Trailer: X-Sum")
	assert.Equal(t, "abcde", unchunked(t, body))
	assert.True(t, strings.HasSuffix(body, "\r\n0\r\nX-Sum: 5\r\n\r\n"), body)
}

// unchunked joins the chunks, whose borders are nobody's business.
func unchunked(t testing.TB, body string) string {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+body)), nil)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	all, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(all)
}

// HB-195, HB-76: the client's wish to be told when to send reaches the target, whose refusal reaches the client.
func TestATargetIsToldThatTheClientWaits(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	address, heard := wire(t, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno")
	d.Add("/user/ann/", address)
	conn, err := net.Dial("tcp", d.url.Host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "POST /user/ann/ HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	_, header, _ := lines(<-heard)
	assert.Contains(t, header, "Expect: 100-continue")
	reader := bufio.NewReader(conn)
	first, _, _ := lines(wholeMessage(reader))
	if first == "HTTP/1.1 100 Continue" { // so slow a machine that the proxy waits no longer
		first, _, _ = lines(wholeMessage(reader))
	}
	assert.Equal(t, "HTTP/1.1 417 Expectation Failed", first)
	body := make([]byte, 2)
	_, err = io.ReadFull(reader, body)
	require.NoError(t, err)
	assert.Equal(t, "no", string(body))
}

// HB-196: what cannot be decoded is refused before any target hears of it.
func TestABrokenEscapeReachesNobody(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.Add("/user/ann/", target(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("heard of %s", r.RequestURI) }))
	for _, path := range []string{"/user/ann/%zz", "/user/ann/%", "/user/ann/x%2", "/%zz/ann/", "/user/ann/%%20", "/user/ann/%u0041"} {
		first, _, _ := lines(d.exchange(t, "GET "+path+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
		assert.True(t, strings.HasPrefix(first, "HTTP/1.1 400 "), "%s: %s", path, first)
	}
}

// HB-77, HB-76: the handshake of a web socket is the client's, byte for byte, with the address and the protocol added; what follows it is nobody's business.
func TestAWebSocketsHandshakePasses(t *testing.T) {
	t.Parallel()
	ask := []string{
		"Host: hub.example:81", "Connection: Upgrade", "Upgrade: websocket", "Sec-Websocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-Websocket-Version: 13",
		"Sec-Websocket-Protocol: v1.kernel.websocket.jupyter.org, other", "Sec-Websocket-Extensions: permessage-deflate; client_max_window_bits", "Origin: http://hub.example:81",
		"Sec-Fetch-Mode: websocket", "Cookie: a=b",
	}
	for name, c := range map[string]struct {
		answer, rest string
	}{
		"agreed": {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nSec-Websocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
			"Sec-Websocket-Protocol: v1.kernel.websocket.jupyter.org\r\nUpgrade: websocket\r\n\r\n", "\x81\x02hi"},
		"refused": {"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nDate: Fri, 21 Nov 2025 18:29:04 GMT\r\nSet-Cookie: a=1\r\nSet-Cookie: b=1\r\n\r\n", "no"},
		"old":     {"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 3\r\nDate: Fri, 21 Nov 2025 18:29:04 GMT\r\nSec-Websocket-Version: 13\r\n\r\n", "old"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			address, heard := wire(t, c.answer+c.rest)
			d.Add("/user/ann/", address)
			const path = "/user/ann/api/kernels/a%2Fb//channels?token=x&session_id=%zz"
			conn, err := net.Dial("tcp", d.url.Host)
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			_, err = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\n"+strings.Join(ask, "\r\n")+"\r\n\r\n")
			require.NoError(t, err)
			first, header, _ := lines(<-heard)
			assert.Equal(t, "GET "+path+" HTTP/1.1", first)
			assert.ElementsMatch(t, append([]string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Port: 81", "X-Forwarded-Proto: ws"}, ask...), header)

			got := make([]byte, len(c.answer+c.rest))
			n, err := io.ReadFull(conn, got)
			require.NoError(t, err, "%s", got[:n])
			wantFirst, want, _ := lines(c.answer)
			gotFirst, header, body := lines(string(got))
			assert.Equal(t, wantFirst, gotFirst)
			assert.ElementsMatch(t, want, header)
			assert.Equal(t, c.rest, body)
		})
	}
}
