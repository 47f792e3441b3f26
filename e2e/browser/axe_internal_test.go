//go:build linux || darwin

package browser

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAxeIsFetchedOnceAndIsWhatItWas(t *testing.T) {
	text, err := Axe(t.Context(), Options{})
	require.NoError(t, err)
	assert.Contains(t, text, "axe v"+axeVersion)

	// Another machine gets something else under that name.
	m := newMachine(t)
	m.npmWith(map[string]string{"package/axe.min.js": "alert(1)"})
	t.Setenv("PATH", m.bin)
	_, err = Axe(t.Context(), Options{CacheDir: m.base})
	require.ErrorContains(t, err, "is not what it was")

	// What is there is not fetched again: this machine has no npm any more.
	require.NoError(t, os.Remove(filepath.Join(m.bin, "npm")))
	require.NoError(t, os.WriteFile(filepath.Join(m.base, "axe-"+axeVersion, "axe.min.js"), []byte(text), 0o644))
	again, err := Axe(t.Context(), Options{CacheDir: m.base})
	require.NoError(t, err)
	assert.Equal(t, text, again)
}
