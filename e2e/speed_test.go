package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/scenario"
	"github.com/hubshare/hubshare/hubsim"
)

// HB-187, steps 1 to 5, as two people with fresh browsers walk them on a fresh hub, nothing recorded.
func BenchmarkBasicWalk(b *testing.B) {
	var took []time.Duration
	for b.Loop() {
		hub, err := hubsim.Start(b.Context(), hubsim.Config{Record: -1})
		require.NoError(b, err)
		start := time.Now()
		s := &stage{TB: b, hub: hub, log: &notes{}, troubles: &notes{}}
		sharer := s.plain(b)
		sharer.name = "sharer"
		sharer.goes(hub.URL)
		sharer.logsIn("sharer")
		sharer.isOn("sharer", "")
		book, err := scenario.OnServer(sharer.tab)
		require.NoError(b, err)
		_, err = book.Notebook().Run(1)
		require.NoError(b, err)
		link, err := book.Notebook().Run(2)
		require.NoError(b, err)
		guest := s.plain(b)
		guest.name = "shared-with"
		guest.goes(link.Link)
		guest.logsIn("shared-with")
		guest.accepts()
		guest.authorizes()
		guest.isOn("sharer", "")
		took = append(took, time.Since(start))
		require.NoError(b, sharer.context.Close())
		require.NoError(b, guest.context.Close())
		require.NoError(b, hub.Close())
	}
	median(b, took)
}

// The same number of pages and forms, with nothing on them and nothing behind them: what a browser takes by itself.
func BenchmarkEmptyPages(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, `<!DOCTYPE html><title>x</title><link rel=icon href="data:,"><form method=post><button>Go</button></form>`)
	}))
	b.Cleanup(srv.Close)
	s := &stage{TB: b, log: &notes{}, troubles: &notes{}}
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		for _, forms := range []int{1, 3} { // login; login, invitation, authorization
			p := s.plain(b)
			p.goes(srv.URL)
			for range forms {
				p.clicks("button", "Go")
				require.NoError(b, browser.WaitVisible(p.find("button", "Go"), time.Minute))
			}
			require.NoError(b, p.context.Close())
		}
		took = append(took, time.Since(start))
	}
	median(b, took)
}

// plain is somebody whom nobody watches.
func (s *stage) plain(b *testing.B) *person {
	c, err := browser.Shared(b).NewContext(browser.ContextOptions{Untraced: true})
	require.NoError(b, err)
	p := &person{stage: s, context: c, said: &notes{}}
	p.opensTab()
	return p
}

func median(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
}
