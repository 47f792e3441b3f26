package refstore_test

import (
	"testing"

	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/internal/refstore"
	"github.com/hubshare/hubshare/sharing/storetest"
)

// TestStore: what others are compared with keeps the rules itself.
func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) sharing.Store { return refstore.New() })
}
