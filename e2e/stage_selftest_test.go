package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// failing is a test that has failed, as a stage sees it.
type failing struct {
	testing.TB
	cleanups []func()
	errors   string
	log      []string
}

func (f *failing) Failed() bool                 { return true }
func (f *failing) Cleanup(fn func())            { f.cleanups = append(f.cleanups, fn) }
func (f *failing) Logf(s string, args ...any)   { f.log = append(f.log, fmt.Sprintf(s, args...)) }
func (f *failing) Errorf(s string, args ...any) { f.errors += fmt.Sprintf(s, args...) + "\n" }

func (f *failing) end() {
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		f.cleanups[i]()
	}
}

// What a story leaves behind when it fails: everything that was seen and said, in one folder, whose path is the last line.
func TestAFailedStoryExplainsItself(t *testing.T) {
	// Not parallel: it sets the environment.
	t.Setenv("E2E_ARTIFACTS", t.TempDir())
	f := &failing{TB: t}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(f.errors, f.log)
		}
	})
	s := play(f, hubsim.Config{})
	guest, other := s.user("shared-with"), s.user(`o'<th>er`)
	guest.goes(s.hub.UserURL("sharer", ""))
	guest.isRefused(404, "No access to resources")
	_, err := other.tab.Evaluate(`console.log("so far so good")`)
	require.NoError(t, err)
	f.end()

	folder := filepath.Join(os.Getenv("E2E_ARTIFACTS"), "TestAFailedStoryExplainsItself")
	assert.Equal(t, "what was seen and said is kept in "+folder, f.log[len(f.log)-1])
	for name, want := range map[string]string{
		"1-shared-with-1.png":       "PNG",
		"1-shared-with-trace.zip":   "PK",
		"2-o__th_er-1.png":          "PNG",
		"2-o__th_er-trace.zip":      "PK",
		"2-o__th_er-console.txt":    "log: so far so good",
		"requests.txt":              "    No access to resources or resources not found",
		"state.json":                `"name": "shared-with"`,
		"hub.log":                   "level=",
		"1-shared-with-console.txt": "404",
	} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if assert.NoError(t, err) {
			assert.Contains(t, string(text), want, name)
		}
	}
}

// A script that fails, a dialog and a refused script fail a story although nobody looks for them.
func TestAStoryNoticesTroubleInItsPages(t *testing.T) {
	// Not parallel: it sets the environment.
	t.Setenv("E2E_ARTIFACTS", t.TempDir())
	for script, want := range map[string]string{
		`setTimeout(() => { throw new Error("a mistake in a script") })`: "shared-with: a script failed: ",
		`alert("hello")`: "shared-with: a dialog: hello",
		`document.head.innerHTML += "<meta http-equiv=Content-Security-Policy content=\"img-src 'none'\">"; new Image().src = "/x"`: "shared-with: ALARM: policy img-src",
	} {
		f := &failing{TB: t}
		s := play(f, hubsim.Config{})
		guest := s.user("shared-with")
		guest.goes("home")
		_, err := guest.tab.Evaluate(script)
		require.NoError(t, err)
		_, err = guest.tab.Evaluate(`new Promise(done => setTimeout(done))`) // until what was begun has been told
		require.NoError(t, err)
		f.end()
		assert.Contains(t, f.errors, want)
	}
}
