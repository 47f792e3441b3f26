package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// enemy is the web site of somebody who means harm. It is at another port of the hub's address, which to a browser is the same site but another
// origin, and under another name of this machine, which is another site.
type enemy struct {
	*httptest.Server
	mu     sync.Mutex
	html   string
	cookie []string
	seen   []string // what was asked of it, pages aside
}

const (
	sameSite  = "another port of the same site"
	crossSite = "another site"
)

func newEnemy(s *stage) *enemy {
	e := &enemy{}
	e.Server = httptest.NewServer(e)
	s.Cleanup(e.Close)
	return e
}

func (e *enemy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.URL.Path != "/trap" {
		e.seen = append(e.seen, r.Method+" "+r.URL.String())
		return
	}
	for _, c := range e.cookie {
		w.Header().Add("Set-Cookie", c)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, `<!DOCTYPE html><title>a nice page</title><link rel="icon" href="data:,"><body>%s`, e.html)
}

// trap sets up a page, and says where it lies as seen from one site or the other.
func (e *enemy) trap(site, html string, cookies ...string) (address string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.html, e.cookie = html, cookies
	return e.from(site) + "/trap"
}

// from is the enemy's origin.
func (e *enemy) from(site string) string {
	if site == crossSite {
		return strings.Replace(e.URL, "127.0.0.1", "localhost", 1)
	}
	return e.URL
}

// caught is what was sent to the enemy.
func (e *enemy) caught() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.seen...)
}

// state is all that the hub has, but when somebody was last active.
func (s *stage) state() string {
	s.Helper()
	now, err := s.hub.Snapshot(s.Context())
	require.NoError(s, err)
	now.Now = time.Time{}
	for i := range now.Users {
		now.Users[i].LastActivity = time.Time{}
	}
	text, err := json.MarshalIndent(now, "", " ")
	require.NoError(s, err)
	return string(text)
}

// unchanged runs an attack and finds the hub as it was before.
func (s *stage) unchanged(attack func()) {
	s.Helper()
	before := s.state()
	attack()
	assert.Equal(s, before, s.state(), "the hub has changed")
}

// wasAsked waits until the hub has answered a request for a path, since the requests were last forgotten: the attack has been made.
func (s *stage) wasAsked(method, path string) hubsim.Request {
	s.Helper()
	r, err := s.hub.WaitRequest(s.Context(), func(r hubsim.Request) bool { return r.Method == method && r.Path == path })
	require.NoError(s, err)
	return r
}
