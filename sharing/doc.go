// Package sharing lets the users of a hub share their servers: with a user or a group by name, or by handing out a code that whoever gets it may
// exchange for a share. It keeps the laws of a JupyterHub's user-initiated sharing (rules SH-… in RULES.md).
//
// It is not a hub and knows no HTTP. Users, groups and servers, and who may do what by their roles, are the host's; they are looked up through a
// [Directory], and a [Caller] brings the scopes that they hold. The HTTP side is package httpapi, a store is package sqlstore.
//
// # Vocabulary
//
// The owner's server is shared with a grantee, a user or a group. A share is what one grantee may do on one server, as scopes; it is the
// union of its grants: the direct one, and one for each code that was exchanged. A share code is a secret that gives a share to every user who
// exchanges it until it expires. Revoking takes scopes from a share, leaving is revoking on one's own behalf.
//
// # In use
//
//	service := &sharing.Service{Store: store, Directory: hub, Registry: scopes.New(scopes.P55)}
//	code, secret, err := service.CreateCode(ctx, alice, sharing.CodeRequest{Server: sharing.ServerName{Owner: "alice"}})
//	…
//	share, err := service.Exchange(ctx, bob, secret)
//	…
//	held, until, err := service.SharedScopes(ctx, bob.ID) // what the host adds to bob's scopes
//
// Names are not keys: a share follows its server, owner and grantee when they are renamed, so there is nothing to call then. When they are deleted,
// the host says so to [Service.ServerRemoved] and its fellows.
//
// # What it costs
//
// Measured on 2026-11-21 on a machine of 2 cores that others were using at the same time: the least of six runs, in brackets of one. Durable means
// that the answer comes after the disk has it. The benchmarks print the cost of a bare write beside it, and -bench.million adds the last column:
//
//	                                                    rows in the store
//	                                              1,000     100,000   1,000,000
//	look a code up (FindCode)                     34 µs       40 µs     (24 µs)
//	GET 200 of a server's 1,000 shares           2.3 ms      2.6 ms    (3.0 ms)
//
//	take up a code (BenchmarkAccept), one visitor after the other
//	  in a file, durable                        0.54 ms
//	  in a file, without waiting for the disk   0.35 ms
//	  in memory                                 0.28 ms
//	  a bare write of 4 KiB and sync            0.27 ms
//
// A page costs one question to the store and three to the [Directory], however long it is and however much there is besides.
package sharing
