// Package house holds the test that keeps the packages of this repository in
// their places: who may import whom, and where a dependency may be used.
// Everything points down and nothing points up.
//
// It is no library, and nothing imports it. Its only content is the table in
// house_test.go, whose rows read like this:
//
//	{folder: "sharing/client", ours: nil, theirs: nil},          // the standard library alone
//	{folder: "sharing", ours: list("scopes", "internal"), …},    // and what lies below those
//
// A failure names the file and the import. The same table, as far as it can say
// it, is in .golangci.yml, where editors show it while one types.
package house
