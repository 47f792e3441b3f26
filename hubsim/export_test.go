package hubsim

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"time"

	"github.com/hubshare/hubshare/internal/apidoc"
)

// Witness has a function see what every hub of this test program answers.
func Witness(f func(v apidoc.Variant, hub http.Handler) http.Handler) {
	witness = func(cfg Config, hub http.Handler) http.Handler { return f(cfg.variant(), hub) }
}

// Routes lists the patterns of all paths that a hub has.
func (h *Hub) Routes() []string { return h.routes.Patterns() }

// Handler is what the hub's listener serves, for benchmarks that leave the network out.
func (h *Hub) Handler() http.Handler { return h.handler() }

// RecordOnly does for a request what recording does beside serving it.
func (h *Hub) RecordOnly(w http.ResponseWriter, r *http.Request) {
	r, e := h.enter(r)
	noteHub(r)
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	h.leave(r, e, rec, time.Millisecond)
	h.logRequest(r, e)
}

// Label is a name's part of host names.
var Label = label

// EmptyDatabase is one in memory with all tables of a hub, and how to write to it.
func EmptyDatabase(ctx context.Context) (io.Closer, func(func(*sql.Tx) error) error, error) {
	db, err := openDatabase(ctx, "")
	return db, func(f func(*sql.Tx) error) error { return db.Write(ctx, f) }, err
}

// Statements is how many its database was sent so far.
func (h *Hub) Statements() uint64 { return h.db.Statements() }
