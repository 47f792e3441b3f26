package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// goodbye bounds how long a transaction may take to begin or to be taken back, and a connection to close.
	goodbye = 5 * time.Second
	// commitLimit bounds how long a commit may take. It does not end with the caller's context: half-way there is no knowing what became of it.
	commitLimit = time.Minute
)

// serverConnector opens connections that are a serverConn.
type serverConnector struct {
	driver.Connector
	sent *atomic.Uint64
}

func newServerConnector(config *pgx.ConnConfig, sent *atomic.Uint64) driver.Connector {
	return serverConnector{stdlib.GetConnector(*config), sent}
}

// Connect opens one.
func (c serverConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &serverConn{Conn: conn.(*stdlib.Conn), sent: c.sent}, nil
}

// serverConn is a connection to PostgreSQL by pgx's own adapter, which takes any text, counts statements, and whose transactions end for
// certain. database/sql lets one goroutine at a time use it.
type serverConn struct {
	*stdlib.Conn
	sent  *atomic.Uint64
	begin string // what begins the transaction, as long as nothing was sent
	news  string // the channel to be told after the commit; "" = none
}

var (
	_ driver.ConnBeginTx       = (*serverConn)(nil)
	_ driver.ExecerContext     = (*serverConn)(nil)
	_ driver.QueryerContext    = (*serverConn)(nil)
	_ driver.NamedValueChecker = (*serverConn)(nil)
	_ driver.SessionResetter   = (*serverConn)(nil)
	_ driver.Validator         = (*serverConn)(nil)
	_ driver.Pinger            = (*serverConn)(nil)
)

// IsValid says whether the pool may keep it.
func (c *serverConn) IsValid() bool { return !c.Conn.Conn().IsClosed() }

// ExecContext runs what gives no rows, and a Batch.
func (c *serverConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if b, ok := batchIn(args); ok {
		return driver.ResultNoRows, c.why(ctx, c.batch(ctx, b))
	}
	if err := c.begun(ctx); err != nil {
		return nil, err
	}
	c.sent.Add(1)
	result, err := c.Conn.ExecContext(ctx, query, args)
	return result, c.why(ctx, err)
}

// QueryContext runs what gives rows.
func (c *serverConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.begun(ctx); err != nil {
		return nil, err
	}
	c.sent.Add(1)
	rows, err := c.Conn.QueryContext(ctx, query, args)
	return rows, c.why(ctx, err)
}

// why gives the caller's own reason for a statement that was never sent, which pgx's adapter takes for a lost connection.
func (c *serverConn) why(ctx context.Context, err error) error {
	if errors.Is(err, driver.ErrBadConn) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// begun sends what begins the transaction, unless that was sent.
func (c *serverConn) begun(ctx context.Context) error {
	if c.begin == "" {
		return nil
	}
	text := c.begin
	c.begin = ""
	_, err := c.Conn.Conn().Exec(ctx, text)
	return err
}

// BeginTx begins a transaction whose end does not depend on ctx. One that writes begins with its first statement, in one round trip if
// that is a Batch.
func (c *serverConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	c.begin, c.news = "begin", ""
	switch sql.IsolationLevel(o.Isolation) {
	case sql.LevelDefault:
	case sql.LevelReadCommitted:
		c.begin += " isolation level read committed"
	case sql.LevelRepeatableRead:
		c.begin += " isolation level repeatable read"
	default:
		return nil, fmt.Errorf("a transaction that is %v", sql.IsolationLevel(o.Isolation))
	}
	if !o.ReadOnly {
		return serverTx{c}, nil
	}
	c.begin += " read only"
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer end()
	if err := c.begun(ctx); err != nil {
		if c.Conn.Conn().IsClosed() {
			return nil, driver.ErrBadConn // and the pool tries another
		}
		return nil, err
	}
	return serverTx{c}, nil
}

// serverTx ends for certain: a commit is told to be done or not, whether or not its caller is still there.
type serverTx struct{ conn *serverConn }

// Commit keeps everything, and tells of it.
func (t serverTx) Commit() error {
	if t.conn.begin != "" {
		return t.Rollback() // of nothing
	}
	ctx, end := context.WithTimeout(context.Background(), commitLimit)
	defer end()
	var all pgx.Batch
	all.Queue("commit")
	if t.conn.news != "" {
		// Behind the commit, not within. That stands whatever becomes of this, and who listens looks for themselves from time to time.
		all.Queue(`SELECT pg_notify($1, '')`, t.conn.news)
	}
	results := t.conn.Conn.Conn().SendBatch(ctx, &all)
	tag, err := results.Exec()
	_ = results.Close()
	if err == nil && tag.String() == "ROLLBACK" {
		err = pgx.ErrTxCommitRollback
	}
	return err
}

// Rollback takes everything back.
func (t serverTx) Rollback() error {
	if t.conn.begin != "" {
		t.conn.begin = ""
		return nil
	}
	ctx, end := context.WithTimeout(context.Background(), goodbye)
	defer end()
	_, err := t.conn.Conn.Conn().Exec(ctx, "rollback")
	if err != nil {
		// Whatever state it is in, nobody may go on with it.
		err = errors.Join(err, t.conn.Conn.Conn().Close(ctx))
	}
	return err
}

// CheckNamedValue sees every argument on its way to the server.
func (c *serverConn) CheckNamedValue(v *driver.NamedValue) (err error) {
	if _, ok := v.Value.(*Batch); ok {
		return nil // its arguments are seen to when it is sent
	}
	v.Value, err = sendable(v.Value)
	return err
}

// sendable is an argument as the server takes it. A visitor may send anything as a text, also what no text of PostgreSQL can
// hold; that must become a text that nothing matches or an odd-looking note, and no failure.
func sendable(v any) (any, error) {
	switch list := v.(type) {
	case []int64:
		return list, nil
	case []string:
		texts := make([]string, len(list))
		for i, text := range list {
			texts[i] = storable(text)
		}
		return texts, nil
	}
	value, err := driver.DefaultParameterConverter.ConvertValue(v)
	if text, ok := value.(string); ok {
		return storable(text), err
	}
	return value, err
}

// storable replaces zero bytes and broken UTF-8 by U+FFFD.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
