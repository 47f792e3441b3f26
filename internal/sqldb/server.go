package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
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
	return &serverConn{conn.(*stdlib.Conn), c.sent}, nil
}

// serverConn is a connection to PostgreSQL by pgx's own adapter, which takes any text, counts statements, and whose transactions end for
// certain. database/sql lets one goroutine at a time use it.
type serverConn struct {
	*stdlib.Conn
	sent *atomic.Uint64
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

// ExecContext runs what gives no rows.
func (c *serverConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.sent.Add(1)
	result, err := c.Conn.ExecContext(ctx, query, args)
	return result, c.why(ctx, err)
}

// QueryContext runs what gives rows.
func (c *serverConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
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

// BeginTx begins a transaction whose beginning and end do not depend on ctx.
func (c *serverConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	own, end := context.WithCancel(context.WithoutCancel(ctx))
	late := time.AfterFunc(goodbye, end)
	defer late.Stop()
	tx, err := c.Conn.BeginTx(own, o)
	if err != nil {
		end()
		return nil, err
	}
	return serverTx{tx, end}, nil
}

// serverTx ends for certain: a commit is told to be done or not, whether or not its caller is still there.
type serverTx struct {
	driver.Tx
	end context.CancelFunc // of the context that pgx's adapter ends the transaction with
}

// Commit keeps everything.
func (t serverTx) Commit() error { return t.within(commitLimit, t.Tx.Commit) }

// Rollback takes everything back.
func (t serverTx) Rollback() error { return t.within(goodbye, t.Tx.Rollback) }

func (t serverTx) within(limit time.Duration, do func() error) error {
	defer t.end()
	late := time.AfterFunc(limit, t.end)
	defer late.Stop()
	return do()
}

// CheckNamedValue sees every argument on its way to the server. A visitor may send anything as a text, also what no text of PostgreSQL can
// hold; that must become a text that nothing matches or an odd-looking note, and no failure.
func (c *serverConn) CheckNamedValue(v *driver.NamedValue) (err error) {
	switch list := v.Value.(type) {
	case []int64:
		return nil
	case []string:
		texts := make([]string, len(list))
		for i, text := range list {
			texts[i] = storable(text)
		}
		v.Value = texts
		return nil
	}
	if v.Value, err = driver.DefaultParameterConverter.ConvertValue(v.Value); err != nil {
		return err
	}
	if text, ok := v.Value.(string); ok {
		v.Value = storable(text)
	}
	return nil
}

// storable replaces zero bytes and broken UTF-8 by U+FFFD.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
