package extensiontest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
)

// TestExtension runs the example as its documentation says, in the browser that the other tests use.
func TestExtension(t *testing.T) {
	t.Parallel()
	ready, err := browser.Ensure(t.Context(), browser.Options{Log: os.Stderr})
	require.NoError(t, err)
	env := []string{"HUBSIM=" + program(t), "E2E_BROWSER=" + ready.Browser, "CI=true"}
	for name, value := range ready.Env {
		env = append(env, name+"="+value)
	}
	run(t, ".", nil, "npm", "ci", "--no-audit", "--no-fund", "--silent")
	out := run(t, ".", env, "npx", "playwright", "test", "--output", t.TempDir())
	require.Regexp(t, `\b5 passed\b`, out)
}

// TestClient runs the tests of the JavaScript client.
func TestClient(t *testing.T) {
	t.Parallel()
	out := run(t, filepath.Join("..", "..", "hubsim", "clients", "javascript"), []string{"HUBSIM=" + program(t)}, "node", "--test")
	require.Regexp(t, `(?m)^.{1,4}pass 7$`, out)
}

// program builds hubsim.
func program(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hubsim.exe") // a name that every system runs
	run(t, ".", nil, "go", "build", "-o", file, "github.com/hubshare/hubshare/hubsim/cmd/hubsim")
	return file
}

func run(t *testing.T, dir string, env []string, argv ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%v:\n%s", argv, out)
	return string(out)
}
