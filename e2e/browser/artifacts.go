package browser

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/playwright-community/playwright-go"
)

const envArtifacts = "E2E_ARTIFACTS"

// keepLimit bounds the picture of a page, which may be one that hangs.
const keepLimit = 10 * time.Second

// maxName keeps file names of artifacts below what file systems allow.
const maxName = 80

// ArtifactFolder makes the folder for what is kept of one test, named after it:
// below the one that E2E_ARTIFACTS names, else below a new temporary one.
func ArtifactFolder(test string) (dir string, err error) {
	if dir, err = artifactDir(); err != nil {
		return "", err
	}
	name := fileName(test)
	if len(test) > maxName { // what tells it from another may have been cut off
		name = fmt.Sprintf("%s-%x", name, sha256.Sum256([]byte(test)))[:maxName+9]
	}
	dir = filepath.Join(dir, name)
	return dir, os.MkdirAll(dir, 0o755)
}

// KeepArtifacts is KeepIn, in the folder that E2E_ARTIFACTS names, else in a new
// temporary one. It returns the folder.
func KeepArtifacts(c Context, name string) (dir string, err error) {
	if dir, err = artifactDir(); err != nil {
		return "", err
	}
	return dir, KeepIn(dir, c, name)
}

// KeepIn writes the trace of c and a screenshot of each of its pages into dir,
// named after name. It ends the trace, so call it once, before c closes. A
// context that records none leaves the screenshots alone.
//
// A trace holds everything the browser saw, passwords and tokens included. Keep
// it for test hubs only. Open one with: node DRIVER/package/cli.js show-trace FILE
func KeepIn(dir string, c Context, name string) error {
	base := filepath.Join(dir, fileName(name))
	var errs []error
	for i, page := range c.Pages() {
		png, err := page.Screenshot(playwright.PageScreenshotOptions{Timeout: milliseconds(keepLimit)})
		if err == nil {
			err = os.WriteFile(fmt.Sprintf("%s-%d.png", base, i+1), png, 0o600)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("screenshot of %s: %w", page.URL(), err))
		}
	}
	if err := stopTrace(c, base+"-trace.zip"); err != nil {
		errs = append(errs, fmt.Errorf("write the trace: %w", err))
	}
	return errors.Join(errs...)
}

func artifactDir() (string, error) {
	if dir := os.Getenv(envArtifacts); dir != "" {
		return dir, os.MkdirAll(dir, 0o755)
	}
	return os.MkdirTemp("", "hubshare-e2e-")
}

// fileName turns the name of a test into one for a file, whatever it holds.
func fileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		default:
			return '_'
		}
	}, name)
	return safe[:min(len(safe), maxName)]
}
