package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A mistake is answered with one line and an exit code that says whose it is.
func TestMistakesAreOneLine(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"an unknown flag":             {[]string{"--port", "1"}, exitUsage, "-port"},
		"an argument":                 {[]string{"now"}, exitUsage, `unexpected argument "now"`},
		"a flag without its value":    {[]string{"--db"}, exitUsage, "-db"},
		"a port that is taken":        {[]string{"--addr", taken.Addr().String()}, exitFailed, "address already in use"},
		"an address without a port":   {[]string{"--addr", "localhost"}, exitFailed, "missing port"},
		"a database that is a folder": {[]string{"--addr", "127.0.0.1:0", "--db", dir}, exitFailed, dir},
		"a database in no folder":     {[]string{"--addr", "127.0.0.1:0", "--db", filepath.Join(dir, "none", "x.db")}, exitFailed, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // were it no mistake, the program would run on
			defer cancel()
			var stdout, stderr bytes.Buffer
			require.Equal(t, c.code, run(ctx, c.args, &stdout, &stderr))
			require.Empty(t, stdout.String())
			require.Contains(t, stderr.String(), c.says)
			require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
		})
	}
}

func TestHelpListsTheFlags(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, exitOK, run(t.Context(), []string{"--help"}, &stdout, &stderr))
	for _, flag := range []string{"-addr", "-db", "-walk"} {
		require.Contains(t, stdout.String(), flag)
	}
	require.Empty(t, stderr.String())
}

// The program says in five lines what to do, answers there, and ends cleanly when it is told to.
func TestItSaysWhatToDoAndDoesIt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout := &lines{arrived: make(chan struct{})}
	var stderr bytes.Buffer
	done := make(chan int)
	go func() {
		done <- run(ctx, []string{"--addr", "127.0.0.1:0", "--db", filepath.Join(t.TempDir(), "hub.db")}, stdout, &stderr)
	}()
	select {
	case <-stdout.arrived:
	case code := <-done:
		require.Fail(t, "ended at once", "code %d: %s", code, stderr.String())
	}
	said := stdout.String()
	require.Equal(t, 5, strings.Count(said, "\n"), said)
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(said)
	require.NotEmpty(t, address, said)

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(address)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Contains(t, string(body), "username_input")

	cancel()
	require.Equal(t, exitOK, <-done)
	require.Empty(t, stderr.String())
	_, err = client.Get(address)
	require.Error(t, err, "nobody listens any more")
}

// lines tells when something was written.
type lines struct {
	mu      sync.Mutex
	text    strings.Builder
	arrived chan struct{}
	once    sync.Once
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.once.Do(func() { close(l.arrived) })
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
