package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/hubshare/hubshare/internal/supply"
)

// TB is the part of testing.TB that NewContext needs. Naming it here keeps
// package testing out of programs that use a Session.
type TB interface {
	Helper()
	Name() string
	Failed() bool
	Cleanup(func())
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// suite is the one browser that all tests of a test binary share: a browser of
// their own would cost each of them two seconds and 350 MiB. It is a variable of
// the package because TestMain has no other way to hand something to a test.
var suite struct {
	running atomic.Bool
	once    sync.Once
	options *Options // set before running
	session *Session
	err     error
	serial  atomic.Int64 // tells artifacts of one test's several contexts apart
}

var errNoMain = errors.New("TestMain must call browser.Main")

// Main runs a package's tests and then ends the browser that they used. Give
// its result to os.Exit in TestMain. The browser starts with the first test
// that asks for it, so listing tests, or running others, costs nothing.
func Main(m interface{ Run() int }) (code int) { return MainWith(m, &Options{}) }

// MainWith is Main for a browser with options. They are read when the browser
// starts, so Flags may fill them in.
func MainWith(m interface{ Run() int }, o *Options) (code int) {
	suite.options = o
	suite.running.Store(true)
	code = m.Run()
	suite.once.Do(func() {}) // no test can start it any more
	if suite.session == nil {
		return code
	}
	if err := suite.session.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "browser: close:", err)
		return max(code, 1)
	}
	return code
}

// Shared returns the test binary's browser, for code that wants a Session. The
// session belongs to Main: do not close it. A test fails, and is not skipped,
// when no browser can be had.
func Shared(t TB) *Session {
	t.Helper()
	if !suite.running.Load() {
		t.Fatalf("browser: %v", errNoMain)
	}
	suite.once.Do(func() {
		log, done := supply.Watched()
		defer done()
		o := *suite.options
		if o.Log == nil {
			o.Log = log
		}
		suite.session, suite.err = Start(context.Background(), o)
	})
	if suite.err != nil {
		t.Fatalf("browser: %v", suite.err)
	}
	return suite.session
}

// NewContext makes a context that lasts as long as the test. If the test fails,
// its trace and a screenshot of each page are kept in the test's own folder, and
// the log says where.
func NewContext(t TB, o ContextOptions) Context {
	t.Helper()
	c, err := Shared(t).NewContext(o)
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			dir, err := ArtifactFolder(t.Name())
			if err == nil {
				err = KeepIn(dir, c, fmt.Sprintf("browser-%d", suite.serial.Add(1)))
			}
			if err != nil {
				t.Logf("browser: keep artifacts: %v", err)
			}
			if dir != "" {
				t.Logf("browser: trace and screenshots are in %s", dir)
			}
		}
		if err := c.Close(); err != nil {
			t.Logf("browser: close the context: %v", err)
		}
	})
	return c
}
