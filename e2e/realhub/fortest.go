package realhub

import (
	"context"
	"errors"
	"os"

	"github.com/hubshare/hubshare/internal/supply"
)

// EnvRequired is the environment variable that makes a test fail where it would be left out for want of an index. CI sets it.
const EnvRequired = "E2E_REAL"

// TB is the part of testing.TB that ForTest needs; it keeps package testing out of programs.
type TB interface {
	Helper()
	Context() context.Context
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// ForTest gives the environment of a release to a test. The test is left out when there is none because the indexes cannot be reached and
// E2E_REAL is not set; any other reason fails it.
func ForTest(t TB, release Release) Env {
	t.Helper()
	log, done := supply.Watched()
	defer done()
	env, err := Ensure(t.Context(), release, Cache{Log: log})
	switch {
	case err == nil:
	case errors.Is(err, ErrUnreachable) && os.Getenv(EnvRequired) == "":
		t.Skipf("left out, since %s is not set: %v", EnvRequired, err)
	default:
		t.Fatalf("realhub: %v", err)
	}
	return env
}
