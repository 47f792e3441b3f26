package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/proxy"
	"github.com/hubshare/hubshare/internal/web"
)

func refuse(proxy.Connection) bool { return false }

var bobs = []proxy.Key{proxy.TokenKey("bobs")}

// begin sends a request as bob and gives the connection, when the target says that it has begun.
func (d *door) begin(t testing.TB, begun <-chan struct{}, request string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", d.url.Host)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	<-begun
	return conn
}

const bobAsks = "GET /user/ann/ HTTP/1.1\r\nHost: h\r\nAuthorization: token bobs\r\n\r\n"

// SH-166: whatever a request is doing, it ends, and its client cannot take it for an answer.
func TestReviewCutsWhatIsRefused(t *testing.T) {
	t.Parallel()
	for kind, add := range map[string]func(*door, testing.TB, http.HandlerFunc){
		"behind a listener": func(d *door, t testing.TB, h http.HandlerFunc) { d.Add("/user/ann/", target(t, h)) },
		"in process":        func(d *door, _ testing.TB, h http.HandlerFunc) { d.AddHandler("/user/ann/", h) },
	} {
		for name, c := range map[string]struct {
			request string
			serve   func(w http.ResponseWriter, r *http.Request, begun chan<- struct{})
			sees    string // what the client waits for, and gets before the end
			deaf    bool
		}{
			"that waits for an answer": {bobAsks, func(_ http.ResponseWriter, r *http.Request, begun chan<- struct{}) {
				begun <- struct{}{}
				<-r.Context().Done()
			}, "", false},
			"whose answer has begun": {bobAsks, func(w http.ResponseWriter, r *http.Request, begun chan<- struct{}) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, "first\n")
				_ = http.NewResponseController(w).Flush()
				begun <- struct{}{}
				<-r.Context().Done()
			}, "first", false},
			"that sends a body": {strings.Replace(bobAsks, "GET", "POST", 1)[:len(bobAsks)-1] + "Content-Length: 100\r\n\r\nhalf",
				func(_ http.ResponseWriter, r *http.Request, begun chan<- struct{}) {
					begun <- struct{}{}
					_, _ = io.Copy(io.Discard, r.Body)
				}, "", false},
			"whose client does not read": {bobAsks, func(w http.ResponseWriter, _ *http.Request, begun chan<- struct{}) {
				for i := 0; ; i++ {
					if i == 1 {
						begun <- struct{}{}
					}
					if _, err := w.Write(make([]byte, 1<<20)); err != nil {
						return
					}
				}
			}, "", true},
		} {
			t.Run(kind+": a request "+name, func(t *testing.T) {
				t.Parallel()
				d, begun, gone := newDoor(t), make(chan struct{}, 1), make(chan struct{})
				add(d, t, func(w http.ResponseWriter, r *http.Request) {
					defer close(gone)
					c.serve(w, r, begun)
				})
				conn := d.begin(t, begun, c.request)
				reader := bufio.NewReader(conn)
				for line := ""; !strings.Contains(line, c.sees); {
					var err error
					line, err = reader.ReadString('\n')
					require.NoError(t, err)
				}
				assert.Equal(t, 1, d.Review(bobs, refuse))
				<-gone
				rest, _ := io.ReadAll(reader)
				assert.NotContains(t, string(rest), "0\r\n\r\n", "no end of an answer")
				if c.sees == "" && !c.deaf {
					assert.Empty(t, rest)
				}
			})
		}
	}
}

// A handler that waits while a body is on its way, and does not read it, hears of the end all the same.
func TestReviewEndsTheContextOfARequestWhoseBodyNobodyReads(t *testing.T) {
	t.Parallel()
	d, begun := newDoor(t), make(chan struct{})
	d.AddHandler("/user/ann/", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
			t.Error("it waits for ever")
		}
	}))
	conn := d.begin(t, begun, strings.Replace(bobAsks, "GET", "POST", 1)[:len(bobAsks)-1]+"Content-Length: 100\r\n\r\nhalf")
	assert.Equal(t, 1, d.Review(bobs, refuse))
	got, _ := io.ReadAll(conn)
	assert.Empty(t, got)
}

// A connection whose answer was complete when it was cut takes no further requests: they would be lost on it.
func TestAConnectionThatWasCutLateIsClosed(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.AddHandler("/user/ann/", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		_, _ = io.WriteString(w, "done")
		_ = http.NewResponseController(w).Flush()
		assert.Equal(t, 1, d.Review(bobs, refuse))
	}))
	conn, err := net.Dial("tcp", d.url.Host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, bobAsks)
	require.NoError(t, err)
	got, err := io.ReadAll(conn)
	require.NoError(t, err, "closed, and not just silent")
	assert.True(t, strings.HasSuffix(string(got), "done"), "%s", got)
}

// SH-166, HB-77
func TestReviewCutsWebSockets(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.Add("/user/ann/", target(t, echo))
	open := func(token string) *websocket.Conn {
		c, _, err := d.dial(t, "/user/ann/?token="+token)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.CloseNow() })
		return c
	}
	bob, eve := open("bobs"), open("eves")
	assert.Equal(t, 1, d.Review(append(bobs, proxy.TokenKey("eves")), func(c proxy.Connection) bool { return c.Claims[0].Token.Reveal() == "eves" }))
	_, _, err := bob.Read(context.Background())
	assert.EqualValues(t, -1, websocket.CloseStatus(err), "the connection is lost, as a client sees it")
	require.NoError(t, eve.Write(context.Background(), websocket.MessageText, []byte("x")))
	_, _, err = eve.Read(context.Background())
	require.NoError(t, err)
	assert.Zero(t, d.Review(bobs, refuse), "it is gone")
}

// A web socket that a target has agreed to is opened when the proxy's owner agrees, too; what the target refuses nobody is asked about.
func TestAWebSocketNeedsBothToAgree(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked := map[string]bool{} // also more than once: a client may try again by itself
	p := proxy.New(proxy.Config{Admits: func(c proxy.Connection) bool {
		assert.Equal(t, "/user/ann/", c.Prefix)
		mu.Lock()
		defer mu.Unlock()
		asked[c.Claims[0].Token.Reveal()] = true
		return c.Claims[0].Token.Reveal() == "eves"
	}})
	front := httptest.NewUnstartedServer(p)
	front.Config.ErrorLog = log.New(complaints{t}, "", 0)
	front.Start()
	t.Cleanup(func() {
		assert.NoError(t, p.Close())
		front.Close()
	})
	u, err := url.Parse(front.URL)
	require.NoError(t, err)
	d := &door{Proxy: p, url: u, client: front.Client()}
	for name, add := range map[string]func(){
		"behind a listener": func() { d.Add("/user/ann/", target(t, echo)) },
		"in process":        func() { d.AddHandler("/user/ann/", http.HandlerFunc(echo)) },
	} {
		add()
		mu.Lock()
		clear(asked)
		mu.Unlock()
		_, res, err := d.dial(t, "/user/ann/")
		require.Error(t, err, name)
		assert.Equal(t, http.StatusForbidden, res.StatusCode, name)
		if c, _, err := d.dial(t, "/user/ann/?token=bobs"); err == nil { // a handler in process has told the client before it asked us
			_, _, err = c.Read(context.Background())
			require.Error(t, err, name)
			require.NotEqual(t, "behind a listener", name)
		}
		c, _, err := d.dial(t, "/user/ann/?token=eves")
		require.NoError(t, err, name)
		require.NoError(t, c.Write(context.Background(), websocket.MessageText, []byte("x")))
		_, _, err = c.Read(context.Background())
		require.NoError(t, err, name)
		require.NoError(t, c.CloseNow())
		mu.Lock()
		assert.Equal(t, map[string]bool{"bobs": true, "eves": true}, asked, name)
		mu.Unlock()
	}
}

// By what a connection is attributed, and in which order.
func TestWhatConnectionsClaim(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query, headers string
		want           []string
	}{
		"nothing":                        {"", "", nil},
		"a token in the header":          {"", "Authorization: token a\r\n", []string{"token a"}},
		"a bearer token":                 {"", "Authorization: bearer a\r\n", []string{"token a"}},
		"another scheme":                 {"", "Authorization: Basic a\r\n", nil},
		"a token in the query":           {"?x=1&token=a%20b", "", []string{"token a b"}},
		"several in the query":           {"?token=a&token=&token=b", "", []string{"token a", "token b"}},
		"a query that is broken":         {"?a=%zz&token=a;b&token=c", "", []string{"token c"}},
		"a session":                      {"", "Cookie: a=b; session=s; x=y\r\n", []string{"session s"}},
		"a quoted session":               {"", "Cookie: session=\"s\"\r\n", []string{"session s"}},
		"several sessions":               {"", "Cookie: session=s\r\nCookie: session=; session=t\r\n", []string{"session s", "session t"}},
		"all of them":                    {"?token=b", "Cookie: session=s\r\nAuthorization: token a\r\n", []string{"token a", "token b", "session s"}},
		"a session that looks a token":   {"", "Cookie: session=a; token=a\r\n", []string{"session a"}},
		"a token that looks a session":   {"", "Authorization: token session\r\n", []string{"token session"}},
		"an authorization without words": {"", "Authorization: token\r\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proxy.New(proxy.Config{SessionCookie: "session"})
			front := httptest.NewServer(p)
			t.Cleanup(func() {
				assert.NoError(t, p.Close())
				front.Close()
			})
			u, err := url.Parse(front.URL)
			require.NoError(t, err)
			d := &door{Proxy: p, url: u, client: front.Client()}
			var keys []proxy.Key
			for _, value := range []string{"a", "b", "c", "a b", "s", "t", "session"} {
				keys = append(keys, proxy.TokenKey(value), proxy.SessionKey(value))
			}
			var got []string
			asked := 0
			d.AddHandler("/user/ann/", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				p.Review(keys, func(open proxy.Connection) bool {
					asked++
					assert.Equal(t, "/user/ann/", open.Prefix)
					for _, claim := range open.Claims {
						switch {
						case claim.Session != "":
							got = append(got, "session "+claim.Session)
							assert.Equal(t, proxy.SessionKey(claim.Session), claim.Key)
						default:
							got = append(got, "token "+claim.Token.Reveal())
							assert.Equal(t, proxy.TokenKey(claim.Token.Reveal()), claim.Key)
						}
					}
					return true
				})
			}))
			res, _ := d.raw(t, "GET /user/ann/"+c.query+" HTTP/1.1\r\nHost: h\r\n"+c.headers+"\r\n")
			assert.Equal(t, http.StatusOK, res.StatusCode)
			assert.Equal(t, c.want, got)
			assert.Equal(t, len(got) > 0, asked == 1, "once for each connection, however many of its keys are named")
		})
	}
}

// A token never shows when a claim is printed.
func TestAClaimHidesItsToken(t *testing.T) {
	t.Parallel()
	c := proxy.Connection{Claims: []proxy.Claim{{Key: proxy.TokenKey("sesame"), Token: "sesame"}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		assert.NotContains(t, fmt.Sprintf(verb, c), "sesame")
	}
}

// Nothing is kept of a connection that has ended, whether somebody asked about it or not.
func TestConnectionsThatHaveEndedAreForgotten(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.Add("/user/ann/", target(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "asked" {
			assert.True(t, d.Carried(bobs[0]))
		}
		_, _ = io.WriteString(w, "done")
	}))
	for _, query := range []string{"", "?asked"} {
		res, body := d.raw(t, "GET /user/ann/"+query+" HTTP/1.1\r\nHost: h\r\nAuthorization: token bobs\r\n\r\n")
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, "done", body)
	}
	// The answers are here, and the handlers about to return: Close waits for them.
	require.NoError(t, d.Close())
	assert.False(t, d.Carried(bobs[0]))
	assert.Zero(t, d.Review(bobs, refuse))
}

// Whoever carries another key, or none, is not asked about.
func TestReviewLeavesRequestsOfOthersAlone(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	hold := make(chan struct{})
	begun := make(chan struct{}, 3)
	d.Add("/user/ann/", target(t, func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		select {
		case <-hold:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "done")
	}))
	var others sync.WaitGroup
	for _, header := range []string{"", "Authorization: token eves\r\n"} {
		others.Go(func() {
			_, body := d.raw(t, "GET /user/ann/ HTTP/1.1\r\nHost: h\r\n"+header+"\r\n")
			assert.Equal(t, "done", body)
		})
		<-begun
	}
	conn := d.begin(t, begun, bobAsks)
	assert.Equal(t, 1, d.Review(append(slices.Clone(bobs), proxy.TokenKey("nobodys")), refuse))
	got, _ := io.ReadAll(conn)
	assert.Empty(t, got)
	close(hold)
	others.Wait()
}

// Requests come, go and are cut all at once; whatever is answered is answered whole.
func TestReviewUnderLoad(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.Add("/user/ann/", target(t, says("ann")))
	ctx, stop := context.WithCancel(context.Background())
	var load, reviews sync.WaitGroup
	for i := range 4 {
		load.Go(func() {
			for ctx.Err() == nil {
				r, err := http.NewRequest(http.MethodGet, d.url.String()+"/user/ann/x", nil)
				assert.NoError(t, err)
				r.Header.Set("Authorization", fmt.Sprint("token ", i))
				res, err := d.client.Do(r)
				if err != nil {
					assert.NotEqual(t, 0, i, "nobody refused this one: %v", err)
					continue
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err == nil {
					assert.Equal(t, "ann /user/ann/x", string(body))
				}
			}
		})
	}
	for i := range 3 {
		reviews.Go(func() {
			for range 200 {
				d.Review([]proxy.Key{proxy.TokenKey(fmt.Sprint(i + 1)), proxy.TokenKey("0")}, func(c proxy.Connection) bool {
					return c.Claims[0].Token.Reveal() == "0"
				})
			}
		})
	}
	reviews.Wait()
	stop()
	load.Wait()
}

func FuzzClaims(f *testing.F) {
	for _, seed := range [][3]string{
		{"token a", "token=b", "session=s"}, {"Bearer  a ", "a&token", "session=\"s\"; session"}, {"token a b", "%zz;token=%2", "a=b; =; session=s;"}, {"", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, authorization, query, cookie string) {
		p := proxy.New(proxy.Config{SessionCookie: "session"})
		p.AddHandler("/user/ann/", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if secret, ok := web.BearerToken(r); ok {
				assert.True(t, p.Carried(proxy.TokenKey(secret)))
			}
			if secret := r.URL.Query().Get("token"); secret != "" {
				assert.True(t, p.Carried(proxy.TokenKey(secret)), "what a server reads")
			}
			if c, err := r.Cookie("session"); err == nil && c.Value != "" {
				assert.True(t, p.Carried(proxy.SessionKey(c.Value)))
			}
			assert.False(t, p.Carried(proxy.TokenKey("")))
			assert.False(t, p.Carried(proxy.SessionKey("")))
		}))
		r := httptest.NewRequest(http.MethodGet, "/user/ann/", nil)
		r.URL.RawQuery = query
		r.Header = http.Header{"Authorization": {authorization}, "Cookie": {cookie}}
		p.ServeHTTP(httptest.NewRecorder(), r)
		assert.NoError(t, p.Close())
	})
}
