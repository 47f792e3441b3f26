package httpapi_test

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// addCodes gives the first server codes, each for two users, and one guest a share on each of as many servers.
func (m *metropolis) addCodes(t *testing.T, codes int) {
	t.Helper()
	require.NoError(t, m.db.Write(t.Context(), func(tx *sql.Tx) error {
		for _, insert := range []string{
			`INSERT INTO sharing_codes (server_id, owner_id, bases, prefix, hashed, created_at, created_by, expires_at, bound)
				SELECT '0', '0', '["access:servers"]', i, i, 0, '', 4102444800000000, '{"users": ["' || i || '", "' || (i + 1) || '"], "groups": ["9"]}' FROM n`,
			`INSERT INTO sharing_shares (server_id, owner_id, user_id, created_at) SELECT 's' || i, 's' || i, 'guest', 0 FROM n`,
		} {
			if _, err := tx.ExecContext(t.Context(), `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1) `+insert, codes); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(t.Context(), `INSERT INTO sharing_grants (share_id, code_id, base, session, created_at, created_by)
			SELECT id, 1, 'servers', 1, 0, '' FROM sharing_shares WHERE user_id = 'guest'`)
		return err
	}))
}

// TestAPageAsksTheSame: however long the page, the list and the store, however many grants a share has and whomever a code is for, a page costs
// the same: one question to the store, in as many statements, and to the host who is meant, which servers and which users and groups are listed.
func TestAPageAsksTheSame(t *testing.T) {
	t.Parallel()
	type cost struct {
		asked      int64
		statements uint64
	}
	costs := map[string]map[cost][]string{}
	for _, size := range []struct{ shares, grants, codes int }{{10, 1, 5}, {1000, 3, 300}, {3000, 7, 1000}} {
		m, handler := newMetropolis(t, size.shares, size.grants)
		m.addCodes(t, size.codes)
		for path, asked := range map[string]int64{
			"shares/0/?": 4, "shares/0/?code_id=sc_0001&": 4, "shares/0?": 4, "shares?": 4, "users/guest/shared?": 5, "share-codes/0/?": 4, "share-codes/0?": 4, "share-codes?": 4,
		} {
			if strings.Contains(path, "code_id") && size.grants < 2 {
				continue // nothing is listed
			}
			for _, query := range []string{"limit=1", "limit=5", "limit=200", "limit=200&offset=1"} {
				m.asked.Store(0)
				before := m.db.Statements()
				w := getList(handler, path+query)
				require.Equal(t, http.StatusOK, w.Code, w.Body.String())
				require.NotContains(t, w.Body.String(), `"items":[]`)
				spent := cost{m.asked.Load(), m.db.Statements() - before}
				assert.Equal(t, asked, spent.asked, "%s%s of %d", path, query, size.shares)
				if costs[path] == nil {
					costs[path] = map[cost][]string{}
				}
				costs[path][spent] = append(costs[path][spent], query)
			}
		}
	}
	for path, spent := range costs {
		assert.Len(t, spent, 1, "%s costs differ: %v", path, spent)
		for c := range spent {
			assert.LessOrEqual(t, c.statements, uint64(3), "%s: count, rows, grants", path)
		}
	}
}

// TestAnEmptyPageAsksLess: nothing is looked up for nobody.
func TestAnEmptyPageAsksLess(t *testing.T) {
	t.Parallel()
	m, handler := newMetropolis(t, 10, 1)
	for _, list := range []string{"shares/0/?offset=10", "shares/0/?code_id=sc_1", "share-codes/0/"} {
		m.asked.Store(0)
		require.Equal(t, http.StatusOK, getList(handler, list).Code)
		assert.Equal(t, int64(2), m.asked.Load(), list)
	}
}
