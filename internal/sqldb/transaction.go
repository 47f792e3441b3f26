package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// Write runs fn in a transaction that may change the database, and commits it
// unless fn returns an error, which Write then returns as it is. Writers run
// one after the other, those of other replicas too. fn must use tx alone: a
// Write or Read inside fn may wait for fn itself, until ctx ends.
//
// Once ctx has ended fn is not begun any more, its statements are refused, and
// what it did is taken back; but a commit that is under way comes to its end,
// and Write tells how it went. On a file it may be one for several writers, so
// the answer can take as long as the others' fn do.
//
// fn must be repeatable: on PostgreSQL it runs again, ten times at most, when
// the engine broke a deadlock at its cost. Nothing it did in the database is
// left then; what it sets outside it must set anew.
func (db *DB) Write(ctx context.Context, fn func(*sql.Tx) error) error {
	switch {
	case db.dialect == PostgreSQL:
		return db.writeLocked(ctx, alone(), fn)
	case db.memory != nil:
		db.mu.Lock()
		db.lineage = ""
		db.mu.Unlock()
		return db.withConn(ctx, func(conn *sql.Conn) error { return write(ctx, conn, nil, fn) })
	default:
		return db.queue.write(ctx, fn)
	}
}

// withConn takes a connection for writing out of the pool as long as do lasts.
func (db *DB) withConn(ctx context.Context, do func(*sql.Conn) error) error {
	conn, err := db.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	defer func() { _ = conn.Close() }() // back to the pool; cannot fail in a way that matters here
	return do(conn)
}

// WriteAbout is Write for a change that is about something: it may run beside
// others that have no name in common with it, and never beside a Write. Names
// are the caller's, such as "share with u7"; none at all is fine for a change
// whose statements already get along with any other. On SQLite it is Write.
func (db *DB) WriteAbout(ctx context.Context, names []string, fn func(*sql.Tx) error) error {
	if db.dialect == PostgreSQL {
		return db.writeLocked(ctx, beside(names), fn)
	}
	return db.Write(ctx, fn)
}

// attempts bounds how often a transaction runs that is the victim of deadlocks.
const attempts = 10

func (db *DB) writeLocked(ctx context.Context, l locks, fn func(*sql.Tx) error) error {
	// One connection for all attempts: one that waits again for its turn in the pool could wait for ever.
	return db.withConn(ctx, func(conn *sql.Conn) error {
		for attempt := 1; ; attempt++ {
			err := write(ctx, conn, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, func(tx *sql.Tx) error {
				if err := l.take(ctx, tx); err != nil {
					return fmt.Errorf("begin to write: %w", err)
				}
				return fn(tx)
			})
			if attempt == attempts || !again(err) {
				return err
			}
		}
	})
}

// again tells the errors that PostgreSQL gives to a transaction that did nothing wrong, and for certain did nothing.
func again(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01") // serialization failure, deadlock
}

// write is a transaction on one connection. It does not end with ctx by itself, in the middle of something: ctx is looked at where it may end.
func write(ctx context.Context, conn *sql.Conn, options *sql.TxOptions, fn func(*sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), options)
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	defer rollback(tx) // does nothing after the commit; matters when fn panics
	if err := fn(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Read runs fn in a transaction that sees one state of the database throughout
// and is rolled back in the end, so that nothing fn may write stays. Readers of
// a file or of PostgreSQL neither wait for writers nor hold them up. As with
// Write, fn must use tx alone; read all rows of a query before the next.
func (db *DB) Read(ctx context.Context, fn func(*sql.Tx) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if db.dialect == PostgreSQL {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.reader.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	defer rollback(tx)
	return fn(tx)
}

// Look runs a Batch of one statement, which reads, with a look of its own at the database: on SQLite that needs no transaction around it,
// which costs as much again.
func (db *DB) Look(ctx context.Context, b *Batch) error {
	if db.dialect == PostgreSQL {
		return db.Read(ctx, func(tx *sql.Tx) error { return b.Run(ctx, tx) }) // which begins anew on another connection if that one is gone
	}
	_, err := db.reader.ExecContext(ctx, "batch", b)
	return err
}

// rollback can only fail when the transaction is over or its connection gone;
// either way nothing stays written.
func rollback(tx *sql.Tx) { _ = tx.Rollback() }
