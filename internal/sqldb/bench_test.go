package sqldb_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
)

// spread runs b.N times fn, by so many at once.
func spread(b *testing.B, clients int, fn func() error) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range clients {
		all.Go(func() {
			for next.Add(1) <= int64(b.N) {
				if !assert.NoError(b, fn()) {
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
}

// BenchmarkWrite is one small durable transaction, by one and by many at once, beside its floor: the same in memory, and a bare fsync.
func BenchmarkWrite(b *testing.B) {
	write := func(b *testing.B, db *sqldb.DB, clients int) {
		spread(b, clients, func() error { return db.Write(ctx, func(tx *sql.Tx) error { return insert(tx, "some text") }) })
	}
	for _, clients := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("file by %d", clients), func(b *testing.B) {
			write(b, migrated(b, filepath.Join(b.TempDir(), "hub.db")), clients)
		})
	}
	b.Run("floor, in memory", func(b *testing.B) { write(b, migrated(b, ""), 1) })
	b.Run("floor, bare fsync", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "log"))
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, f.Close()) })
		page := make([]byte, 4096)
		spread(b, 1, func() error {
			if _, err := f.Write(page); err != nil {
				return err
			}
			return f.Sync()
		})
	})
}

// BenchmarkRead is one look-up by key, in a transaction of its own.
func BenchmarkRead(b *testing.B) {
	db := migrated(b, filepath.Join(b.TempDir(), "hub.db"))
	require.NoError(b, exec(db, `INSERT INTO notes (id, text) VALUES (1, 'some text')`))
	for b.Loop() {
		var text string
		require.NoError(b, db.Read(ctx, func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT text FROM notes WHERE id = $1`, 1).Scan(&text)
		}))
	}
}
