package hubsim_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/sharing"
)

// How long the soak lasts, and what it does: HUBSIM_SOAK is for whoever cannot pass a flag.
var (
	soakFor  = flag.Duration("soak", 0, "how long random clients use a hub; 0 = what HUBSIM_SOAK says, else 5s")
	soakSeed = flag.Uint64("soak-seed", 0, "what they do; 0 = by chance")
)

// patience bounds a wait for what is about to happen on a machine that is busy with other things.
const patience = time.Minute

// TestSoak has random people use a hub on which random things go wrong. No answer may be a 5xx that no fault ordered; when they have left, nothing of them is left.
//
//	go test -run TestSoak ./hubsim -args -soak 10m
func TestSoak(t *testing.T) {
	lasts := *soakFor
	if text := os.Getenv("HUBSIM_SOAK"); lasts == 0 && text != "" {
		var err error
		lasts, err = time.ParseDuration(text)
		require.NoError(t, err, "HUBSIM_SOAK")
	}
	if lasts == 0 {
		lasts = 5 * time.Second
	}
	seed := *soakSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-soak %s -soak-seed %d", lasts, seed)

	before := runtime.NumGoroutine()
	s := &soak{t: t}
	hub, err := hubsim.Start(t.Context(), hubsim.Config{Logger: slog.New(s), AllowNamedServers: true, Extensions: true, Users: people(crew),
		Groups: []hubsim.Group{{Name: "class", Users: []string{"p1", "p2"}}}, Roles: []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user"}}, {Name: "admin"}}})
	require.NoError(t, err)
	fresh, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	s.hub = hub
	s.useAll(seed, time.Second/2) // whatever is made at first use is there from then on
	require.NoError(t, hub.Reset(t.Context()))
	goroutines, memory := settled(t, 0), inUse()

	s.useAll(seed+1, lasts)
	t.Logf("%d requests, %d failed by faults, %d met a server that was just ending, %d failed for clients who had left",
		s.asked.Load(), s.failed.Load(), s.ended.Load(), s.left.Load())
	assert.Positive(t, s.failed.Load(), "faults hit")
	snapshot, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	consistent(t, snapshot)

	require.NoError(t, hub.Reset(t.Context()))
	settled(t, goroutines+idle)
	assert.Less(t, inUse(), 2*memory+32<<20, "bytes in use")
	after, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	for _, x := range []*hubsim.Snapshot{&fresh, &after} {
		x.Now = time.Time{}
		for i := range x.Users {
			x.Users[i].Created, x.Users[i].LastActivity = time.Time{}, time.Time{}
		}
	}
	assert.Equal(t, fresh, after)
	require.NoError(t, hub.Close())
	settled(t, before)
}

// crew is how many people use the hub.
const crew = 8

// idle is how many goroutines a hub may have more than in the beginning for connections to itself that it keeps: at each of their sides, 16 at most.
const idle = 3 * 16

func people(n int) (list []hubsim.User) {
	for i := range n {
		list = append(list, hubsim.User{Name: fmt.Sprint("p", i), Admin: i == 0})
	}
	return list
}

// settled waits until no more goroutines run than that, or for 0 until their number stays, and gives it. Those of connections that were just closed take a moment.
func settled(t *testing.T, most int) int {
	t.Helper()
	n := runtime.NumGoroutine()
	look := time.NewTicker(time.Millisecond) // there is nothing to wait on: net/http does not tell when it has let go
	defer look.Stop()
	for end, same := time.Now().Add(patience), 0; time.Now().Before(end); {
		<-look.C
		now := runtime.NumGoroutine()
		if same++; now != n {
			n, same = now, 0
		}
		if most == 0 && same == 200 || most > 0 && n <= most {
			return n
		}
	}
	if most > 0 {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines are left where %d were\n%s", n, most, stacks[:runtime.Stack(stacks, true)])
	}
	return n
}

// inUse is what of the heap is reachable, in bytes.
func inUse() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// consistent holds that whatever a snapshot names is in it.
func consistent(t *testing.T, s hubsim.Snapshot) {
	t.Helper()
	users, groups, servers := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, u := range s.Users {
		assert.False(t, users[u.Name], "%s is there twice", u.Name)
		users[u.Name] = true
	}
	for _, g := range s.Groups {
		groups[g.Name] = true
		for _, u := range g.Users {
			assert.True(t, users[u], "member %s of %s", u, g.Name)
		}
	}
	for _, srv := range s.Servers {
		servers[srv.User+"/"+srv.Name] = true
		assert.True(t, users[srv.User], "owner of %v", srv)
	}
	for _, x := range s.Shares {
		assert.True(t, servers[x.Owner+"/"+x.Server], "server of %v", x)
		assert.True(t, x.User == "" || users[x.User], "user of %v", x)
		assert.True(t, x.Group == "" || groups[x.Group], "group of %v", x)
	}
	for _, c := range s.ShareCodes {
		assert.True(t, servers[c.Owner+"/"+c.Server], "server of %v", c)
	}
}

// soak is a hub with those who use it.
type soak struct {
	t   *testing.T
	hub *hubsim.Hub

	asked, failed, ended, left atomic.Int64
}

// useAll has everybody use the hub for some time. Each of them decides by chance, which the seed settles; how they meet is up to the machine.
func (s *soak) useAll(seed uint64, lasts time.Duration) {
	ctx, cancel := context.WithTimeout(s.t.Context(), lasts)
	defer cancel()
	watching, stop := context.WithCancel(s.t.Context())
	var watch, all sync.WaitGroup
	watch.Go(func() {
		for r := range s.hub.Watch(watching, func(r hubsim.Request) bool { return r.Status >= 500 }) {
			switch {
			case r.Fault != 0:
				s.failed.Add(1)
			case (r.Status == http.StatusServiceUnavailable || r.Status == http.StatusBadGateway) && strings.HasPrefix(r.Path, "/user/"):
				s.ended.Add(1) // a server that stops while it is asked, or while it asks the hub who that is (HB-89)
			case r.Status == http.StatusInternalServerError && starts(r):
				s.ended.Add(1) // a start that somebody else's stop came in the way of has failed (HB-94, HB-96, HB-97)
			case strings.Contains(r.Why, "the client left"):
				s.left.Add(1)
			default:
				assert.Failf(s.t, "a 5xx that no fault ordered", "%+v", r)
			}
		}
	})
	all.Go(func() { s.trouble(ctx, rand.New(rand.NewPCG(seed, 1000))) })
	for i := range crew {
		all.Go(func() {
			a := &actor{soak: s, name: fmt.Sprint("p", i), by: rand.New(rand.NewPCG(seed, uint64(i)))}
			a.use(ctx)
		})
	}
	all.Wait()
	for _, f := range s.hub.Faults() {
		assert.NoError(s.t, s.hub.RemoveFault(f.ID))
	}
	stop()
	watch.Wait()
}

// starts says whether a request starts a server, or is for the page of one that starts, which has the failure's status (HB-58).
func starts(r hubsim.Request) bool {
	return strings.HasPrefix(r.Path, "/hub/spawn/") || strings.HasPrefix(r.Path, "/hub/spawn-pending/") || r.Method == http.MethodPost && (strings.Contains(r.Path, "/servers/") || strings.HasSuffix(r.Path, "/server"))
}

// A soak is what the hub logs to. An error in it is the hub's own, unless the one who asked has left.

func (s *soak) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

func (s *soak) Handle(_ context.Context, line slog.Record) error {
	if line.Message == "Failed to check authorization" {
		return nil // a server's: what the hub answered it is judged by itself
	}
	line.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			assert.NoError(s.t, err, line.Message)
		}
		return true
	})
	return nil
}

func (s *soak) WithAttrs([]slog.Attr) slog.Handler { return s }

func (s *soak) WithGroup(string) slog.Handler { return s }

// trouble puts faults in force and takes them out again. None is for what servers ask the hub: they would answer for it, with a 5xx of their own.
func (s *soak) trouble(ctx context.Context, by *rand.Rand) {
	paths := []string{"/hub/home", "/hub/token", "/hub/spawn*", "/hub/api/users", "/hub/api/shares/*", "/hub/api/share-codes/*", "/user/*/lab*"}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		f := hubsim.Fault{Path: paths[by.IntN(len(paths))], Times: 1 + by.IntN(3), Probability: 0.2 + 0.8*by.Float64()}
		switch by.IntN(6) {
		case 0, 1:
			f.Status, f.Body = []int{500, 502, 503, 429, 404}[by.IntN(5)], `{"message": "by order"}`
		case 2:
			f.Cut = true
		case 3:
			f.Hang = true
		case 4:
			f.Delay = time.Duration(by.IntN(5)) * time.Millisecond
		default:
			f.Headers = map[string]string{"X-Odd": "yes"}
		}
		if _, err := s.hub.AddFault(f); !assert.NoError(s.t, err) {
			return
		}
		for list := s.hub.Faults(); len(list) > 4; list = list[1:] {
			if err := s.hub.RemoveFault(list[0].ID); err != nil {
				assert.ErrorIs(s.t, err, hubsim.ErrNoSuchFault) // used up meanwhile
			}
		}
	}
}

// actor is one who uses the hub.
type actor struct {
	*soak
	name    string
	by      *rand.Rand
	browser *http.Client
	token   string
}

func (a *actor) use(ctx context.Context) {
	plain := &http.Client{Transport: &http.Transport{}}
	defer plain.CloseIdleConnections()
	for ctx.Err() == nil {
		if a.browser == nil || a.by.IntN(100) == 0 {
			if a.browser != nil {
				a.browser.CloseIdleConnections()
			}
			a.browser = a.hub.Client(a.name)
			a.browser.Timeout = patience
		}
		if a.token == "" || a.by.IntN(200) == 0 {
			token, err := a.hub.Token(a.name)
			if !assert.NoError(a.t, err) {
				return
			}
			a.token = token
		}
		a.step(ctx, plain)
	}
	a.browser.CloseIdleConnections()
}

// other is somebody, and which of their servers.
func (a *actor) other() (name, server string) {
	return fmt.Sprint("p", a.by.IntN(crew)), []string{"", "", "second"}[a.by.IntN(3)]
}

func (a *actor) step(ctx context.Context, plain *http.Client) {
	who, server := a.other()
	mine := a.name + "/" + server
	page := func(address string) { a.send(ctx, a.browser, http.MethodGet, address, "", "") }
	api := func(method, path, body string) { a.send(ctx, plain, method, a.hub.APIURL()+path, body, a.token) }
	steps := []func(){
		func() { page(a.hub.HubURL() + "home") },
		func() { page(a.hub.HubURL() + "token") },
		func() { page(a.hub.UserURL(who, server) + "lab") },
		func() { page(a.hub.UserURL(a.name, "") + "lab") },
		func() { page(a.hub.HubURL() + "spawn/" + a.name) },
		func() { page(a.hub.HubURL() + "user/" + who + "/%zz") },
		func() { page(a.hub.HubURL() + "accept-share?code=" + strings.Repeat("x", a.by.IntN(200))) },
		func() { api(http.MethodGet, "/user", "") },
		func() { api(http.MethodGet, "/users?state=active&limit=3", "") },
		func() { api(http.MethodGet, "/users/"+who, "") },
		func() { api(http.MethodGet, "/shares/"+a.name, "") },
		func() { api(http.MethodPost, "/shares/"+mine, `{"user": "`+who+`"}`) },
		func() { api(http.MethodPost, "/shares/"+mine, `{"group": "class"}`) },
		func() { api(http.MethodPatch, "/shares/"+mine, `{"user": "`+who+`"}`) },
		func() { api(http.MethodDelete, "/shares/"+mine, "") },
		func() { api(http.MethodPost, "/share-codes/"+mine, `{"expires_in": 60}`) },
		func() { api(http.MethodDelete, "/share-codes/"+mine, "") },
		func() { api(http.MethodDelete, "/users/"+a.name+"/shared/"+who+"/"+server, "") },
		func() { api(http.MethodPost, "/users/"+a.name+"/tokens", `{"note": "n", "expires_in": 60}`) },
		func() { api(http.MethodPost, "/users/"+a.name+"/servers/"+server, "") },
		func() { api(http.MethodDelete, "/users/"+a.name+"/servers/"+server, "") },
		func() { api(http.MethodPost, "/users/extra", "") },
		func() { api(http.MethodPost, "/groups/class/users", `{"users": ["`+who+`"]}`) },
		func() { api(http.MethodDelete, "/groups/class/users", `{"users": ["`+who+`"]}`) },
		func() { api(http.MethodDelete, "/users/extra", "") },
		func() { api(http.MethodPost, "/shares/"+mine, `{"user": ["`+who) },
		func() { api(http.MethodPost, "/shares/"+mine, `{"user": "extra"}`) },
		a.follow,
		a.revoke,
	}
	steps[a.by.IntN(len(steps))]()
}

// follow makes a link and has somebody look at it.
func (a *actor) follow() {
	code, err := a.hub.NewShareCode(a.name, "")
	if errors.Is(err, sharing.ErrQuota) {
		return // so many of theirs are enough for an hour
	}
	if assert.NoError(a.t, err) {
		a.send(a.t.Context(), a.browser, http.MethodGet, a.hub.AcceptURL(code), "", "")
	}
}

// revoke takes a share and now and then all logins away.
func (a *actor) revoke() {
	ctx := a.t.Context()
	who, _ := a.other()
	assert.NoError(a.t, a.hub.RevokeShare(ctx, hubsim.Share{Owner: a.name, User: who}))
	if a.by.IntN(10) == 0 {
		assert.NoError(a.t, a.hub.ExpireLogin(ctx, a.name))
		a.browser.CloseIdleConnections()
		a.browser = nil
	}
}

// send makes a request, or leaves before it is answered. Nobody judges the answer here: those of 5xx are found in the record.
func (a *actor) send(ctx context.Context, c *http.Client, method, address, body, token string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if a.by.IntN(20) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(a.by.IntN(3000))*time.Microsecond)
		defer cancel()
	}
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return // an address that no client sends
	}
	if token != "" {
		r.Header.Set("Authorization", "token "+token)
	}
	a.asked.Add(1)
	res, err := c.Do(r)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, res.Body) // as far as it comes
	_ = res.Body.Close()
}
