package realhub_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/realhub"
)

// row is one of upstream's tests in UPSTREAM.md and what is said of it.
var row = regexp.MustCompile(`(?m)^\| (test_\w+) \| (.+) \|$`)

func TestEveryTestOfUpstreamHasItsAnswer(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("UPSTREAM.md")
	require.NoError(t, err)
	listed := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		listed[m[1]] = true
		if strings.HasPrefix(m[2], "does not apply: ") {
			continue
		}
		folder, name, ok := strings.Cut(m[2], " ")
		require.True(t, ok, m[0])
		assert.True(t, declares(t, filepath.Join("..", "..", folder), name), "%s names %s of %s, which is not there", m[1], name, folder)
	}
	assert.GreaterOrEqual(t, len(listed), 74)

	// The tests that upstream ships are the list's measure, where there is a JupyterHub.
	env := realhub.ForTest(t, realhub.V61)
	for _, file := range []string{"test_shares.py", "test_scopes.py", "browser/test_share.py"} {
		found, err := filepath.Glob(filepath.Join(env.Dir, "lib", "python*", "site-packages", "jupyterhub", "tests", file))
		require.NoError(t, err)
		require.Len(t, found, 1)
		text, err := os.ReadFile(found[0])
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^(?:async )?def (test_\w+)`).FindAllStringSubmatch(string(text), -1) {
			assert.True(t, listed[m[1]], "%s of %s is not in UPSTREAM.md", m[1], file)
		}
	}
}

func declares(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
