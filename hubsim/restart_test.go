package hubsim_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-200: after a restart of the hub, servers run on with their pages and open connections, logins and tokens are good, and shares are there; in memory and on a file.
func TestARestartLosesNothing(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"in memory": "", "on a file": t.TempDir() + "/hub.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := hubsim.New(t, hubsim.Config{DB: file, Clock: hubsim.NewFakeClock(time0)})
			_, err := hub.Seed(t.Context(), hubsim.Seed{Groups: []hubsim.Group{{Name: "class", Users: []string{"shared-with"}}}})
			require.NoError(t, err)
			owner, guest := known(t, hub, "sharer"), known(t, hub, "shared-with")
			require.Equal(t, 200, owner.get("spawn").status)
			require.NoError(t, hub.Share(t.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
			require.NoError(t, hub.Share(t.Context(), hubsim.Share{Owner: "sharer", Group: "class", Scopes: []string{"read:servers"}}))
			page, err := hub.PageToken(t.Context(), "shared-with", "sharer", "")
			require.NoError(t, err)
			token := tokenFor(t, hub, "sharer")
			before, err := hub.Snapshot(t.Context())
			require.NoError(t, err)

			require.NoError(t, hub.Restart(t.Context()))

			after, err := hub.Snapshot(t.Context())
			require.NoError(t, err)
			require.Equal(t, before, after)
			require.Equal(t, 200, owner.get("home").status)
			require.Equal(t, "sharer", owner.get(hub.UserURL("sharer", "")).labConfig(t)["hubUser"])
			status, _ := call(t, hub, token, "GET", "/users/sharer", "")
			require.Equal(t, 200, status)
			status, _ = call(t, hub, page, "GET", "/user", "")
			require.Equal(t, 200, status, "the token of a page")
			there := guest.get(hub.UserURL("sharer", ""))
			require.Equal(t, 200, there.status)
			// What was known of people's access is asked for again.
			require.NoError(t, hub.RevokeShare(t.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
			require.Equal(t, 404, guest.get("user/sharer/").status)
			require.NoError(t, hub.StopServer(t.Context(), "sharer", ""))
			require.Equal(t, 200, owner.get("spawn").status, "the record of the server is the same")
		})
	}
}

// HB-200: a start that is under way fails, and a server that died meanwhile is noticed.
func TestARestartEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Faults: []hubsim.Fault{hubsim.SpawnHang().Of("shared-with", "")}})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	require.NoError(t, hub.KillServer("sharer", ""))
	token := tokenFor(t, hub, "shared-with")
	go func() { _ = hub.StartServer(t.Context(), "shared-with", "") }()
	require.Eventually(t, func() bool {
		s, err := hub.Snapshot(t.Context())
		return err == nil && s.Servers[0].State == hubsim.Starting
	}, time.Minute, time.Millisecond)
	require.NoError(t, hub.Restart(t.Context()))
	s, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	for _, srv := range s.Servers {
		assert.Equal(t, hubsim.Stopped, srv.State, srv.User)
	}
	status, _ := call(t, hub, token, "GET", "/users/shared-with", "")
	require.Equal(t, 200, status)
}

// HB-200: while the hub restarts, its paths are 503 and servers are served.
func TestServersAreServedWhileTheHubRestarts(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{Faults: []hubsim.Fault{hubsim.SlowStop(time.Hour)}})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	require.NoError(t, hub.StartServer(t.Context(), "shared-with", ""))
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = hub.StopServer(ctx, "shared-with", "") }()
	require.NoError(t, waitState(t, hub, "shared-with", hubsim.Stopping))
	restarted := make(chan error, 1)
	go func() { restarted <- hub.Restart(ctx) }()
	require.Eventually(t, func() bool { return answer(t, hub.HubURL()+"login") == 503 }, time.Minute, time.Millisecond)
	require.Equal(t, 200, answer(t, hub.UserURL("sharer", "")+"api"))
	status, _, _ := control(t, hub, "POST", "clock", `{"advance": "2h"}`)
	require.Equal(t, 200, status)
	require.NoError(t, <-restarted)
	require.Equal(t, 200, answer(t, hub.HubURL()+"login"))
	cancel()
	<-stopped
}

func waitState(t *testing.T, hub *hubsim.Hub, user, state string) error {
	t.Helper()
	require.Eventually(t, func() bool {
		s, err := hub.Snapshot(t.Context())
		for _, srv := range s.Servers {
			if srv.User == user && srv.State == state {
				return true
			}
		}
		return err != nil
	}, time.Minute, time.Millisecond)
	return nil
}

func answer(t *testing.T, address string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", address, strings.NewReader(""))
	require.NoError(t, err)
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, res.Body)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}
