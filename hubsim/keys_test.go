package hubsim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// naming is how requests say which hub they are for.
type naming func(hub *hubsim.Hub, key string) (base string, roundTripper http.RoundTripper)

// byHost goes to KEY.localhost, as browsers do.
func byHost(hub *hubsim.Hub, key string) (string, http.RoundTripper) {
	at, _ := url.Parse(hub.URL)
	return at.Scheme + "://" + key + ".localhost:" + at.Port() + at.EscapedPath(), &http.Transport{DisableKeepAlives: true, TLSClientConfig: trusting(hub),
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, at.Host)
		}}
}

// byHeader sends X-Hubsim-Key with every request.
func byHeader(hub *hubsim.Hub, key string) (string, http.RoundTripper) {
	return hub.URL, sending{"X-Hubsim-Key", key, &http.Transport{DisableKeepAlives: true, TLSClientConfig: trusting(hub)}}
}

type sending struct {
	header, value string
	next          http.RoundTripper
}

func (s sending) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(s.header, s.value)
	return s.next.RoundTrip(r)
}

// tenant is a hub with a key, as its tests see it.
type tenant struct {
	t    *testing.T
	hub  *hubsim.Hub // that owns the address
	base string
	next http.RoundTripper
}

func named(t *testing.T, hub *hubsim.Hub, by naming, key string) tenant {
	base, next := by(hub, key)
	return tenant{t, hub, base, next}
}

// stranger is somebody with a new browser.
func (n tenant) stranger() *person {
	jar, err := cookiejar.New(nil)
	require.NoError(n.t, err)
	navigating := sending{"Sec-Fetch-Mode", "navigate", sending{"Accept", "text/html", n.next}}
	return with(n.t, n.hub, &http.Client{Jar: jar, Transport: navigating})
}

// ask sends JSON to a path below the origin, and reads what comes.
func (n tenant) ask(method, path, body string, headers ...string) (int, map[string]any) {
	n.t.Helper()
	at, err := url.Parse(n.base)
	require.NoError(n.t, err)
	to, err := at.Parse(path)
	require.NoError(n.t, err)
	req, err := http.NewRequestWithContext(n.t.Context(), method, to.String(), strings.NewReader(body))
	require.NoError(n.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := n.next.RoundTrip(req)
	require.NoError(n.t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(n.t, err)
	answer := map[string]any{}
	if len(raw) > 0 {
		require.NoError(n.t, json.Unmarshal(raw, &answer), "%s", raw)
	}
	return res.StatusCode, answer
}

func (n tenant) now() string {
	n.t.Helper()
	status, clock := n.ask("GET", "/_hubsim/clock", "")
	require.Equal(n.t, 200, status, "%v", clock)
	return clock["now"].(string)
}

// share has an owner log in, start a server and share it with somebody who follows the link. It gives the page's own configuration, the owner's and the guest's.
func (n tenant) share() (owner, guest map[string]any) {
	n.t.Helper()
	sharer := n.stranger()
	lab := sharer.logIn(sharer.get(n.base), "sharer")
	if strings.Contains(lab.url.Path, "/spawn-pending/") { // a busy machine
		status, answer := n.ask("GET", "/_hubsim/wait?server=sharer&state=ready&timeout=5m", "")
		require.Equal(n.t, 200, status, "%v", answer)
		lab = sharer.get(n.base + "user/sharer/")
	}
	require.Equal(n.t, 200, lab.status, lab.text())
	require.True(n.t, strings.HasPrefix(lab.url.String(), n.base+"user/sharer/"), "%s", lab.url)
	owner = lab.labConfig(n.t)
	status, code := n.ask("POST", "/hub/api/share-codes/sharer/", "{}", "Authorization", "token "+owner["token"].(string))
	require.Equal(n.t, 200, status, "%v", code)
	accept, err := lab.url.Parse(code["accept_url"].(string))
	require.NoError(n.t, err)
	other := n.stranger()
	invitation := other.logIn(other.get(accept.String()), "shared-with")
	require.Equal(n.t, "Accept sharing invitation", invitation.heading(), invitation.text())
	there := other.submit(other.submit(invitation, nil), nil)
	require.Equal(n.t, 200, there.status, there.text())
	require.True(n.t, strings.HasPrefix(there.url.String(), n.base+"user/sharer/"), "%s", there.url)
	return owner, there.labConfig(n.t)
}

func keyedHub(t *testing.T, cfg hubsim.Config) *hubsim.Hub {
	t.Helper()
	if cfg.Keys == 0 {
		cfg.Keys = 10
	}
	return controlled(t, cfg)
}

// Redirects, cookies, accept_url, and what servers are told of the hub's address: all of it works by either way of naming a key, and nothing of it is seen elsewhere.
func TestAHubWithAKeyIsAWholeHub(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]naming{"named by its host": byHost, "named by a header": byHeader} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := keyedHub(t, hubsim.Config{})
			w3 := named(t, hub, by, "w3")
			owner, guest := w3.share()
			require.Equal(t, "sharer", owner["hubUser"])
			require.Equal(t, "shared-with", guest["hubUser"])
			require.Equal(t, "sharer", guest["hubServerUser"])

			s, err := hub.Snapshot(t.Context())
			require.NoError(t, err)
			require.Equal(t, hubsim.Stopped, s.Servers[0].State, "the hub that owns the address")
			require.Empty(t, s.ShareCodes)
			other := named(t, hub, by, "w4")
			status, _ := other.ask("GET", "/hub/api/user", "", "Authorization", "token "+owner["token"].(string))
			require.Equal(t, 403, status, "a token is good in its own hub alone")
		})
	}
}

// HB-179, HB-168: each key has a clock of its own; both ways of naming lead to the same hub, whatever the case of letters.
func TestClocksOfKeysAreTheirOwn(t *testing.T) {
	t.Parallel()
	hub := keyedHub(t, hubsim.Config{})
	a := named(t, hub, byHost, "a")
	status, _ := a.ask("POST", "/_hubsim/clock", `{"advance": "36h"}`)
	require.Equal(t, 200, status)
	require.Equal(t, "2026-01-03T15:04:05Z", a.now())
	require.Equal(t, a.now(), named(t, hub, byHeader, "A").now())
	require.Equal(t, "2026-01-02T03:04:05Z", named(t, hub, byHeader, "b").now())
	_, clock, _ := control(t, hub, "GET", "clock", "")
	require.Equal(t, "2026-01-02T03:04:05Z", clock["now"])
	status, _ = a.ask("POST", "/_hubsim/reset", "")
	require.Equal(t, 200, status)
	require.Equal(t, "2026-01-02T03:04:05Z", a.now())
}

// HB-179: addresses and cookies are for the host by which the caller came, or the one that it names: a test may ask by header what its browser needs by host.
func TestAddressesAndCookiesAreForWhoeverAsks(t *testing.T) {
	t.Parallel()
	hub := keyedHub(t, hubsim.Config{})
	for by, want := range map[string]string{"host": "w1.localhost", "header": "127.0.0.1"} {
		n := named(t, hub, map[string]naming{"host": byHost, "header": byHeader}[by], "w1")
		status, info := n.ask("GET", "/_hubsim/info", "")
		require.Equal(t, 200, status)
		require.Equal(t, n.base, info["url"])
		require.Equal(t, "w1", info["key"])
		_, answer := n.ask("POST", "/_hubsim/login", `{"user": "ann"}`)
		require.Equal(t, want, answer["cookies"].([]any)[0].(map[string]any)["domain"])
		_, answer = n.ask("POST", "/_hubsim/login", `{"user": "ann", "domain": "w1.localhost"}`)
		require.Equal(t, "w1.localhost", answer["cookies"].([]any)[0].(map[string]any)["domain"])
		status, _ = n.ask("POST", "/_hubsim/login", `{"user": "ann", "domain": "evil.example"}`)
		require.Equal(t, 400, status)
	}
	// The address for clients whose resolver does not know KEY.localhost is the same hub.
	_, info := named(t, hub, byHost, "w1").ask("GET", "/_hubsim/info", "")
	res, err := hub.Client("").Get(info["inner"].(string) + "hub/login")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 200, res.StatusCode)
	require.NotContains(t, info["inner"], "localhost")
}

func TestWhatCannotBeAKey(t *testing.T) {
	t.Parallel()
	hub := keyedHub(t, hubsim.Config{})
	_, own := byHeader(hub, "")
	for name, c := range map[string]struct{ host, header string }{
		"a dot":             {"127.0.0.1", "a.b"},
		"a slash":           {"127.0.0.1", "../a"},
		"a hyphen at front": {"127.0.0.1", "-a"},
		"sixty-four":        {"127.0.0.1", strings.Repeat("a", 64)},
		"two parts":         {"a.b.localhost", ""},
		"a line":            {"a_b.localhost", ""},
		"two keys":          {"a.localhost", "b"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", hub.URL+"hub/login", nil)
		require.NoError(t, err)
		req.Host = c.host
		if c.header != "" {
			req.Header.Set("X-Hubsim-Key", c.header)
		}
		res, err := own.(sending).next.RoundTrip(req)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, 400, res.StatusCode, name)
		assert.Contains(t, string(body), "message", name)
	}
	_, keys, _ := control(t, hub, "GET", "keys", "")
	require.Empty(t, keys["keys"])
}

// There are as many hubs as were configured, and one that ends makes room. What a foreign page fetches makes none.
func TestKeysAreBounded(t *testing.T) {
	t.Parallel()
	hub := keyedHub(t, hubsim.Config{Keys: 2})
	a, b, c := named(t, hub, byHeader, "a"), named(t, hub, byHost, "b"), named(t, hub, byHeader, "c")
	status, _ := a.ask("GET", "/_hubsim/health", "", "Sec-Fetch-Site", "cross-site")
	require.Equal(t, 403, status)
	_, clockOfA := a.ask("POST", "/_hubsim/clock", `{"advance": "1h"}`)
	require.NotEmpty(t, clockOfA)
	b.now()
	status, refusal := c.ask("GET", "/_hubsim/clock", "")
	require.Equal(t, 429, status)
	require.Contains(t, refusal["message"], "2 hubs")
	_, list := c.ask("GET", "/_hubsim/keys", "")
	require.EqualValues(t, 2, list["limit"])
	require.Len(t, list["keys"], 2)
	require.Equal(t, "2026-01-02T04:04:05Z", list["keys"].([]any)[0].(map[string]any)["now"])

	status, _ = a.ask("POST", "/_hubsim/end-key", `{"key": "a"}`)
	require.Equal(t, 200, status)
	status, _ = a.ask("POST", "/_hubsim/end-key", `{"key": "a"}`)
	require.Equal(t, 404, status)
	require.Equal(t, "2026-01-02T03:04:05Z", c.now())
	// A key that was ended is another hub when it comes back.
	status, _ = c.ask("POST", "/_hubsim/end-key", `{"key": "c"}`)
	require.Equal(t, 200, status)
	require.Equal(t, "2026-01-02T03:04:05Z", a.now())
}

// A hub that ends takes along what waits in it, and nobody else.
func TestShutdownOfAKeyEndsThatHubAlone(t *testing.T) {
	t.Parallel()
	hub := keyedHub(t, hubsim.Config{Faults: []hubsim.Fault{{Path: "/hub/api/", Hang: true}}})
	a, b := named(t, hub, byHeader, "a"), named(t, hub, byHost, "b")
	b.now()
	req, err := http.NewRequestWithContext(t.Context(), "GET", a.base+"hub/api/", nil)
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if res, err := a.next.RoundTrip(req); err == nil {
			_ = res.Body.Close()
		}
	}()
	require.Eventually(t, func() bool {
		_, faults := a.ask("GET", "/_hubsim/faults", "")
		return faults["faults"].([]any)[0].(map[string]any)["hits"].(float64) == 1
	}, time.Minute, time.Millisecond)
	status, _ := a.ask("POST", "/_hubsim/shutdown", "")
	require.Equal(t, 200, status)
	<-ended
	require.Eventually(t, func() bool {
		_, list := b.ask("GET", "/_hubsim/keys", "")
		return len(list["keys"].([]any)) == 1
	}, time.Minute, time.Millisecond)
	b.now()
	_, clock, _ := control(t, hub, "GET", "clock", "")
	require.NotEmpty(t, clock["now"], "the one that owns the address is there")
}

// HB-160: a managed service has a port of its own in each hub.
func TestEveryKeyHasItsOwnManagedServices(t *testing.T) {
	t.Parallel()
	hall := hallOf(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.Addr().(*net.TCPAddr).Port
	require.NoError(t, free.Close())
	s := service("s", "answers", hall)
	s.URL = fmt.Sprintf("http://127.0.0.1:%d", port)
	hub := keyedHub(t, hubsim.Config{Users: []hubsim.User{{Name: "ann"}}, Services: []hubsim.Service{s}})
	addresses := map[string]bool{s.URL: true}
	for _, key := range []string{"a", "b"} {
		n := named(t, hub, byHeader, key)
		// Somebody may take the free port first; then it is started again with another one.
		require.Eventually(t, func() bool {
			return strings.Contains(n.stranger().get(n.base+"services/s/x").body, "at /services/s/x")
		}, time.Minute, 10*time.Millisecond)
		_, answer := n.ask("GET", "/_hubsim/env?service=s", "")
		for _, pair := range answer["env"].([]any) {
			if at, ok := strings.CutPrefix(pair.(string), "JUPYTERHUB_SERVICE_URL="); ok {
				addresses[at] = true
			}
			if at, ok := strings.CutPrefix(pair.(string), "JUPYTERHUB_API_URL="); ok {
				require.NotEqual(t, hub.APIURL(), at, "it asks its own hub")
				require.Contains(t, at, "http://127.0.0.1:")
			}
		}
	}
	require.Len(t, addresses, 3, "%v", addresses)
}

// HB-169: with a seed, a key's secrets are the same in each run, and no other key's.
func TestTheSecretsOfAKeyFollowFromTheSeed(t *testing.T) {
	t.Parallel()
	drawn := func(seed uint64, key string) string {
		_, answer := named(t, keyedHub(t, hubsim.Config{Seed: seed}), byHeader, key).ask("POST", "/_hubsim/tokens", `{"user": "sharer"}`)
		return answer["token"].(string)
	}
	first := drawn(7, "a")
	require.Equal(t, first, drawn(7, "a"))
	require.NotEqual(t, first, drawn(7, "b"))
	require.NotEqual(t, first, drawn(8, "a"))
}

// Fifty workers of a parallel suite share one address. Each shares a server, moves its clock, and finds what it left.
func TestFiftyKeysAtOnce(t *testing.T) {
	t.Parallel()
	hub := keyedHub(t, hubsim.Config{Keys: 50})
	var workers sync.WaitGroup
	for i := range 50 {
		workers.Go(func() {
			by := byHost
			if i%2 == 1 {
				by = byHeader
			}
			n := named(t, hub, by, fmt.Sprintf("w%d", i))
			_, guest := n.share()
			if !assert.Equal(t, "shared-with", guest["hubUser"]) {
				return
			}
			n.ask("POST", "/_hubsim/clock", fmt.Sprintf(`{"advance": "%dm"}`, i))
			assert.Equal(t, time0.Add(time.Duration(i)*time.Minute).Format("2006-01-02T15:04:05Z"), n.now())
			_, state := n.ask("GET", "/_hubsim/state", "")
			assert.Len(t, state["shares"], 1)
		})
	}
	workers.Wait()
}
