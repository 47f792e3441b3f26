package sharing_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCitedRulesAreWrittenDown: a number that code or tests cite can be looked up in the repository.
func TestCitedRulesAreWrittenDown(t *testing.T) {
	t.Parallel()
	cited := regexp.MustCompile(`\b(?:SH|SC|HB|V)-[0-9]+\b`)
	for rules, folders := range map[string][]string{
		"RULES.md":         {".", "sqlstore", "storetest", "internal/testhub"},
		"httpapi/RULES.md": {"httpapi"},
	} {
		text, err := os.ReadFile(rules)
		require.NoError(t, err)
		for _, folder := range folders {
			files, err := filepath.Glob(filepath.Join(folder, "*.go"))
			require.NoError(t, err)
			require.NotEmpty(t, files, folder)
			for _, name := range files {
				source, err := os.ReadFile(name)
				require.NoError(t, err)
				for _, rule := range cited.FindAllString(string(source), -1) {
					assert.True(t, strings.Contains(string(text), "**"+rule+"**"), "%s cites it, %s does not have it", name, rules)
				}
			}
		}
	}
}
