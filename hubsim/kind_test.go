package hubsim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// serverPages are a server of one's own: it says below its prefix what it found in its environment.
func serverPages(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Jupyterhub-Version", "5.5.1")
	_, _ = fmt.Fprintf(w, "user=%s extra=%s landing=%s path=%s", os.Getenv("JUPYTERHUB_USER"), os.Getenv("EXTRA"), os.Getenv("JUPYTERHUB_DEFAULT_URL"), r.URL.Path)
}

// playServer is this program in the part of a user's server, until it is interrupted.
func playServer() int {
	at, err := url.Parse(os.Getenv("JUPYTERHUB_SERVICE_URL"))
	if err != nil {
		return 1
	}
	if last := os.Getenv("LAST_WORDS"); last != "" {
		fmt.Println(last)
		return 1
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt)
	s := &http.Server{Addr: at.Host, Handler: http.HandlerFunc(serverPages), ReadHeaderTimeout: time.Second}
	failed := make(chan error, 1)
	go func() { failed <- s.ListenAndServe() }()
	select {
	case <-failed:
		return 1
	case <-end:
		return 0
	}
}

// HB-102, HB-178, OA-120, OA-E21: with kind command, servers are programs, which are told what they need and end with their hub.
func TestServersMayBePrograms(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{
		Servers:    []hubsim.Server{{User: "ann", Running: true}, {User: "bob", Kind: hubsim.KindInProcess, Running: true}},
		SingleUser: hubsim.SingleUser{Kind: hubsim.KindCommand, Command: []string{os.Args[0], "server"}, Env: map[string]string{"EXTRA": "more"}, DefaultURL: "/lab"},
	})
	page := known(t, hub, "ann").get(hub.UserURL("ann", "") + "x")
	require.Equal(t, "user=ann extra=more landing=/lab path=/user/ann/x", page.body)
	require.NotContains(t, known(t, hub, "bob").get(hub.UserURL("bob", "")).body, "extra=", "this one is of another kind")
	require.NoError(t, hub.KillServer("ann", ""))
	require.NoError(t, hub.WaitServer(t.Context(), "ann", "", hubsim.Stopped))
	require.NoError(t, hub.StartServer(t.Context(), "ann", ""))
}

// HB-96: the start of a program that ends before it answers has failed at once, however long it might have taken to answer, and the error repeats what it said.
func TestAProgramThatEndsEarlyFailsItsStartAtOnce(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{SingleUser: hubsim.SingleUser{Kind: hubsim.KindCommand, Command: []string{os.Args[0], "server"},
		Env: map[string]string{"LAST_WORDS": "a module is missing"}, StartTimeout: time.Hour, HTTPTimeout: time.Hour}})
	err := hub.StartServer(t.Context(), "sharer", "")
	require.ErrorContains(t, err, "ended by itself: exit status 1")
	require.ErrorContains(t, err, "a module is missing")
	require.NoError(t, hub.WaitServer(t.Context(), "sharer", "", hubsim.Failed))
}

// HB-181: with kind url, servers are somebody else's; stopping them leaves them running.
func TestServersMayBeAttached(t *testing.T) {
	t.Parallel()
	mine := httptest.NewServer(http.HandlerFunc(serverPages))
	t.Cleanup(mine.Close)
	hub := hubsim.New(t, hubsim.Config{SingleUser: hubsim.SingleUser{Kind: hubsim.KindURL, URL: mine.URL}})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	require.Contains(t, known(t, hub, "sharer").get(hub.UserURL("sharer", "")+"x").body, "path=/user/sharer/x")
	require.NoError(t, hub.StopServer(t.Context(), "sharer", ""))
	res, err := mine.Client().Get(mine.URL + "/still/there")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 200, res.StatusCode)
}

// HB-96: a program that cannot be run fails the start of a hub that is to run it, and names the server.
func TestAProgramThatIsNotThereFailsTheStart(t *testing.T) {
	t.Parallel()
	_, err := hubsim.Start(t.Context(), hubsim.Config{Servers: []hubsim.Server{{User: "ann", Kind: hubsim.KindCommand, Command: []string{"no-such-program-anywhere"}, Running: true}}})
	require.ErrorContains(t, err, "config: Servers[0]: ")
	require.ErrorContains(t, err, "no-such-program-anywhere")
	require.Equal(t, 0, strings.Count(err.Error(), "\n"))
}

// HB-189: a server that does not answer in time has failed.
func TestAServerThatNeverAnswersFails(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{SingleUser: hubsim.SingleUser{Kind: hubsim.KindURL, URL: "http://127.0.0.1:1", HTTPTimeout: 10 * time.Millisecond}})
	require.Error(t, hub.StartServer(t.Context(), "sharer", ""))
	require.NoError(t, hub.WaitServer(t.Context(), "sharer", "", hubsim.Failed))
	require.Error(t, hub.WaitServer(t.Context(), "sharer", "", hubsim.Ready))
}
