package real_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/realhub"
	"github.com/hubshare/hubshare/hubsim"
)

// patience is how long something may take that is about to happen: minutes, since JupyterLab on a busy machine takes them. What cannot
// happen any more, as its server has ended, is not waited for.
const patience = 4 * time.Minute

// stage is a hub on which users' servers, or services, are real programs.
type stage struct {
	*testing.T
	env realhub.Env
	hub *hubsim.Hub
	log *lines
	// files is the folder that servers show.
	files string
	// owner has the server that is to run, by the name server.
	owner, server string
	ran           bool // it has been seen running
}

// open opens a stage with the programs of a release, and the hub behaving as that. The configuration says what else the hub is like; servers
// are the release's own.
func open(t *testing.T, release realhub.Release, cfg hubsim.Config) *stage {
	t.Helper()
	s := &stage{T: t, env: realhub.ForTest(t, release), log: &lines{}, files: t.TempDir(), owner: sharer}
	if release != realhub.V55 {
		cfg.Profile = 1 // 6.0
	}
	cfg.Logger = slog.New(slog.NewTextHandler(s.log, nil))
	su := &cfg.SingleUser
	su.Kind, su.Dir, su.StartTimeout, su.HTTPTimeout = hubsim.KindCommand, s.files, patience, patience
	// A second is the least that a real server goes by an answer of its hub: with 0 it would go by it for ever (HB-118).
	su.Command = []string{s.env.Program("jupyterhub-singleuser"), "--HubOAuth.cache_max_age=1"}
	if os.Getuid() == 0 {
		su.Command = append(su.Command, "--allow-root") // HB-102
	}
	// Nothing of the person at this machine, and nobody to be asked about news.
	home := t.TempDir()
	su.Env = map[string]string{"HOME": home, "JUPYTERHUB_DISABLE_USER_CONFIG": "1"}
	s.hub = hubsim.New(t, cfg)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the last that hub and programs said:\n%s", s.log)
		}
	})
	return s
}

// show puts a file into the folder that servers show.
func (s *stage) show(name string, content []byte) {
	s.Helper()
	require.NoError(s, os.WriteFile(filepath.Join(s.files, name), content, 0o644))
}

// ending is for what is done after the test, whose own context is over then.
func (s *stage) ending() context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.Context()), patience)
	s.Cleanup(cancel)
	return ctx
}

// lives fails the test at once if the owner's server did not start, or has ended.
func (s *stage) lives() {
	s.Helper()
	look, cancel := context.WithCancel(s.Context())
	cancel() // no wait
	is := func(state string) bool { return s.hub.WaitServer(look, s.owner, s.server, state) == nil }
	switch {
	case is(hubsim.Ready):
		s.ran = true
	case is(hubsim.Failed), s.ran && is(hubsim.Stopped):
		require.Fail(s, "the server has ended", "its last words are in the log")
	}
}

// lines are the last of a log, without the requests that went well.
type lines struct {
	mu   sync.Mutex
	list []string
}

func (l *lines) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("msg=request status=2")) || bytes.Contains(b, []byte("msg=request status=3")) {
		return len(b), nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, string(b))
	l.list = l.list[max(0, len(l.list)-200):]
	return len(b), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.list, "")
}

// both runs a test with the programs of each release.
func both(t *testing.T, f func(t *testing.T, release realhub.Release)) {
	t.Helper()
	for _, release := range []realhub.Release{realhub.V61, realhub.V55} {
		t.Run(fmt.Sprint(release), func(t *testing.T) {
			t.Parallel()
			f(t, release)
		})
	}
}
