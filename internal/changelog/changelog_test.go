package changelog_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/changelog"
	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/internal/sqldb"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456789, time.FixedZone("", 3600))

func open(t testing.TB, dsn string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(context.Background(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	require.NoError(t, changelog.Migrate(context.Background(), db))
	return db
}

// everywhere names a new database of each kind.
func everywhere(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"in memory": "", "in a file": filepath.Join(t.TempDir(), "hub.db"), "on PostgreSQL": pgtest.DSN(t)}
}

func add(t testing.TB, db *sqldb.DB, row changelog.Row) (seq int64) {
	t.Helper()
	require.NoError(t, db.Write(context.Background(), func(tx *sql.Tx) (err error) {
		seq, err = changelog.Append(context.Background(), tx, row)
		return err
	}))
	return seq
}

// SH-182
func TestRowsComeBackAsTheyWereAppended(t *testing.T) {
	t.Parallel()
	for name, dsn := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, dsn)
			full := changelog.Row{
				Seq: 77, At: noon, Owner: "sharing", Action: "share.grant", ActorID: "u1", ServerID: "s'1\"", CodeID: "sc_1",
				UserIDs: []string{"u2", "ü,\"3\""}, GroupIDs: []string{"g1"},
			}
			bare := changelog.Row{At: noon, Owner: "sharing", Action: "code.purge"}
			first := add(t, db, full)
			other := add(t, db, changelog.Row{At: noon, Owner: "oauth", Action: "token.revoke"})
			second := add(t, db, bare)
			assert.Less(t, first, other)
			assert.Less(t, other, second)

			full.Seq, full.At = first, time.Date(2026, 3, 4, 11, 0, 0, 123456000, time.UTC)
			bare.Seq, bare.At = second, full.At
			rows, err := changelog.After(context.Background(), db, "sharing", 0, 10)
			require.NoError(t, err)
			assert.Equal(t, []changelog.Row{full, bare}, rows)

			rows, err = changelog.After(context.Background(), db, "sharing", first, 10)
			require.NoError(t, err)
			assert.Equal(t, []changelog.Row{bare}, rows, "behind the first comes only the second")
			rows, err = changelog.After(context.Background(), db, "nobody", 0, 10)
			require.NoError(t, err)
			assert.Empty(t, rows)
		})
	}
}

func TestReadingOnFromTheLastRowMissesNothing(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	var want, got []string
	for i := range 25 {
		action := fmt.Sprintf("a%d", i)
		add(t, db, changelog.Row{At: noon, Owner: "sharing", Action: action})
		want = append(want, action)
	}
	for seen := int64(0); ; {
		rows, err := changelog.After(context.Background(), db, "sharing", seen, 4)
		require.NoError(t, err)
		if len(rows) == 0 {
			break
		}
		assert.LessOrEqual(t, len(rows), 4)
		for _, r := range rows {
			got, seen = append(got, r.Action), r.Seq
		}
	}
	assert.Equal(t, want, got)
}

func TestARowSharesTheFateOfItsTransaction(t *testing.T) {
	t.Parallel()
	for name, dsn := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, dsn)
			ctx := context.Background()
			failed := errors.New("the change failed")
			err := db.Write(ctx, func(tx *sql.Tx) error {
				_, err := changelog.Append(ctx, tx, changelog.Row{At: noon, Owner: "sharing", Action: "x"})
				require.NoError(t, err)
				return failed
			})
			assert.ErrorIs(t, err, failed)
			rows, err := changelog.After(ctx, db, "sharing", 0, 10)
			require.NoError(t, err)
			assert.Empty(t, rows)
		})
	}
}

func TestNumbersAreNotGivenTwiceAfterAPurge(t *testing.T) {
	t.Parallel()
	for name, dsn := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, dsn)
			first := add(t, db, changelog.Row{At: noon, Owner: "sharing", Action: "x"})
			require.NoError(t, db.Write(context.Background(), func(tx *sql.Tx) error {
				_, err := tx.ExecContext(context.Background(), `DELETE FROM changelog`)
				return err
			}))
			assert.Greater(t, add(t, db, changelog.Row{At: noon, Owner: "sharing", Action: "y"}), first)
		})
	}
}

func TestWhatIsNoChangeIsRefused(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	ctx := context.Background()
	for name, row := range map[string]changelog.Row{
		"no owner":  {At: noon, Action: "x"},
		"no action": {At: noon, Owner: "sharing"},
		"no time":   {Owner: "sharing", Action: "x"},
	} {
		err := db.Write(ctx, func(tx *sql.Tx) error {
			_, err := changelog.Append(ctx, tx, row)
			return err
		})
		assert.Error(t, err, name)
	}
	_, err := changelog.After(ctx, db, "sharing", 0, 0)
	assert.ErrorContains(t, err, "limit of 0")
}

func TestErrorsOfTheDatabaseArePassedOn(t *testing.T) {
	t.Parallel()
	db, err := sqldb.Open(context.Background(), "") // not migrated
	require.NoError(t, err)
	defer func() { assert.NoError(t, db.Close()) }()
	_, err = changelog.After(context.Background(), db, "sharing", 0, 1)
	assert.ErrorContains(t, err, "read the changelog: ")
	err = db.Write(context.Background(), func(tx *sql.Tx) error {
		_, err := changelog.Append(context.Background(), tx, changelog.Row{At: noon, Owner: "o", Action: "a"})
		return err
	})
	assert.ErrorContains(t, err, "append to the changelog: ")
}

func Example() {
	ctx := context.Background()
	db, err := sqldb.Open(ctx, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	if err := changelog.Migrate(ctx, db); err != nil {
		fmt.Println(err)
		return
	}
	err = db.Write(ctx, func(tx *sql.Tx) error {
		_, err := changelog.Append(ctx, tx, changelog.Row{
			At: time.Unix(0, 0), Owner: "sharing", Action: "share.grant", ActorID: "u1", UserIDs: []string{"u2"},
		})
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	rows, err := changelog.After(ctx, db, "sharing", 0, 100)
	for _, r := range rows {
		fmt.Println(r.Seq, r.At.Format(time.RFC3339), r.Action, r.UserIDs, err)
	}
	// Output: 1 1970-01-01T00:00:00Z share.grant [u2] <nil>
}
