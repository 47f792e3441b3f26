package hubsim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// beside measures one thing next to its floor, in turns, so that whatever else keeps the machine busy slows both. It reports how long each takes, and how many floors
// the thing costs: by what half of the runs were faster than, and by the least. Each function gives how long the part took that counts.
func beside(b *testing.B, floor, thing func() time.Duration) {
	b.Helper()
	var floors, things []time.Duration
	for b.Loop() {
		floors = append(floors, floor())
		things = append(things, thing())
	}
	slices.Sort(floors)
	slices.Sort(things)
	report := func(unit string, at int) {
		b.ReportMetric(float64(floors[at].Nanoseconds()), unit+"floor-ns/op")
		b.ReportMetric(float64(things[at])/float64(floors[at]), unit+"floors")
	}
	report("", len(floors)/2)
	report("least-", 0)
	b.ReportMetric(float64(things[len(things)/2].Nanoseconds()), "ns/op")
	b.ReportMetric(float64(things[0].Nanoseconds()), "least-ns/op")
}

// timed is how long f takes.
func timed(f func()) func() time.Duration {
	return func() time.Duration {
		start := time.Now()
		f()
		return time.Since(start)
	}
}

// fetch makes a request and reads its answer, which has to be 200.
func fetch(b *testing.B, c *http.Client, r *http.Request) {
	res, err := c.Do(r)
	require.NoError(b, err)
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(b, err)
	require.NoError(b, res.Body.Close())
	require.Equal(b, http.StatusOK, res.StatusCode)
}

// request is a GET, the same each time.
func request(b *testing.B, address string, headers map[string]string) *http.Request {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(b, err)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return r
}

// keeping is one that keeps its connections.
func keeping(b *testing.B) *http.Client {
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.Cleanup(c.CloseIdleConnections)
	return c
}

// stub answers as an API does, and knows nothing.
func stub(b *testing.B, size int) *httptest.Server {
	body := make([]byte, size)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	}))
	b.Cleanup(s.Close)
	return s
}
