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
// Measured on 2026-11-22 on a machine of 2 shared cores, each beside its floor in the same run, taken in turns; the least of several rounds. Durable means that the
// answer comes after the disk has it. The benchmarks are in sqlstore and httpapi; -bench.million fills the large store.
//
//	operation                                             measured       floor, in the same run                              ratio
//	accept, durable, in a file, one client                301 µs         a bare write and sync 178 + without sync 120 µs     1.01 (to 1.46)
//	the same, 32 clients at once                          19,100 /s      one client                                          5.8 (from 4.9)
//	the same, in memory, one client                       63 µs
//	one hot code on PostgreSQL, 8 clients                 7,420 /s       one that takes the code's row first, 1,650 /s       4.5
//	the same, every commit synced                         4,470 /s       the same way, 940 /s                                4.8
//	FindCode among 1,000, among 100,000 codes             11, 13 µs      one statement
//	200 of a server's 1,000 shares, 1,000,000 besides     1.6 ms         the same page of a store with 1,000                 1.14
//	a revocation heard by another replica, 99th of 100    1.8 ms         (PostgreSQL; within a second if the message is lost)
//
// A page costs one question to the store, of two statements, and three to the [Directory], however long it is and however much there is besides. An
// accept is one transaction; those that come for one code at the same time share it.
package sharing
