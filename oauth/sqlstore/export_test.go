package sqlstore

import "github.com/hubshare/hubshare/internal/sqldb"

// Steps are the migrations, for tests that stop on the way.
func Steps(d sqldb.Dialect) []string { return migrations(d) }
