package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// program is the example, running.
type program struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  *bufio.Reader
	base string // address of the hub

	mu   sync.Mutex
	log  bytes.Buffer
	more *sync.Cond // than was in the log so far
}

func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.more.Broadcast()
	return p.log.Write(b)
}

func (p *program) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// logs waits for a line of the log, and gives what the pattern's parentheses hold.
func (p *program) logs(pattern string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if found := regexp.MustCompile(pattern).FindSubmatch(p.log.Bytes()); found != nil {
			return string(found[1])
		}
		p.more.Wait()
	}
}

// start runs the example until the test ends, or end is called.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(os.Args[0], append([]string{"--addr", "127.0.0.1:0", "-v"}, args...)...)}
	p.cmd.Stderr, p.more = p, sync.NewCond(&p.mu)
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		if t.Failed() {
			t.Log(p.logged())
		}
	})
	p.out = bufio.NewReader(out)
	p.base = says(t, p.out, `^A hub is running at (http://127\.0\.0\.1:\d+/)\n$`)
	says(t, p.out, "(^Ctrl-C)")
	return p
}

// says reads until a line matches, and gives what the pattern's parentheses hold.
func says(t *testing.T, out *bufio.Reader, pattern string) string {
	t.Helper()
	for {
		line, err := out.ReadString('\n')
		require.NoError(t, err)
		if found := regexp.MustCompile(pattern).FindStringSubmatch(line); found != nil {
			return found[1]
		}
	}
}

// services gives a connection to each managed service that stays open as long as the service lives: one on which something was asked before.
func (p *program) services() (conns []*bufio.Reader) {
	p.t.Helper()
	for _, name := range []string{"whoami-api", "whoami-oauth"} {
		conn, err := net.Dial("tcp", p.logs(`msg="service says" service=`+name+` line="`+name+` listens on ([0-9.:]+)"`))
		require.NoError(p.t, err)
		p.t.Cleanup(func() { _ = conn.Close() })
		require.NoError(p.t, conn.SetDeadline(time.Now().Add(time.Minute)))
		_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: whoami\r\n\r\n")
		require.NoError(p.t, err)
		in := bufio.NewReader(conn)
		res, err := http.ReadResponse(in, nil)
		require.NoError(p.t, err)
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(p.t, err)
		conns = append(conns, in)
	}
	return conns
}

// visitor is somebody with a browser without scripts.
type visitor struct {
	t *testing.T
	p *program
	*http.Client
}

func (p *program) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(p.t, err)
	transport := &http.Transport{DisableKeepAlives: true}
	return &visitor{p.t, p, &http.Client{Jar: jar, Transport: transport}}
}

type page struct {
	status int
	at     *url.URL
	body   string
}

func (v *visitor) do(req *http.Request) page {
	v.t.Helper()
	res, err := v.Do(req)
	require.NoError(v.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	return page{res.StatusCode, res.Request.URL, string(body)}
}

func (v *visitor) get(path string) page {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.p.base+path, nil)
	require.NoError(v.t, err)
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	return v.do(req)
}

// call is what a script does with a token; "" is none.
func (v *visitor) call(token, path string) page {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.p.base+path, nil)
	require.NoError(v.t, err)
	if token != "" {
		req.Header.Set("Authorization", "token "+token)
	}
	return v.do(req)
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// submit sends the form of a page as it is, with some fields filled in.
func (v *visitor) submit(on page, fill url.Values) page {
	v.t.Helper()
	form := url.Values{}
	for _, f := range hidden.FindAllStringSubmatch(on.body, -1) {
		form.Add(f[1], f[2])
	}
	require.NotEmpty(v.t, form.Get("_xsrf"), on.body)
	for k, list := range fill {
		form[k] = list
	}
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, on.at.String(), strings.NewReader(form.Encode()))
	require.NoError(v.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	return v.do(req)
}

func (v *visitor) logIn(on page, name string) page {
	v.t.Helper()
	return v.submit(on, url.Values{"username": {name}, "password": {"x"}})
}

// token is what the script of the token page gets; scopes "" are all that the user has.
func (v *visitor) token(user, scopes string) string {
	v.t.Helper()
	p := v.get("hub/token")
	if strings.HasSuffix(p.at.Path, "/login") {
		p = v.logIn(p, user)
	}
	xsrf := regexp.MustCompile(`"xsrf_token":"([^"]+)"`).FindStringSubmatch(p.body)
	require.NotNil(v.t, xsrf, p.body)
	order := `{"note": "for a script"}`
	if scopes != "" {
		order = `{"scopes": ["` + scopes + `"]}`
	}
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.p.base+"hub/api/users/"+user+"/tokens", strings.NewReader(order))
	require.NoError(v.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Sec-Fetch-Mode", "cors")
	req.Header.Set("X-XSRFToken", xsrf[1])
	made := v.do(req)
	require.Equal(v.t, http.StatusCreated, made.status, made.body)
	var model struct{ Token string }
	require.NoError(v.t, json.Unmarshal([]byte(made.body), &model))
	return model.Token
}
