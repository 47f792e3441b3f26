package browser_test

import (
	"archive/zip"
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
)

// greeter answers with a form, and by name once the form set a cookie.
func greeter(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if c, err := r.Cookie("name"); err == nil {
			name = c.Value
		}
		_, _ = fmt.Fprintf(w, `<title>greeter</title><h1>Hello %s</h1>
			<form method="post" action="/name"><label>Name <input name="name"></label><button>Go</button></form>`, name)
	})
	mux.HandleFunc("POST /name", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "name", Value: r.PostFormValue("name"), Path: "/"})
		http.Redirect(w, r, "/hop", http.StatusFound)
	})
	mux.HandleFunc("GET /hop", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/", http.StatusFound)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

func open(t *testing.T, url string) browser.Page {
	t.Helper()
	page, err := browser.NewContext(t, browser.ContextOptions{}).NewPage()
	require.NoError(t, err)
	_, err = page.Goto(url)
	require.NoError(t, err)
	return page
}

func heading(t *testing.T, page browser.Page) string {
	t.Helper()
	text, err := page.Locator("h1").InnerText()
	require.NoError(t, err)
	return text
}

func TestEachContextIsAPersonOfItsOwn(t *testing.T) { // HB-37
	t.Parallel()
	srv := greeter(t)
	ann, bob := open(t, srv.URL), open(t, srv.URL)
	for _, visit := range []struct {
		page browser.Page
		name string
	}{{ann, "ann"}, {bob, "bob"}} {
		require.NoError(t, visit.page.Locator("input").Fill(visit.name))
		require.NoError(t, visit.page.Locator("button").Click())
		require.NoError(t, visit.page.Locator("text=Hello "+visit.name).WaitFor())
	}
	_, err := ann.Reload()
	require.NoError(t, err)
	assert.Equal(t, "Hello ann", heading(t, ann))
	assert.Equal(t, "Hello bob", heading(t, bob))
}

func TestAContextWithoutScriptsRunsNone(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `<h1>as it was sent</h1><script>document.querySelector("h1").textContent = "changed"</script>`)
	}))
	t.Cleanup(srv.Close)
	for off, want := range map[bool]string{true: "as it was sent", false: "changed"} {
		page, err := browser.NewContext(t, browser.ContextOptions{NoScripts: off}).NewPage()
		require.NoError(t, err)
		_, err = page.Goto(srv.URL)
		require.NoError(t, err)
		assert.Equal(t, want, heading(t, page))
	}
}

func TestChoosePicksByValue(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `<!DOCTYPE html><select><option value="a">One<option value="b">Two</select>`)
	}))
	t.Cleanup(srv.Close)
	page := open(t, srv.URL)
	require.NoError(t, browser.Choose(page.Locator("select"), "b"))
	value, err := page.Locator("select").InputValue()
	require.NoError(t, err)
	assert.Equal(t, "b", value)
}

func TestVisitsListEveryHopOfARedirect(t *testing.T) {
	t.Parallel()
	srv := greeter(t)
	page := open(t, srv.URL)
	visits := browser.Visits(page)
	require.NoError(t, page.Locator("input").Fill("ann"))
	require.NoError(t, page.Locator("button").Click())
	require.NoError(t, page.Locator("text=Hello ann").WaitFor())
	assert.Equal(t, []string{srv.URL + "/name", srv.URL + "/hop", srv.URL + "/"}, visits())
}

func TestTheBrowserReachesNothingOutside(t *testing.T) {
	t.Parallel()
	page, err := browser.NewContext(t, browser.ContextOptions{}).NewPage()
	require.NoError(t, err)
	for _, url := range []string{"http://hub.example/", "http://192.0.2.1/"} {
		_, err = page.Goto(url)
		require.ErrorContains(t, err, "ERR_NAME_NOT_RESOLVED", url)
	}
}

func TestStartRefusesAHostThatWouldBreakTheRule(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"", "a b", "a,EXCLUDE *", "a\nb"} {
		_, err := browser.Start(t.Context(), browser.Options{Hosts: []string{host}})
		require.ErrorContains(t, err, "is not a host name", "%q", host)
	}
}

func TestWaitVisible(t *testing.T) {
	t.Parallel()
	srv := greeter(t)
	page := open(t, srv.URL)
	t.Run("returns once the element is shown", func(t *testing.T) {
		require.NoError(t, browser.WaitVisible(page.Locator("h1"), time.Second))
	})
	t.Run("gives up at its limit", func(t *testing.T) {
		require.ErrorContains(t, browser.WaitVisible(page.Locator("#absent"), 200*time.Millisecond), "200ms")
	})
}

func TestKeepArtifactsWritesTraceAndScreenshots(t *testing.T) {
	// Not parallel: it sets the environment.
	dir := t.TempDir()
	t.Setenv("E2E_ARTIFACTS", dir)
	srv := greeter(t)
	page := open(t, srv.URL)
	got, err := browser.KeepArtifacts(page.Context(), "a test/with <odd> name")
	require.NoError(t, err)
	assert.Equal(t, dir, got)
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, names, 2)
	for i, want := range []string{"a_test_with__odd__name-1.png", "a_test_with__odd__name-trace.zip"} {
		assert.Equal(t, want, filepath.Base(names[i]))
		info, err := os.Stat(names[i])
		require.NoError(t, err)
		assert.Greater(t, info.Size(), int64(1000))
	}
}

func TestEveryTestHasAFolderOfItsOwn(t *testing.T) {
	// Not parallel: it sets the environment.
	t.Setenv("E2E_ARTIFACTS", filepath.Join(t.TempDir(), "new"))
	long := strings.Repeat("a long name ", 20)
	seen := map[string]bool{}
	for _, test := range []string{"Test/one", "Test/two", long + "1", long + "2"} {
		dir, err := browser.ArtifactFolder(test)
		require.NoError(t, err)
		assert.DirExists(t, dir)
		assert.False(t, seen[dir], "%s is another test's", dir)
		seen[dir] = true
	}
}

func TestAContextWithoutATraceKeepsPicturesAlone(t *testing.T) {
	t.Parallel()
	c := browser.NewContext(t, browser.ContextOptions{Untraced: true})
	_, err := c.NewPage()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, browser.KeepIn(dir, c, "x"))
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, "x-1.png")}, names)
}

// Not one folder is left in the place for temporary ones, of contexts whose trace was kept or not.
func TestNothingIsLeftOfTraces(t *testing.T) {
	// Not parallel: it sets the environment.
	browser.Shared(t) // has its folders elsewhere
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s, err := browser.Start(t.Context(), browser.Options{})
	require.NoError(t, err)
	for _, keep := range []bool{true, false} {
		c, err := s.NewContext(browser.ContextOptions{})
		require.NoError(t, err)
		_, err = c.NewPage()
		require.NoError(t, err)
		if keep {
			require.NoError(t, browser.KeepIn(t.TempDir(), c, "x"))
		}
		require.NoError(t, c.Close())
	}
	require.NoError(t, s.Close())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestAFilmIsPartOfTheTraceForWhoAsks(t *testing.T) {
	t.Parallel()
	srv := greeter(t)
	filming, err := browser.Start(t.Context(), browser.Options{Film: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, filming.Close()) })
	for s, films := range map[*browser.Session]bool{filming: true, browser.Shared(t): false} {
		c, err := s.NewContext(browser.ContextOptions{})
		require.NoError(t, err)
		page, err := c.NewPage()
		require.NoError(t, err)
		_, err = page.Goto(srv.URL)
		require.NoError(t, err)
		assert.Equal(t, "Hello nobody", heading(t, page))
		dir := t.TempDir()
		require.NoError(t, browser.KeepIn(dir, c, "x"))
		require.NoError(t, c.Close())
		trace, err := zip.OpenReader(filepath.Join(dir, "x-trace.zip"))
		require.NoError(t, err)
		var pictures int
		for _, f := range trace.File {
			if strings.HasSuffix(f.Name, ".jpeg") {
				pictures++
			}
		}
		require.NoError(t, trace.Close())
		assert.Equal(t, films, pictures > 0, "%d pictures", pictures)
	}
}

func TestAContextLikesPagesDarkOrLight(t *testing.T) {
	t.Parallel()
	for _, dark := range []bool{true, false} {
		page, err := browser.NewContext(t, browser.ContextOptions{Dark: dark}).NewPage()
		require.NoError(t, err)
		got, err := page.Evaluate(`matchMedia("(prefers-color-scheme: dark)").matches`)
		require.NoError(t, err)
		assert.Equal(t, dark, got)
	}
}

func TestFlagsForPeople(t *testing.T) {
	t.Parallel()
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	o := browser.Flags(fs)
	assert.Equal(t, browser.Options{}, *o)
	require.NoError(t, fs.Parse([]string{"-headed", "-slow", "300ms", "-film"}))
	assert.Equal(t, browser.Options{Headed: true, Slow: 300 * time.Millisecond, Film: true}, *o)
}

// A browser with windows is another one than the headless shell, and needs somewhere to open them.
func TestWindowsNeedAScreenAndABrowserThatOpensThem(t *testing.T) {
	// Not parallel: it sets the environment.
	browser.Shared(t) // so that the driver is there
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "E2E_BROWSER"} {
		t.Setenv(name, "")
	}
	if runtime.GOOS == "linux" {
		_, err := browser.Start(t.Context(), browser.Options{Headed: true})
		require.ErrorContains(t, err, "no screen")
	}
	node, err := exec.LookPath("node")
	require.NoError(t, err)
	bin, nothing := t.TempDir(), t.TempDir()
	t.Setenv("PLAYWRIGHT_NODEJS_PATH", node)
	t.Setenv("PLAYWRIGHT_BROWSERS_PATH", nothing)
	t.Setenv("PATH", bin)
	if _, err := os.Stat("/usr/lib/chromium/chromium"); err != nil && runtime.GOOS == "linux" {
		_, err = browser.Ensure(t.Context(), browser.Options{Headed: true})
		require.ErrorIs(t, err, browser.ErrNoBrowser)
		require.ErrorContains(t, err, "no chromium and no chrome with windows")
		require.ErrorContains(t, err, "not installed in "+nothing)
	}
	chrome := filepath.Join(nothing, "chromium-1234", "chrome-linux64", "chrome")
	require.NoError(t, os.MkdirAll(filepath.Dir(chrome), 0o755))
	require.NoError(t, os.WriteFile(chrome, []byte("#!/bin/sh\necho Chromium 1\n"), 0o755))
	if runtime.GOOS == "linux" {
		got, err := browser.Ensure(t.Context(), browser.Options{Headed: true})
		require.NoError(t, err)
		assert.Equal(t, chrome, got.Browser)
		plain, err := browser.Ensure(t.Context(), browser.Options{})
		require.NoError(t, err)
		assert.NotEqual(t, chrome, plain.Browser, "it is not remembered as the one for tests")
	}
}

// failing is a test that has failed, as NewContext sees it.
type failing struct {
	testing.TB
	cleanups []func()
	log      string
}

func (f *failing) Failed() bool               { return true }
func (f *failing) Cleanup(fn func())          { f.cleanups = append(f.cleanups, fn) }
func (f *failing) Logf(s string, args ...any) { f.log += fmt.Sprintf(s, args...) + "\n" }

func TestAFailedTestLeavesItsTraceAndSaysWhere(t *testing.T) {
	// Not parallel: it sets the environment.
	dir := t.TempDir()
	t.Setenv("E2E_ARTIFACTS", dir)
	srv := greeter(t)
	f := &failing{TB: t}
	c := browser.NewContext(f, browser.ContextOptions{})
	page, err := c.NewPage()
	require.NoError(t, err)
	_, err = page.Goto(srv.URL)
	require.NoError(t, err)
	for _, fn := range f.cleanups {
		fn()
	}
	folder := filepath.Join(dir, "TestAFailedTestLeavesItsTraceAndSaysWhere")
	assert.Contains(t, f.log, "trace and screenshots are in "+folder)
	traces, err := filepath.Glob(filepath.Join(folder, "browser-*-trace.zip"))
	require.NoError(t, err)
	assert.Len(t, traces, 1)
	assert.True(t, page.IsClosed(), "the context must be closed all the same")
}

func TestASessionOfOnesOwnEndsWithClose(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	browser.Shared(t) // so that only one test fetches
	s, err := browser.Start(ctx, browser.Options{})
	require.NoError(t, err)
	assert.NotEmpty(t, s.BrowserVersion())
	assert.FileExists(t, s.Ready().Browser)
	c, err := s.NewContext(browser.ContextOptions{Width: 800, Height: 600})
	require.NoError(t, err)
	page, err := c.NewPage()
	require.NoError(t, err)
	width, err := page.Evaluate("window.innerWidth")
	require.NoError(t, err)
	assert.EqualValues(t, 800, width)
	require.NoError(t, s.Close())
	assert.True(t, page.IsClosed())
}

func TestEnsureFindsEarlierWorkAtOnce(t *testing.T) {
	t.Parallel()
	want := browser.Shared(t).Ready()
	start := time.Now()
	got, err := browser.Ensure(t.Context(), browser.Options{})
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Less(t, time.Since(start), time.Second, "no process may be started")
}
