package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The connections below carry pgx into database/sql. pgx has such an adapter, which brings its own pool along; this one brings none, ends
// a commit whose caller has left instead of leaving open how it ended, and takes any text.

const (
	// goodbye bounds how long closing a connection or rolling back may take.
	goodbye = 5 * time.Second
	// commitLimit bounds how long a commit may take. It does not end with the caller's context: half-way there is no knowing what became of it.
	commitLimit = time.Minute
	// unsure is after how long without use a connection is asked whether it is still one.
	unsure = time.Second
)

// connector opens connections to one server.
type connector struct{ config *pgx.ConnConfig }

// Connect opens one.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, c.config.Copy())
	if err != nil {
		return nil, err
	}
	return &serverConn{conn: conn, used: time.Now()}, nil
}

// Driver is asked for by database/sql, and never used.
func (c connector) Driver() driver.Driver { return c }

// Open makes a connector a driver; the address is the connector's.
func (c connector) Open(string) (driver.Conn, error) { return c.Connect(context.Background()) }

// serverConn is one connection. database/sql lets one goroutine at a time use it.
type serverConn struct {
	conn *pgx.Conn
	used time.Time // when it was last taken from the pool
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

// Close ends the connection.
func (c *serverConn) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	return c.conn.Close(ctx)
}

// Ping asks the server for a sign of life.
func (c *serverConn) Ping(ctx context.Context) error { return c.conn.Ping(ctx) }

// IsValid says whether the pool may keep it.
func (c *serverConn) IsValid() bool { return !c.conn.IsClosed() }

// ResetSession is called before each further use: one that died in the pool is replaced, and nobody sees it.
func (c *serverConn) ResetSession(ctx context.Context) error {
	const outside = 'I' // of any transaction
	if c.conn.IsClosed() || c.conn.PgConn().TxStatus() != outside {
		return driver.ErrBadConn
	}
	if time.Since(c.used) > unsure && c.conn.Ping(ctx) != nil {
		return driver.ErrBadConn
	}
	c.used = time.Now()
	return nil
}

// Begin is what database/sql would use if there were no BeginTx.
func (c *serverConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx knows the two isolation levels of this package.
func (c *serverConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if c.conn.IsClosed() {
		return nil, driver.ErrBadConn
	}
	var options pgx.TxOptions
	switch sql.IsolationLevel(o.Isolation) {
	case sql.LevelDefault:
	case sql.LevelReadCommitted:
		options.IsoLevel = pgx.ReadCommitted
	case sql.LevelRepeatableRead:
		options.IsoLevel = pgx.RepeatableRead
	default:
		return nil, fmt.Errorf("isolation level %s is not in use here", sql.IsolationLevel(o.Isolation))
	}
	if o.ReadOnly {
		options.AccessMode = pgx.ReadOnly
	}
	tx, err := c.conn.BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	return serverTx{tx}, nil
}

// Prepare gives what runs a text again and again; pgx keeps statements prepared by itself.
func (c *serverConn) Prepare(query string) (driver.Stmt, error) { return serverStmt{c, query}, nil }

// ExecContext runs what gives no rows.
func (c *serverConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	tag, err := c.conn.Exec(ctx, query, values(args)...)
	if err != nil {
		return nil, err
	}
	return driver.RowsAffected(tag.RowsAffected()), nil
}

// QueryContext runs what gives rows. The first is fetched at once: a statement that fails has failed by then.
func (c *serverConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.conn.Query(ctx, query, values(args)...)
	if err != nil {
		return nil, err
	}
	first := rows.Next()
	if err := rows.Err(); err != nil {
		rows.Close()
		return nil, err
	}
	return &serverRows{rows: rows, first: first}, nil
}

func values(args []driver.NamedValue) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		out[i] = arg.Value
	}
	return out
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

type serverTx struct{ tx pgx.Tx }

// Commit is told for certain: committed or not.
func (t serverTx) Commit() error {
	ctx, cancel := context.WithTimeout(context.Background(), commitLimit)
	defer cancel()
	return t.tx.Commit(ctx)
}

// Rollback takes everything back.
func (t serverTx) Rollback() error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	return t.tx.Rollback(ctx)
}

type serverStmt struct {
	conn  *serverConn
	query string
}

var (
	_ driver.StmtExecContext  = serverStmt{}
	_ driver.StmtQueryContext = serverStmt{}
)

// Close has nothing to do.
func (s serverStmt) Close() error { return nil }

// NumInput leaves counting to the server.
func (s serverStmt) NumInput() int { return -1 }

// ExecContext runs what gives no rows.
func (s serverStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.query, args)
}

// QueryContext runs what gives rows.
func (s serverStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.query, args)
}

// Exec is what database/sql would use if there were no ExecContext.
func (s serverStmt) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }

// Query is what database/sql would use if there were no QueryContext.
func (s serverStmt) Query([]driver.Value) (driver.Rows, error) { return nil, driver.ErrSkip }

type serverRows struct {
	rows  pgx.Rows
	first bool // whether there is a first row
	begun bool
}

// Columns are the names.
func (r *serverRows) Columns() []string {
	fields := r.rows.FieldDescriptions()
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

// Close gives up what was not read.
func (r *serverRows) Close() error {
	r.rows.Close()
	return r.rows.Err()
}

// Next reads one row.
func (r *serverRows) Next(dest []driver.Value) error {
	more := r.first
	if r.begun {
		more = r.rows.Next()
	}
	r.begun = true
	if !more {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	row, err := r.rows.Values()
	if err != nil {
		return err
	}
	for i, v := range row {
		if dest[i], err = driver.DefaultParameterConverter.ConvertValue(v); err != nil {
			return fmt.Errorf("column %d of the result: %w", i+1, err)
		}
	}
	return nil
}
