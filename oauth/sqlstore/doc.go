// Package sqlstore keeps OAuth clients, codes and tokens in a SQL database: SQLite for one process, PostgreSQL for many replicas.
//
// It enforces what [oauth.Store] promises about single transactions, and no other rule: what a token may do, who may have one
// and what a refusal says is decided in package oauth. It has no users and no servers either: it stores the host's stable ids, without foreign
// keys, and learns of deletions and renames through the methods for them.
//
//	store, err := sqlstore.Open(ctx, "hub.db") // "" = in memory, postgres://… = a server
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	provider, err := oauth.New(oauth.Config{Store: store, Host: host, Registry: scopes.New(scopes.P55)})
//
// Secrets are stored as hashes alone; times as whole microseconds.
package sqlstore
