package apicheck

import (
	"bytes"
	"net/http"

	"github.com/hubshare/hubshare/internal/web"
)

// Watch checks every answer of a handler once it is complete, and tells complain what is wrong with it, from the goroutine of the request. What the client gets is not
// changed.
func (c *Checker) Watch(next http.Handler, complain func(error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := web.EscapedPath(r)
		if !c.below(path) {
			next.ServeHTTP(w, r)
			return
		}
		method := r.Method
		seen := &watched{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		seen.settle(http.StatusOK)
		if err := c.Check(Answer{Method: method, Path: path, Status: seen.status, Header: seen.header, Body: seen.body.Bytes()}); err != nil {
			complain(err)
		}
	})
}

// watched keeps what passes. Unwrap keeps flushing possible.
type watched struct {
	http.ResponseWriter
	status int
	header http.Header
	body   bytes.Buffer
}

func (w *watched) settle(status int) {
	if w.status == 0 && status >= 200 {
		w.status, w.header = status, w.Header().Clone()
	}
}

func (w *watched) WriteHeader(status int) {
	w.settle(status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(b []byte) (int, error) {
	w.settle(http.StatusOK)
	w.body.Write(b)
	return w.ResponseWriter.Write(b)
}

func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }
