package hubsim_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// BenchmarkSeed is ten thousand users, each of whom shares with three, beside the bare rows of them.
func BenchmarkSeed(b *testing.B) {
	const users, shares = 10_000, 3
	s := crowd(users, shares)
	beside(b, func() time.Duration {
		db, write, err := hubsim.EmptyDatabase(b.Context())
		require.NoError(b, err)
		took := timed(func() {
			require.NoError(b, write(func(tx *sql.Tx) error { return bareRows(b.Context(), tx, users, shares) }))
		})()
		require.NoError(b, db.Close())
		return took
	}, func() time.Duration {
		hub, err := hubsim.Start(b.Context(), hubsim.Config{})
		require.NoError(b, err)
		took := timed(func() {
			_, err := hub.Seed(b.Context(), s)
			require.NoError(b, err)
		})()
		require.NoError(b, hub.Close())
		return took
	})
}

// crowd is so many users, each of whom shares with those that come after.
func crowd(users, shares int) (s hubsim.Seed) {
	name := func(i int) string { return fmt.Sprintf("user-%05d", i%users) }
	for i := range users {
		s.Users = append(s.Users, hubsim.User{Name: name(i)})
	}
	for i := range users {
		for j := range shares {
			s.Shares = append(s.Shares, hubsim.Share{Owner: name(i), User: name(i + j + 1)})
		}
	}
	return s
}

// bareRows inserts what the tables hold of a crowd, a hundred rows with each statement and nothing beside: less than this no seeding does on them.
func bareRows(ctx context.Context, tx *sql.Tx, users, shares int) error {
	insert := func(into string, n int, values ...any) error {
		row := "(" + strings.Repeat("?, ", n-1) + "?)"
		_, err := tx.ExecContext(ctx, "INSERT INTO "+into+" VALUES "+strings.Repeat(row+", ", len(values)/n-1)+row, values...)
		return err
	}
	const at, per = int64(1_700_000_000_000_000), 100
	for first := 1; first <= users; first += per {
		var people, servers []any
		for i := range per {
			id := int64(first + i)
			people = append(people, id, fmt.Sprintf("user-%05d", id-1), fmt.Sprintf("%032d", id), int64(0), at, int64(0))
			servers = append(servers, id, id, "")
		}
		if err := insert("hub_users (id, name, cookie_id, admin, created, last_activity)", 6, people...); err != nil {
			return err
		}
		if err := insert("hub_servers (id, user_id, name)", 3, servers...); err != nil {
			return err
		}
	}
	for first := 1; first <= users*shares; first += per {
		var made, grants []any
		for i := range per {
			id := first + i
			owner := (id - 1) / shares
			name := fmt.Sprint("u", owner+1)
			made = append(made, int64(id), fmt.Sprint("s", owner+1), name, fmt.Sprint("u", (owner+(id-1)%shares+1)%users+1), at)
			grants = append(grants, int64(id), int64(0), "access:servers", int64(0), nil, at, name)
		}
		if err := insert("sharing_shares (id, server_id, owner_id, user_id, created_at)", 5, made...); err != nil {
			return err
		}
		if err := insert("sharing_grants (share_id, code_id, base, session, expires_at, created_at, created_by)", 7, grants...); err != nil {
			return err
		}
	}
	return nil
}
