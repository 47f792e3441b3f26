package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/web"
)

// HB-3, SH-171
func TestEscapeSegment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"plain names stay":              {"Alice-1_b.c~d@e", "Alice-1_b.c~d@e"},
		"a space and an accent":         {"jané doe@x.org", "jan%C3%A9%20doe@x.org"},
		"markup":                        {`testuser<'&">`, "testuser%3C%27%26%22%3E"},
		"a slash is data":               {"a/b", "a%2Fb"},
		"percent and plus":              {"100%+", "100%25%2B"},
		"delimiters of a URL":           {"?#:;,=!$*()[]", "%3F%23%3A%3B%2C%3D%21%24%2A%28%29%5B%5D"},
		"nothing":                       {"", ""},
		"bytes that are not characters": {"\x00\xff", "%00%FF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, web.EscapeSegment(c.in))
		})
	}
}

// SH-170, HB-3, HB-4
func TestSplitPath(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"nothing has no segment":           {"", nil},
		"the root has one empty segment":   {"/", []string{""}},
		"a leading slash is dropped":       {"/a/b", []string{"a", "b"}},
		"and may be missing":               {"a/b", []string{"a", "b"}},
		"a trailing slash counts":          {"/a/", []string{"a", ""}},
		"only one leading slash goes":      {"//a", []string{"", "a"}},
		"double slashes stay":              {"/a//b", []string{"a", "", "b"}},
		"an encoded slash is data":         {"/a%2Fb/c", []string{"a/b", "c"}},
		"lower-case hex too":               {"/a%2fb", []string{"a/b"}},
		"decoded once":                     {"/%2541", []string{"%41"}},
		"plus stays plus":                  {"/a+b", []string{"a+b"}},
		"dot segments are ordinary":        {"/./../a", []string{".", "..", "a"}},
		"encoded dots are too":             {"/%2e%2e/a", []string{"..", "a"}},
		"characters outside ASCII":         {"/jan%C3%A9", []string{"jané"}},
		"an encoded question mark is data": {"/a%3Fb", []string{"a?b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := web.SplitPath(c.in)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	for name, in := range map[string]string{
		"not hexadecimal":      "/a/%zz",
		"cut short":            "/a%4",
		"a lone percent sign":  "/%",
		"not UTF-8":            "/%ff",
		"half a character":     "/%C3/a",
		"a surrogate":          "/%ED%A0%80",
		"bad beside good":      "/good/%zz/good",
		"an overlong slash":    "/%C0%AF",
		"raw bytes, not UTF-8": "/\xff",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := web.SplitPath(in)
			assert.ErrorIs(t, err, web.ErrBadPath)
		})
	}
}

// HB-3: what the client should have escaped must not turn data into structure.
func TestEscapedPathKeepsAnEncodedSlashBesideRawBytes(t *testing.T) {
	t.Parallel()
	for _, path := range []string{`/user/a"%2Fb`, "/user/é%2Fb", "/user/a%2Fb", "/user/%41", "/a//b/", "//a"} {
		r := &http.Request{}
		u, err := http.NewRequest(http.MethodGet, "http://hub"+path, nil)
		require.NoError(t, err)
		r.URL = u.URL
		assert.Equal(t, path, web.EscapedPath(r))
	}
	// A handler that rewrote only Path is believed.
	r := httptest.NewRequest(http.MethodGet, "/a%2Fb", nil)
	r.URL.Path = "/c d"
	assert.Equal(t, "/c%20d", web.EscapedPath(r))
}

func FuzzSplitPath(f *testing.F) {
	for _, s := range []string{"", "/", "/a%2Fb//", "/%zz", "/%ff", "/+/~", "/user/jan%C3%A9/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, escaped string) {
		segments, err := web.SplitPath(escaped)
		if err != nil {
			assert.ErrorIs(t, err, web.ErrBadPath)
			return
		}
		if escaped != "" {
			assert.Len(t, segments, 1+strings.Count(strings.TrimPrefix(escaped, "/"), "/"))
		}
		// Escaping the segments and splitting again is the identity.
		again := ""
		for _, s := range segments {
			assert.True(t, utf8.ValidString(s))
			again += "/" + web.EscapeSegment(s)
		}
		back, err := web.SplitPath(again)
		assert.NoError(t, err)
		assert.Equal(t, segments, back)
	})
}
