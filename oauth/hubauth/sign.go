package hubauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"
)

// maxSignedAge is how long a cookie's signature is good for (OA-92, OA-95).
const maxSignedAge = 31 * 24 * time.Hour

// maxSigned is what a browser stores in one cookie: nothing longer was ever ours, so nothing longer is hashed (OA-S19).
const maxSigned = 4096

var base64url = base64.RawURLEncoding.Strict()

// signer makes values that a browser can read and cannot change. What is signed for one purpose is good for no other. The first key
// signs, all verify.
type signer struct{ keys [][]byte }

func (s signer) sign(purpose, value string, at time.Time) string {
	text := base64url.EncodeToString([]byte(value)) + "." + strconv.FormatInt(at.Unix(), 36)
	return text + "." + base64url.EncodeToString(mac(s.keys[0], purpose, text))
}

func mac(key []byte, purpose, text string) []byte {
	h := hmac.New(sha256.New, key)
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(purpose))) // so that no two pairs give the same input
	h.Write(n[:])
	h.Write([]byte(purpose))
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (s signer) verify(purpose, signed string, now time.Time, maxAge time.Duration) (string, bool) {
	i := strings.LastIndexByte(signed, '.')
	if i < 0 || len(signed) > maxSigned {
		return "", false
	}
	text := signed[:i]
	given, err := base64url.DecodeString(signed[i+1:])
	ours := false
	for _, key := range s.keys {
		ours = hmac.Equal(given, mac(key, purpose, text)) || ours
	}
	if err != nil || !ours {
		return "", false
	}
	encoded, stamp, _ := strings.Cut(text, ".")
	at, err := strconv.ParseInt(stamp, 36, 64)
	if err != nil || now.Sub(time.Unix(at, 0)) > maxAge {
		return "", false
	}
	value, err := base64url.DecodeString(encoded)
	return string(value), err == nil
}
