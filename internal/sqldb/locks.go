package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"slices"
)

// locks are PostgreSQL's advisory locks, held to the end of the transaction: that on the whole, which Write has alone and WriteAbout
// shares, and one for each name. A name whose number is another's by chance only waits where it need not.
type locks struct {
	shared bool
	keys   []int64 // sorted, each once: who takes several in one order waits for nobody who waits for them
}

// whole is the name of the lock on everything. The separator keeps it apart from any caller's name.
const whole = "hubshare\x00whole"

func alone() locks { return locks{} }

func beside(names []string) locks {
	l := locks{shared: true}
	for _, name := range names {
		l.keys = append(l.keys, key("hubshare name "+name))
	}
	slices.Sort(l.keys)
	l.keys = slices.Compact(l.keys)
	return l
}

// key is what PostgreSQL calls a lock by. Other programs in one database choose theirs as they like, so ours are spread thin.
func key(name string) int64 {
	sum := sha256.Sum256([]byte(name))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// take waits for all of them, in one statement: that of the whole first, then the names.
func (l locks) take(ctx context.Context, tx *sql.Tx) error {
	var b Batch // which begins the transaction as well
	if l.shared {
		// One text for any number of names. The server begins with the first column, and goes through the names as they are sorted.
		b.Add(nil, `SELECT pg_advisory_xact_lock_shared($1), (SELECT count(pg_advisory_xact_lock(name)) FROM unnest($2::bigint[]) AS name)`,
			key(whole), PostgreSQL.Integers(l.keys))
	} else {
		b.Add(nil, `SELECT pg_advisory_xact_lock($1)`, key(whole))
	}
	return b.Run(ctx, tx)
}
