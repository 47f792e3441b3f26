package sqltest

import (
	"database/sql"
	"testing"

	"github.com/hubshare/hubshare/internal/sqldb"
)

// Unsync makes a SQLite database wait for no disk from now on, which shows what the disk costs. Nothing else is to write meanwhile: the one
// connection that does is taken out of its transaction for as long as the setting takes.
func Unsync(tb testing.TB, db *sqldb.DB) {
	tb.Helper()
	err := db.Write(tb.Context(), func(tx *sql.Tx) error {
		for _, text := range []string{`COMMIT`, `PRAGMA synchronous=OFF`, `BEGIN IMMEDIATE`} {
			if _, err := tx.ExecContext(tb.Context(), text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatalf("switch off waiting for the disk: %v", err)
	}
	if level := synchronous(tb, db); level != 0 {
		tb.Fatalf("the database still waits for the disk: synchronous is %d", level)
	}
}

// synchronous is how far writing waits for the disk: 0 = not at all, 2 = until it has it.
func synchronous(tb testing.TB, db *sqldb.DB) (level int) {
	tb.Helper()
	err := db.Write(tb.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(tb.Context(), `PRAGMA synchronous`).Scan(&level)
	})
	if err != nil {
		tb.Fatalf("ask whether the database waits for the disk: %v", err)
	}
	return level
}
