package hubsim_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// BenchmarkSeed is ten thousand users, each of whom shares with three.
func BenchmarkSeed(b *testing.B) {
	s := crowd(10_000, 3)
	for b.Loop() {
		b.StopTimer()
		hub := hubsim.New(b, hubsim.Config{})
		b.StartTimer()
		_, err := hub.Seed(b.Context(), s)
		require.NoError(b, err)
		b.StopTimer()
		require.NoError(b, hub.Close())
		b.StartTimer()
	}
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
