// Package storetest checks that a [sharing.Store] keeps its promises: the laws of granting and revoking, what expires when, what is left when
// something is forgotten, and that operations made at the same time end as if made one after the other (SH-45).
//
// It is a test suite, exported so that whoever writes a store of their own can run it; it contains no store.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) sharing.Store {
//			store, err := mystore.Open(t.Context(), t.TempDir())
//			require.NoError(t, err)
//			t.Cleanup(func() { _ = store.Close() })
//			return store
//		})
//	}
package storetest
