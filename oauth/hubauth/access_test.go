package hubauth

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// These look inside: from outside, the hub would have to be talked into each of the answers.

func TestWhichScopesOpenAServer(t *testing.T) { // OA-135, OA-203, SC-432
	t.Parallel()
	server := []string{"access:servers!server=alice/lab", "access:servers!user=alice"}
	service := []string{"access:services", "access:services!service=bob"}
	for _, c := range []struct {
		required []string
		held     string
		want     bool
	}{
		{server, "access:servers", true},
		{server, "access:servers!user=alice", true},
		{server, "access:servers!server=alice/lab", true},
		{[]string{"access:servers!server=alice/lab"}, "access:servers!user=alice", true},
		{server, "access:servers!server=alice/", false},
		{server, "access:servers!server=alice/lab2", false},
		{server, "access:servers!user=bob", false},
		{server, "access:servers!group=g", false},
		{server, "access:servers!user=Alice", false},
		{server, "access:servers!user=", false},
		{server, "servers", false},
		{service, "access:services", true},
		{service, "access:services!service=bob", true},
		{service, "access:services!service=other", false},
		{service, "access:servers!user=bob", false},
		{[]string{"access:services!service=bob"}, "access:services!user=bob", false},
		{nil, "anything", true},
	} {
		assert.Equal(t, c.want, permits(c.required, []string{"read:users:name!user=x", c.held}), "%v with %s", c.required, c.held)
	}
	assert.False(t, permits(server, nil))
}

func TestPendingLoginsAreBounded(t *testing.T) { // OA-S19
	t.Parallel()
	var s states
	start := time.Unix(1_000_000, 0)
	for i := range maxStates + 5 {
		s.add(time.Duration(i).String(), pending{at: start.Add(time.Duration(i))})
	}
	assert.Len(t, s.byID, maxStates)
	_, oldest := s.peek(time.Duration(0).String(), start)
	_, newest := s.peek(time.Duration(maxStates+4).String(), start)
	assert.False(t, oldest)
	assert.True(t, newest)
}

func TestRememberedAnswersAreBounded(t *testing.T) { // OA-134
	t.Parallel()
	var c cache
	for i := range maxCached + 5 {
		c.put(time.Duration(i).String(), answer{at: time.Unix(0, 0)}, time.Minute)
	}
	assert.LessOrEqual(t, len(c.entries), maxCached)
}

func FuzzNext(f *testing.F) { // OA-108, OA-S14
	for _, seed := range []string{"/user/alice/lab?x=1", "//evil.example/", "/\\evil.example", "/%2fevil.example", "\\\\evil", "/%5cevil.example", "/\t/evil", "evil", ""} {
		f.Add(seed, "a=b")
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		u := &url.URL{Path: path}
		next := ownPath(u.EscapedPath(), query, "/user/alice/")
		assert.True(t, strings.HasPrefix(next, "/"), next)
		assert.False(t, strings.HasPrefix(next, "//") || strings.HasPrefix(next, `/\`), next)
		base := &url.URL{Scheme: "https", Host: "hub.example"}
		if to, err := base.Parse(next); err == nil {
			assert.Equal(t, "hub.example", to.Host)
		}
	})
}

func FuzzVerify(f *testing.F) {
	s := signer{[][]byte{make([]byte, 32)}}
	now := time.Unix(1_000_000, 0)
	good := s.sign("a", "value", now)
	for _, seed := range []string{good, "", ".", "..", "a.b.c", good + "x", good[1:]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, signed string) {
		if value, ok := s.verify("a", signed, now, time.Hour); ok {
			assert.Equal(t, "value", value)
		}
		_, ok := s.verify("b", signed, now, time.Hour)
		assert.False(t, ok, "signed for another purpose")
		_, ok = s.verify("a", signed, now.Add(2*time.Hour), time.Hour)
		assert.False(t, ok, "too old")
	})
}
