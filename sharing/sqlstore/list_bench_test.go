package sqlstore_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// fillShares writes shares with users past the store, a thousand for each server, whose owner has no other. They were made in turn, so that those of
// one server lie far apart.
func fillShares(tb testing.TB, db *sqldb.DB, n int) {
	tb.Helper()
	require.NoError(tb, db.Write(tb.Context(), func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(tb.Context(), `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $1 - 1)
			INSERT INTO sharing_shares (server_id, owner_id, user_id, created_at) SELECT 's-' || (i % ($1 / 1000)), 'u-' || (i % ($1 / 1000)), 'v-' || i, $2 FROM n`,
			n, now.UnixMicro()); err != nil {
			return err
		}
		_, err := tx.ExecContext(tb.Context(), `INSERT INTO sharing_grants (share_id, code_id, base, session, created_at, created_by)
			SELECT id, 0, 'access:servers', 0, created_at, '' FROM sharing_shares`)
		return err
	}))
}

// lists are what people ask for: the shares of one server, and of all servers of one owner.
var lists = map[string]sharing.Filter{"server": {ServerID: "s-0"}, "owner": {OwnerID: "u-0"}}

// BenchmarkSharesPage measures a page of 200 of the 1,000 shares of one server, and of one owner, in a store of few and of many. One operation is a round of each.
func BenchmarkSharesPage(b *testing.B) {
	sizes := []int{1_000, 100_000}
	if *benchMillion {
		sizes = append(sizes, 1_000_000)
	}
	stores := map[int]*sqlstore.Store{}
	for _, size := range sizes {
		store, db := openForBench(b, filepath.Join(b.TempDir(), "sharing.db"), false)
		fillShares(b, db, size)
		stores[size] = store
	}
	name := func(list string, size int) string { return fmt.Sprint(list, " of ", size) }
	r := newRounds(b)
	for b.Loop() {
		for list, filter := range lists {
			for _, size := range sizes {
				r.call(name(list, size), 1, 4, func() error {
					page, err := stores[size].Shares(b.Context(), now, filter, sharing.Window{Offset: 400, Limit: 200})
					if err == nil && (len(page.Items) != 200 || page.Total != 1000) {
						err = fmt.Errorf("%d of %d shares", len(page.Items), page.Total)
					}
					return err
				})
			}
		}
	}
	most := sizes[len(sizes)-1]
	for list := range lists {
		r.micros(name(list, most), "us/"+list)
		r.ratio(list+"-x-small", name(list, most), name(list, sizes[0]))
	}
}

// TestAPageTakesTheSameNumberOfStatements, whatever its length and the number of shares in the store.
func TestAPageTakesTheSameNumberOfStatements(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1_000, 5_000} {
		db, err := sqldb.Open(t.Context(), "")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		store, err := sqlstore.New(t.Context(), db)
		require.NoError(t, err)
		fillShares(t, db, size)
		for name, filter := range lists {
			for _, limit := range []int{1, 10, 200} {
				before := db.Statements()
				page, err := store.Shares(t.Context(), now, filter, sharing.Window{Limit: limit})
				require.NoError(t, err)
				require.Len(t, page.Items, limit)
				require.NotEmpty(t, page.Items[limit-1].Grants)
				assert.Equal(t, uint64(2), db.Statements()-before, "%d of the shares of a %s in a store of %d", limit, name, size)
			}
		}
	}
}
