package changelog

import "github.com/hubshare/hubshare/internal/sqldb"

// FirstStep is the migration that the oldest databases have had.
func FirstStep(d sqldb.Dialect) []string {
	if d == sqldb.PostgreSQL {
		return postgresSteps[:1]
	}
	return sqliteSteps[:1]
}
