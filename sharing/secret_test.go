package sharing_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// TestSecretsPrintRedacted is SH-181.
func TestSecretsPrintRedacted(t *testing.T) {
	t.Parallel()
	s := sharing.Presented("V2fCgBwgGjX6e0GAkL9F")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s"} {
		assert.Equal(t, "REDACTED", fmt.Sprintf(verb, s), verb)
		assert.NotContains(t, fmt.Sprintf(verb, struct{ S sharing.Secret }{s}), "V2fC", verb)
		assert.NotContains(t, fmt.Sprintf(verb, &s), "V2fC", verb)
	}
	assert.Equal(t, "REDACTED", s.String())
	text, err := json.Marshal(map[string]any{"code": s})
	require.NoError(t, err)
	assert.JSONEq(t, `{"code":"REDACTED"}`, string(text))
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("code", "code", s, "nested", struct{ S sharing.Secret }{s})
	assert.NotContains(t, log.String(), "V2fC")
	assert.Equal(t, "V2fCgBwgGjX6e0GAkL9F", s.Reveal())
}

// TestHashes is SH-12: salted, found by a prefix, and matched by the code alone.
func TestHashes(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{})
	s, err := sharing.NewSecret(random)
	require.NoError(t, err)
	one, prefix, err := s.Hash(random)
	require.NoError(t, err)
	two, _, err := s.Hash(random)
	require.NoError(t, err)
	assert.NotEqual(t, one, two, "each hash has a salt of its own")
	assert.Regexp(t, `^sha512:1:[0-9a-f]{16}:[0-9a-f]{128}$`, one)
	assert.Equal(t, s.Reveal()[:4], prefix)

	p, ok := s.Probe()
	require.True(t, ok)
	assert.Equal(t, prefix, p.Prefix)
	assert.True(t, p.Match(one))
	assert.True(t, p.Match(two))
	for _, other := range []string{"", "sha512", "sha512:1::", one[:len(one)-1], one + "0", strings.Replace(one, "sha512:1", "sha512:2", 1), "md5" + one[6:]} {
		assert.False(t, p.Match(other), other)
	}
	wrong, ok := sharing.Presented(s.Reveal() + "A").Probe()
	require.True(t, ok)
	assert.False(t, wrong.Match(one))
}

// TestNoRandomnessNoSecret: a source that runs dry must not give a weaker code.
func TestNoRandomnessNoSecret(t *testing.T) {
	t.Parallel()
	dry := io.MultiReader(strings.NewReader("seven b"), iotest.ErrReader(errors.New("dry")))
	_, err := sharing.NewSecret(dry)
	require.Error(t, err)
	_, _, err = sharing.Presented("abcdef").Hash(iotest.ErrReader(errors.New("dry")))
	require.Error(t, err)
	f := newFixture(t)
	f.Rand = iotest.ErrReader(errors.New("dry"))
	_, _, err = f.CreateCode(t.Context(), f.as(t, "alice"), sharing.CodeRequest{Server: home})
	require.Error(t, err)
	assert.Empty(t, f.told())
}

// TestWhatCannotBeACode is SH-14.
func TestWhatCannotBeACode(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.code(t)
	for name, text := range map[string]string{
		"nothing": "", "three characters": "abc", "not ascii": "abcdé", "invalid utf-8": "abcd\xff", "much too long": strings.Repeat("a", 257),
		"something else": "wrong", "sql": "' OR 1=1 --", "zeroes": "\x00\x00\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := f.Exchange(t.Context(), f.as(t, "bob"), sharing.Presented(text))
			require.ErrorIs(t, err, sharing.ErrCodeNotFound)
			assert.EqualError(t, err, "Share not found or expired")
			require.ErrorIs(t, f.DeleteCode(t.Context(), f.as(t, "alice"), sharing.DeleteRequest{Server: home}, sharing.Presented(text)), sharing.ErrCodeNotFound)
		})
	}
}

// FuzzPresentedCode: whatever a visitor sends is either the code or not found (SH-14).
func FuzzPresentedCode(f *testing.F) {
	real, err := sharing.NewSecret(rand.NewChaCha8([32]byte{}))
	require.NoError(f, err)
	hash, _, err := real.Hash(rand.NewChaCha8([32]byte{1}))
	require.NoError(f, err)
	for _, seed := range []string{"", "abc", real.Reveal(), real.Reveal()[:42], real.Reveal() + " ", "é", "\x00\xff", strings.Repeat("x", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := sharing.Presented(text).Probe()
		if !ok {
			assert.NotEqual(t, real.Reveal(), text)
			return
		}
		assert.Len(t, p.Prefix, 4)
		assert.Equal(t, text == real.Reveal(), p.Match(hash))
		assert.False(t, p.Match(text), "a text is no hash of itself")
	})
}

// FuzzCodeID: a handle is read exactly as it is written, or not at all (SH-15, SH-112).
func FuzzCodeID(f *testing.F) {
	for _, seed := range []string{"sc_1", "sc_01", "sc_", "sc_-1", "sc_1x", "xsc_1", "sc_9223372036854775807", "sc_9223372036854775808"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := sharing.ParseCodeID(s)
		if !ok {
			return
		}
		assert.GreaterOrEqual(t, id, int64(0))
		assert.Regexp(t, `\Asc_[0-9]+\z`, s)
		back, ok := sharing.ParseCodeID(sharing.CodeID(id))
		assert.True(t, ok)
		assert.Equal(t, id, back)
	})
}
