package spawner_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The kernel sees to the program itself, shell or not.
func TestProgramWithoutAShellDoesNotSurviveItsParent(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	parent := exec.Command(os.Args[0], "play", "bare", h.Addr().String())
	require.NoError(t, parent.Start())
	guests := h.arrivals(2)
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	for _, name := range []string{"bare", "deaf"} {
		require.Contains(t, guests, name)
		assert.Empty(t, rest(t, guests[name]), name)
	}
}
