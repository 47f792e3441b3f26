package hubsim

import (
	"bytes"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// logged records every request and writes one line for it, without secrets (HB-173, HB-202).
func (h *Hub) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.requests.limit == 0 && !h.faults.some.Load() && !h.log.Enabled(r.Context(), slog.LevelInfo) {
			h.unrecorded(w, r, next)
			return
		}
		start := time.Now()
		r, e := h.enter(r)
		rec := &recorder{ResponseWriter: w}
		// Also when the handler panics, as a proxy does whose client has left.
		defer func() {
			h.leave(r, e, rec, time.Since(start))
			h.logRequest(r, e)
		}()
		h.faulty(rec, r, e, next)
	})
}

// unrecorded serves a request of which nothing is kept but that it was there (HB-91).
func (h *Hub) unrecorded(w http.ResponseWriter, r *http.Request, next http.Handler) {
	target, routed := h.proxy.Lookup(r)
	if !routed {
		next.ServeHTTP(w, r)
		return
	}
	rec := &recorder{ResponseWriter: w}
	defer func() { h.reached(target, rec.status) }()
	next.ServeHTTP(rec, r)
}

func (h *Hub) logRequest(r *http.Request, e *entry) {
	level := slog.LevelInfo
	if e.Status >= 500 {
		level = slog.LevelError
	}
	if !h.log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{slog.Int("status", e.Status), slog.String("method", e.Method), slog.String("path", e.URL), slog.Float64("ms", e.Milliseconds)}
	if e.Fault != 0 {
		attrs = append(attrs, slog.Int64("fault", e.Fault))
	}
	for _, a := range []slog.Attr{slog.String("user", e.actor()), slog.String("why", e.Why)} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	h.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// recorder notes the status. Unwrap keeps flushing and hijacking possible.
type recorder struct {
	http.ResponseWriter
	status  int
	refusal []byte // the beginning of what an API said with a refusal
}

const maxRefusal = 1 << 10

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 || w.status < 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.status >= 400 && len(w.refusal) < maxRefusal && w.Header().Get("Content-Type") == "application/json" {
		w.refusal = append(w.refusal, b[:min(len(b), maxRefusal-len(w.refusal))]...)
	}
	return w.ResponseWriter.Write(b)
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// tail keeps the last lines that were written to it.
type tail struct {
	mu    sync.Mutex
	lines [][]byte
}

const tailLines = 60

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, bytes.Clone(b))
	if len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.Join(t.lines, nil))
}
