package browser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/hubshare/hubshare/internal/supply"
)

// ErrNoNode is returned when there is no Node on the machine, or one that is
// too old to run the driver.
var ErrNoNode = errors.New("no usable node")

// ErrNoNPM is returned when the driver must be fetched and npm is missing.
var ErrNoNPM = errors.New("no npm")

const (
	envNode = "PLAYWRIGHT_NODEJS_PATH" // the library's own variable
	// minNode is the oldest major version that Playwright 1.60 supports.
	minNode = 18
)

func cliJS(driver string) string { return filepath.Join(driver, "package", "cli.js") }

// nodeIn is where the library looks for Node when its variable is not set. A
// link there spares this package from changing the process's environment.
func nodeIn(driver string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(driver, "node.exe")
	}
	return filepath.Join(driver, "node")
}

// node finds the Node binary and checks its age.
func (p *provision) node(ctx context.Context) (string, error) {
	name := os.Getenv(envNode)
	if name == "" {
		found, err := exec.LookPath("node")
		if err != nil {
			return "", fmt.Errorf("%w: install Node %d or newer (on Debian: apt-get install nodejs npm), "+
				"or set %s to its path: %w", ErrNoNode, minNode, envNode, err)
		}
		name = found
	}
	// A version manager puts a launcher on the path; the binary behind it is
	// what the driver is to be linked with.
	out, err := supply.Command{Limit: 20 * time.Second,
		Argv: []string{name, "-p", `process.version + " " + process.execPath`}}.Output(ctx)
	if err != nil {
		return "", fmt.Errorf("%w: %s does not run: %w", ErrNoNode, name, err)
	}
	version, path, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	major, err := majorOf(version)
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrNoNode, name, err)
	}
	if major < minNode {
		return "", fmt.Errorf("%w: %s is %s, the driver needs %d or newer; "+
			"set %s to a newer one", ErrNoNode, name, version, minNode, envNode)
	}
	if path == "" {
		return name, nil
	}
	return path, nil
}

// majorOf reads the major version out of "v20.1.2".
func majorOf(version string) (int, error) {
	digits, _, ok := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	major, err := strconv.Atoi(digits)
	if err != nil || !ok || major < 0 {
		return 0, fmt.Errorf("not a version of node: %.40q", version)
	}
	return major, nil
}

// driver puts the driver into r.Driver, unless a working one is there.
func (p *provision) driver(ctx context.Context, r Ready) error {
	start := time.Now()
	if err := linkNode(r.Node, r.Driver); err != nil {
		return fmt.Errorf("link node into the driver: %w", err)
	}
	if err := p.checkDriver(ctx, r); err != nil {
		if ctx.Err() != nil {
			return err
		}
		if _, statErr := os.Stat(filepath.Join(r.Driver, "package")); statErr == nil {
			p.log.printf("the driver in %s is damaged, fetching it again: %v", r.Driver, err)
		}
		spec := "playwright-core@" + p.version
		if err := p.npmUnpack(ctx, spec, filepath.Join(r.Driver, "package")); err != nil {
			return fmt.Errorf("fetch the driver %s: %w", spec, err)
		}
		if err := p.checkDriver(ctx, r); err != nil {
			return fmt.Errorf("check the driver just fetched: %w", err)
		}
	}
	// Fetches nothing now; patches a file of the driver that the library needs patched.
	lib, err := playwright.NewDriver(&playwright.RunOptions{DriverDirectory: r.Driver, SkipInstallBrowsers: true})
	if err == nil {
		err = lib.Install()
	}
	if err != nil {
		return fmt.Errorf("patch the driver: %w", err)
	}
	p.log.printf("driver %s in %s, run by %s (%s)", p.version, r.Driver, r.Node, rounded(time.Since(start)))
	return nil
}

// checkDriver runs the driver: a half-unpacked one exists and yet does not work.
func (p *provision) checkDriver(ctx context.Context, r Ready) error {
	if _, err := os.Stat(cliJS(r.Driver)); err != nil {
		return fmt.Errorf("look for the driver: %w", err)
	}
	out, err := p.cli(r, 30*time.Second, nil, "--version").Output(ctx)
	if err != nil {
		return fmt.Errorf("ask the driver its version: %w", err)
	}
	// The library compares in the same way, and refuses to run any other.
	if !strings.Contains(string(out), p.version) {
		return fmt.Errorf("the driver in %s says %q, wanted %s", r.Driver, strings.TrimSpace(string(out)), p.version)
	}
	return nil
}

// cli is a command of the driver.
func (p *provision) cli(r Ready, limit time.Duration, env []string, args ...string) supply.Command {
	return supply.Command{Limit: limit, Env: env, Argv: append([]string{r.Node, cliJS(r.Driver)}, args...)}
}

// linkNode makes node reachable as the driver's own; a copy where links are not allowed.
func linkNode(node, driver string) error {
	if err := os.MkdirAll(driver, 0o755); err != nil {
		return err
	}
	place := nodeIn(driver)
	if target, err := os.Readlink(place); err == nil && target == node {
		return nil
	}
	if err := os.Remove(place); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if os.Symlink(node, place) == nil {
		return nil
	}
	return copyFile(node, place)
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}
