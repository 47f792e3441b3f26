package sqldb_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
)

// Whatever stands around them in a text, arguments go where their numbers are.
func TestArgumentsGoWhereTheirNumbersAre(t *testing.T) {
	t.Parallel()
	db, err := sqldb.Open(t.Context(), "")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	for query, want := range map[string]string{
		`SELECT $1 || $2`:                                   "ab",
		`SELECT $2 || $1 || $2`:                             "bab",
		`SELECT $2 || '$1' || $1`:                           "b$1a",
		`SELECT '$1''$2' || $1, $2`:                         "$1'$2a",
		`SELECT x."$1" || $2 FROM (SELECT $1 AS "$1") AS x`: "ab",
		`SELECT $1 -- not $2
			|| $2`: "ab",
		`SELECT $1 /* ' $2 */ || $2`:                 "ab",
		`SELECT '?' || $2, $1`:                       "?b",
		`SELECT ?1 || ?2`:                            "ab",
		`SELECT ? || ?`:                              "ab",
		`SELECT [$1] || $2 FROM (SELECT $1 AS [$1])`: "ab",
	} {
		for range 2 { // the second time it is prepared
			err := db.Read(t.Context(), func(tx *sql.Tx) error {
				rows, err := tx.QueryContext(t.Context(), query, "a", "b")
				if err != nil {
					return err
				}
				defer func() { _ = rows.Close() }()
				require.True(t, rows.Next())
				columns, err := rows.Columns()
				require.NoError(t, err)
				var got string
				into := append([]any{&got}, make([]any, len(columns)-1)...)
				for i := range into[1:] {
					into[i+1] = new(any)
				}
				require.NoError(t, rows.Scan(into...))
				assert.Equal(t, want, got, query)
				return rows.Err()
			})
			require.NoError(t, err, query)
		}
	}
}

// A text of two statements gives each of them the arguments it numbers.
func TestEachOfTwoStatementsGetsItsOwnArguments(t *testing.T) {
	t.Parallel()
	db, err := sqldb.Open(t.Context(), "")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	var got string
	require.NoError(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `CREATE TABLE t (a TEXT); INSERT INTO t VALUES ($2); UPDATE t SET a = a || $1 WHERE a = $2`, "a", "b")
		if err != nil {
			return err
		}
		return tx.QueryRowContext(t.Context(), `SELECT a FROM t`).Scan(&got)
	}))
	assert.Equal(t, "ba", got)
}

func TestAnArgumentTooFewIsAnError(t *testing.T) {
	t.Parallel()
	db, err := sqldb.Open(t.Context(), "")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	for _, ask := range []func(ctx context.Context, tx *sql.Tx) error{
		func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `SELECT $1, $2`, "a")
			return err
		},
		func(ctx context.Context, tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT $1, $2`, "a").Err()
		},
	} {
		err := db.Read(t.Context(), func(tx *sql.Tx) error { return ask(t.Context(), tx) })
		assert.ErrorContains(t, err, "missing argument with index 2")
	}
}
