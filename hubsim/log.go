package hubsim

import (
	"bytes"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

// logged writes one line a request, without secrets (HB-202).
func (h *Hub) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		next.ServeHTTP(rec, r)
		level := slog.LevelInfo
		if rec.status >= 500 {
			level = slog.LevelError
		}
		if !h.log.Enabled(r.Context(), level) {
			return
		}
		h.log.LogAttrs(r.Context(), level, "request", slog.Int("status", rec.status), slog.String("method", r.Method),
			slog.String("path", web.ScrubURL(requestURI(r))), slog.Float64("ms", float64(time.Since(start).Microseconds())/1000))
	})
}

// recorder notes the status. Unwrap keeps flushing and hijacking possible.
type recorder struct {
	http.ResponseWriter
	status int
}

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
