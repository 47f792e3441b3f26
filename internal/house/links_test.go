package house_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var link = regexp.MustCompile("\\[(`?)([^\\]`]+)`?\\]\\(([^)#\\s]+)(?:#[^)]*)?\\)")

// What the texts for people point at is there: files, and in them the tests that are said to hold a promise.
func TestTextsPointAtWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} {
		written, err := os.ReadFile(filepath.Join(repository(t), text))
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(written), -1) {
			name, target := m[2], m[3]
			if strings.Contains(target, "://") {
				continue
			}
			file := filepath.Join(repository(t), filepath.FromSlash(target))
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %s: %v", text, m[0], err)
				continue
			}
			if strings.HasPrefix(name, "Test") {
				code, err := os.ReadFile(file)
				require.NoError(t, err)
				assert.Contains(t, string(code), "\nfunc "+name+"(", "%s: %s", text, m[0])
			}
		}
	}
}
