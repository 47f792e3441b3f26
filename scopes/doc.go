// Package scopes is the permission model of a hub: what a scope string means, what holding one
// implies, and whether a set of them allows an action on a resource. It answers as a JupyterHub does
// (rules SC-… in RULES.md), and does nothing else: no I/O, no clock, no logger, and only the standard library.
//
// # Vocabulary
//
// A scope is written base, or base!kind=name. The base names an action ("read:users", "shares"), the filter limits it
// to one user, server, group or service. A filter without a name is a shorthand ("!user", "!server", "!service") that is
// resolved against the [Owner] who holds it and the [Client] it was issued to. A server is named "owner/name"; the
// default server of alice is "alice/".
//
// Raw scopes, as people write them in roles and tokens, are values of type [Scope]. [Registry.Expand] turns them into
// a [Set], in which every implied scope is listed. Checks are made against sets only, so nothing is inferred while checking (SC-4).
//
// # What does shares!user give me?
//
// For alice it expands to shares, access:servers, read:shares, users:shares, read:users:shares, groups:shares and
// read:groups:shares, each filtered to user alice: she may grant, list and revoke access to every server of hers.
// It gives neither the right to start servers nor to read the names of others (see the example of [Registry.Expand]).
//
// # In use
//
//	reg := scopes.New(scopes.P55)
//	raw, err := scopes.ParseAll([]string{"self", "shares!user"})
//	if err != nil { … }
//	held := reg.Held(scopes.Owner{Kind: "user", Name: "alice"}, raw, nil)
//	if held.Allows("shares", scopes.Server("alice", ""), nil) { … }
//
// All values are immutable and safe for concurrent use. The zero [Set] denies everything.
package scopes
