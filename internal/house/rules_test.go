package house_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rule finds the numbers that comments and tests cite.
var rule = regexp.MustCompile(`\b(?:SC|SH|OA|HB)-[A-Z]?\d+\b`)

// goFiles lists the repository's Go files, relative to it, without test data and modules of their own.
func goFiles(t *testing.T) []string {
	t.Helper()
	top := repository(t)
	var out []string
	require.NoError(t, filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !d.IsDir():
			if strings.HasSuffix(name, ".go") {
				relative, err := filepath.Rel(top, name)
				out = append(out, filepath.ToSlash(relative))
				return err
			}
			return nil
		case name == top:
			return nil
		case d.Name() == "testdata", strings.HasPrefix(d.Name(), "."), strings.HasPrefix(d.Name(), "_"):
			return fs.SkipDir
		}
		if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
			return fs.SkipDir
		}
		return nil
	}))
	return out
}

// A reader who meets a rule's number finds what it says beside the code.
func TestEveryCitedRuleIsListedBesideTheCode(t *testing.T) {
	t.Parallel()
	cited := map[string]map[string]string{} // folder, rule, a file that cites it
	for _, file := range goFiles(t) {
		folder := filepath.Dir(file)
		text, err := os.ReadFile(filepath.Join(repository(t), file))
		require.NoError(t, err)
		for _, id := range rule.FindAllString(string(text), -1) {
			if cited[folder] == nil {
				cited[folder] = map[string]string{}
			}
			cited[folder][id] = file
		}
	}
	require.NotEmpty(t, cited)
	for folder, rules := range cited {
		listed, err := os.ReadFile(filepath.Join(repository(t), folder, "RULES.md"))
		if !assert.NoError(t, err, "%s cites rules", folder) {
			continue
		}
		known := rule.FindAllString(string(listed), -1)
		for id, file := range rules {
			assert.True(t, slices.Contains(known, id), "%s cites %s, which %s/RULES.md does not list", file, id, folder)
		}
	}
}

// The test that the front page shows is one that runs.
func TestTheReadmeShowsARealTest(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(repository(t), "README.md"))
	require.NoError(t, err)
	_, block, ok := strings.Cut(string(readme), "```go\n")
	require.True(t, ok)
	block, _, ok = strings.Cut(block, "```")
	require.True(t, ok)
	source, err := os.ReadFile(filepath.Join(repository(t), "hubsim", "readme_test.go"))
	require.NoError(t, err)
	require.Contains(t, string(source), block)
}
