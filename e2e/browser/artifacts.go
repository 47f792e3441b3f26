package browser

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const envArtifacts = "E2E_ARTIFACTS"

// maxName keeps file names of artifacts below what file systems allow.
const maxName = 80

// KeepArtifacts writes the trace of c and a screenshot of each of its pages,
// named after name, and returns the folder: the one that E2E_ARTIFACTS names,
// else a new temporary one. It ends the trace, so call it once, before c closes.
//
// A trace holds everything the browser saw, passwords and tokens included. Keep
// it for test hubs only. Open one with: node DRIVER/package/cli.js show-trace FILE
func KeepArtifacts(c Context, name string) (dir string, err error) {
	if dir, err = artifactDir(); err != nil {
		return "", err
	}
	base := filepath.Join(dir, fileName(name))
	var errs []error
	for i, page := range c.Pages() {
		png, err := page.Screenshot()
		if err == nil {
			err = os.WriteFile(fmt.Sprintf("%s-%d.png", base, i+1), png, 0o600)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("screenshot of %s: %w", page.URL(), err))
		}
	}
	if err := c.Tracing().Stop(base + "-trace.zip"); err != nil {
		errs = append(errs, fmt.Errorf("write the trace: %w", err))
	}
	return dir, errors.Join(errs...)
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
