// Package sqlstore keeps shares, grants and share codes in an SQL database: it is the [sharing.Store] of a hub that outlives its process.
//
// It works on SQLite, in a file or in memory, and on PostgreSQL, where many replicas may share one database. The tables hold the
// host's ids and refer to none of its tables, so they may stand in the host's own database or alone.
//
// It is no place for rules: who may share what is decided by [sharing.Service] before a call comes here. What is enforced here is what
// only a database can: one share for each server and grantee, each operation whole or not at all, and nothing left of what is gone (SH-5, SH-45).
//
// # A code that many follow at once
//
// All who exchange one code count in its one row, so they cannot but wait for each other. In one process they do so before the database: whoever
// comes first leads, and those who come meanwhile, 64 at most, go into the next transaction together. It reads what there is of all of them
// at once, decides in this program, writes everything at once, and takes the code's row last; each is answered by itself once all is committed.
// Several replicas wait for each other's rows, a transaction at a time.
//
//	store, err := sqlstore.Open(ctx, "sharing.db") // "" = in memory, postgres://… = a server
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	service := &sharing.Service{Store: store, Directory: hub, Registry: scopes.New(scopes.P55)}
package sqlstore
