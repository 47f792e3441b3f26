// Package sqltest does to a database what only a benchmark may.
//
//	db, err := sqldb.Open(b.Context(), filepath.Join(b.TempDir(), "hub.db"))
//	require.NoError(b, err)
//	sqltest.Unsync(b, db)
//
// Nothing that keeps anything imports it: a database that waits for no disk loses what it has said it holds.
package sqltest
