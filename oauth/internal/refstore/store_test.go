package refstore_test

import (
	"testing"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/refstore"
	"github.com/hubshare/hubshare/oauth/storetest"
)

func TestConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) oauth.Store { return refstore.New() })
}
