package browser

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/playwright-community/playwright-go"
)

// The three kinds of Playwright's own that callers meet.
type (
	// Context is one person's browser profile: cookies and storage of their own.
	Context = playwright.BrowserContext
	// Page is one tab.
	Page = playwright.Page
	// Locator is a way to find elements, evaluated each time it is used.
	Locator = playwright.Locator
)

// startLimit bounds starting the driver and launching the browser.
const startLimit = time.Minute

// Session is a running browser. It is safe for concurrent use, and so are its
// contexts as long as each page is driven by one goroutine at a time.
type Session struct {
	ready   Ready
	film    bool
	traces  string // a folder, which the driver would make and leave behind
	pw      *playwright.Playwright
	browser playwright.Browser
}

// Start calls Ensure, starts the driver and launches the browser, without a
// window unless Options.Headed asks for one. ctx bounds the start alone; end the session with Close.
//
// The browser resolves no name and reaches no address but this machine's own and
// those in Options.Hosts, so that no test depends on the outside by accident or
// tells it anything.
func Start(ctx context.Context, o Options) (*Session, error) {
	rule, err := resolverRule(o.Hosts)
	if err != nil {
		return nil, err
	}
	if o.Headed {
		if err := hasScreen(); err != nil {
			return nil, err
		}
	}
	ready, err := Ensure(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("prepare a browser: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return await(ctx, func() (*Session, error) { return launch(ready, rule, o) }, (*Session).Close)
}

// await runs a start that takes no context, and gives up on it when ctx ends.
// A start that succeeds after that is undone, which also ends the goroutine.
func await[T any](ctx context.Context, start func() (T, error), undo func(T) error) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result)
	go func() {
		v, err := start()
		select {
		case done <- result{v, err}:
		case <-ctx.Done():
			if err == nil {
				_ = undo(v)
			}
		}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("start the browser: %w", context.Cause(ctx))
	}
}

func launch(ready Ready, rule string, o Options) (_ *Session, err error) {
	traces, err := os.MkdirTemp("", "hubshare-traces-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for traces: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(traces))
		}
	}()
	pw, err := playwright.Run(&playwright.RunOptions{
		DriverDirectory:     ready.Driver,
		SkipInstallBrowsers: true,
		Stderr:              os.Stderr,
		// Given explicitly, since the library would otherwise redirect the
		// standard logger of the whole process.
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, fmt.Errorf("start the driver in %s: %w", ready.Driver, err)
	}
	// Naming an environment replaces the whole of it, so it begins with ours.
	env := map[string]string{}
	for _, kv := range os.Environ() {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	maps.Copy(env, ready.Env)
	b, err := pw.Chromium.Launch(playwright.BrowserTypeLaunchOptions{
		ExecutablePath: playwright.String(ready.Browser),
		TracesDir:      playwright.String(traces),
		Env:            env,
		Timeout:        milliseconds(30 * time.Second),
		Headless:       playwright.Bool(!o.Headed),
		SlowMo:         milliseconds(o.Slow),
		Args:           []string{"--disable-quic", "--host-resolver-rules=" + rule},
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("launch %s: %w", ready.Browser, err), pw.Stop())
	}
	return &Session{ready: ready, film: o.Film, traces: traces, pw: pw, browser: b}, nil
}

// Close ends the browser and the driver, and with them every context. It may be
// called once.
func (s *Session) Close() error {
	return errors.Join(s.browser.Close(), s.pw.Stop(), os.RemoveAll(s.traces))
}

// resolverRule denies every host but a few.
func resolverRule(hosts []string) (string, error) {
	rule := "MAP * ~NOTFOUND"
	for _, h := range slices.Concat([]string{"localhost", "*.localhost", "127.0.0.1"}, hosts) {
		if h == "" || strings.ContainsAny(h, ", \t\r\n") {
			return "", fmt.Errorf("allow the browser a host: %q is not a host name", h)
		}
		rule += " , EXCLUDE " + h
	}
	return rule, nil
}

// Ready says which browser and driver this session runs.
func (s *Session) Ready() Ready { return s.ready }

// BrowserVersion is the version that the browser reports of itself.
func (s *Session) BrowserVersion() string { return s.browser.Version() }

// ContextOptions is what one person's browser is like. The zero value works.
type ContextOptions struct {
	// Width and Height are the window's, in CSS pixels; zero means 1280 and 720.
	Width, Height int
	// InsecureTLS accepts any certificate, for hubs with one they signed themselves.
	InsecureTLS bool
	// NoScripts runs no script of any page.
	NoScripts bool
	// Dark tells pages that this person likes them dark.
	Dark bool
	// Untraced records no trace: for measuring, since a trace costs time.
	Untraced bool
}

// NewContext makes a context with empty cookies and storage. It records a
// trace, which KeepIn writes out; Close of the context drops it.
func (s *Session) NewContext(o ContextOptions) (Context, error) {
	if o.Width == 0 {
		o.Width = 1280
	}
	if o.Height == 0 {
		o.Height = 720
	}
	scheme := playwright.ColorSchemeLight
	if o.Dark {
		scheme = playwright.ColorSchemeDark
	}
	c, err := s.browser.NewContext(playwright.BrowserNewContextOptions{
		ColorScheme:       scheme,
		Viewport:          &playwright.Size{Width: o.Width, Height: o.Height},
		IgnoreHttpsErrors: playwright.Bool(o.InsecureTLS),
		JavaScriptEnabled: playwright.Bool(!o.NoScripts),
	})
	if err != nil {
		return nil, fmt.Errorf("make a browser context: %w", err)
	}
	if o.Untraced {
		return c, nil
	}
	err = c.Tracing().Start(playwright.TracingStartOptions{
		Screenshots: playwright.Bool(s.film), Snapshots: playwright.Bool(true)})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start tracing: %w", err), c.Close())
	}
	return traced{c}, nil
}

// traced is a context whose trace nobody may have kept by the time it closes. The driver would leave a folder of it behind.
type traced struct{ Context }

func (c traced) Close(o ...playwright.BrowserContextCloseOptions) error {
	return errors.Join(stopTrace(c.Context), c.Context.Close(o...))
}

// stopTrace ends the trace of c, if there is one, and writes it to a file, if one is named.
func stopTrace(c Context, file ...string) error {
	if err := c.Tracing().Stop(file...); err != nil && !strings.Contains(err.Error(), "Must start tracing") {
		return err
	}
	return nil
}

func milliseconds(d time.Duration) *float64 {
	return playwright.Float(float64(d) / float64(time.Millisecond))
}

// WaitVisible waits until the element that l finds is shown, for at most limit,
// which is rounded to milliseconds; zero or less means until it is.
//
// Use it before reading or clicking what may not come: this version of the
// library ignores every default timeout for elements and waits thirty seconds.
func WaitVisible(l Locator, limit time.Duration) error {
	return l.WaitFor(playwright.LocatorWaitForOptions{
		State: playwright.WaitForSelectorStateVisible, Timeout: milliseconds(max(limit, 0))})
}

// Visits records the address of every navigation that page's main frame asks
// for from now on, redirects included, in order. The returned function gives
// the list so far; it is safe for concurrent use.
func Visits(page Page) func() []string {
	var list visitList
	page.OnRequest(func(r playwright.Request) {
		if r.IsNavigationRequest() && r.Frame() == page.MainFrame() {
			list.add(r.URL())
		}
	})
	return list.all
}
