// Package e2e holds the browser scenarios: real hubs, real pages, a real
// browser. It has tests alone; what they are made of is in e2e/browser and
// e2e/scenario, for use in tests of your own.
//
//	go test ./e2e
package e2e
