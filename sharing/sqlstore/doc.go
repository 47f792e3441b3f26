// Package sqlstore keeps shares, grants and share codes in an SQL database: it is the [sharing.Store] of a hub that outlives its process.
//
// It works on SQLite, in a file or in memory, and on PostgreSQL, where many replicas may share one database. The tables hold the host's ids and refer to none of its tables, so they may
// stand in the host's own database or alone.
//
// It is no place for rules: who may share what is decided by [sharing.Service] before a call comes here. What is enforced here is what
// only a database can: one share for each server and grantee, each operation whole or not at all, and nothing left of what is gone (SH-5, SH-45).
//
//	store, err := sqlstore.Open(ctx, "sharing.db") // "" = in memory, postgres://… = a server
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	service := &sharing.Service{Store: store, Directory: hub, Registry: scopes.New(scopes.P55)}
package sqlstore
