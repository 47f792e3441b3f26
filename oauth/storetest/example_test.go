package storetest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/sqlstore"
	"github.com/hubshare/hubshare/oauth/storetest"
)

// The whole test of a store. The one here is of sqlstore; with a store of your own, open that instead.
func Example() {
	TestStore := func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) oauth.Store {
			store, err := sqlstore.Open(t.Context(), "") // a new, empty one each time
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			return store
		})
	}
	_ = TestStore // go test finds and runs it
}
