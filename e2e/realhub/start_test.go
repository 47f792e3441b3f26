package realhub_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/realhub"
)

// releases are those that tests run a hub of.
var releases = []realhub.Release{realhub.V55, realhub.V61}

func start(t *testing.T, o realhub.Options) *realhub.Hub {
	t.Helper()
	hub, err := realhub.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, hub.Close())
		if t.Failed() {
			t.Log(hub.Output())
		}
	})
	return hub
}

func ask(t *testing.T, method, url, token string, into any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "token "+token)
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	if into != nil {
		require.NoError(t, json.NewDecoder(resp.Body).Decode(into))
	}
	return resp.StatusCode
}

func TestAHubRunsAServerAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for _, release := range releases {
		t.Run(string(release), func(t *testing.T) {
			t.Parallel()
			hub := start(t, realhub.Options{Env: realhub.ForTest(t, release), BaseURL: "/base/", AdminToken: "a-secret-of-tests",
				Users: []string{"ann"}, Groups: map[string][]string{"team": {"bob"}},
				Command: []string{os.Args[0]}, ServerEnv: map[string]string{standIn: "1"}})
			var root struct{ Version string }
			require.Equal(t, http.StatusOK, ask(t, "GET", hub.URL+"hub/api/", "", &root))
			assert.Equal(t, release.Version(), root.Version)
			require.Equal(t, http.StatusOK, ask(t, "GET", hub.URL+"hub/api/users/ann", "a-secret-of-tests", nil))
			require.Equal(t, http.StatusOK, ask(t, "GET", hub.URL+"hub/api/users/bob", "a-secret-of-tests", nil))
			started := ask(t, "POST", hub.URL+"hub/api/users/ann/server", "a-secret-of-tests", nil)
			require.Contains(t, []int{http.StatusCreated, http.StatusAccepted}, started)
			var pid int
			require.Eventually(t, func() bool {
				return ask(t, "GET", hub.URL+"user/ann/", "", &pid) == http.StatusOK
			}, time.Minute, 50*time.Millisecond)

			group := members(t, hub.PID())
			assert.Contains(t, group, pid, "the server")
			assert.GreaterOrEqual(t, len(group), 3, "hub, proxy and server")
			require.NoError(t, hub.Close())
			assert.Empty(t, members(t, hub.PID()))
			assert.NoDirExists(t, hub.Dir)
		})
	}
}

// members are the processes of a group.
func members(t *testing.T, group int) []int {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("NOT TESTED: that nothing is left of a hub; only Linux has /proc to look into")
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	var out []int
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ") // state, parent, group
		fields := strings.Fields(rest)
		if len(fields) > 2 && fields[0] != "Z" && fields[2] == strconv.Itoa(group) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			require.NoError(t, err)
			out = append(out, pid)
		}
	}
	return out
}

func TestAHubThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	_, err := realhub.Start(t.Context(), realhub.Options{Env: realhub.ForTest(t, realhub.V61), Config: "\nraise ValueError('spelled out')\n"})
	require.ErrorContains(t, err, "spelled out")
	_, err = realhub.Start(t.Context(), realhub.Options{})
	assert.ErrorContains(t, err, "Options.Env")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = realhub.Start(ctx, realhub.Options{Env: realhub.ForTest(t, realhub.V61)})
	assert.ErrorIs(t, err, context.Canceled)
}

// A test binary that is killed must not leave a hub behind.
func TestAHubEndsWithTheProcessThatStartedIt(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("NOT TESTED: that a hub ends with the process that started it; only Linux promises that")
	}
	realhub.ForTest(t, realhub.V61)
	owner := exec.CommandContext(t.Context(), os.Args[0])
	owner.Env = append(os.Environ(), owns+"=1")
	out, err := owner.StdoutPipe()
	require.NoError(t, err)
	owner.Stderr = os.Stderr
	require.NoError(t, owner.Start())
	var pid int
	require.NoError(t, json.NewDecoder(out).Decode(&pid))
	require.NotEmpty(t, members(t, pid))
	require.NoError(t, owner.Process.Kill())
	_ = owner.Wait() // killed, as was meant
	require.Eventually(t, func() bool { return len(members(t, pid)) == 0 }, time.Minute, 50*time.Millisecond)
}
