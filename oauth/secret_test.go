package oauth

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// This looks inside: from outside, work can only be seen as time, which no test should rest on.

// Whoever the client is, a refusal costs the same hashing: counted, not timed.
func TestARefusedClientCostsTheSameWhoeverItIs(t *testing.T) { // OA-S9, OA-7
	t.Parallel()
	stored := func(rounds int) string {
		hash, err := hashSecret(rand.Reader, "the right secret", rounds)
		require.NoError(t, err)
		return hash
	}
	for name, hash := range map[string]string{
		"unknown": "", "without a secret": "", "generated secret": stored(generatedRounds), "chosen secret": stored(suppliedRounds),
		"not one of our hashes": "bcrypt:12:x:y", "too many rounds": "sha512:99999999:00:00",
	} {
		ok, rounds := matchesClient(hash, "the wrong secret")
		assert.False(t, ok, name)
		assert.Equal(t, suppliedRounds, rounds, name)
		ok, rounds = matchesClient(hash, strings.Repeat("x", MaxSecret+1))
		assert.False(t, ok, name)
		assert.Zero(t, rounds, name)
	}
	for _, rounds := range []int{generatedRounds, suppliedRounds} {
		ok, spent := matchesClient(stored(rounds), "the right secret")
		assert.True(t, ok)
		assert.Equal(t, rounds, spent, "who is let in need not wait")
	}
}

func TestDrawnSecretsAreEvenlySpread(t *testing.T) { // OA-55, OA-58, OA-F11
	t.Parallel()
	counts := map[rune]int{}
	seen := map[string]bool{}
	for range 4000 {
		s, err := newAlphanumerics(rand.Reader, oauthSecret)
		require.NoError(t, err)
		require.Len(t, s, 30)
		require.False(t, seen[s])
		seen[s] = true
		for _, c := range s {
			counts[c]++
		}
	}
	// 120000 characters over 62: 1935 each, with a deviation of 44. A fold of 256 onto 62 would give the first eight a quarter more.
	assert.Len(t, counts, len(alphanumerics))
	for c, n := range counts {
		assert.InDelta(t, 1935, n, 350, "%c", c)
	}
}
