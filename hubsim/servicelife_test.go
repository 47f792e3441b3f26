package hubsim_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/internal/testlog"
)

// playService is the main function of a managed service. It tells the test at an address that it is there, with its environment, and ends when the
// test says so, or the hub.
func playService(args []string) int {
	part, hall := args[0], args[1]
	conn, err := net.Dial("tcp", hall)
	if err != nil {
		return 1
	}
	env, err := json.Marshal(os.Environ())
	if err != nil {
		return 1
	}
	if at, err := url.Parse(os.Getenv("JUPYTERHUB_SERVICE_URL")); err == nil && at.Host != "" && part == "answers" {
		l, err := net.Listen("tcp", at.Host)
		if err != nil {
			return 1
		}
		go func() {
			_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = fmt.Fprintln(w, os.Getpid(), "at", r.URL.EscapedPath())
			}))
		}()
	}
	fmt.Println("my token is", os.Getenv("JUPYTERHUB_API_TOKEN"))
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGINT)
	if part == "dies" {
		return 7
	}
	_, _ = fmt.Fprintf(conn, "%s\n", env)
	go func() {
		_, _ = bufio.NewReader(conn).ReadString('\n')
		os.Exit(3)
	}()
	<-told
	_, _ = fmt.Fprintln(conn, "told to end")
	return 0
}

// running is one life of a managed service.
type running struct {
	conn net.Conn
	out  *bufio.Reader
	env  map[string]string
}

func hallOf(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute)))
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func arrival(t *testing.T, l net.Listener) running {
	t.Helper()
	conn, err := l.Accept()
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	t.Cleanup(func() { _ = conn.Close() })
	r := running{conn, bufio.NewReader(conn), map[string]string{}}
	line, err := r.out.ReadString('\n')
	require.NoError(t, err)
	var list []string
	require.NoError(t, json.Unmarshal([]byte(line), &list))
	for _, pair := range list {
		k, v, _ := strings.Cut(pair, "=")
		r.env[k] = v
	}
	return r
}

func service(name, part string, hall net.Listener) hubsim.Service {
	return hubsim.Service{Name: name, Command: []string{os.Args[0], "service", part, hall.Addr().String()}}
}

// HB-160, OA-120, OA-E13, OA-E14: a managed service is there when the hub is, finds in its environment what ServiceEnv says, and is told to end with the hub.
func TestAManagedServiceLivesWithTheHub(t *testing.T) {
	t.Parallel()
	hall, log := hallOf(t), &testlog.Log{}
	web, task := service("web", "answers", hall), service("task", "waits", hall)
	web.URL, web.Environment, web.Cwd = "http://127.0.0.1:0", map[string]string{"MINE": "1", "PATH": "/mine"}, t.TempDir()
	hub, err := hubsim.Start(t.Context(), hubsim.Config{Services: []hubsim.Service{web, task}, Users: []hubsim.User{{Name: "ann", Admin: true}},
		Logger: slog.New(slog.NewTextHandler(log, nil))})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, hub.Close()) })
	got := map[string]running{}
	for range 2 {
		r := arrival(t, hall)
		got[r.env["JUPYTERHUB_SERVICE_NAME"]] = r
	}
	for name, r := range got {
		told := getenv(t, hub, name)
		for k, v := range r.env {
			if strings.HasPrefix(k, "JUPYTERHUB") {
				require.Equal(t, told(k), v, "%s of %s", k, name)
			}
		}
		require.NotContains(t, r.env, "JUPYTERHUB_ACTIVITY_URL")
		require.Subset(t, []string{"PATH", "LANG", "LC_ALL", "HOME", "USER", "SHELL", "TMPDIR", "MINE", "PWD"},
			slices.DeleteFunc(slices.Collect(maps.Keys(r.env)), func(k string) bool {
				return strings.HasPrefix(k, "J") || strings.HasPrefix(k, "CONDA_") || strings.Contains("PYTHONPATH VIRTUAL_ENV LD_LIBRARY_PATH", k)
			}), "HB-102: little else")
	}
	require.Equal(t, "1", got["web"].env["MINE"])
	require.Equal(t, "/mine", got["web"].env["PATH"])
	require.Equal(t, os.Getenv("PATH"), got["task"].env["PATH"])

	// It answers already: nobody has to wait for it.
	answer := stranger(t, hub).get(hub.ServiceURL("web") + "a%2Fb")
	require.Equal(t, 200, answer.status)
	ann, err := hub.Token("ann")
	require.NoError(t, err)
	status, model := call(t, hub, ann, http.MethodGet, "/services/web", "")
	require.Equal(t, 200, status)
	require.Equal(t, fmt.Sprintf("%v at /services/web/a%%2Fb\n", model["pid"]), answer.body)
	require.Equal(t, got["web"].env["JUPYTERHUB_SERVICE_URL"], model["url"])
	require.Len(t, model["command"], 4)

	require.NoError(t, hub.Close())
	for name, r := range got {
		rest, err := io.ReadAll(r.out)
		require.NoError(t, err)
		require.Equal(t, "told to end\n", string(rest), name)
	}
	require.Contains(t, log.String(), `msg="service says" service=web line="my token is REDACTED"`)
	require.NotContains(t, log.String(), got["web"].env["JUPYTERHUB_API_TOKEN"])
	require.NotContains(t, log.String(), "service ended", "it was told to")
}

// A managed service that ends is started again, and found where it now is.
func TestAManagedServiceIsStartedAgain(t *testing.T) {
	t.Parallel()
	hall, log := hallOf(t), &testlog.Log{}
	web := service("web", "answers", hall)
	web.URL = "http://127.0.0.1:0"
	hub, err := hubsim.Start(t.Context(), hubsim.Config{Services: []hubsim.Service{web}, Logger: slog.New(slog.NewTextHandler(log, nil))})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, hub.Close()) })
	first := arrival(t, hall)
	before := stranger(t, hub).get(hub.ServiceURL("web"))
	require.Equal(t, 200, before.status)
	_, err = fmt.Fprintln(first.conn, "end")
	require.NoError(t, err)
	again := arrival(t, hall) // which it says when it listens
	require.Equal(t, first.env["JUPYTERHUB_API_TOKEN"], again.env["JUPYTERHUB_API_TOKEN"])
	after := stranger(t, hub).get(hub.ServiceURL("web"))
	require.Equal(t, 200, after.status)
	require.NotEqual(t, before.body, after.body, "another process")
	require.Contains(t, log.String(), `level=ERROR msg="service ended" service=web error="hubsim.test ended by itself: exit status 3" output="my token is REDACTED"`)
}

// As at a stock hub, a service that fails does not keep the hub from starting; visitors see that it is down.
func TestAServiceThatFailsIsDown(t *testing.T) {
	t.Parallel()
	hall, log := hallOf(t), &testlog.Log{}
	web, gone := service("web", "dies", hall), service("gone", "dies", hall)
	web.URL = "http://127.0.0.1:0"
	hub, err := hubsim.Start(t.Context(), hubsim.Config{Services: []hubsim.Service{web, gone}, Logger: slog.New(slog.NewTextHandler(log, nil))})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, hub.Close()) })
	require.Equal(t, 503, stranger(t, hub).get(hub.ServiceURL("web")).status, "HB-89")
	for range 4 { // both, and both again
		conn, err := hall.Accept()
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	}
	require.Contains(t, log.String(), `level=ERROR msg="service does not answer" service=web`)
	require.Contains(t, log.String(), "exit status 7")
	require.NoError(t, hub.Close(), "also while it is about to be started again")
}

// One service that cannot be started stops those that could.
func TestAHubThatCannotStartLeavesNoServiceBehind(t *testing.T) {
	t.Parallel()
	hall := hallOf(t)
	_, err := hubsim.Start(t.Context(), hubsim.Config{Services: []hubsim.Service{
		service("task", "waits", hall), {Name: "none", Command: []string{"no-such-program-anywhere"}},
	}})
	require.ErrorContains(t, err, "service none")
	require.NoError(t, hall.(*net.TCPListener).SetDeadline(time.Now()))
	for {
		conn, err := hall.Accept()
		if err != nil {
			break // it was stopped before it came so far
		}
		require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
		_, err = io.Copy(io.Discard, conn)
		assert.NoError(t, err, "gone: the connection has an end")
		require.NoError(t, conn.Close())
	}
}
