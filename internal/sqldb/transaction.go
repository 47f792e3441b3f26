package sqldb

import (
	"context"
	"database/sql"
	"fmt"
)

// Write runs fn in a transaction that may change the database, and commits it
// unless fn returns an error, which Write then returns as it is. Writers run
// one after the other. fn must use tx alone: a Write or Read inside fn waits
// for fn itself, until ctx ends.
func (db *DB) Write(ctx context.Context, fn func(*sql.Tx) error) error {
	if db.memory {
		db.mu.Lock()
		db.lineage = ""
		db.mu.Unlock()
	}
	return write(ctx, db.writer, fn)
}

func write(ctx context.Context, pool beginner, fn func(*sql.Tx) error) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	defer rollback(tx) // does nothing after the commit; matters when fn panics
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// beginner is a pool or one connection of it.
type beginner interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// Read runs fn in a transaction that sees one state of the database throughout
// and is rolled back in the end, so that nothing fn may write stays. Readers of
// a file neither wait for writers nor hold them up. As with Write, fn must use
// tx alone; read all rows of a query before the next.
func (db *DB) Read(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := db.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	defer rollback(tx)
	return fn(tx)
}

// rollback can only fail when the transaction is over or its connection gone;
// either way nothing stays written.
func rollback(tx *sql.Tx) { _ = tx.Rollback() }
