package sharing

import (
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const (
	secretBytes    = 32  // of randomness in a code: 43 characters (SH-10)
	saltBytes      = 8   // SH-12
	prefixLength   = 4   // SH-12
	maxSecret      = 256 // longer input is no code; see SH-14
	hashAlgorithm  = "sha512"
	hashRounds     = "1"
	redactedSecret = "REDACTED"
)

// Secret is the text of a share code, made here or presented by a visitor. Whatever prints, logs or encodes it shows REDACTED (SH-181).
type Secret struct{ text string }

// Presented wraps what a visitor sent as a code. Anything goes: what cannot be a code matches none (SH-14).
func Presented(text string) Secret { return Secret{text} }

// NewSecret draws a code of 256 bits, 43 characters that need no escaping in a URL (SH-10).
func NewSecret(random io.Reader) (Secret, error) {
	raw := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return Secret{}, fmt.Errorf("draw a share code: %w", err)
	}
	return Secret{base64.RawURLEncoding.EncodeToString(raw)}, nil
}

// Reveal is the text itself, for the one answer that shows it (SH-11).
func (s Secret) Reveal() string { return s.text }

// Hash gives what may be stored: a salted SHA-512 digest and the prefix by which it is found (SH-12).
func (s Secret) Hash(random io.Reader) (hash, prefix string, err error) {
	raw := make([]byte, saltBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", "", fmt.Errorf("draw a salt: %w", err)
	}
	salt := hex.EncodeToString(raw)
	return strings.Join([]string{hashAlgorithm, hashRounds, salt, s.digest(salt)}, ":"), s.text[:min(prefixLength, len(s.text))], nil
}

func (s Secret) digest(salt string) string {
	sum := sha512.Sum512([]byte(salt + s.text))
	return hex.EncodeToString(sum[:])
}

// Probe is a presented secret as a store sees it.
type Probe struct {
	Prefix string                       // what the index needs; several codes may have the same (SH-13)
	Match  func(storedHash string) bool // compares in constant time
}

// Probe prepares a look-up. ok is false for what cannot be a code: too short, too long, or not ASCII (SH-14).
func (s Secret) Probe() (p Probe, ok bool) {
	if len(s.text) < prefixLength || len(s.text) > maxSecret {
		return Probe{}, false
	}
	for i := 0; i < len(s.text); i++ {
		if s.text[i] >= 0x80 {
			return Probe{}, false
		}
	}
	return Probe{Prefix: s.text[:prefixLength], Match: s.matches}, true
}

func (s Secret) matches(stored string) bool {
	parts := strings.Split(stored, ":")
	if len(parts) != 4 || parts[0] != hashAlgorithm || parts[1] != hashRounds {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(s.digest(parts[2])), []byte(parts[3])) == 1
}

// Format prints REDACTED for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedSecret) }

// String is REDACTED.
func (s Secret) String() string { return redactedSecret }

// LogValue keeps the secret out of structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redactedSecret) }

// MarshalText keeps the secret out of JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redactedSecret), nil }
