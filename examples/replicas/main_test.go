package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
)

// TestMain makes this binary a replica where the program makes itself one.
func TestMain(m *testing.M) {
	if os.Getenv(asReplica) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// Accepted on one replica, revoked on another, access ends on all of them; in a database of one's own.
func TestAccessEndsOnEveryReplica(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--addr", "127.0.0.1:0", "--walk", "--postgres", pgtest.DSN(t)}, &stdout, io.Discard))
	require.Regexp(t, `(?m)^alice ended his access on replica 3\nit had ended on every replica after \S+s, and alice's server answers bob with 403$`, stdout.String())
}

// One command is enough where PostgreSQL's programs are, and it leaves nothing behind.
func TestThePostgreSQLOfItsOwnGoesWithIt(t *testing.T) {
	t.Parallel()
	if _, err := postgresPrograms(); err != nil {
		_ = pgtest.DSN(t) // it fetches them for others, in a place of its own
		require.ErrorContains(t, err, "--postgres")
		return
	}
	p, dsn, err := startPostgres(t.Context())
	require.NoError(t, err)
	h, err := newHub(t.Context(), settings{Database: dsn, Key: []byte(strings.Repeat("k", 32)), People: map[string]string{"ann": "secret-of-ann"}}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, h.close())
	require.NoError(t, p.close())
	require.NoDirExists(t, p.dir)
	require.NotNil(t, p.cmd.ProcessState, "it has ended")
}

// What a person is told to do works for somebody who does it: the front serves the hub and the servers, and Ctrl-C ends all of it.
func TestItSaysWhatToDoAndEndsWhenTold(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	said := &lines{more: make(chan struct{}, 100)}
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--addr", "127.0.0.1:0", "--replicas", "1", "--postgres", pgtest.DSN(t)}, said, io.Discard)
	}()
	var address []string
	for limit := time.After(2 * time.Minute); address == nil; {
		select {
		case <-said.more:
			address = regexp.MustCompile(`Open (http://\S+/hub/shares), log in as alice with password (\S+),`).FindStringSubmatch(said.String())
		case err := <-ended:
			t.Fatal("it ended: ", err)
		case <-limit:
			t.Fatal("it says nothing: ", said.String())
		}
	}
	alice, err := newVisitor()
	require.NoError(t, err)
	login, err := alice.get(ctx, address[1])
	require.NoError(t, err)
	require.Equal(t, "/hub/login", login.at.Path)
	again, err := alice.submit(ctx, login, map[string][]string{"username": {"alice"}, "password": {"wrong"}})
	require.NoError(t, err)
	require.Contains(t, again.body, "Invalid username or password")
	shares, err := alice.submit(ctx, login, map[string][]string{"username": {"alice"}, "password": {address[2]}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, shares.status)
	require.Equal(t, "/hub/shares", shares.at.Path)
	cancel()
	require.NoError(t, <-ended)
}

func TestMistakesAreOneLine(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"an unknown flag": {"--port", "1"}, "an argument": {"now"}, "no replica": {"--replicas", "0"}, "too many": {"--replicas", "1000"},
	} {
		require.ErrorContains(t, run(t.Context(), args, io.Discard, io.Discard), "usage: replicas", name)
	}
	err := run(t.Context(), []string{"--addr", "127.0.0.1:0", "--postgres", "postgres://nobody:secret-word@127.0.0.1:1/x"}, io.Discard, io.Discard)
	require.ErrorContains(t, err, "replica 1")
	require.NotContains(t, err.Error(), "secret-word")
}

// lines is what several goroutines write to.
type lines struct {
	mu   sync.Mutex
	b    bytes.Buffer
	more chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { l.more <- struct{}{} }()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
