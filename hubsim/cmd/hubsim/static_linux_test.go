package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/testlog"
)

// mostBinary and mostMemory are what the program may weigh, in bytes: stripped, and resident once it is ready.
const (
	mostBinary = 30_000_000
	mostMemory = 40_000_000
)

// alone makes the program run with an empty folder for its whole file system, as in a container from scratch: also for who is not root, where the system lets
// them have a user namespace.
func alone(root string, args ...string) *exec.Cmd {
	cmd := exec.Command("/hubsim", args...)
	cmd.Dir, cmd.Env = "/", []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Pdeathsig: syscall.SIGKILL}
	if uid := os.Geteuid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return cmd
}

// HB-176, HB-177, HB-180: the binary needs no file but itself: no shell, no library, no certificates, no time zones, no /tmp. It is what the Dockerfile ships.
func TestTheBinaryRunsAloneInAnEmptyRoot(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-tags=nethttpomithttp2,grpcnotrace", "-ldflags=-s -w", // as .ci/release does
		"-o", filepath.Join(root, "hubsim"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	binary, err := os.Stat(filepath.Join(root, "hubsim"))
	require.NoError(t, err)
	require.LessOrEqual(t, binary.Size(), int64(mostBinary), "bytes of the binary")

	hub := alone(root, "--port", "0")
	stdout, err := hub.StdoutPipe()
	require.NoError(t, err)
	var log testlog.Log
	hub.Stderr = &log
	if err := hub.Start(); errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		require.NotZero(t, os.Geteuid(), "root may change its root: %v", err)
		t.Skipf("NOT TESTED: the program alone in an empty root; this system lets nobody change theirs: %v", err)
	} else {
		require.NoError(t, err)
	}
	ended := false
	t.Cleanup(func() {
		if !ended {
			_ = hub.Process.Kill()
			_ = hub.Wait()
		}
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err, log.String())
	r := &running{log: &log}
	require.NoError(t, json.Unmarshal(line, &r.readyLine))
	require.LessOrEqual(t, resident(t, hub.Process.Pid), mostMemory, "bytes in memory when it is ready")

	token, status := r.started(t).pageToken(t, "sharer", "sharer", "")
	require.Equal(t, 200, status)
	require.NotEmpty(t, token)
	health := alone(root, "health", "--url", r.URL)
	said, err := health.CombinedOutput()
	require.NoError(t, err, string(said))

	require.NoError(t, hub.Process.Signal(syscall.SIGTERM))
	err, ended = hub.Wait(), true
	require.NoError(t, err, log.String())
}

// started has sharer's server running.
func (r *running) started(t *testing.T) *running {
	t.Helper()
	require.Equal(t, 200, r.ask(t, "POST", r.Admin+"servers", `{"user": "sharer", "state": "running"}`, nil))
	return r
}

// resident is what a process has in memory, bytes.
func resident(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	require.NoError(t, err)
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			require.NoError(t, err)
			return kilobytes << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
