package hubsim_test

import (
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

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
