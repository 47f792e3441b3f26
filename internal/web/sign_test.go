package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/web"
)

func key(fill byte) []byte { return bytes.Repeat([]byte{fill}, 32) }

func newKeys(t testing.TB, fills ...byte) *web.Keys {
	t.Helper()
	var secrets [][]byte
	for _, f := range fills {
		secrets = append(secrets, key(f))
	}
	k, err := web.NewKeys(secrets...)
	require.NoError(t, err)
	return k
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)

func TestNewKeysNamesTheSecretThatIsTooShort(t *testing.T) {
	t.Parallel()
	_, err := web.NewKeys()
	assert.ErrorContains(t, err, "at least one")
	_, err = web.NewKeys(key('a'), []byte("hunter2"))
	assert.ErrorContains(t, err, "secret 1 has 7 bytes")
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestKeysDoNotChangeWithTheCallersSlice(t *testing.T) {
	t.Parallel()
	secret := key('a')
	k, err := web.NewKeys(secret)
	require.NoError(t, err)
	signed := k.Sign("p", "v", noon)
	secret[0] = 'b'
	_, ok := k.Verify("p", signed, noon, 0)
	assert.True(t, ok)
}

func TestSignedValuesComeBackForTheirPurpose(t *testing.T) {
	t.Parallel()
	k := newKeys(t, 'a')
	for _, value := range []string{"", "x", "two words; and = signs", "\x00\xff", strings.Repeat("v", 2000)} {
		signed := k.Sign("login", value, noon)
		assert.Equal(t, url.QueryEscape(signed), signed, "needs no escaping")
		got, ok := k.Verify("login", signed, noon, 0)
		assert.True(t, ok)
		assert.Equal(t, value, got)

		for name, purpose := range map[string]string{"another": "xsrf", "a prefix": "logi", "a longer": "login" + value + "x", "none": ""} {
			_, ok := k.Verify(purpose, signed, noon, 0)
			assert.False(t, ok, "%s purpose", name)
		}
	}
	// Purpose and value must not flow into each other.
	assert.NotEqual(t, mac(k.Sign("ab", "c", noon)), mac(k.Sign("a", "bc", noon)))
}

func mac(signed string) string { return signed[strings.LastIndexByte(signed, '.'):] }

// HB-33: a login cookie is good for its age and not a moment more.
func TestSignedValuesAge(t *testing.T) {
	t.Parallel()
	k := newKeys(t, 'a')
	signed := k.Sign("p", "v", noon)
	for name, c := range map[string]struct {
		after, max time.Duration
		ok         bool
	}{
		"at once":             {0, time.Hour, true},
		"at the very end":     {time.Hour, time.Hour, true},
		"a microsecond later": {time.Hour + time.Microsecond, time.Hour, false},
		"without a limit":     {1e6 * time.Hour, 0, true},
		"on a slower clock":   {-time.Minute, time.Hour, true},
	} {
		_, ok := k.Verify("p", signed, noon.Add(c.after), c.max)
		assert.Equal(t, c.ok, ok, name)
	}
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	old, both, fresh := newKeys(t, 'a'), newKeys(t, 'b', 'a'), newKeys(t, 'b')
	byOld, byBoth := old.Sign("p", "v", noon), both.Sign("p", "v", noon)
	for name, c := range map[string]struct {
		k      *web.Keys
		signed string
		ok     bool
	}{
		"the old key's work verifies while both are there": {both, byOld, true},
		"the first key signs":                              {fresh, byBoth, true},
		"the old alone does not know the new":              {old, byBoth, false},
		"the new alone does not know the old":              {fresh, byOld, false},
	} {
		_, ok := c.k.Verify("p", c.signed, noon, 0)
		assert.Equal(t, c.ok, ok, name)
	}
}

func TestForgedValuesAreRefused(t *testing.T) {
	t.Parallel()
	k := newKeys(t, 'a')
	signed := k.Sign("p", "value", noon)
	parts := strings.Split(signed, ".")
	other := strings.Split(k.Sign("p", "other", noon.Add(time.Second)), ".")
	for name, forged := range map[string]string{
		"empty":               "",
		"no parts":            "value",
		"too few parts":       parts[0] + "." + parts[1],
		"too many parts":      signed + ".",
		"another value":       other[0] + "." + parts[1] + "." + parts[2],
		"another time":        parts[0] + "." + other[1] + "." + parts[2],
		"another signature":   parts[0] + "." + parts[1] + "." + other[2],
		"no signature":        parts[0] + "." + parts[1] + ".",
		"half a signature":    signed[:len(signed)-10],
		"padding":             signed + "=",
		"a line end":          signed + "\n",
		"a line end inside":   parts[0] + "." + parts[1] + ".\n" + parts[2],
		"time in capitals":    parts[0] + "." + strings.ToUpper(parts[1]) + "." + parts[2],
		"time with a plus":    parts[0] + ".+" + parts[1] + "." + parts[2],
		"time with a zero":    parts[0] + ".0" + parts[1] + "." + parts[2],
		"standard base64":     strings.NewReplacer("-", "+", "_", "/").Replace(signed) + "+",
		"too long to be ours": strings.Repeat("a", 5000) + signed,
		"space in front":      " " + signed,
	} {
		_, ok := k.Verify("p", forged, noon, 0)
		assert.False(t, ok, name)
	}
}

// Every secret-bearing type prints the same word, however it is printed.
func TestSecretsPrintAsRedacted(t *testing.T) {
	t.Parallel()
	k := newKeys(t, 'S')
	secret := web.Redacted("SSSSSSSS")
	assert.Equal(t, "SSSSSSSS", secret.Reveal())
	holder := struct {
		K *web.Keys
		V web.Keys
		S web.Redacted
		M map[string]web.Redacted
	}{k, *k, secret, map[string]web.Redacted{"x": secret}}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "k", k, "v", *k, "s", secret)
	inJSON, err := json.Marshal(holder)
	require.NoError(t, err)
	texts := []string{logged.String(), string(inJSON), k.String(), secret.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, k), fmt.Sprintf(verb, *k), fmt.Sprintf(verb, secret), fmt.Sprintf(verb, holder))
	}
	for _, text := range texts {
		assert.NotContains(t, text, "SSS")
		assert.NotContains(t, text, "535353")
		assert.NotContains(t, text, "83 83")
	}
	assert.Equal(t, "REDACTED REDACTED", fmt.Sprintf("%v %d", k, secret))
}

func FuzzVerify(f *testing.F) {
	k, err := web.NewKeys(key('a'), key('b'))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(k.Sign("p", "value", noon))
	f.Add("a.b.c")
	f.Add("..")
	f.Fuzz(func(t *testing.T, signed string) {
		value, ok := k.Verify("p", signed, noon, 0)
		if ok {
			// Nobody but the holder of the first key makes these; there is one spelling.
			assert.Equal(t, k.Sign("p", value, noon), signed)
		}
		_, ok = k.Verify("other", signed, noon, 0)
		assert.False(t, ok)
	})
}
