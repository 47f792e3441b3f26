//go:build unix

package oauth_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/refstore"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
)

// Benchmarks stand beside their floor: the same on plain maps, or a bare sync of the disk. No test asserts a duration; what is counted is
// asserted. The figures are in the package comment.

// Of a whole login, two things wait for the disk: the code, and its token.
func TestALoginIsTwoCommits(t *testing.T) { // OA-193
	t.Parallel()
	faults := testhost.NewFaults(t)
	h := newHub(t, func(c *oauth.Config) { c.Store = faults })
	faults.Watch(0)
	_, err := h.Exchange(t.Context(), form(h.code(t, h.alice, query())))
	require.NoError(t, err)
	assert.Equal(t, []string{"Client", "PutCode", "ClientAndCode", "Redeem"}, faults.Calls())
}

func TestARequestAsksTheStoreOnceAtMost(t *testing.T) { // OA-193
	t.Parallel()
	faults := testhost.NewFaults(t)
	h := newHub(t, func(c *oauth.Config) { c.Store = faults })
	tok := h.token(t, h.bob)
	for _, calls := range [][]string{{"TokensByPrefix"}, nil, nil} {
		faults.Watch(0)
		_, err := h.Authenticate(t.Context(), tok)
		require.NoError(t, err)
		assert.Equal(t, calls, faults.Calls())
		h.pass(time.Second)
	}
}

func cpu() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// withCPU reports what a benchmark's loop took of the processors, which other programs disturb less than the time.
func withCPU(b *testing.B, loop func()) {
	b.Helper()
	b.ReportAllocs()
	begin := cpu()
	loop()
	b.ReportMetric(float64((cpu()-begin).Microseconds())/float64(b.N), "cpu-µs/op")
}

func BenchmarkLogin(b *testing.B) { // OA-193
	for _, c := range []struct {
		name     string
		store    func(b *testing.B) oauth.Store
		supplied bool
	}{
		{"maps", func(*testing.B) oauth.Store { return refstore.New() }, false},
		{"maps, chosen secret", func(*testing.B) oauth.Store { return refstore.New() }, true},
		{"memory", func(b *testing.B) oauth.Store { return testhost.Store(b) }, false},
		{"file", func(b *testing.B) oauth.Store { return testhost.Open(b, filepath.Join(b.TempDir(), "hub.db")) }, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			h := newHub(b, func(cfg *oauth.Config) { cfg.Store, cfg.Logger = c.store(b), nil })
			r := server()
			r.ID, r.Supplied, r.LinkID = "jupyterhub-user-alice-", c.supplied, "s7"
			if err := h.PutClient(b.Context(), r); err != nil {
				b.Fatal(err)
			}
			q := query("client_id", r.ID, "code_challenge", challenge(verifier), "code_challenge_method", "S256")
			// Nothing of the tests' helpers, which look up their callers each time.
			ask := oauth.AuthorizeRequest{User: h.alice, SessionID: "session", Query: q}
			body := form("", "client_id", r.ID, "code_verifier", verifier)
			withCPU(b, func() {
				for b.Loop() {
					d, err := h.Authorize(b.Context(), ask)
					if err != nil {
						b.Fatal(err)
					}
					_, code, _ := strings.Cut(d.Redirect, "code=")
					code, _, _ = strings.Cut(code, "&")
					body.Set("code", code)
					if _, err := h.Exchange(b.Context(), body); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// The floor under a durable login: two times a page that is written and synced.
func BenchmarkBareSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "page"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	page := make([]byte, 4096)
	withCPU(b, func() {
		for b.Loop() {
			for range 2 {
				if _, err := f.WriteAt(page, 0); err != nil {
					b.Fatal(err)
				}
				if err := f.Sync(); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkAuthenticate(b *testing.B) { // OA-193
	for _, c := range []struct {
		name string
		cold bool
	}{{"warm", false}, {"cold", true}} {
		b.Run(c.name, func(b *testing.B) {
			h := newHub(b, func(cfg *oauth.Config) {
				if c.cold {
					cfg.CacheAge = -1
				}
			})
			tok := h.token(b, h.bob)
			withCPU(b, func() {
				for b.Loop() {
					if _, err := h.Authenticate(b.Context(), tok); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// A page of a thousand tokens among many: one query, not one a token.
func BenchmarkTokens(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := newHub(b)
			for range n {
				if _, _, err := h.IssueToken(b.Context(), oauth.TokenOrder{Owner: h.alice}); err != nil {
					b.Fatal(err)
				}
			}
			withCPU(b, func() {
				for b.Loop() {
					if _, err := h.Tokens(b.Context(), h.alice); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// Counted outside of any parallel test, whose allocations would be counted with it.
func TestAWarmRequestAllocatesNothing(t *testing.T) { // OA-193
	h := newHub(t)
	tok := h.token(t, h.bob)
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		if _, err := h.Authenticate(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
	}), 2.0)
}
