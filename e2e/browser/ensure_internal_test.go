//go:build linux || darwin

package browser

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tests of this file are not parallel: each gives the process a PATH of its own.

// machine is a computer on which only what a test puts there is installed.
type machine struct {
	t    *testing.T
	bin  string
	base string
	log  bytes.Buffer
}

func newMachine(t *testing.T) *machine {
	m := &machine{t: t, bin: t.TempDir(), base: t.TempDir()}
	t.Setenv(envNode, "")
	t.Setenv(envBrowser, "")
	return m
}

// script installs a shell script and returns its path.
func (m *machine) script(name, body string) string {
	m.t.Helper()
	path := filepath.Join(m.bin, name)
	require.NoError(m.t, os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755))
	return path
}

// realNode installs this computer's own Node.
func (m *machine) realNode() {
	m.t.Helper()
	node, err := exec.LookPath("node")
	require.NoError(m.t, err)
	require.NoError(m.t, os.Symlink(node, filepath.Join(m.bin, "node")))
}

// npmWith installs an npm that has one package, made of the given files.
func (m *machine) npmWith(files map[string]string) {
	m.t.Helper()
	archive := filepath.Join(m.bin, "package.tgz")
	require.NoError(m.t, os.WriteFile(archive, tgz(m.t, files), 0o644))
	m.script("npm", `/bin/cp "`+archive+`" "$5/some-package.tgz"`)
}

// ensure runs Ensure with the given sources, on this machine alone.
func (m *machine) ensure(sources ...source) (Ready, error) {
	m.t.Helper()
	m.t.Setenv("PATH", m.bin)
	p, err := newProvision(Options{Log: &m.log, CacheDir: m.base})
	require.NoError(m.t, err)
	p.sources = sources
	return p.ensure(m.t.Context())
}

func (m *machine) driverDir() string {
	m.t.Helper()
	p, err := newProvision(Options{CacheDir: m.base})
	require.NoError(m.t, err)
	return filepath.Join(m.base, "driver-"+p.version)
}

// driverFiles is the smallest driver: it can say its version.
func driverFiles(version string) map[string]string {
	return map[string]string{"package/cli.js": `console.log("Version ` + version + `")`}
}

func tgz(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	w := tar.NewWriter(z)
	for name, body := range files {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(body))}))
		_, err := w.Write([]byte(body))
		require.NoError(t, err)
	}
	require.NoError(t, errors.Join(w.Close(), z.Close()))
	return buf.Bytes()
}

func gives(path string) source {
	return source{"a shelf", func(context.Context, Ready) (found, error) { return found{path: path}, nil }}
}

func refuses(name string, err error) source {
	return source{name, func(context.Context, Ready) (found, error) { return found{}, err }}
}

func libraryVersion(t *testing.T) string {
	t.Helper()
	p, err := newProvision(Options{CacheDir: t.TempDir()})
	require.NoError(t, err)
	return p.version
}

func TestEnsureWithoutAUsableNode(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*machine)
		want    string
	}{
		"a machine without node is told what to install": {
			func(*machine) {}, "install Node 18 or newer"},
		"a node that is too old is named with its version": {
			func(m *machine) { m.script("node", "echo v16.20.2 /opt/node") }, "is v16.20.2, the driver needs 18 or newer"},
		"something that is not node is refused": {
			func(m *machine) { m.script("node", "echo hello") }, `not a version of node: "hello"`},
		"a node that fails is quoted": {
			func(m *machine) { m.script("node", "echo cannot load libfoo >&2; exit 127") }, "cannot load libfoo"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			c.prepare(m)
			_, err := m.ensure(gives("/nowhere"))
			require.ErrorIs(t, err, ErrNoNode)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestEnsureWithoutNPM(t *testing.T) {
	m := newMachine(t)
	m.realNode()
	_, err := m.ensure(gives("/nowhere"))
	require.ErrorIs(t, err, ErrNoNPM)
	assert.ErrorContains(t, err, "playwright-core@"+libraryVersion(t))
	assert.ErrorContains(t, err, "apt-get install npm")
}

func TestEnsureQuotesAnNPMThatFails(t *testing.T) {
	m := newMachine(t)
	m.realNode()
	m.script("npm", "echo 404 no such package >&2; exit 1")
	_, err := m.ensure(gives("/nowhere"))
	require.ErrorContains(t, err, "404 no such package")
	assert.ErrorContains(t, err, "pack playwright-core@")
	assert.NoDirExists(t, filepath.Join(m.driverDir(), "package"))
}

func TestEnsureRefusesADriverOfAnotherVersion(t *testing.T) {
	m := newMachine(t)
	m.realNode()
	m.npmWith(driverFiles("0.0.1"))
	_, err := m.ensure(gives("/nowhere"))
	require.ErrorContains(t, err, `says "Version 0.0.1"`)
}

func TestEnsureRepairsAHalfUnpackedDriver(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"the entry point is missing":          {"package/package.json": "{}"},
		"the entry point does not load":       {"package/cli.js": "require('./lib/absent')"},
		"the entry point belongs to another":  driverFiles("0.0.1"),
		"the entry point is an empty file":    {"package/cli.js": ""},
		"a killed run left its folder behind": {".tmp-1/package/cli.js": "", "package/x": ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.realNode()
			m.npmWith(driverFiles(libraryVersion(t)))
			for file, body := range files {
				path := filepath.Join(m.driverDir(), file)
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(body), 0o644))
			}
			browser := m.script("chromium", "echo Chromium 1")
			r, err := m.ensure(gives(browser))
			require.NoError(t, err)
			assert.Equal(t, browser, r.Browser)
			assert.Contains(t, m.log.String(), "is damaged, fetching it again")
			left, err := filepath.Glob(filepath.Join(m.driverDir(), ".tmp-*"))
			require.NoError(t, err)
			assert.Empty(t, left)
		})
	}
}

func TestEnsureRemembersWhatItFound(t *testing.T) {
	m := newMachine(t)
	m.realNode()
	m.npmWith(driverFiles(libraryVersion(t)))
	browser := m.script("chromium", "echo Chromium 1")
	first, err := m.ensure(gives(browser))
	require.NoError(t, err)
	assert.Equal(t, "a shelf", first.Source)

	t.Run("a second call starts nothing", func(t *testing.T) {
		require.NoError(t, os.Remove(filepath.Join(m.bin, "npm")))
		second, err := m.ensure() // no sources: a search would fail
		require.NoError(t, err)
		assert.Equal(t, first, second)
	})
	t.Run("a browser that is gone is looked for again", func(t *testing.T) {
		require.NoError(t, os.Remove(browser))
		other := m.script("other", "echo Chromium 2")
		second, err := m.ensure(gives(other))
		require.NoError(t, err)
		assert.Equal(t, other, second.Browser)
	})
	t.Run("a damaged stamp is no stamp", func(t *testing.T) {
		stamps, err := filepath.Glob(filepath.Join(m.base, "ready-*.json"))
		require.NoError(t, err)
		require.Len(t, stamps, 1)
		require.NoError(t, os.WriteFile(stamps[0], []byte(`{"version":`), 0o644))
		_, err = m.ensure()
		require.ErrorIs(t, err, ErrNoBrowser)
	})
}

func TestABrowserNamedByTheEnvironment(t *testing.T) {
	m := newMachine(t)
	m.realNode()
	m.npmWith(driverFiles(libraryVersion(t)))
	onShelf, chosen := m.script("shelf", "echo 1"), m.script("chosen", "echo 2")
	_, err := m.ensure(gives(onShelf))
	require.NoError(t, err)

	t.Run("wins over what was found before, and is not remembered", func(t *testing.T) {
		t.Setenv(envBrowser, chosen)
		r, err := m.ensure(gives(onShelf))
		require.NoError(t, err)
		assert.Equal(t, chosen, r.Browser)
		t.Setenv(envBrowser, "")
		r, err = m.ensure()
		require.NoError(t, err)
		assert.Equal(t, onShelf, r.Browser)
	})
	for name, path := range map[string]string{
		"is an error when it does not exist": filepath.Join(m.bin, "absent"),
		"is an error when it is a folder":    m.bin,
		"is an error when it does not run":   m.script("broken", "echo no libnss3 >&2; exit 127"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(envBrowser, path)
			_, err := m.ensure(gives(onShelf))
			require.ErrorIs(t, err, ErrNoBrowser)
			assert.ErrorContains(t, err, "E2E_BROWSER="+path)
		})
	}
}

func TestNoBrowserNamesEverySourceAndWhatToDo(t *testing.T) {
	m := newMachine(t)
	m.realNode()
	m.npmWith(driverFiles(libraryVersion(t)))
	cause := errors.New("no route to host")
	_, err := m.ensure(
		refuses("a site", cause),
		refuses("the system", errNotInstalled),
		gives(m.script("chromium", "echo missing library >&2; exit 127")))
	require.ErrorIs(t, err, ErrNoBrowser)
	require.ErrorIs(t, err, cause)
	assert.Regexp(t, `(?s)set E2E_BROWSER.*apt-get install.*`+
		`a site \(\S+s\): no route to host\n.*the system \(\S+s\): not installed\n.*a shelf \(\S+s\): .*missing library`, err.Error())
}

func TestTheSearchGoesFromWhatIsHereToWhatMustBeInstalled(t *testing.T) {
	p, err := newProvision(Options{CacheDir: t.TempDir()})
	require.NoError(t, err)
	var names []string
	for _, s := range p.allSources() {
		names = append(names, s.name)
	}
	assert.Equal(t, []string{"Playwright's cache", "Playwright's download site", "system", "npm", "apt-get"}, names)
}
