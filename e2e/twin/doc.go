// Package twin holds a simulated hub against a real one: its tests walk the same requests, over 430, through both and compare every
// answer. What a real JupyterHub answered is stored in testdata, so the comparison needs no Python; where Python is to be had, the tests
// also see that the stored answers are still those of the pinned release. A difference is either mended or listed with its rule and its
// reason in testdata/differences.json: one that is not listed fails, and so does a listed one that no longer occurs.
//
// After a new release was pinned in e2e/realhub:
//
//	go test ./e2e/twin -update
package twin
