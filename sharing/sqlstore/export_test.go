package sqlstore

import "github.com/hubshare/hubshare/internal/sqldb"

// FirstStep is the migration that the oldest databases have had.
func FirstStep(d sqldb.Dialect) []string { return migrations(d)[:1] }

// Waiting is how many wait behind one who exchanges a code with this prefix.
func (s *Store) Waiting(prefix string) int {
	s.exchanges.mu.Lock()
	defer s.exchanges.mu.Unlock()
	return len(s.exchanges.waiting[prefix])
}
