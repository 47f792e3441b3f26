package apidoc_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/apidoc"
)

// HB-175: which names a body may have follows from the description of that very hub.
func TestFieldsAreThoseOfTheDescription(t *testing.T) {
	t.Parallel()
	stock, err := apidoc.FieldsOf(apidoc.Variant{})
	require.NoError(t, err)
	ours, err := apidoc.FieldsOf(apidoc.Variant{Prefix: "/@/space%20word/hub/", Extensions: true})
	require.NoError(t, err)
	known := func(f *apidoc.Fields, method, path string) (names []string, ok bool) {
		return f.Known(httptest.NewRequest(method, path, nil))
	}
	names, ok := known(stock, http.MethodPost, "/hub/api/share-codes/ann/")
	require.True(t, ok)
	require.ElementsMatch(t, []string{"expires_in", "scopes"}, names)
	names, ok = known(ours, http.MethodPost, "/@/space%20word/hub/api/share-codes/ann/lab")
	require.True(t, ok)
	require.Contains(t, names, "max_uses")
	names, ok = known(stock, http.MethodDelete, "/hub/api/users/ann/servers/lab")
	require.True(t, ok)
	require.Equal(t, []string{"remove"}, names)
	for _, c := range [][2]string{{"POST", "/hub/api/users/ann/server"}, {"GET", "/hub/api/users/ann"}, {"POST", "/hub/login"}, {"PUT", "/hub/api/groups/g/properties"}} {
		_, ok = known(stock, c[0], c[1])
		require.False(t, ok, "%s %s takes anything, or nothing", c[0], c[1])
	}
}
