package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// tiedWriter ties a client's connection to the life of a route. Ending the
// context alone would leave a handler stuck that waits for a client which
// neither reads nor writes.
type tiedWriter struct {
	http.ResponseWriter
	life context.Context
	// relayed: what is written comes from another server, whose word is final.
	relayed bool
	body    *watchedBody // of a relayed request; nil when it has none
	cancel  context.CancelFunc
	proxy   *Proxy

	Connection             // Claims are guarded by connections.mu until they have been read, and never change after
	brought    presented   // what Claims are read from
	prev, next *tiedWriter // in connections.fresh; guarded by connections.mu

	mu      sync.Mutex
	conn    net.Conn // once a web socket has taken the connection over
	leaving bool     // a farewell is on its way: do not cut it
	revoked bool     // who made the request may not be here any more
	done    bool     // the handler has returned: hands off
}

func (t *tiedWriter) ended() bool { return t.life.Err() != nil }

// tie gives a writer that stops working when life ends; untie must be called
// before the handler returns.
func tie(life context.Context, w http.ResponseWriter) (t *tiedWriter, untie func()) {
	t = &tiedWriter{ResponseWriter: w, life: life}
	stop := context.AfterFunc(life, t.cut)
	return t, func() {
		stop()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.done = true
		if t.ended() && t.conn == nil {
			// The connection is whole after all; its next request is another route's.
			t.deadlines(time.Time{}, time.Time{})
		}
	}
}

var longAgo = time.Unix(1, 0)

func (t *tiedWriter) cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done || t.leaving {
		return
	}
	if t.conn != nil {
		_ = t.conn.Close() // its reader and writer get the error
		return
	}
	t.deadlines(longAgo, longAgo)
}

// revoke cuts this connection alone, and tells whether it was still open.
func (t *tiedWriter) revoke() bool {
	t.mu.Lock()
	over := t.done || t.revoked
	t.revoked = true
	t.mu.Unlock()
	if !over {
		t.cancel() // the target hears of it
		t.cut()
	}
	return !over
}

func (t *tiedWriter) isRevoked() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.revoked
}

// cutShort: whatever the handler made of it, the client must not take what it got for a whole answer.
func (t *tiedWriter) cutShort() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.revoked && t.conn == nil
}

// deadlines has no error to give: a recorder in a test knows no deadlines and
// needs none.
func (t *tiedWriter) deadlines(read, write time.Time) {
	rc := http.NewResponseController(t.ResponseWriter)
	_ = rc.SetReadDeadline(read)
	_ = rc.SetWriteDeadline(write)
}

// farewellAllowed tells whether the route has ended, and if so lets a short
// answer out on the connection that was cut before anything was sent.
func (t *tiedWriter) farewellAllowed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended() {
		return false
	}
	t.leaving = true
	t.deadlines(longAgo, time.Now().Add(farewell))
	return true
}

// farewell bounds the wait for a client that does not even read a short answer.
const farewell = 5 * time.Second

// relay lets an answer begin before the client has sent everything; by itself
// net/http would wait for the rest (HB-75).
func (t *tiedWriter) relay(r *http.Request) {
	t.relayed = true
	if r.ContentLength == 0 || r.Body == nil {
		return
	}
	t.body = &watchedBody{ReadCloser: r.Body}
	r.Body = t.body
	// A writer that cannot do it, in a test, needs no telling.
	_ = http.NewResponseController(t.ResponseWriter).EnableFullDuplex()
}

// watchedBody knows whether it was read to its end.
type watchedBody struct {
	io.ReadCloser
	ended atomic.Bool
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) { // any other error leaves the rest on its way
		b.ended.Store(true)
	}
	return n, err
}

// WriteHeader keeps net/http from guessing a type that the target did not send,
// and from reusing a connection on which a body may still be on its way: there
// the reader of the next request and that of the body would meet.
func (t *tiedWriter) WriteHeader(status int) {
	if t.relayed && status >= 200 {
		h := t.Header()
		if h["Content-Type"] == nil {
			h["Content-Type"] = nil
		}
		if t.body != nil && !t.body.ended.Load() {
			h.Set("Connection", "close")
		}
	}
	t.ResponseWriter.WriteHeader(status)
}

// Hijack hands out the connection and remembers it.
func (t *tiedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	admitted := t.proxy.admits(t)
	conn, rw, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conn = conn
	t.revoked = t.revoked || !admitted
	if t.ended() || t.revoked {
		_ = conn.Close() // what follows fails on it, as it should
	}
	return conn, rw, nil
}

// Flush serves handlers that look for http.Flusher.
func (t *tiedWriter) Flush() { _ = http.NewResponseController(t.ResponseWriter).Flush() }

// Unwrap lets http.ResponseController reach Flush and the deadlines.
func (t *tiedWriter) Unwrap() http.ResponseWriter { return t.ResponseWriter }
