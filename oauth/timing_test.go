package oauth_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secretive are the names of what somebody could guess bit by bit, if a comparison told how far they had come.
var secretive = regexp.MustCompile(`(?i)(secret|token|code|verifier|challenge|hash|digest|mac|sum|signature|signed|proof|xsrf|given)$`)

// plainly are the comparisons of such a name that give nothing away.
var plainly = map[string]string{
	"adapter.go: t == fosite.AccessToken":                                 "a kind of token",
	"adapter.go: f.code.Hash != hash":                                     "both are hashes, and of the same request",
	"adapter.go: f.secret == code":                                        "both are of the same request",
	"query.go: given != registered":                                       "redirect URIs, which are no secret",
	"hubauth/identify.go: strings.EqualFold(strings.TrimSpace(v), token)": "an element of a header",
	"hubauth/version.go: resp.StatusCode != http.StatusOK":                "a status",
	"sqlstore/clients.go: old.SecretHash != c.SecretHash":                 "both are hashes, of which an operator gives one",
}

// Constant time by construction: what is secret is compared by crypto/subtle, crypto/hmac, or as a hash by the database, and nowhere by an
// operator or a function that ends at the first difference.
func TestSecretsAreComparedInConstantTime(t *testing.T) { // OA-S9, OA-7
	t.Parallel()
	left := maps.Clone(plainly)
	careful := 0
	for _, dir := range []string{".", "hubauth", "httpapi", "sqlstore", "../internal/web"} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, names)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			require.NoError(t, err)
			file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
			require.NoError(t, err)
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && slices.Contains([]string{"subtle.ConstantTimeCompare", "hmac.Equal"}, types.ExprString(call.Fun)) {
					careful++
				}
				if plain := comparison(n); plain != "" {
					plain = filepath.ToSlash(name) + ": " + plain
					assert.Contains(t, plainly, plain, "use crypto/subtle, or say why not")
					delete(left, plain)
				}
				return true
			})
		}
	}
	assert.Empty(t, left, "what is no longer there")
	assert.Greater(t, careful, 6)
}

// comparison is the text of one that looks at something secretive, "" for all else. Literals, lengths and nil are no secrets.
func comparison(n ast.Node) string {
	var sides []ast.Expr
	switch x := n.(type) {
	case *ast.BinaryExpr:
		if x.Op == token.EQL || x.Op == token.NEQ {
			sides = []ast.Expr{x.X, x.Y}
		}
	case *ast.CallExpr:
		if slices.Contains([]string{"bytes.Equal", "bytes.Compare", "strings.Compare", "strings.EqualFold", "slices.Equal", "slices.Contains"}, types.ExprString(x.Fun)) {
			sides = x.Args
		}
	}
	found := false
	for _, side := range sides {
		switch side := side.(type) {
		case *ast.BasicLit:
			return ""
		case *ast.Ident:
			if side.Name == "nil" {
				return ""
			}
			found = found || secretive.MatchString(side.Name)
		case *ast.SelectorExpr:
			found = found || secretive.MatchString(side.Sel.Name)
		case *ast.CallExpr: // digest(x), x.Reveal(), f.Get("secret"), string(mac)
			text := strings.Trim(strings.TrimSuffix(types.ExprString(side), ".Reveal()"), `")`)
			found = found || secretive.MatchString(text) || secretive.MatchString(types.ExprString(side.Fun))
		}
	}
	if !found {
		return ""
	}
	return types.ExprString(n.(ast.Expr))
}
