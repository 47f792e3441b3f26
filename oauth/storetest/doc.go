// Package storetest is the conformance suite of [oauth.Store]: what the interface promises, as tests. Whoever writes a store of their
// own runs it on that.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) oauth.Store { return mystore.New(t.TempDir()) })
//	}
//
// It asks nothing of a store but the interface, and contains no store.
package storetest
