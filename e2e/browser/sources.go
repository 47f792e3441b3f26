package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/supply"
)

// ErrNoBrowser is returned when no source had a browser that runs. Its text
// lists every source with its time and reason.
var ErrNoBrowser = errors.New("no browser")

var errNotInstalled = errors.New("not installed")

const (
	envBrowser = "E2E_BROWSER"
	envMirror  = "PLAYWRIGHT_DOWNLOAD_HOST"
	cdn        = "https://cdn.playwright.dev/"

	sourceEnv = envBrowser
)

// found is a browser and what it needs in its environment.
type found struct {
	path, source string
	env          map[string]string
}

// source is one place to have a browser from.
type source struct {
	name string
	find func(context.Context, Ready) (found, error)
}

// allSources is the order of the search: what somebody chose, what is here,
// what is closest to what Playwright was tested with, what works without root.
func (p *provision) allSources() []source {
	return []source{
		{"Playwright's cache", p.fromCache},
		{"Playwright's download site", p.fromCDN},
		{"system", p.fromSystem},
		{"npm", p.fromNPM},
		{"apt-get", p.fromApt},
	}
}

// browser asks the sources in turn until one has a browser that runs.
func (p *provision) browser(ctx context.Context, r Ready) (found, error) {
	if path := os.Getenv(envBrowser); path != "" {
		// Somebody's explicit choice: taking another one would hide the mistake.
		f := found{path: path, source: sourceEnv}
		if err := p.works(ctx, f); err != nil {
			return found{}, fmt.Errorf("%w: %s=%s: %w", ErrNoBrowser, envBrowser, path, err)
		}
		p.log.printf("%s, named by %s", path, envBrowser)
		return f, nil
	}
	var tried []string
	var causes []error
	for _, s := range p.sources {
		start := time.Now()
		f, err := s.find(ctx, r)
		if err == nil {
			err = p.works(ctx, f)
		}
		took := rounded(time.Since(start))
		if err == nil {
			f.source = s.name
			p.log.printf("%s, from %s (%s)", f.path, s.name, took)
			return f, nil
		}
		p.log.printf("nothing from %s (%s): %s", s.name, took, firstLine(err))
		tried = append(tried, fmt.Sprintf("  %s (%s): %v", s.name, took, err))
		causes = append(causes, err)
		if ctx.Err() != nil {
			break
		}
	}
	return found{}, &noBrowserError{tried: tried, causes: causes}
}

// noBrowserError lists the sources one to a line.
type noBrowserError struct {
	tried  []string
	causes []error
}

func (e *noBrowserError) Error() string {
	return ErrNoBrowser.Error() + ": set " + envBrowser + " to the path of a Chromium, or install one " +
		"(on Debian: apt-get install chromium-headless-shell); tried:\n" + strings.Join(e.tried, "\n")
}

func (e *noBrowserError) Unwrap() []error { return append([]error{ErrNoBrowser}, e.causes...) }

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// works runs the browser once: a file that is there may still lack libraries.
func (p *provision) works(ctx context.Context, f found) error {
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a folder, not a browser", f.path)
	}
	if runtime.GOOS == "windows" {
		return nil // there, asking for the version opens a window
	}
	_, err = supply.Command{Limit: 20 * time.Second, Env: environ(f.env), Argv: []string{f.path, "--version"}}.Output(ctx)
	return err
}

func environ(vars map[string]string) []string {
	var list []string
	for k, v := range vars {
		list = append(list, k+"="+v)
	}
	return list
}

// fromCache asks the driver where its headless shell belongs, and looks there.
func (p *provision) fromCache(ctx context.Context, r Ready) (found, error) {
	out, err := p.cli(r, 30*time.Second, nil, "install", "--dry-run", "--only-shell", "chromium").Output(ctx)
	if err != nil {
		return found{}, err
	}
	for line := range strings.Lines(string(out)) { // the shell comes first, other downloads after it
		key, dir, _ := strings.Cut(strings.TrimSpace(line), ":")
		if key != "Install location" {
			continue
		}
		dir = strings.TrimSpace(dir)
		if _, err := os.Stat(filepath.Join(dir, "INSTALLATION_COMPLETE")); err != nil {
			return found{}, fmt.Errorf("%w in %s", errNotInstalled, dir)
		}
		names, err := filepath.Glob(filepath.Join(dir, "chrome-headless-shell-*", "chrome-headless-shell*"))
		if err != nil {
			return found{}, err
		}
		for _, name := range names {
			if strings.TrimSuffix(filepath.Base(name), ".exe") == "chrome-headless-shell" {
				return found{path: name}, nil
			}
		}
		return found{}, fmt.Errorf("no headless shell in %s", dir)
	}
	return found{}, errors.New("the driver did not say where its browser belongs")
}

// fromCDN lets the driver download its own browser. It asks first whether the
// site answers: the driver itself takes minutes to give up.
func (p *provision) fromCDN(ctx context.Context, r Ready) (found, error) {
	if os.Getenv(envMirror) == "" {
		if err := answers(ctx, cdn, 4*time.Second); err != nil {
			return found{}, err
		}
	}
	p.log.printf("downloading Playwright's headless shell, about 110 MB")
	_, err := p.cli(r, 5*time.Minute, []string{"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT=5000"},
		"install", "--only-shell", "chromium").Output(ctx)
	if err != nil {
		return found{}, err
	}
	return p.fromCache(ctx, r)
}

// answers reports whether url gives any answer at all within the limit.
func answers(ctx context.Context, url string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultTransport.RoundTrip(req) // honours the proxy variables, as the download does
	if err != nil {
		return fmt.Errorf("%s does not answer: %w", url, err)
	}
	return resp.Body.Close()
}

// fromSystem looks for installed browsers, headless shells first: they are about
// three times faster. Debian's binaries are named by path since the launchers of
// that name add flags of their own.
func (p *provision) fromSystem(context.Context, Ready) (found, error) {
	for _, name := range []string{
		"/usr/lib/chromium/chromium-headless-shell", "chrome-headless-shell",
		"/usr/lib/chromium/chromium", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
		`C:\Program Files\Google\Chrome\Application\chrome.exe`,
	} {
		if path, err := exec.LookPath(name); err == nil {
			return found{path: path}, nil
		}
	}
	return found{}, fmt.Errorf("no chromium and no chrome: %w", errNotInstalled)
}

// fromApt installs Debian's headless shell.
func (p *provision) fromApt(ctx context.Context, r Ready) (found, error) {
	if runtime.GOOS != "linux" {
		return found{}, errors.New("only on Linux")
	}
	p.log.printf("installing chromium-headless-shell with apt-get, about 100 MB, if it can")
	if err := supply.AptInstall(ctx, "chromium-headless-shell", "fonts-liberation"); err != nil {
		return found{}, err
	}
	return p.fromSystem(ctx, r)
}
