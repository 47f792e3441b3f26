package hubsim_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/sharing"
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
	"DeleteUser": {fault: hubsim.DeleteUser("shared-with"), line: `{"scenario": "DeleteUser", "user": "shared-with"}`,
		before: func(x *trouble) {
			require.NoError(x, x.hub.Share(x.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
			x.put = tokenFor(x.T, x.hub, "shared-with")
			status, _ := call(x.T, x.hub, x.put, http.MethodGet, "/user", "")
			require.Equal(x, 200, status)
		},
		broken: func(x *trouble) {
			status, _ := call(x.T, x.hub, x.put, http.MethodGet, "/user", "")
			require.Equal(x, 403, status, "their tokens went with them")
			status, answer := x.api(http.MethodGet, "/shares/sharer", "")
			require.Equal(x, 200, status)
			require.Empty(x, answer["items"], "so did what was shared with them")
		},
		after: func(x *trouble) {
			require.ErrorIs(x, x.hub.DeleteUser(x.Context(), "shared-with"), sharing.ErrNoSuchUser)
			apiAnswers(x)
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
