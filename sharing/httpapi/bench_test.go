package httpapi_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

var benchMillion = flag.Bool("bench.million", false, "benchmarks also list from a store of 1,000,000 shares, which takes a while to fill")

// metropolis is a hub with any number of users, called 0, 1, … like their ids, each with a default server of the same id. It counts what it and
// its store are asked, and the statements that the store sends.
type metropolis struct {
	sharing.Store
	db    *sqldb.DB
	asked atomic.Int64
}

func (m *metropolis) Member(string, string) bool { return false }

func (m *metropolis) ref(id string) sharing.Ref {
	return sharing.Ref{Kind: sharing.KindUser, ID: id, Name: id}
}

func (m *metropolis) FindServer(_ context.Context, owner, _ string) (sharing.Server, error) {
	m.asked.Add(1)
	return sharing.Server{ID: owner, Owner: m.ref(owner)}, nil
}

func (m *metropolis) Find(_ context.Context, _, name string) (sharing.Ref, error) {
	m.asked.Add(1)
	return m.ref(name), nil
}

func (m *metropolis) Servers(_ context.Context, ids []string) (map[string]sharing.Server, error) {
	m.asked.Add(1)
	out := make(map[string]sharing.Server, len(ids))
	for _, id := range ids {
		out[id] = sharing.Server{ID: id, Owner: m.ref(id)}
	}
	return out, nil
}

func (m *metropolis) Refs(_ context.Context, ids []string) (map[string]sharing.Ref, error) {
	m.asked.Add(1)
	out := make(map[string]sharing.Ref, len(ids))
	for _, id := range ids {
		out[id] = m.ref(id)
	}
	return out, nil
}

func (m *metropolis) GroupsOf(context.Context, string) ([]string, error) {
	m.asked.Add(1)
	return nil, nil
}

// Shares and Codes are the store's, counted, as all that a list could ask it.
func (m *metropolis) Shares(ctx context.Context, now time.Time, f sharing.Filter, w sharing.Window) (sharing.Page[sharing.StoredShare], error) {
	m.asked.Add(1)
	return m.Store.Shares(ctx, now, f, w)
}

func (m *metropolis) Codes(ctx context.Context, now time.Time, f sharing.Filter, w sharing.Window) (sharing.Page[sharing.StoredCode], error) {
	m.asked.Add(1)
	return m.Store.Codes(ctx, now, f, w)
}

func (m *metropolis) Share(ctx context.Context, now time.Time, serverID string, g sharing.Grantee) (sharing.StoredShare, error) {
	m.asked.Add(1)
	return m.Store.Share(ctx, now, serverID, g)
}

func (m *metropolis) Identify(*http.Request) (httpapi.Visitor, bool, error) {
	may := scopes.SetOf(scopes.Scope{Base: "read:shares"}, scopes.Scope{Base: "read:users:shares"})
	return httpapi.Visitor{Caller: sharing.Caller{Ref: m.ref("0"), Scopes: may}}, true, nil
}

func (m *metropolis) IdentifyCookie(r *http.Request) (httpapi.Visitor, bool, error) {
	return m.Identify(r)
}
func (m *metropolis) LoginURL(string) string { return "/hub/login" }

func (m *metropolis) ServerURL(s sharing.Server) (path, full string, ready bool) {
	return "/user/" + s.Owner.Name + "/", "", true
}

// newMetropolis fills a file with shares, a thousand for each of the first servers, each of so many grants, and gives its handler.
func newMetropolis(tb testing.TB, shares, grants int) (*metropolis, *httpapi.Handler) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "sharing.db")
	db, err := sqldb.Open(tb.Context(), path)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	store, err := sqlstore.New(tb.Context(), db)
	require.NoError(tb, err)
	// Past the store, which would commit each.
	require.NoError(tb, db.Write(tb.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(tb.Context(), `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)
			INSERT INTO sharing_shares (server_id, owner_id, user_id, created_at) SELECT i / 1000, i / 1000, i, ? FROM n`, shares, start.UnixMicro())
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(tb.Context(), `INSERT INTO sharing_grants (share_id, code_id, base, session, created_at, created_by)
			SELECT s.id, n.value, 'access:servers', 0, s.created_at, '' FROM sharing_shares s, json_each(?) n`, codeIDs(grants))
		return err
	}))
	m := &metropolis{Store: store, db: db}
	handler, err := httpapi.New(httpapi.Config{
		Service: &sharing.Service{Store: m, Directory: m, Registry: scopes.New(scopes.P55)}, Host: m, Keys: [][]byte{key},
	})
	require.NoError(tb, err)
	return m, handler
}

// codeIDs is "[0,1,…]": granted directly, then by code after code.
func codeIDs(n int) string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = strconv.Itoa(i)
	}
	return "[" + strings.Join(ids, ",") + "]"
}

func getList(handler http.Handler, list string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/hub/api/"+list, nil))
	return w
}

// BenchmarkListPage measures a page of 200 of the 1,000 shares of one server.
func BenchmarkListPage(b *testing.B) {
	sizes := []int{1_000, 100_000}
	if *benchMillion {
		sizes = append(sizes, 1_000_000)
	}
	for _, size := range sizes {
		b.Run(fmt.Sprint(size, " shares"), func(b *testing.B) {
			m, handler := newMetropolis(b, size, 1)
			w := getList(handler, "shares/0/?limit=200&offset=400")
			require.Equal(b, 200, strings.Count(w.Body.String(), `"kind":"user"`))
			require.Contains(b, w.Body.String(), `"total":`+strconv.Itoa(1000))
			m.asked.Store(0)
			n := 0
			for b.Loop() {
				if w := getList(handler, "shares/0/?limit=200&offset=400"); w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
				n++
			}
			require.Equal(b, int64(4*n), m.asked.Load(), "a page asks the same")
		})
	}
}
