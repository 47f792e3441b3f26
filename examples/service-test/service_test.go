package servicetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/realhub"
)

// TestService runs the example as its documentation says, with the Python and the JupyterHub that the other tests use.
func TestService(t *testing.T) {
	t.Parallel()
	pytest(t, ".", 6)
}

// TestClient runs the tests of the Python client.
func TestClient(t *testing.T) {
	t.Parallel()
	pytest(t, filepath.Join("..", "..", "hubsim", "clients", "python"), 8)
}

func pytest(t *testing.T, dir string, passed int) {
	t.Helper()
	python := realhub.ForTest(t, realhub.V55)
	program := filepath.Join(t.TempDir(), "hubsim")
	run(t, ".", nil, "go", "build", "-o", program, "github.com/hubshare/hubshare/hubsim/cmd/hubsim")
	env := []string{"HUBSIM=" + program, "PYTHONDONTWRITEBYTECODE=1"}
	out := run(t, dir, env, python.Program("python"), "-m", "pytest", "-q", "-p", "no:cacheprovider")
	require.Regexp(t, `(?m)^`+fmt.Sprint(passed)+` passed in `, out)
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
