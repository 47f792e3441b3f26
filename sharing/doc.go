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
// Names are not keys: a share follows its server, owner and grantee when they are renamed, so there is nothing to call then. What else happens to them the
// host says: [Service.ServerRemoved], [Service.UserRemoved], [Service.GroupRemoved], [Service.ServerStopped]. It calls [Service.PurgeExpired] at start and then
// hourly; what has ended is over before that, and what is kept besides is the record of changes, for AuditAge.
//
// # Grants, and when they end
//
// A JupyterHub keeps one list of scopes for each share, so it cannot say where a scope came from, nor let it end. Here a share is a sum of [Grant] values, each
// with its origin, its time, who made it, and its end: never, at a time, when the server stops, or both. A share on the wire is their union, as it always was, and it
// is gone when none is left. That is what these rest on, none of which a JupyterHub has:
//
//   - [Terms] on a grant or a code: access that ends after a while, or with the session of the server.
//   - codes that can be used a number of times, by named users, by groups, by a domain of user names ([CodeRequest]), with a note on them.
//   - a code revoked together with the access that it gave, and with no other ([DeleteRequest]).
//   - who accepted which code, and when ([Service.ListByCode]); many grants at once ([Service.GrantMany]).
//
// What is granted never takes away: of two ends for the same scope from the same origin, the later one holds. A grant that ends by the clock changes answers
// without a write, so [Service.SharedScopes] says until when its answer holds.
//
// # Who is told
//
// Each mutation is one [Change]: a row written in the same transaction, with ids for programs and the names of that day for people, a log record, and a call of
// OnChange before the answer. Other processes on the same PostgreSQL or SQLite database hear of it by the Follow method of the store.
//
// [Quotas] bound what a script can do in somebody's name, and [Counters] tell a host's metrics what happens.
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
