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

// TestEveryRuleIsTested: a rule that is written down here is cited by a test of this package or of one below it.
func TestEveryRuleIsTested(t *testing.T) {
	t.Parallel()
	var tests strings.Builder
	for _, pattern := range []string{"*_test.go", "*/*_test.go", "*/*/*_test.go", "storetest/*.go"} { // a conformance suite is a test in plain files
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, name := range files {
			source, err := os.ReadFile(name)
			require.NoError(t, err)
			tests.Write(source)
		}
	}
	cited := map[string]bool{}
	for _, rule := range regexp.MustCompile(`\bSH-[0-9]+\b`).FindAllString(tests.String(), -1) {
		cited[rule] = true
	}
	for _, list := range []string{"RULES.md", "httpapi/RULES.md", "sqlstore/RULES.md", "storetest/RULES.md"} {
		text, err := os.ReadFile(list)
		require.NoError(t, err)
		rules := regexp.MustCompile(`(?m)^- \*\*(SH-[0-9]+)\*\*`).FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, rules, list)
		for _, rule := range rules {
			assert.True(t, cited[rule[1]], "%s has %s, which no test cites", list, rule[1])
		}
	}
}
