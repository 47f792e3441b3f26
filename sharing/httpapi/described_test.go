package httpapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/apidoc"
	"github.com/hubshare/hubshare/internal/apidoc/apicheck"
	"github.com/hubshare/hubshare/sharing/httpapi"
)

// checkers are what descriptions allow, by variant: read once for all tests.
var checkers sync.Map

func checker(t testing.TB, v apidoc.Variant) *apicheck.Checker {
	t.Helper()
	if known, ok := checkers.Load(v); ok {
		return known.(*apicheck.Checker)
	}
	check, err := apicheck.New(v)
	require.NoError(t, err)
	checkers.Store(v, check)
	return check
}

// described fails the test when the handler gives an answer below api/ that the description of the API does not have.
func described(t testing.TB, v apidoc.Variant, h http.Handler) http.Handler {
	return checker(t, v).Watch(h, func(err error) {
		if _, fuzzed := t.(*testing.F); fuzzed {
			panic(err) // its target has a t of its own
		}
		t.Error(err)
	})
}

// Every path below api/ that there is here is in the description, with extensions and without.
func TestEveryRouteIsDescribed(t *testing.T) {
	t.Parallel()
	for name, mode := range modes {
		var stock bool
		f := newFixture(t, mode, func(c *httpapi.Config) { stock = c.StockOnly })
		known := map[string]bool{}
		for _, op := range checker(t, apidoc.Variant{Extensions: !stock}).Operations() {
			known[parameters(op.Path)] = true
		}
		for _, pattern := range f.inner.Routes() {
			if path := strings.TrimPrefix(pattern, "/hub"); strings.HasPrefix(path, "/api/") {
				assert.True(t, known[parameters(path)], "%s: %s", name, path)
			}
		}
	}
}

// parameters makes all names of parameters the same.
func parameters(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}
