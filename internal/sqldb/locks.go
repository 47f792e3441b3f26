package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
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
	first := "pg_advisory_xact_lock($1)"
	if l.shared {
		first = "pg_advisory_xact_lock_shared($1)"
	}
	all, args := []string{first}, []any{key(whole)}
	for i, k := range l.keys {
		all, args = append(all, fmt.Sprintf("pg_advisory_xact_lock($%d)", i+2)), append(args, k)
	}
	_, err := tx.ExecContext(ctx, "SELECT "+strings.Join(all, ", "), args...)
	return err
}
