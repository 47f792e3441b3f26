package scenario

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAddressesOfAHub(t *testing.T) {
	t.Parallel()
	a, err := parseAddress("http://127.0.0.1:8000/@/space%20word")
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:8000/@/space%20word/", a.front())
	assert.Equal(t, "http://127.0.0.1:8000/@/space%20word/user/a%2Fb%3F/", a.server("a/b?"))
	assert.Equal(t, "/@/space word/user/ünï/", a.serverPath("ünï"))
	assert.Equal(t, "/@/space word/hub/login", a.hubPath("login"))
	// HB-123: the empty server name leaves a slash at the end.
	assert.Equal(t, "http://127.0.0.1:8000/@/space%20word/hub/api/shares/a%20b/", a.api("shares", "a b", ""))
}

func TestErrorsDoNotQuoteQueries(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`goto "http://127.0.0.1:8000/hub/accept-share?code=secret&x=1": refused`: `goto "http://127.0.0.1:8000/hub/accept-share?…": refused`,
		"at https://hub/x?state=secret\nand http://hub/y":                        "at https://hub/x?…\nand http://hub/y",
		"what? nothing": "what? nothing",
	} {
		assert.Equal(t, want, withoutQueries(in))
	}
}

func TestPassedLooksForAWayInOrder(t *testing.T) {
	t.Parallel()
	way := []string{"http://h/a?code=1", "http://h/b/c", "http://h/d%20e"}
	for _, c := range []struct {
		want []string
		ok   bool
	}{
		{nil, true},
		{[]string{"/a", "/d e"}, true},
		{[]string{"/b/", "/d e"}, true},
		{[]string{"/b"}, false},
		{[]string{"/d e", "/a"}, false},
		{[]string{"/a", "/a"}, false},
	} {
		err := passed(way, c.want...)
		assert.Equal(t, c.ok, err == nil, "%q: %v", c.want, err)
		if err != nil {
			assert.NotContains(t, err.Error(), "code=")
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"http://127.0.0.1:8000", "https://hub/a%2Fb/", "http://[::1]/", "x", "http://u:p@h/", "http://h/%zz", "http://h/?", "//h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := parseAddress(s)
		if err != nil {
			return
		}
		if !strings.HasSuffix(a.base.Path, "/") || a.base.Host == "" || strings.ContainsAny(a.front(), "?#") {
			t.Errorf("parseAddress(%q) = %q", s, a.front())
		}
		if b, err := parseAddress(a.front()); err != nil || b.front() != a.front() {
			t.Errorf("parseAddress(%q) is %q, and again: %v", s, a.front(), err)
		}
	})
}
