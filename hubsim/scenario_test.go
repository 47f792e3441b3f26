package hubsim_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// trouble is a hub in which something goes wrong.
type trouble struct {
	*testing.T
	hub   *hubsim.Hub
	clock *hubsim.FakeClock
	token string // of sharer, with all that they may do
	id    int64  // of the fault, once it is there
	put   string // where a case puts what its line needs: @ in it
}

// scenarioCase is one scenario, by Go and by a line of a file or a request.
type scenarioCase struct {
	fault  hubsim.Fault
	line   string
	change func(*hubsim.Config)
	before func(*trouble) // makes what it needs
	broken func(*trouble) // what a client sees
	well   func(*trouble) // what holds before it and afterwards
	after  func(*trouble) // what holds afterwards, if that is not the same: it changed something
}

func (x *trouble) api(method, path, body string) (int, map[string]any) {
	x.Helper()
	return call(x.T, x.hub, x.token, method, path, body)
}

func (x *trouble) until(hits int) {
	x.Helper()
	require.Eventually(x, func() bool { return x.hub.Faults()[0].Hits == hits }, 20*time.Second, time.Millisecond)
}

// meanwhile begins a request, waits until it has met the fault, and gives what waits for its status.
func (x *trouble) meanwhile(hits int, request func() int) (status func() int) {
	x.Helper()
	got := make(chan int, 1)
	go func() { got <- request() }()
	x.until(hits)
	return func() int { return <-got }
}

func (x *trouble) start() int {
	status, _ := x.api(http.MethodPost, "/users/sharer/server", "")
	return status
}

func (x *trouble) stopped() {
	x.Helper()
	require.NoError(x, x.hub.StopServer(x.Context(), "sharer", ""))
}

func (x *trouble) running() {
	x.Helper()
	require.NoError(x, x.hub.StartServer(x.Context(), "sharer", ""))
}

// server asks the server for what it tells everybody; 0 = it cannot be reached.
func (x *trouble) server() int {
	x.Helper()
	res, err := x.hub.Client("sharer").Get(x.hub.UserURL("sharer", "") + "api")
	if err != nil {
		return 0
	}
	require.NoError(x, res.Body.Close())
	return res.StatusCode
}

func startsAndStops(x *trouble) {
	x.Helper()
	require.Equal(x, 201, x.start())
	x.stopped()
}

func answers(x *trouble) { x.Helper(); require.Equal(x, 200, x.server()) }

// opens: a visitor gets to the page of the server, through authorize.
func opens(x *trouble) {
	x.Helper()
	require.Equal(x, "sharer", known(x.T, x.hub, "sharer").get(x.hub.UserURL("sharer", "")).labConfig(x.T)["hubUser"])
}

// progressOf reads the stream of a start that is over.
func (x *trouble) progress() string {
	x.Helper()
	req, err := http.NewRequestWithContext(x.Context(), http.MethodGet, x.hub.APIURL()+"/users/sharer/server/progress", nil)
	require.NoError(x, err)
	req.Header.Set("Authorization", "token "+x.token)
	res, err := x.hub.Client("").Do(req)
	require.NoError(x, err)
	text, err := io.ReadAll(res.Body)
	require.NoError(x, err)
	require.NoError(x, res.Body.Close())
	return string(text)
}

var scenarioCases = map[string]scenarioCase{
	"SlowSpawn": {fault: hubsim.SlowSpawn(30 * time.Second), line: `{"scenario": "SlowSpawn", "duration": "30s"}`, well: startsAndStops,
		broken: func(x *trouble) {
			status := x.meanwhile(1, x.start)
			x.clock.Advance(10 * time.Second) // slow_spawn_timeout
			require.Equal(x, 202, status())
			require.Equal(x, 200, known(x.T, x.hub, "sharer").get("spawn-pending/sharer").status)
			_, model := x.api(http.MethodGet, "/users/sharer", "")
			require.Equal(x, "spawn", model["pending"])
			x.clock.Advance(20 * time.Second)
			require.NoError(x, x.hub.WaitServer(x.Context(), "sharer", "", hubsim.Ready))
			require.Contains(x, x.progress(), `"ready":true`)
			x.stopped()
		}},
	"SpawnHang": {fault: hubsim.SpawnHang().Of("sharer", ""), line: `{"scenario": "SpawnHang", "owner": "sharer"}`, well: startsAndStops,
		broken: func(x *trouble) {
			require.NoError(x, x.hub.StartServer(x.Context(), "shared-with", ""), "it is somebody else's")
			status := x.meanwhile(1, x.start)
			x.clock.Advance(10 * time.Second)
			require.Equal(x, 202, status())
			require.NoError(x, x.hub.ReleaseFault(x.id))
			require.NoError(x, x.hub.WaitServer(x.Context(), "sharer", "", hubsim.Ready))
			x.stopped()
			status = x.meanwhile(2, x.start)
			x.clock.Advance(time.Minute) // start_timeout: what was waited for was not real
			assert.Contains(x, []int{202, 500}, status())
			require.NoError(x, x.hub.WaitServer(x.Context(), "sharer", "", hubsim.Failed))
			require.Contains(x, x.progress(), "Spawn failed: timeout")
		}},
	"SpawnFail": {fault: hubsim.SpawnFail("out of GPUs", 507, 0), line: `{"scenario": "SpawnFail", "message": "out of GPUs", "status": 507}`, well: startsAndStops,
		broken: func(x *trouble) {
			status, said := x.api(http.MethodPost, "/users/sharer/server", "")
			require.Equal(x, 507, status)
			require.Equal(x, "out of GPUs", said["message"])
			sharer := known(x.T, x.hub, "sharer")
			page := sharer.get("spawn")
			require.Equal(x, 507, page.status, "before the redirect")
			require.Contains(x, page.text(), "out of GPUs")
			require.Equal(x, 507, sharer.get("spawn-pending/sharer").status)
			require.NoError(x, x.hub.RemoveFault(x.id))
			var err error
			x.id, err = x.hub.AddFault(hubsim.SpawnFail("out of GPUs", 0, 30*time.Second))
			require.NoError(x, err)
			there := x.meanwhile(1, func() int { return sharer.staysPut().get("spawn").status })
			x.clock.Advance(time.Second)
			require.Equal(x, 302, there(), "after the redirect")
			x.clock.Advance(30 * time.Second)
			require.NoError(x, x.hub.WaitServer(x.Context(), "sharer", "", hubsim.Failed))
			page = sharer.get("spawn-pending/sharer")
			require.Equal(x, 500, page.status)
			require.Contains(x, page.text(), "out of GPUs")
			require.Contains(x, x.progress(), "Spawn failed: out of GPUs")
		}},
	"SpawnNeverReady": {fault: hubsim.SpawnNeverReady(), line: `{"scenario": "SpawnNeverReady"}`, well: startsAndStops,
		broken: func(x *trouble) {
			status := x.meanwhile(1, x.start)
			x.clock.Advance(30 * time.Second) // http_timeout
			require.NoError(x, x.hub.WaitServer(x.Context(), "sharer", "", hubsim.Failed))
			require.Contains(x, []int{202, 500}, status())
			require.Contains(x, x.progress(), "Spawn failed: timeout")
			require.Equal(x, 424, x.server())
		}},
	"ServerCrash": {fault: hubsim.ServerCrash("sharer", ""), line: `{"scenario": "ServerCrash", "owner": "sharer"}`, before: (*trouble).running, well: answers,
		broken: func(x *trouble) { require.Equal(x, 503, x.server(), "the route is still there") },
		after: func(x *trouble) {
			require.Equal(x, 200, known(x.T, x.hub, "sharer").get("home").status)
			require.NoError(x, x.hub.WaitServer(x.Context(), "sharer", "", hubsim.Stopped), "HB-90: somebody has looked")
			startsAndStops(x)
		}},
	"ServerSlow": {fault: hubsim.ServerSlow(5 * time.Second), line: `{"scenario": "ServerSlow", "duration": 5}`, before: (*trouble).running, well: answers,
		broken: func(x *trouble) {
			status := x.meanwhile(1, x.server)
			x.clock.Advance(5 * time.Second)
			require.Equal(x, 200, status())
		}},
	"SlowStop": {fault: hubsim.SlowStop(time.Minute), line: `{"scenario": "SlowStop", "duration": "1m"}`, well: startsAndStops,
		broken: func(x *trouble) {
			x.running()
			stop := func() int { s, _ := x.api(http.MethodDelete, "/users/sharer/server", ""); return s }
			status := x.meanwhile(1, stop)
			x.clock.Advance(10 * time.Second) // slow_stop_timeout
			require.Equal(x, 202, status())
			require.Equal(x, 202, stop(), "HB-97: it is stopping already")
			require.Equal(x, 424, x.server(), "HB-78: its route is gone")
			code, said := x.api(http.MethodPost, "/users/sharer/server", "")
			require.Equal(x, 400, code)
			require.Equal(x, "sharer is pending stop", said["message"])
			x.clock.Advance(50 * time.Second)
			require.NoError(x, x.hub.WaitServer(x.Context(), "sharer", "", hubsim.Stopped))
		}},
	"HubDown": {fault: hubsim.HubDown(time.Hour), line: `{"scenario": "HubDown", "duration": "1h"}`, before: (*trouble).running,
		well: func(x *trouble) {
			x.Helper()
			answers(x)
			require.Equal(x, 200, stranger(x.T, x.hub).get("login").status)
			opens(x)
		},
		broken: func(x *trouble) {
			answers(x)
			for _, path := range []string{"login", "api/", "api/user", "health"} {
				res, err := x.hub.Client("").Get(x.hub.HubURL() + path)
				require.NoError(x, err)
				require.NoError(x, res.Body.Close())
				require.Equal(x, 503, res.StatusCode, path)
				require.Empty(x, res.Header.Get("X-JupyterHub-Version"), "it is the proxy that answers")
			}
			env, err := x.hub.ServerEnv("sharer", "")
			require.NoError(x, err)
			req, err := http.NewRequestWithContext(x.Context(), http.MethodGet, x.hub.APIURL()+"/user", nil)
			require.NoError(x, err)
			req.Header.Set("Authorization", "token "+valueOf(env, "JUPYTERHUB_API_TOKEN"))
			_, err = http.DefaultClient.Do(req) //nolint:bodyclose // there is none
			require.ErrorIs(x, err, io.EOF, "a server reaches nobody")
			require.Equal(x, 503, known(x.T, x.hub, "sharer").get(x.hub.UserURL("sharer", "")).status, "nobody can be authorised")
			x.clock.Advance(time.Hour)
			require.Empty(x, x.hub.Faults(), "it is over")
			x.id, err = x.hub.AddFault(hubsim.HubDown(0))
			require.NoError(x, err)
			require.Equal(x, 503, stranger(x.T, x.hub).get("login").status)
		}},
	"API5xx": {fault: hubsim.API5xx(502), line: `{"scenario": "API5xx", "status": 502}`, well: apiAnswers,
		broken: func(x *trouble) {
			status, said := x.api(http.MethodGet, "/user", "")
			require.Equal(x, 502, status)
			require.Equal(x, "Bad Gateway", said["message"])
			require.Equal(x, 200, stranger(x.T, x.hub).get("login").status)
		}},
	"RateLimit": {fault: hubsim.RateLimit(7 * time.Second), line: `{"scenario": "RateLimit", "duration": 7}`, well: apiAnswers,
		broken: func(x *trouble) {
			status, text, header := ask(x.T, x.hub, x.token, http.MethodGet, "/user", "")
			require.Equal(x, 429, status, text)
			require.Equal(x, "7", header.Get("Retry-After"))
		}},
	"ExpireToken": {fault: hubsim.ExpireToken("a@"), line: `{"scenario": "ExpireToken", "id": "a@"}`, before: spareToken,
		broken: func(x *trouble) {
			status, _ := call(x.T, x.hub, x.put, http.MethodGet, "/user", "")
			require.Equal(x, 403, status)
		},
		after: func(x *trouble) {
			apiAnswers(x)
			_, list := x.api(http.MethodGet, "/users/sharer/tokens", "")
			require.Len(x, list["api_tokens"], 1, "it is not listed any more")
		}},
	"RevokeToken": {fault: hubsim.RevokeToken("a@"), line: `{"scenario": "RevokeToken", "id": "a@"}`, before: spareToken,
		broken: func(x *trouble) {
			status, _ := call(x.T, x.hub, x.put, http.MethodGet, "/user", "")
			require.Equal(x, 403, status)
		}, after: apiAnswers},
	"ExpireLogin": {fault: hubsim.ExpireLogin("sharer"), line: `{"scenario": "ExpireLogin", "user": "sharer"}`,
		before: func(x *trouble) {
			cookies, err := x.hub.LoginCookies("sharer")
			require.NoError(x, err)
			x.put = cookies[0].Name + "=" + cookies[0].Value
		},
		broken: func(x *trouble) {
			req, err := http.NewRequestWithContext(x.Context(), http.MethodGet, x.hub.HubURL()+"home", nil)
			require.NoError(x, err)
			req.Header.Set("Cookie", x.put)
			require.Equal(x, "Sign in", stranger(x.T, x.hub).do(req).heading())
		},
		after: func(x *trouble) {
			apiAnswers(x)
			require.NotEqual(x, "Sign in", known(x.T, x.hub, "sharer").get("home").heading(), "logging in again works")
		}},
	"ExpireCode": {fault: hubsim.ExpireCode("sc_1"), line: `{"scenario": "ExpireCode", "id": "sc_1"}`,
		before: func(x *trouble) {
			var err error
			x.put, err = x.hub.NewShareCode("sharer", "")
			require.NoError(x, err)
		},
		broken: func(x *trouble) {
			require.Equal(x, 404, known(x.T, x.hub, "shared-with").get(x.hub.AcceptURL(x.put)).status)
		},
		after: func(x *trouble) {
			code, err := x.hub.NewShareCode("sharer", "")
			require.NoError(x, err)
			require.Equal(x, 200, known(x.T, x.hub, "shared-with").get(x.hub.AcceptURL(code)).status)
		}},
	"RevokeShare": {fault: hubsim.RevokeShare(hubsim.Share{Owner: "sharer", User: "shared-with"}), line: `{"scenario": "RevokeShare", "owner": "sharer", "user": "shared-with"}`,
		before: func(x *trouble) {
			require.NoError(x, x.hub.Share(x.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
		},
		broken: func(x *trouble) {
			require.Equal(x, 404, known(x.T, x.hub, "shared-with").get("user/sharer/").status)
		},
		after: func(x *trouble) {
			require.NoError(x, x.hub.Share(x.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
			require.Equal(x, 424, known(x.T, x.hub, "shared-with").get("user/sharer/").status)
		}},
	"DropOAuthCode": {fault: hubsim.DropOAuthCode(), line: `{"scenario": "DropOAuthCode"}`, before: (*trouble).running, well: opens,
		broken: func(x *trouble) {
			page := known(x.T, x.hub, "sharer").get(x.hub.UserURL("sharer", ""))
			require.GreaterOrEqual(x, page.status, 400)
			require.Contains(x, page.url.Path, "oauth_callback")
			got := x.hub.Requests(func(r hubsim.Request) bool { return strings.HasSuffix(r.Path, "/oauth2/token") && r.Status == 400 })
			require.NotEmpty(x, got, "the server was told that the code is none")
		}},
	"OAuthDeny": {fault: hubsim.OAuthDeny(""), line: `{"scenario": "OAuthDeny"}`, before: (*trouble).running, well: opens,
		broken: func(x *trouble) {
			page := known(x.T, x.hub, "sharer").get(x.hub.UserURL("sharer", ""))
			require.GreaterOrEqual(x, page.status, 400)
			require.Equal(x, "/user/sharer/oauth_callback", page.url.Path)
			require.Equal(x, "access_denied", page.url.Query().Get("error"))
			require.NotEmpty(x, page.url.Query().Get("state"))
			evil := known(x.T, x.hub, "sharer").staysPut().get("api/oauth2/authorize?client_id=nobody&redirect_uri=https://evil.example/&response_type=code")
			require.NotContains(x, evil.header.Get("Location"), "evil", "OA-22")
		}},
	"StaleRoute": {fault: hubsim.StaleRoute().Of("sharer", ""), line: `{"scenario": "StaleRoute", "owner": "sharer"}`, before: (*trouble).running, well: opens,
		change: func(c *hubsim.Config) { c.Limits.UserRedirects = 1 },
		broken: func(x *trouble) {
			page := known(x.T, x.hub, "sharer").get(x.hub.UserURL("sharer", "") + "lab")
			require.Equal(x, 500, page.status)
			require.Contains(x, page.text(), "Redirect loop detected.")
		}},
	"VersionMismatch": {fault: hubsim.VersionMismatch("4.1.6"), line: `{"scenario": "VersionMismatch", "version": "4.1.6"}`, before: (*trouble).running,
		well: func(x *trouble) {
			x.Helper()
			_, said := x.api(http.MethodGet, "/", "")
			require.Equal(x, "5.5.1", said["version"])
			opens(x)
		},
		broken: func(x *trouble) {
			_, said := x.api(http.MethodGet, "/", "")
			require.Equal(x, "4.1.6", said["version"])
			page := known(x.T, x.hub, "sharer").get("user/sharer/lab?redirects=2")
			require.Equal(x, []string{"4.1.6"}, page.header.Values("X-JupyterHub-Version"))
			require.Equal(x, 500, page.status, "HB-85: they differ, so it gives up early")
			require.Contains(x, page.text(), "Notebook has jupyterhub version 5.5.1, but the Hub expects 4.1.6")
			answers(x)
		}},
	"XSRFReject": {fault: hubsim.XSRFReject(), line: `{"scenario": "XSRFReject"}`,
		well: func(x *trouble) {
			x.Helper()
			require.Equal(x, 302, signIn(x.T, x.hub, "sharer", "").status)
		},
		broken: func(x *trouble) {
			again := signIn(x.T, x.hub, "sharer", "")
			require.Equal(x, 403, again.status)
			require.Contains(x, again.text(), "Login form invalid or expired. Try again.")
			sharer := known(x.T, x.hub, "sharer")
			proof, _ := sharer.get("home").form0()
			page := sharer.post("spawn", url.Values{"_xsrf": {proof}})
			require.Equal(x, 403, page.status)
			require.Contains(x, page.text(), "XSRF cookie does not match POST argument")
			apiAnswers(x)
		}},
	"NoNamedServers": {fault: hubsim.NoNamedServers(), line: `{"scenario": "NoNamedServers"}`, change: func(c *hubsim.Config) { c.AllowNamedServers = true },
		well: func(x *trouble) {
			x.Helper()
			status, _ := x.api(http.MethodPost, "/users/sharer/servers/lab", "")
			require.Equal(x, 201, status)
			status, _ = x.api(http.MethodDelete, "/users/sharer/servers/lab", `{"remove": true}`)
			require.Equal(x, 204, status)
		},
		broken: func(x *trouble) {
			status, said := x.api(http.MethodPost, "/users/sharer/servers/lab", "")
			require.Equal(x, 400, status)
			require.Equal(x, "Named servers are not enabled.", said["message"])
			require.Equal(x, 400, known(x.T, x.hub, "sharer").get("spawn/sharer/lab").status)
			startsAndStops(x)
		}},
	"ClockSkew": {fault: hubsim.ClockSkew(24 * time.Hour), line: `{"scenario": "ClockSkew", "duration": "24h"}`,
		before: func(x *trouble) {
			var err error
			x.put, err = x.hub.NewShareCode("sharer", "")
			require.NoError(x, err)
		},
		well: func(x *trouble) {
			x.Helper()
			require.Equal(x, 200, known(x.T, x.hub, "shared-with").get(x.hub.AcceptURL(x.put)).status)
			s, err := x.hub.Snapshot(x.Context())
			require.NoError(x, err)
			require.Equal(x, x.clock.Now(), s.Now)
		},
		broken: func(x *trouble) {
			require.Equal(x, 404, known(x.T, x.hub, "shared-with").get(x.hub.AcceptURL(x.put)).status, "a day's code is a day old")
			s, err := x.hub.Snapshot(x.Context())
			require.NoError(x, err)
			require.Equal(x, 24*time.Hour, s.Now.Sub(x.clock.Now()))
		}},
}

func apiAnswers(x *trouble) {
	x.Helper()
	status, _ := x.api(http.MethodGet, "/user", "")
	require.Equal(x, 200, status)
}

func spareToken(x *trouble) {
	x.Helper()
	made, err := x.hub.Seed(x.Context(), hubsim.Seed{Users: []hubsim.User{{Name: "sharer", Tokens: []hubsim.Token{{}}}}})
	require.NoError(x, err)
	x.put = made.Tokens[0].Token.Reveal()
	status, _ := call(x.T, x.hub, x.put, http.MethodGet, "/user", "")
	require.Equal(x, 200, status)
}

func valueOf(env []string, name string) string {
	for _, line := range env {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value
		}
	}
	return ""
}

// HB-171, HB-172: each scenario is there by Go, by a line of a file and by a request; a client sees what it says; and when it is gone, it is as if it had not been.
func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, info := range hubsim.Scenarios() {
		t.Run(info.Name, func(t *testing.T) {
			t.Parallel()
			c, ok := scenarioCases[info.Name]
			require.True(t, ok, "it has no test")
			clock := hubsim.NewFakeClock(time0)
			cfg := hubsim.Config{Clock: clock}
			if c.change != nil {
				c.change(&cfg)
			}
			x := &trouble{T: t, hub: controlled(t, cfg), clock: clock}
			x.token = tokenFor(t, x.hub, "sharer")
			if c.before != nil {
				c.before(x)
			}
			if c.well != nil {
				c.well(x)
			}
			parsed, err := hubsim.ParseConfig([]byte(`{"faults": [` + c.line + `]}`))
			require.NoError(t, err)
			require.Equal(t, []hubsim.Fault{c.fault}, parsed.Faults, "Go and the file say the same")
			line := c.line
			if strings.Contains(line, "a@") {
				s, err := x.hub.Snapshot(t.Context())
				require.NoError(t, err)
				for _, u := range s.Users {
					if u.Name == "sharer" {
						line = strings.ReplaceAll(line, "a@", u.Tokens[len(u.Tokens)-1].ID)
					}
				}
			}
			status, made, _ := control(t, x.hub, http.MethodPost, "faults", line)
			require.Equal(t, 200, status, made)
			x.id = int64(made["id"].(float64))
			c.broken(x)
			if info.State {
				require.Empty(t, x.hub.Faults(), "it has happened")
				c.after(x)
				return
			}
			_, list, _ := control(t, x.hub, http.MethodGet, "faults", "")
			require.Equal(t, info.Name, list["faults"].([]any)[0].(map[string]any)["scenario"])
			if !assert.NoError(t, x.hub.RemoveFault(x.id)) {
				return
			}
			c.well(x)
		})
	}
}

// HB-170: what met a fault is marked with it in the record, also what had a server start.
func TestARequestIsMarkedWithItsScenario(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Faults: []hubsim.Fault{hubsim.SpawnFail("", 0, 0), hubsim.API5xx(503)}})
	token := tokenFor(t, hub, "sharer")
	require.Error(t, hub.StartServer(t.Context(), "sharer", ""))
	known(t, hub, "sharer").get("spawn")
	call(t, hub, token, http.MethodGet, "/user", "")
	marks := map[string]string{}
	for _, r := range hub.Requests(nil) {
		marks[r.Path] = strconv.FormatInt(r.Fault, 10) + r.Scenario
	}
	require.Equal(t, map[string]string{"/hub/spawn": "1SpawnFail", "/hub/api/user": "2API5xx"}, marks)
}

// HB-171: access that ends in the middle of a visit: what changes state can wait for a request, and does so before that is answered.
func TestAScenarioWaitsForARequest(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.Share(t.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
	f := hubsim.RevokeShare(hubsim.Share{Owner: "sharer", User: "shared-with"})
	f.User, f.Path, f.Nth = "shared-with", "/hub/user/sharer/*", 2
	_, err := hub.AddFault(f)
	require.NoError(t, err)
	guest := known(t, hub, "shared-with")
	require.Equal(t, 424, guest.get("user/sharer/").status)
	require.Equal(t, 424, known(t, hub, "sharer").get("user/sharer/").status, "it waits for somebody else")
	require.Equal(t, 404, guest.get("user/sharer/").status)
	require.Empty(t, hub.Faults(), "it has happened")
	require.NoError(t, hub.Share(t.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
	require.Equal(t, 424, guest.get("user/sharer/").status)
}

// HB-99: whoever comes when too many servers start is sent away for a while that the header tells.
func TestTooManyStartsAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "ann"}, {Name: "bob"}}, Clock: hubsim.NewFakeClock(time0),
		Limits: hubsim.Limits{ConcurrentSpawns: 1, SlowSpawnTimeout: -1}, Faults: []hubsim.Fault{hubsim.SpawnHang()}})
	ann, bob := tokenFor(t, hub, "ann"), tokenFor(t, hub, "bob")
	status, _ := call(t, hub, ann, http.MethodPost, "/users/ann/server", "")
	require.Equal(t, 202, status)
	status, said, header := ask(t, hub, bob, http.MethodPost, "/users/bob/server", "")
	require.Equal(t, 429, status)
	wait, err := strconv.Atoi(header.Get("Retry-After"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, wait, 30)
	require.LessOrEqual(t, wait, 60)
	require.Regexp(t, `Too many users trying to log in right now\. Try again in [3-6]0 seconds\.`, said)
	page := known(t, hub, "bob").get("spawn")
	require.Equal(t, 429, page.status)
	require.NotEmpty(t, page.header.Get("Retry-After"))
	status, _ = call(t, hub, ann, http.MethodDelete, "/users/ann/server", "")
	require.Equal(t, 204, status, "HB-97: a start is interrupted")
	require.NoError(t, hub.RemoveFault(1))
	require.NoError(t, hub.StartServer(t.Context(), "bob", ""))
}

// HB-199: a hub ends though a start hangs, a stop is slow and a request waits.
func TestAHubInTroubleEnds(t *testing.T) {
	t.Parallel()
	hub, err := hubsim.Start(t.Context(), hubsim.Config{Clock: hubsim.NewFakeClock(time0), Limits: hubsim.Limits{SlowSpawnTimeout: -1}})
	require.NoError(t, err)
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	for _, f := range []hubsim.Fault{hubsim.SpawnHang(), hubsim.SlowStop(time.Hour), hubsim.ServerSlow(time.Hour), {Path: "/hub/login", Delay: time.Hour}} {
		_, err := hub.AddFault(f)
		require.NoError(t, err)
	}
	status, _ := call(t, hub, tokenFor(t, hub, "shared-with"), http.MethodPost, "/users/shared-with/server", "")
	require.Equal(t, 202, status)
	for _, address := range []string{hub.HubURL() + "login", hub.UserURL("sharer", "")} {
		go func() {
			if res, err := http.Get(address); err == nil { //nolint:noctx // it is to be cut off
				_ = res.Body.Close()
			}
		}()
	}
	require.Eventually(t, func() bool { f := hub.Faults(); return f[0].Hits+f[2].Hits+f[3].Hits == 3 }, 20*time.Second, time.Millisecond)
	closed := make(chan error, 1)
	go func() { closed <- hub.Close() }()
	select {
	case err := <-closed:
		require.NoError(t, err)
	case <-time.After(5 * time.Minute): // an hour of the hub's clock, which stands
		t.Fatal("the hub waits for what its faults hold up")
	}
	_, err = hub.AddFault(hubsim.SpawnHang())
	require.Error(t, err)
}

// HB-177: a scenario that cannot be is refused, in Go and in a file, with the field that is wrong.
func TestAScenarioThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{})
	for name, c := range map[string]struct {
		fault hubsim.Fault
		field string
		line  string
	}{
		"an unknown name":            {hubsim.Fault{Scenario: hubsim.Scenario{Name: "Slow"}}, "Scenario", `{"scenario": "Slow"}`},
		"without what it needs":      {hubsim.SlowSpawn(0), "Duration", `{"scenario": "SlowSpawn"}`},
		"a negative time":            {hubsim.SlowSpawn(-1), "Duration", `{"scenario": "SlowSpawn", "duration": "-1s"}`},
		"a server of nobody":         {hubsim.SpawnHang().Of("", "lab"), "Owner", `{"scenario": "SpawnHang", "server": "lab"}`},
		"what it does not take":      {hubsim.Fault{Scenario: hubsim.Scenario{Name: "SpawnHang", ID: "a1"}}, "ID", `{"scenario": "SpawnHang", "id": "a1"}`},
		"effects beside it":          {hubsim.Fault{Status: 500, Scenario: hubsim.Scenario{Name: "SpawnHang"}}, "Scenario", `{"scenario": "SpawnHang", "status": 500}`},
		"parameters without it":      {hubsim.Fault{Scenario: hubsim.Scenario{ID: "a1"}}, "ID", `{"id": "a1"}`},
		"requests of a start":        {hubsim.Fault{Path: "/x", Scenario: hubsim.Scenario{Name: "SpawnHang"}}, "Path", `{"scenario": "SpawnHang", "match": {"path": "/x"}}`},
		"requests of a clock":        {hubsim.Fault{Nth: 2, Scenario: hubsim.Scenario{Name: "ClockSkew", Duration: 1}}, "Path", `{"scenario": "ClockSkew", "duration": 1, "match": {"nth": 2}}`},
		"a success as a failure":     {hubsim.SpawnFail("", 200, 0), "Status", `{"scenario": "SpawnFail", "status": 200}`},
		"a client's mistake as ours": {hubsim.API5xx(404), "Status", `{"scenario": "API5xx", "status": 404}`},
		"nobody to lose a share":     {hubsim.RevokeShare(hubsim.Share{Owner: "sharer"}), "User", `{"scenario": "RevokeShare", "owner": "sharer"}`},
		"an error that is no code":   {hubsim.OAuthDeny("a&b"), "Error", `{"scenario": "OAuthDeny", "error": "a&b"}`},
	} {
		_, err := hub.AddFault(c.fault)
		var wrong *hubsim.ConfigError
		require.ErrorAs(t, err, &wrong, name)
		require.Equal(t, c.field, wrong.Field, name)
		status, said, _ := control(t, hub, http.MethodPost, "faults", c.line)
		require.Equal(t, 400, status, name)
		require.NotContains(t, said["message"], "\n")
	}
	for _, f := range []hubsim.Fault{hubsim.ExpireToken("a99"), hubsim.RevokeToken("a99"), hubsim.ExpireCode("sc_9"), hubsim.ExpireLogin("nobody"), hubsim.ServerCrash("nobody", "")} {
		_, err := hub.AddFault(f)
		require.Error(t, err, f.Scenario.Name)
		require.False(t, errors.As(err, new(*hubsim.ConfigError)))
	}
	require.Empty(t, hub.Faults())
	_, err := hubsim.Start(t.Context(), hubsim.Config{Faults: []hubsim.Fault{{}, hubsim.SlowSpawn(0)}})
	require.ErrorContains(t, err, "Faults[1].Duration")
}

// HB-171: the documentation has a line for each, and no other.
func TestScenariosAreDocumented(t *testing.T) {
	t.Parallel()
	if os.Getenv("HUBSIM_WRITE") != "" {
		require.NoError(t, os.WriteFile("SCENARIOS.md", []byte(scenarioTable()), 0o600))
	}
	text, err := os.ReadFile("SCENARIOS.md")
	require.NoError(t, err)
	require.Equal(t, scenarioTable(), string(text), "write it anew with: HUBSIM_WRITE=1 go test ./hubsim -run TestScenariosAreDocumented")
}

func scenarioTable() string {
	var b strings.Builder
	b.WriteString("# What can be made to go wrong\n\nEach line is a fault: in Go `hub.AddFault(hubsim.SlowSpawn(30 * time.Second))`, in a configuration file\n" +
		"`\"faults\": [{\"scenario\": \"SlowSpawn\", \"duration\": \"30s\"}]`, of a hub that runs `POST /_hubsim/faults` with the same object. All take `times`, `probability` and,\n" +
		"where requests are concerned, `match` (`method`, `path` with `*`, `user`, `actor`, `nth`). Those marked with a star change what the hub has, once: at\n" +
		"the first request that matches, or at once without `match`. This table is made from the program's own; a test holds the two together.\n\n" +
		"| scenario | needs | may have | what happens |\n| --- | --- | --- | --- |\n")
	for _, s := range hubsim.Scenarios() {
		star := ""
		if s.State {
			star = " ★"
		}
		b.WriteString("| `" + s.Name + "`" + star + " | " + strings.Join(s.Needs, ", ") + " | " + strings.Join(s.Takes[len(s.Needs):], ", ") + " | " + s.About + " |\n")
	}
	return b.String()
}
