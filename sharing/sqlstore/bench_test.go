package sqlstore_test

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rounds measures several things in turn, and keeps of each the least that one call took in any round: what is compared had the same machine, and
// whatever else that had to do does not count.
type rounds struct {
	b     *testing.B
	least map[string]time.Duration
}

func newRounds(b *testing.B) *rounds { return &rounds{b, map[string]time.Duration{}} }

// call calls fn n times, by so many clients at once.
func (r *rounds) call(name string, clients, n int, fn func() error) {
	var next atomic.Int64
	var all sync.WaitGroup
	begin := time.Now()
	for range clients {
		all.Go(func() {
			for next.Add(1) <= int64(n) {
				if !assert.NoError(r.b, fn()) {
					return
				}
			}
		})
	}
	all.Wait()
	took := time.Since(begin) / time.Duration(n)
	if least, ok := r.least[name]; !ok || took < least {
		r.least[name] = took
	}
}

// micros reports what one call took.
func (r *rounds) micros(name, unit string) {
	r.b.ReportMetric(float64(r.least[name].Nanoseconds())/1000, unit)
}

// rate reports how many calls were answered in a second.
func (r *rounds) rate(name, unit string) {
	r.b.ReportMetric(float64(time.Second)/float64(r.least[name]), unit)
}

// ratio reports how many times as long one took as others together.
func (r *rounds) ratio(unit, name string, others ...string) {
	var sum time.Duration
	for _, other := range others {
		sum += r.least[other]
	}
	r.b.ReportMetric(float64(r.least[name])/float64(sum), unit)
}

// bareSync gives a write of one page that is on the disk when it returns: what no durable change can do without.
func bareSync(b *testing.B) func() error {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "bare"))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, f.Close()) })
	page := make([]byte, 4096)
	return func() error {
		if _, err := f.Write(page); err != nil {
			return err
		}
		return f.Sync()
	}
}
