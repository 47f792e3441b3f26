package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

const (
	minKeyBytes = 32
	// maxSigned is what a browser stores in one cookie; nothing longer was
	// ever ours, so nothing longer is hashed.
	maxSigned = 4096
)

// base64url refuses a second spelling of the same bytes.
var base64url = base64.RawURLEncoding.Strict()

// Keys are the secrets behind signed cookies and XSRF tokens. The first signs,
// all verify, so that a key is changed by putting the new one in front. Keys
// are immutable and safe for concurrent use; however printed they read
// REDACTED.
type Keys struct{ secrets [][]byte }

// NewKeys takes at least one secret, each of 32 bytes or more. The error names
// the place of a secret that is too short, never its content.
func NewKeys(secrets ...[]byte) (*Keys, error) {
	if len(secrets) == 0 {
		return nil, errors.New("signing keys: at least one secret is needed")
	}
	k := &Keys{}
	for i, s := range secrets {
		if len(s) < minKeyBytes {
			return nil, fmt.Errorf("signing keys: secret %d has %d bytes, at least %d are needed", i, len(s), minKeyBytes)
		}
		k.secrets = append(k.secrets, append([]byte(nil), s...))
	}
	return k, nil
}

// Format prints REDACTED for every verb.
func (k Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue keeps the secrets out of structured logs.
func (k Keys) LogValue() slog.Value { return slog.StringValue(redacted) }

// String is REDACTED.
func (k Keys) String() string { return redacted }

// Sign gives value, readable but not changeable, in characters that need no
// escaping in a URL or a cookie. What was signed for one purpose verifies for
// no other. at is kept to the microsecond.
func (k *Keys) Sign(purpose, value string, at time.Time) string {
	micros := at.UnixMicro()
	mac := signature(k.secrets[0], purpose, value, micros)
	return base64url.EncodeToString([]byte(value)) + "." + strconv.FormatInt(micros, 36) + "." + base64url.EncodeToString(mac)
}

// Verify gives back the value that Sign took, if signed came from one of the
// keys, for this purpose, and is not older than maxAge at now; maxAge 0 = no
// limit. The time taken does not depend on which key or byte differs.
func (k *Keys) Verify(purpose, signed string, now time.Time, maxAge time.Duration) (value string, ok bool) {
	value, at, ok := k.open(purpose, signed)
	if !ok || maxAge > 0 && now.Sub(at) > maxAge {
		return "", false
	}
	return value, true
}

func (k *Keys) open(purpose, signed string) (value string, at time.Time, ok bool) {
	if len(signed) > maxSigned {
		return "", time.Time{}, false
	}
	parts := strings.Split(signed, ".")
	if len(parts) != 3 {
		return "", time.Time{}, false
	}
	raw, errValue := base64url.DecodeString(parts[0])
	micros, errTime := strconv.ParseInt(parts[1], 36, 64)
	mac, errMAC := base64url.DecodeString(parts[2])
	// base64 in the standard library skips line breaks; a time has one spelling.
	if errors.Join(errValue, errTime, errMAC) != nil || strings.ContainsAny(signed, "\r\n") ||
		strconv.FormatInt(micros, 36) != parts[1] {
		return "", time.Time{}, false
	}
	value = string(raw)
	for _, secret := range k.secrets {
		if hmac.Equal(mac, signature(secret, purpose, value, micros)) {
			ok = true
		}
	}
	if !ok {
		return "", time.Time{}, false
	}
	return value, time.UnixMicro(micros), true
}

// signature feeds the purpose with its length in front, so that no purpose and
// value together read like another pair.
func signature(secret []byte, purpose, value string, micros int64) []byte {
	mac := hmac.New(sha256.New, secret)
	var head [16]byte
	binary.BigEndian.PutUint64(head[:8], uint64(len(purpose)))
	binary.BigEndian.PutUint64(head[8:], uint64(micros))
	mac.Write(head[:])
	mac.Write([]byte(purpose))
	mac.Write([]byte(value))
	return mac.Sum(nil)
}
