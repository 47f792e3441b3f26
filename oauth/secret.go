package oauth

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
)

// Secret is a token, a code or a client secret in the clear. However it is printed, logged or encoded it reads REDACTED;
// Reveal gives it for the one place where it is shown.
type Secret = web.Redacted

const (
	prefixLen = 4 // characters of a token that are stored in the clear, as the index (OA-61)

	// A generated secret is beyond guessing, one that a person chose may not be: so many rounds slow the guesser down (OA-61, OA-156).
	generatedRounds = 1
	suppliedRounds  = 16384
	maxRounds       = 1 << 20 // what a stored hash may ask for

	// MinSecret is the shortest secret that an operator may supply, in bytes (OA-61).
	MinSecret = 8
	// MaxSecret is the longest, in bytes (OA-S19).
	MaxSecret = 1024

	alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	oauthSecret   = 30 // length of codes and OAuth tokens (OA-55, OA-58)
	apiSecret     = 16 // bytes behind the 32 hex digits of an API token (HB-8)
)

// newAlphanumerics draws n characters, each equally likely: bytes beyond the last multiple of 62 are thrown away.
func newAlphanumerics(rand io.Reader, n int) (string, error) {
	const limit = 256 - 256%len(alphanumerics)
	out := make([]byte, 0, n)
	buf := make([]byte, n)
	for len(out) < n {
		if _, err := io.ReadFull(rand, buf); err != nil {
			return "", fmt.Errorf("draw a secret: %w", err)
		}
		for _, b := range buf {
			if int(b) < limit && len(out) < n {
				out = append(out, alphanumerics[int(b)%len(alphanumerics)])
			}
		}
	}
	return string(out), nil
}

func newHex(rand io.Reader, bytes int) (string, error) {
	buf := make([]byte, bytes)
	if _, err := io.ReadFull(rand, buf); err != nil {
		return "", fmt.Errorf("draw a secret: %w", err)
	}
	return hex.EncodeToString(buf), nil
}

// hashSecret gives the stored form sha512:ROUNDS:SALT:DIGEST (OA-7).
func hashSecret(rand io.Reader, secret string, rounds int) (string, error) {
	salt, err := newHex(rand, 8)
	if err != nil {
		return "", err
	}
	return digest(secret, salt, rounds), nil
}

func digest(secret, salt string, rounds int) string {
	h := sha512.New()
	h.Write([]byte(salt))
	text := []byte(secret)
	for range rounds {
		h.Write(text)
	}
	return "sha512:" + strconv.Itoa(rounds) + ":" + salt + ":" + hex.EncodeToString(h.Sum(nil))
}

// hashRounds reads a stored hash; ok is false when it is not one of ours.
func hashRounds(stored string) (salt string, rounds int, ok bool) {
	parts := strings.Split(stored, ":")
	if len(parts) != 4 || parts[0] != "sha512" {
		return "", 0, false
	}
	rounds, err := strconv.Atoi(parts[1])
	if err != nil || rounds < 1 || rounds > maxRounds {
		return "", 0, false
	}
	return parts[2], rounds, true
}

// matches compares in constant time. An empty or foreign hash matches nothing.
func matches(stored, secret string) bool {
	salt, rounds, ok := hashRounds(stored)
	return ok && len(secret) <= MaxSecret && subtle.ConstantTimeCompare([]byte(stored), []byte(digest(secret, salt, rounds))) == 1
}

// matchesClient is matches for a client's secret, and tells how many rounds of hashing it took. A refusal takes as many as the slowest
// comparison, so that who is refused cannot tell an unknown id, whose stored hash is "", from a wrong secret (OA-S9).
func matchesClient(stored, secret string) (ok bool, rounds int) {
	if len(secret) > MaxSecret {
		return false, 0 // whoever the client is
	}
	_, rounds, _ = hashRounds(stored)
	if matches(stored, secret) {
		return true, rounds
	}
	if rounds < suppliedRounds {
		digest(secret, "0000000000000000", suppliedRounds-rounds)
		rounds = suppliedRounds
	}
	return false, rounds
}

func prefixOf(secret string) string { return secret[:prefixLen] }

// codeHash is how a code is stored: random enough that no salt is needed, and found by equality (OA-55, OA-F11).
func codeHash(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}
