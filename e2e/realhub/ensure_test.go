package realhub_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/realhub"
)

func TestReleasesArePinned(t *testing.T) {
	t.Parallel()
	assert.Regexp(t, `^5\.5\.\d+$`, realhub.V55.Version())
	assert.Regexp(t, `^6\.1\.\d+$`, realhub.V61.Version())
	assert.Empty(t, realhub.Release("4").Version())
	_, err := realhub.Ensure(t.Context(), "4", realhub.Cache{Dir: t.TempDir()})
	assert.ErrorContains(t, err, `"4"`)
}

func TestEveryReleaseBringsItsPrograms(t *testing.T) {
	t.Parallel()
	for _, release := range []realhub.Release{realhub.V55, realhub.V61} {
		env := realhub.ForTest(t, release)
		for _, program := range []string{"python", "jupyterhub", "jupyterhub-singleuser", "jupyter", "jupyter-lab"} {
			assert.FileExists(t, env.Program(program))
		}
		assert.FileExists(t, env.Proxy()[1])
	}
}

// Without Python or npm no index can be asked, and that is told apart from an installation that went wrong.
func TestAMachineWithoutClientsCannotReachTheIndexes(t *testing.T) {
	t.Setenv("PATH", filepath.Join(t.TempDir(), "nothing"))
	_, err := realhub.Ensure(t.Context(), realhub.V61, realhub.Cache{Dir: t.TempDir()})
	require.ErrorIs(t, err, realhub.ErrUnreachable)
}
