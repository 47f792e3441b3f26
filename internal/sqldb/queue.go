package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
)

// together is how many writers share one commit at most. It bounds how long the first of them waits for the last.
const together = 64

// queue is where those wait who write to one file. A commit waits for the disk, which costs the same for one change and for many: whoever
// comes first leads, and takes along all who came while the one before was at it. In their one transaction each has a savepoint, and runs in
// its own goroutine, one after the other; so what it returns, a panic, and the end of its goroutine stay with it. Nobody is answered before
// all of it is on the disk, also who changed nothing and was refused: the reason may be what another did in the same transaction. A leader
// without company is a plain transaction.
type queue struct {
	pool *sql.DB // of one connection

	mu      sync.Mutex
	led     bool
	waiting []*turn
}

// turn is that of one who waits.
type turn struct {
	taken  atomic.Bool // by the leader who calls, or by the one who waits and leaves
	call   chan *batch // once: to take part, or with nil to lead
	answer chan error  // of the commit
}

// write is a transaction, as DB.Write gives it.
func (q *queue) write(ctx context.Context, fn func(*sql.Tx) error) error {
	me := q.enter()
	if me == nil {
		return q.lead(ctx, fn)
	}
	var b *batch
	select {
	case b = <-me.call:
	case <-ctx.Done():
		if !me.taken.Swap(true) {
			return fmt.Errorf("begin to write: %w", ctx.Err())
		}
		b = <-me.call
	}
	if b == nil {
		return q.lead(ctx, fn)
	}
	err := b.run(ctx, fn)
	if failed := <-me.answer; failed != nil {
		return failed
	}
	return err
}

// enter gives a turn to wait for; nil to whoever may lead at once.
func (q *queue) enter() *turn {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.led {
		q.led = true
		return nil
	}
	t := &turn{call: make(chan *batch, 1), answer: make(chan error, 1)}
	q.waiting = append(q.waiting, t)
	return t
}

// company gives those who may share the leader's commit.
func (q *queue) company() []*turn {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), together-1)
	others := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	return others
}

// handOn makes the first who still waits the leader.
func (q *queue) handOn() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, t := range q.waiting {
		if !t.taken.Swap(true) {
			q.waiting = q.waiting[i+1:]
			t.call <- nil
			return
		}
	}
	q.led, q.waiting = false, nil
}

// lead writes for all who wait now.
func (q *queue) lead(ctx context.Context, fn func(*sql.Tx) error) (err error) {
	defer q.handOn()
	conn, err := q.pool.Conn(uninterrupted)
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	defer func() { _ = conn.Close() }() // back to the pool; cannot fail in a way that matters here
	others := q.company()
	if len(others) == 0 {
		return write(ctx, conn, nil, fn)
	}
	b := &batch{conn: conn, back: make(chan struct{})}
	b.begin()
	for _, t := range others {
		b.call(t)
	}
	// The leader's own comes last: whatever becomes of it, the others are answered.
	defer func() {
		if failed := b.end(); failed != nil {
			err = failed
		}
	}()
	return b.write(ctx, fn)
}

// batch is a transaction that several share. Its connection goes from hand to hand, and back to the leader.
type batch struct {
	conn   *sql.Conn
	failed error // it could not begin
	called []*turn
	back   chan struct{}
}

func (b *batch) begin() {
	b.failed = b.conn.Raw(func(c any) error { return c.(*lite).beginShared() })
	if b.failed != nil {
		b.failed = fmt.Errorf("begin to write: %w", b.failed)
	}
}

// call lets one of the others do its part, unless it has left.
func (b *batch) call(t *turn) {
	if !t.taken.Swap(true) {
		b.called = append(b.called, t)
		t.call <- b
		<-b.back
	}
}

// run is the part of one who was called.
func (b *batch) run(ctx context.Context, fn func(*sql.Tx) error) error {
	defer func() { b.back <- struct{}{} }()
	return b.write(ctx, fn)
}

func (b *batch) write(ctx context.Context, fn func(*sql.Tx) error) error {
	if b.failed != nil {
		return nil // end says it
	}
	return write(ctx, b.conn, nil, fn)
}

// end commits, and tells all who wait for that.
func (b *batch) end() error {
	err := b.failed
	if err == nil {
		if err = b.conn.Raw(func(c any) error { return c.(*lite).endShared() }); err != nil {
			err = fmt.Errorf("commit: %w", err)
		}
	}
	for _, t := range b.called {
		t.answer <- err
	}
	return err
}
