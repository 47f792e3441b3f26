package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

var errNoScreen = errors.New("there is no screen to open a window on: neither DISPLAY nor WAYLAND_DISPLAY is set (on a machine without one: xvfb-run go test …)")

// headedSources are those of browsers that can open a window, which a headless
// shell cannot.
func (p *provision) headedSources() []source {
	return []source{
		{"Playwright's cache", p.fullFromCache},
		{"system", p.fullFromSystem},
	}
}

// hasScreen says whether a window could be opened at all: a browser that cannot
// says so in a way that nobody understands.
func hasScreen() error {
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return errNoScreen
	}
	return nil
}

// fullFromSystem looks for installed browsers that are whole.
func (p *provision) fullFromSystem(context.Context, Ready) (found, error) {
	for _, name := range []string{
		"/usr/lib/chromium/chromium", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
		`C:\Program Files\Google\Chrome\Application\chrome.exe`,
	} {
		if path, err := exec.LookPath(name); err == nil {
			return found{path: path}, nil
		}
	}
	return found{}, fmt.Errorf("no chromium and no chrome with windows (on Debian: apt-get install chromium): %w", errNotInstalled)
}

// fullFromCache looks for a Chromium that "npx playwright install" has fetched.
func (p *provision) fullFromCache(context.Context, Ready) (found, error) {
	base := os.Getenv("PLAYWRIGHT_BROWSERS_PATH")
	if base == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return found{}, err
		}
		base = filepath.Join(cache, "ms-playwright")
	}
	for _, name := range []string{"chrome-linux*/chrome", "chrome-mac*/Chromium.app/Contents/MacOS/Chromium", `chrome-win*/chrome.exe`} {
		paths, err := filepath.Glob(filepath.Join(base, "chromium-*", filepath.FromSlash(name)))
		if err != nil {
			return found{}, err
		}
		if len(paths) > 0 {
			return found{path: paths[len(paths)-1]}, nil // the newest: they are numbered
		}
	}
	return found{}, fmt.Errorf("%w in %s", errNotInstalled, base)
}
