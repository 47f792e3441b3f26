package sqldb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"sync/atomic"
)

// kept is how many prepared statements a connection to SQLite keeps at most: several times what all stores of a hub have.
const kept = 256

// engine is what we use of a connection of SQLite's driver.
type engine interface {
	driver.Conn
	driver.SessionResetter
	driver.Validator
	copier
}

// prepared is what we use of its statements.
type prepared interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// liteConnector opens connections that are lite.
type liteConnector struct {
	driver.Connector
	dsn  string
	sent *atomic.Uint64
}

// Connect opens one.
func (c liteConnector) Connect(ctx context.Context) (driver.Conn, error) { return c.connect(ctx, nil) }

// connect opens one to a new database in memory that begins with an image, if there is one.
func (c liteConnector) connect(ctx context.Context, from *image) (conn driver.Conn, err error) {
	if from == nil {
		conn, err = c.Connector.Connect(ctx)
	} else {
		conn, err = from.open(c.dsn)
	}
	if err != nil {
		return nil, err
	}
	return &lite{engine: conn.(engine), sent: c.sent, idle: map[string]prepared{}}, nil
}

// lite is a connection to SQLite. It prepares a text once and keeps the statement, since preparing costs more than most statements do; it has
// savepoints stand in for transactions where several share one; and it takes no interruption: an interrupted statement may take the whole
// transaction with it, in which others have a part, and none here is long. Like any connection it is for one goroutine at a time.
type lite struct {
	engine
	sent *atomic.Uint64
	// idle holds statements by their text. One that is in use is not among them, so that a second use of the text meanwhile makes a second.
	idle   map[string]prepared
	args   []driver.NamedValue // of a statement of a Batch, for as long as it runs
	open   bool                // a transaction is
	shared bool                // and each that begins now is a part of it
	lost   error               // it is not any more, and this is why
}

var (
	_ driver.ConnBeginTx       = (*lite)(nil)
	_ driver.ExecerContext     = (*lite)(nil)
	_ driver.QueryerContext    = (*lite)(nil)
	_ driver.NamedValueChecker = (*lite)(nil)
)

// uninterrupted is the context of all that the driver does. It would start a goroutine for each statement of a context that can end.
var uninterrupted = context.Background()

// CheckNamedValue lets a Batch through.
func (c *lite) CheckNamedValue(v *driver.NamedValue) error {
	if _, ok := v.Value.(*Batch); ok {
		return nil
	}
	return driver.ErrSkip // as it is done without this
}

// ExecContext runs what gives no rows, and a Batch.
func (c *lite) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if b, ok := batchIn(args); ok {
		return driver.ResultNoRows, c.batch(ctx, b)
	}
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(uninterrupted, args)
	c.put(query, s, err)
	return result, err
}

// QueryContext runs what gives rows.
func (c *lite) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(uninterrupted, args)
	if err != nil {
		c.put(query, s, err)
		return nil, err
	}
	return &liteRows{Rows: rows, conn: c, query: query, from: s}, nil
}

// liteRows give their statement back when they are closed.
type liteRows struct {
	driver.Rows
	conn  *lite
	query string
	from  prepared
}

// Close gives up what was not read.
func (r *liteRows) Close() error {
	err := r.Rows.Close()
	r.conn.put(r.query, r.from, err)
	return err
}

// take gives a statement that nobody else uses, for a text that a caller sends.
func (c *lite) take(ctx context.Context, query string) (prepared, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.lost != nil {
		return nil, c.lost
	}
	c.sent.Add(1)
	return c.prepare(query)
}

func (c *lite) prepare(query string) (prepared, error) {
	if s, ok := c.idle[query]; ok {
		delete(c.idle, query)
		return s, nil
	}
	text, places := withoutNames(query)
	s, err := c.engine.Prepare(text)
	if err != nil {
		return nil, err
	}
	if places == nil {
		return s.(prepared), nil
	}
	return &nameless{prepared: s.(prepared), places: places, args: make([]driver.NamedValue, len(places))}, nil
}

// put takes a statement back. err is how its use ended.
func (c *lite) put(query string, s prepared, err error) {
	if err != nil {
		_ = s.Close() // says again what err says
		c.afterwards(err)
		return
	}
	if _, ok := c.idle[query]; ok {
		_ = s.Close() // a second one was needed for once
		return
	}
	if len(c.idle) == kept {
		for other, old := range c.idle { // any one; which will be needed next is not known
			delete(c.idle, other)
			_ = old.Close()
			break
		}
	}
	c.idle[query] = s
}

// afterwards looks whether the transaction still is one. With some errors, such as that of a full disk, SQLite takes all of it back by itself;
// what came after would stand alone, and be kept whatever became of the rest.
func (c *lite) afterwards(cause error) {
	if !c.open || c.lost != nil || c.run("BEGIN") != nil { // which is refused inside of one
		return
	}
	c.lost = fmt.Errorf("the transaction was taken back: %w", cause)
	_ = c.run("ROLLBACK") // of nothing
}

// run is for the words of transactions.
func (c *lite) run(query string) error {
	s, err := c.prepare(query)
	if err != nil {
		return err
	}
	if _, err = s.ExecContext(uninterrupted, nil); err != nil {
		_ = s.Close() // says again what err says
		return err
	}
	c.put(query, s, nil)
	return nil
}

// BeginTx begins a transaction, or a part of the one that is shared.
func (c *lite) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.shared {
		if c.lost != nil {
			return nil, c.lost
		}
		return litePart{c}, c.run("SAVEPOINT part")
	}
	if o.ReadOnly {
		return liteTx{c}, c.begin("BEGIN")
	}
	return liteTx{c}, c.begin("BEGIN IMMEDIATE") // or what it reads first might be old when it comes to write
}

func (c *lite) begin(text string) error {
	err := c.run(text)
	c.open, c.lost = err == nil, nil
	return err
}

// beginShared begins a transaction that those who begin one until endShared have a part in.
func (c *lite) beginShared() error {
	err := c.begin("BEGIN IMMEDIATE")
	c.shared = err == nil
	return err
}

// endShared commits what all of them did.
func (c *lite) endShared() error {
	c.shared = false
	return liteTx{c}.Commit()
}

// liteTx is a transaction.
type liteTx struct{ conn *lite }

// Commit keeps all of it, or nothing.
func (t liteTx) Commit() error {
	err := t.conn.lost
	if err == nil {
		err = t.conn.run("COMMIT")
	}
	if err != nil {
		_ = t.Rollback() // of what may be gone already
	}
	t.conn.open, t.conn.lost = false, nil
	return err
}

// Rollback takes all of it back.
func (t liteTx) Rollback() error {
	t.conn.open, t.conn.lost = false, nil
	return t.conn.run("ROLLBACK")
}

// litePart is a transaction within a shared one.
type litePart struct{ conn *lite }

// Commit makes it one with the rest.
func (t litePart) Commit() error {
	err := t.conn.lost
	if err == nil {
		err = t.conn.run("RELEASE part")
	}
	if err != nil {
		_ = t.Rollback() // or marks the rest as lost
	}
	return err
}

// Rollback takes this part back, and leaves the rest.
func (t litePart) Rollback() error {
	if t.conn.lost != nil {
		return t.conn.lost
	}
	err := t.conn.run("ROLLBACK TO part")
	if err == nil {
		err = t.conn.run("RELEASE part")
	}
	if err != nil {
		t.conn.lost = fmt.Errorf("take a part of a transaction back: %w", err)
	}
	return err
}

// Deserialize replaces the whole database. What was prepared for another could take this one for it.
func (c *lite) Deserialize(content []byte) error {
	c.forget()
	return c.engine.Deserialize(content)
}

// Close ends the connection.
func (c *lite) Close() error {
	c.forget()
	return c.engine.Close()
}

func (c *lite) forget() {
	for _, s := range c.idle {
		_ = s.Close() // what it was is all the same now
	}
	clear(c.idle)
}
