package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Batch is statements none of which needs what another gives. PostgreSQL gets them all at once, so that they take the time of one: what a
// statement costs there is mostly the way to the server and back, and others may be waiting for a row meanwhile. The zero Batch is empty.
type Batch struct {
	steps   []step
	channel string
}

type step struct {
	query  string
	args   []any
	row    func(Row) error // for each one; nil = nobody wants to know
	id     *int64          // of what is inserted
	column string          // that id is in
	count  *int64          // of what is changed
}

// Add puts a statement behind the others, in whose order it will run. into is set to the integer in the first row that the statement
// gives, as by RETURNING, and is left alone when there is none; nil = nobody wants to know.
func (b *Batch) Add(into *int64, query string, args ...any) {
	if into == nil {
		b.Rows(nil, query, args...)
		return
	}
	b.Rows(func(r Row) error { return r.Scan(into) }, query, args...)
}

// Rows is Add for a statement that gives rows: row is called for each while they run.
func (b *Batch) Rows(row func(Row) error, query string, args ...any) {
	b.steps = append(b.steps, step{query: query, args: args, row: row})
}

// Insert adds an INSERT of one row at most. id is set to what column, the number by which the engine knows the row, has in it; it is left alone
// when nothing was inserted. On SQLite that costs nothing: a RETURNING, which the query must not have, takes about as long as the statement.
func (b *Batch) Insert(id *int64, column, query string, args ...any) {
	b.steps = append(b.steps, step{query: query, args: args, id: id, column: column})
}

// Count adds a statement that changes rows, and has n set to how many.
func (b *Batch) Count(n *int64, query string, args ...any) {
	b.steps = append(b.steps, step{query: query, args: args, count: n})
}

// Row is one row of a result, for as long as it is looked at.
type Row []driver.Value

// Scan copies the first columns, as that of sql.Rows does, to integers, texts and what scans by itself.
func (r Row) Scan(dest ...any) error {
	if len(dest) > len(r) {
		return fmt.Errorf("%d columns for %d values", len(r), len(dest))
	}
	for i, d := range dest {
		var err error
		switch d := d.(type) {
		case *int64:
			*d, err = value[int64](r[i])
		case *int:
			*d, err = value[int](r[i])
		case *string:
			*d, err = value[string](r[i])
		case sql.Scanner:
			err = d.Scan(r[i])
		default:
			err = fmt.Errorf("a %T scans nothing", d)
		}
		if err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

func value[T any](from driver.Value) (T, error) {
	if v, ok := from.(T); ok {
		return v, nil
	}
	var v sql.Null[T]
	err := v.Scan(from)
	if err == nil && !v.Valid {
		err = errors.New("is NULL")
	}
	return v.V, err
}

// Announce wakes every [Listener] to this channel once the transaction is committed. It is one channel a transaction, and it is not for
// certain: a server that dies between the two wakes nobody. As a part of the transaction it would be, but PostgreSQL lets no two such
// transactions commit at a time, so that they could not wait for the disk together.
func (b *Batch) Announce(channel string) { b.channel = channel }

// Run runs them within a transaction of a DB, up to the first that fails.
func (b *Batch) Run(ctx context.Context, tx *sql.Tx) error {
	if len(b.steps) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "batch", b) // for the connections of this package, to which the text means nothing
	return err
}

// batchIn finds the batch that Run passed on.
func batchIn(args []driver.NamedValue) (*Batch, bool) {
	if len(args) != 1 {
		return nil, false
	}
	b, ok := args[0].Value.(*Batch)
	return b, ok
}

// batch sends the statements in one round trip, and with them what begins the transaction if nothing else was sent.
func (c *serverConn) batch(ctx context.Context, b *Batch) error {
	var all pgx.Batch
	if c.begin != "" {
		all.Queue(c.begin)
	}
	for _, s := range b.steps {
		args := make([]any, len(s.args))
		for i, arg := range s.args {
			var err error
			if args[i], err = sendable(arg); err != nil {
				return fmt.Errorf("argument %d: %w", i+1, err)
			}
		}
		s.queue(&all, args)
	}
	c.sent.Add(uint64(len(b.steps)))
	c.begin = ""
	if b.channel != "" {
		c.news = b.channel
	}
	return c.Conn.Conn().SendBatch(ctx, &all).Close()
}

func (s step) queue(all *pgx.Batch, args []any) {
	switch {
	case s.count != nil:
		all.Queue(s.query, args...).Exec(func(tag pgconn.CommandTag) error {
			*s.count = tag.RowsAffected()
			return nil
		})
	case s.id != nil:
		s.row = func(r Row) error { return r.Scan(s.id) }
		all.Queue(s.query+" RETURNING "+s.column, args...).Query(s.read)
	default:
		all.Queue(s.query, args...).Query(s.read)
	}
}

func (s step) read(rows pgx.Rows) error {
	defer rows.Close()
	for s.row != nil && rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		row := make(Row, len(values))
		for i, v := range values {
			row[i] = v
		}
		if err := s.row(row); err != nil {
			return err
		}
	}
	rows.Close()
	return rows.Err()
}

// batch runs the statements one after the other.
func (c *lite) batch(ctx context.Context, b *Batch) error {
	for _, s := range b.steps {
		args := c.args[:0] // nobody keeps them, and the connection is for one goroutine at a time
		for i, arg := range s.args {
			v, err := storedAs(arg)
			if err != nil {
				return fmt.Errorf("argument %d: %w", i+1, err)
			}
			args = append(args, driver.NamedValue{Ordinal: i + 1, Value: v})
		}
		err := c.step(ctx, s, args)
		clear(args)
		c.args = args
		if err != nil {
			return err
		}
	}
	return nil
}

// storedAs is an argument as the driver takes it. Most are that already, which the general way looks at by reflection.
func storedAs(arg any) (driver.Value, error) {
	switch arg.(type) {
	case string, int64:
		return arg, nil
	}
	return driver.DefaultParameterConverter.ConvertValue(arg)
}

func (c *lite) change(ctx context.Context, s step, args []driver.NamedValue) error {
	done, err := c.ExecContext(ctx, s.query, args)
	if err != nil || s.id == nil && s.count == nil {
		return err
	}
	n, err := done.RowsAffected()
	if err != nil {
		return err
	}
	if s.count != nil {
		*s.count = n
		return nil
	}
	if n > 0 { // or the id is that of an earlier one
		*s.id, err = done.LastInsertId()
	}
	return err
}

func (c *lite) step(ctx context.Context, s step, args []driver.NamedValue) error {
	if s.row == nil {
		return c.change(ctx, s, args)
	}
	rows, err := c.QueryContext(ctx, s.query, args)
	if err != nil {
		return err
	}
	row := make(Row, len(rows.Columns()))
	for err == nil {
		if err = rows.Next(row); err == nil {
			err = s.row(row)
		}
	}
	if closed := rows.Close(); errors.Is(err, io.EOF) {
		err = closed
	}
	return err
}
