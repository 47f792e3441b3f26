package sqldb

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ErrNoListening tells that this engine has no notifications: whoever wants news of other processes must look for it.
var ErrNoListening = errors.New("only PostgreSQL tells of changes")

// Listener is a connection of its own that hears NOTIFY on one channel. It is for one goroutine at a time.
type Listener struct{ conn *pgx.Conn }

// Listen opens a connection that hears what is sent to a channel from now on. ErrNoListening on SQLite.
func (db *DB) Listen(ctx context.Context, channel string) (*Listener, error) {
	if db.dialect != PostgreSQL {
		return nil, ErrNoListening
	}
	conn, err := pgx.ConnectConfig(ctx, db.server.Copy())
	if err != nil {
		return nil, unreachable(db.server, err)
	}
	l := &Listener{conn}
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return nil, errors.Join(fmt.Errorf("listen to %s: %w", channel, err), l.Close())
	}
	return l, nil
}

// Wait returns nil once something was sent since the last Wait, however often. It ends with ctx, after which the listener still works;
// any other error means that it is lost and must be closed.
func (l *Listener) Wait(ctx context.Context) error {
	if _, err := l.conn.WaitForNotification(ctx); err != nil {
		if ctx.Err() != nil && !l.conn.IsClosed() {
			return ctx.Err()
		}
		return fmt.Errorf("listen: %w", err)
	}
	// What arrived together needs one look, not one each.
	done, cancel := context.WithCancel(ctx)
	cancel()
	for {
		if _, err := l.conn.WaitForNotification(done); err != nil {
			return nil
		}
	}
}

// Close ends the connection.
func (l *Listener) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if err := l.conn.Close(ctx); err != nil {
		return fmt.Errorf("stop listening: %w", err)
	}
	return nil
}
