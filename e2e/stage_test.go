package e2e_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/internal/testlog"
)

// stage is where a story is played: a hub, and the people in front of it. When the test fails, all that was seen and said is kept.
type stage struct {
	testing.TB
	hub    *hubsim.Hub
	clock  *hubsim.FakeClock // stands until it is moved
	log    *notes            // what the hub and the servers in it say
	people []*person
	// troubles are what went wrong in pages without anybody looking: scripts that failed or were refused, dialogs that opened.
	troubles *notes
	// hasFailures says that the story is about a failure of the hub, so that its answers may say so.
	hasFailures bool
}

// play opens a stage. A hub without a clock of its own gets one that stands still.
func play(t testing.TB, cfg hubsim.Config) *stage {
	t.Helper()
	s := &stage{TB: t, log: &notes{}, troubles: &notes{}}
	var kept string
	t.Cleanup(func() { // the first to be asked for is the last to run, so this is the last line of the output
		if kept != "" {
			t.Logf("what was seen and said is kept in %s", kept)
		}
	})
	if cfg.Clock == nil {
		// Browsers have the machine's clock, and drop what a hub of another time calls expired.
		s.clock = hubsim.NewFakeClock(time.Now())
		cfg.Clock = s.clock
	}
	cfg.Logger = slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.hub = hubsim.New(t, cfg)
	t.Cleanup(func() { // before the hub ends
		s.look()
		if t.Failed() {
			var err error
			if kept, err = s.keep(); err != nil {
				t.Logf("not all could be kept: %v", err)
			}
		}
		for _, p := range s.people {
			if err := p.context.Close(); err != nil {
				t.Logf("close the browser of %s: %v", p.name, err)
			}
		}
	})
	return s
}

// look is at what holds in every story: no script of a page failed or was stopped, nothing popped up, and the hub never lost its countenance.
func (s *stage) look() {
	assert.Empty(s, s.troubles.String(), "in the pages")
	for _, r := range s.hub.Requests(func(r hubsim.Request) bool { return r.Status >= 500 && r.Fault == 0 && !s.hasFailures }) {
		assert.Fail(s, "the hub failed", "%s %s: %d %s", r.Method, r.URL, r.Status, r.Message)
	}
}

// keep writes what explains a failure into a folder of this test.
func (s *stage) keep() (dir string, err error) {
	if dir, err = browser.ArtifactFolder(s.Name()); err != nil {
		return "", err
	}
	var errs []error
	for i, p := range s.people {
		name := unsafe.ReplaceAllString(fmt.Sprintf("%d-%s", i+1, p.name), "_")
		errs = append(errs, browser.KeepIn(dir, p.context, name), p.said.save(dir, name+"-console.txt"))
	}
	requests, state := &notes{}, &notes{}
	for _, r := range s.hub.Requests(nil) {
		requests.add("%s %3d %-6s %s → %s, by %s %s (%s) %.0f ms", r.Time.Format("15:04:05.000"), r.Status, r.Method, r.URL, r.Target,
			r.ActorKind, r.Actor, r.Credential, r.Milliseconds)
		if why := cmp.Or(r.Why, r.Message); why != "" {
			requests.add("    %s", why)
		}
	}
	if now, err := s.hub.Snapshot(s.Context()); err == nil {
		text, err := json.MarshalIndent(now, "", "  ")
		errs = append(errs, err)
		state.add("%s", text)
	}
	return dir, errors.Join(append(errs, requests.save(dir, "requests.txt"), state.save(dir, "state.json"), s.log.save(dir, "hub.log"))...)
}

var unsafe = regexp.MustCompile(`[^a-zA-Z0-9-]`)

// notes are lines that come from several goroutines.
type notes struct{ testlog.Log }

func (n *notes) add(format string, args ...any) { _, _ = fmt.Fprintf(n, format+"\n", args...) }

func (n *notes) save(dir, name string) error {
	return os.WriteFile(filepath.Join(dir, name), []byte(n.String()), 0o600)
}

// invitation is a link with which whoever follows it may access a server.
func (s *stage) invitation(owner, server string) string {
	s.Helper()
	code, err := s.hub.NewShareCode(owner, server)
	require.NoError(s, err)
	return s.hub.AcceptURL(code)
}

// running starts a server.
func (s *stage) running(owner, server string) {
	s.Helper()
	require.NoError(s, s.hub.StartServer(s.Context(), owner, server))
}

// shared says who has access to what, one line each: "sharer/ → user shared-with: access:servers!server=sharer/".
func (s *stage) shared() []string {
	s.Helper()
	now, err := s.hub.Snapshot(s.Context())
	require.NoError(s, err)
	list := []string{}
	for _, x := range now.Shares {
		to := "user " + x.User
		if x.Group != "" {
			to = "group " + x.Group
		}
		list = append(list, fmt.Sprintf("%s/%s → %s: %s", x.Owner, x.Server, to, strings.Join(x.Scopes, " ")))
	}
	return list
}
