package hubsim_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// BenchmarkStart is a hub from nothing to its first answer, beside a bare httptest.NewServer. What ends it is not counted.
func BenchmarkStart(b *testing.B) {
	once := func(b *testing.B, start func() (address string, end func())) func() time.Duration {
		return func() time.Duration {
			c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			begin := time.Now()
			address, end := start()
			fetch(b, c, request(b, address, nil))
			took := time.Since(begin)
			end()
			return took
		}
	}
	for _, place := range []string{"memory", "file"} {
		b.Run(place, func(b *testing.B) {
			n := 0
			dir := b.TempDir()
			beside(b, once(b, func() (string, func()) {
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
				return s.URL, s.Close
			}), once(b, func() (string, func()) {
				var cfg hubsim.Config
				if place == "file" {
					n++
					cfg.DB = filepath.Join(dir, fmt.Sprint(n, ".db"))
				}
				hub, err := hubsim.Start(b.Context(), cfg)
				require.NoError(b, err)
				return hub.APIURL(), func() { require.NoError(b, hub.Close()) }
			}))
		})
	}
}

// BenchmarkThousandHubs is a thousand hubs one after the other, each asked once and closed.
func BenchmarkThousandHubs(b *testing.B) {
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for b.Loop() {
		for range 1000 {
			hub, err := hubsim.Start(b.Context(), hubsim.Config{})
			require.NoError(b, err)
			fetch(b, c, request(b, hub.APIURL(), nil))
			require.NoError(b, hub.Close())
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/1000hubs")
}
