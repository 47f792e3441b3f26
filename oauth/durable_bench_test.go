//go:build unix

package oauth_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/internal/sqltest"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/sqlstore"
)

// storeInFile gives a store in a file, which waits for no disk unless told to.
func storeInFile(b *testing.B, wait bool) oauth.Store {
	b.Helper()
	db, err := sqldb.Open(b.Context(), filepath.Join(b.TempDir(), "hub.db"))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	s, err := sqlstore.New(b.Context(), db)
	require.NoError(b, err)
	if !wait {
		sqltest.Unsync(b, db)
	}
	return s
}

// least keeps the shortest that one call of something took on average in any round: what is compared had the same machine, and whatever
// else that had to do does not count.
type least map[string]time.Duration

func (l least) note(name string, took time.Duration, calls int) {
	took /= time.Duration(calls)
	if before, ok := l[name]; !ok || took < before {
		l[name] = took
	}
}

// BenchmarkDurableLogin measures the two halves of a login in a file: a code, and a token for it. Beside each is its floor: a page written and
// synced, and the same half with a database that waits for no disk. One operation is a round of all.
func BenchmarkDurableLogin(b *testing.B) { // OA-193
	const each = 64
	page, err := os.Create(filepath.Join(b.TempDir(), "page"))
	require.NoError(b, err)
	defer func() { require.NoError(b, page.Close()) }()
	hubs := map[string]*hub{}
	for name, wait := range map[string]bool{"durable": true, "unsynced": false} {
		hubs[name] = newHub(b, func(c *oauth.Config) { c.Store, c.Logger = storeInFile(b, wait), nil })
		require.NoError(b, hubs[name].PutClient(b.Context(), server()))
	}
	q := query("code_challenge", challenge(verifier), "code_challenge_method", "S256")
	l := least{}
	for b.Loop() {
		begin := time.Now()
		for range each {
			_, err := page.Write(make([]byte, 4096))
			require.NoError(b, err)
			require.NoError(b, page.Sync())
		}
		l.note("sync", time.Since(begin), each)
		for _, name := range []string{"unsynced", "durable"} {
			h, codes := hubs[name], [each]string{}
			begin := time.Now()
			for i := range codes {
				codes[i] = h.code(b, h.alice, q)
			}
			l.note(name+" code", time.Since(begin), each)
			begin = time.Now()
			for _, code := range codes {
				_, err := h.Exchange(b.Context(), form(code, "code_verifier", verifier))
				require.NoError(b, err)
			}
			l.note(name+" token", time.Since(begin), each)
		}
	}
	for _, name := range []string{"code", "token"} {
		b.ReportMetric(float64(l["durable "+name].Nanoseconds())/1000, "us/"+name)
		b.ReportMetric(float64(l["unsynced "+name].Nanoseconds())/1000, "us/"+name+"-unsynced")
		b.ReportMetric(float64(l["durable "+name])/float64(l["sync"]+l["unsynced "+name]), "x-floor-"+name)
	}
	b.ReportMetric(float64(l["sync"].Nanoseconds())/1000, "us/sync")
}
