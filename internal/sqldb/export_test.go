package sqldb

import (
	"context"
	"database/sql"
)

// Waiting is how many wait for a turn to write.
func (db *DB) Waiting() int {
	db.queue.mu.Lock()
	defer db.queue.mu.Unlock()
	return len(db.queue.waiting)
}

// Kept is how many statements the one connection for writing keeps.
func (db *DB) Kept(ctx context.Context) (n int, err error) {
	return n, db.withConn(ctx, func(conn *sql.Conn) error {
		return conn.Raw(func(c any) error { n = len(c.(*lite).idle); return nil })
	})
}

// KeptAtMost is how many it may keep.
const KeptAtMost = kept

// Become replaces a database in memory by a copy of another.
func (db *DB) Become(ctx context.Context, other *DB) error {
	var content []byte
	err := other.withConn(ctx, func(conn *sql.Conn) error {
		return conn.Raw(func(c any) (err error) { content, err = c.(copier).Serialize(); return err })
	})
	if err != nil {
		return err
	}
	return db.withConn(ctx, func(conn *sql.Conn) error {
		return conn.Raw(func(c any) error { return c.(copier).Deserialize(content) })
	})
}
