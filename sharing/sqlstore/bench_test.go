package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// spread runs b.N times fn, by so many at once.
func spread(b *testing.B, clients int, fn func(i int64) error) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range clients {
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if !assert.NoError(b, fn(i)) {
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
}

// BenchmarkHotCode is one code that many follow at once on PostgreSQL, by as many connections as one replica has, beside its floor: the
// bare count of the same row, which nobody can do but one after the other.
func BenchmarkHotCode(b *testing.B) {
	ctx := context.Background()
	for _, clients := range []int{1, 8} {
		b.Run(fmt.Sprintf("exchange by %d", clients), func(b *testing.B) {
			s, err := sqlstore.Open(ctx, pgtest.DSN(b))
			require.NoError(b, err)
			b.Cleanup(func() { require.NoError(b, s.Close()) })
			p := hotCode(b, s)
			spread(b, clients, func(i int64) error {
				_, _, err := s.Exchange(ctx, now, p, sharing.Ref{Kind: sharing.KindUser, ID: fmt.Sprint("u-", i)})
				return err
			})
		})
		b.Run(fmt.Sprintf("floor, bare count by %d", clients), func(b *testing.B) {
			db, err := sqldb.Open(ctx, pgtest.DSN(b))
			require.NoError(b, err)
			b.Cleanup(func() { require.NoError(b, db.Close()) })
			require.NoError(b, db.Migrate(ctx, "floor", []string{`CREATE TABLE counts (n BIGINT NOT NULL); INSERT INTO counts VALUES (0)`}))
			spread(b, clients, func(int64) error {
				return db.WriteAbout(ctx, nil, func(tx *sql.Tx) error {
					_, err := tx.ExecContext(ctx, `UPDATE counts SET n = n + 1`)
					return err
				})
			})
		})
	}
}

// BenchmarkDurableExchange is one exchange that is on the disk when it is answered, beside its floor: the same exchange in memory, and one
// bare fsync of a small write in the same folder.
func BenchmarkDurableExchange(b *testing.B) {
	ctx := context.Background()
	exchange := func(b *testing.B, dsn string, clients int) {
		s, err := sqlstore.Open(ctx, dsn)
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, s.Close()) })
		p := hotCode(b, s)
		spread(b, clients, func(i int64) error {
			_, _, err := s.Exchange(ctx, now, p, sharing.Ref{Kind: sharing.KindUser, ID: fmt.Sprint("u-", i)})
			return err
		})
	}
	for _, clients := range []int{1, 32} {
		b.Run(fmt.Sprintf("file, by %d", clients), func(b *testing.B) { exchange(b, filepath.Join(b.TempDir(), "hub.db"), clients) })
	}
	b.Run("floor, in memory", func(b *testing.B) { exchange(b, "", 1) })
	b.Run("floor, one fsync", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "log"))
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, f.Close()) })
		page := make([]byte, 4096)
		spread(b, 1, func(int64) error {
			if _, err := f.Write(page); err != nil {
				return err
			}
			return f.Sync()
		})
	})
}
