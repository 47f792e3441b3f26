package hubsim_test

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/internal/testlog"
	"github.com/hubshare/hubshare/scopes"
)

// OA-V9: in 6.0 a service may say how long a start waits for it. A hub does not fail because of one that does not answer, and says so.
func TestAStartWaitsForAServiceAsLongAsItSays(t *testing.T) {
	t.Parallel()
	log := &testlog.Log{}
	hub := hubsim.New(t, hubsim.Config{Profile: scopes.P60, Logger: slog.New(slog.NewTextHandler(log, nil)), Services: []hubsim.Service{{Name: "dumb", URL: "http://127.0.0.1:0",
		Command: []string{os.Args[0], "silent"}, Timeout: time.Millisecond}}})
	require.Contains(t, log.String(), "service does not answer")
	require.Equal(t, 503, known(t, hub, "sharer").get(hub.ServiceURL("dumb")).status)
}

func TestOnlySixLetsAServiceSayHowLongToWait(t *testing.T) {
	t.Parallel()
	managed := hubsim.Service{Name: "one", URL: "http://127.0.0.1:0", Command: []string{"one"}, Timeout: time.Second}
	with := func(change func(*hubsim.Service)) hubsim.Config {
		s := managed
		change(&s)
		return hubsim.Config{Profile: scopes.P60, Services: []hubsim.Service{s}}
	}
	for wrong, cfg := range map[string]hubsim.Config{
		"config: Services[0].Timeout: is for profile 6.0 alone":           {Services: []hubsim.Service{managed}},
		"config: Services[0].Timeout: must not be negative":               with(func(s *hubsim.Service) { s.Timeout = -time.Second }),
		"config: Services[0].Timeout: is of use with a command and a url": with(func(s *hubsim.Service) { s.Command = nil }),
	} {
		_, err := hubsim.Start(t.Context(), cfg)
		require.EqualError(t, err, wrong)
	}
	cfg, err := hubsim.ParseConfig([]byte(`{"profile": "6.0", "services": [{"name": "one", "timeout": "1.5s"}]}`))
	require.NoError(t, err)
	require.Equal(t, 1500*time.Millisecond, cfg.Services[0].Timeout)
}
