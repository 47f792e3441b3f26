package web_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hubshare/hubshare/internal/web"
)

// SH-151, OA-105, OA-106, OA-S14, HB-43
func TestValidateNext(t *testing.T) {
	t.Parallel()
	own := []web.Origin{{Scheme: "https", Host: "hub.example"}, {Scheme: "http", Host: "hub.example:8000"}}
	for name, c := range map[string]struct{ in, want string }{
		"a page":                            {"/hub/admin", "/hub/admin"},
		"a server":                          {"/user/other", "/user/other"},
		"any path":                          {"/absolute", "/absolute"},
		"query and fragment":                {"/has?query#andhash", "/has?query#andhash"},
		"an address in the query":           {"/has?repo=https://host.git", "/has?repo=https://host.git"},
		"an address in the fragment":        {"/has#repo=https://host.git", "/has#repo=https://host.git"},
		"the root":                          {"/", "/"},
		"white space around":                {" \t/hub/home\n", "/hub/home"},
		"own host":                          {"https://hub.example/x?y#z", "/x?y#z"},
		"own host, protocol-relative":       {"//hub.example/x", "/x"},
		"own host alone":                    {"https://hub.example", "/"},
		"own host, slash":                   {"//hub.example/", "/"},
		"own host, two slashes":             {"https://hub.example//other.domain/", "/other.domain/"},
		"own host, four slashes":            {"https://hub.example////other.domain/", "/other.domain/"},
		"own host after many slashes":       {"////hub.example/x", "/x"},
		"second own host":                   {"http://hub.example:8000/x", "/x"},
		"a backslash in the path":           {`/a\b`, "/a%5Cb"},
		"a backslash where a slash misled":  {`/\evil`, "/%5Cevil"},
		"own host, then a backslash":        {`https://hub.example/\evil`, "/%5Cevil"},
		"markup is left to the page":        {`/hub/home"><img>`, `/hub/home"><img>`},
		"encoded slashes behind a real one": {"/%2f%2fevil", "/%2f%2fevil"},
		"encoded line breaks are harmless":  {"/%0d%0aevil", "/%0d%0aevil"},
		"characters outside ASCII":          {"/user/ünï/", "/user/ünï/"},

		"absent":                        {"", ""},
		"white space alone":             {"  ", ""},
		"relative":                      {"relative/path", ""},
		"another host":                  {"https://other.domain", ""},
		"another scheme":                {"ftp://other.domain", ""},
		"own host, other scheme":        {"ftp://hub.example/", ""},
		"own host, wrong scheme":        {"http://hub.example/x", ""},
		"own host, wrong port":          {"https://hub.example:444/x", ""},
		"another host, no scheme":       {"//other.domain", ""},
		"three slashes":                 {"///other.domain/triple", ""},
		"many slashes":                  {"///////other.domain", ""},
		"two backslashes":               {`\\other.domain/backslashes`, ""},
		"slash and backslash swapped":   {`\/other.domain`, ""},
		"slash, backslash, more slash":  {`//\other.domain`, ""},
		"userinfo that looks own":       {"//hub.example@evil", ""},
		"userinfo that looks own, full": {"https://hub.example@evil/", ""},
		"suffix that looks own":         {"//hub.example.evil", ""},
		"own host, query, no path":      {"//hub.example?x", ""},
		"encoded slashes alone":         {"%2f%2fevil", ""},
		"a script":                      {"javascript:alert(1)", ""},
		"data":                          {"data:text/html,x", ""},
		"a tab inside":                  {"/\t/evil", ""},
		"a line feed inside":            {"/a\nb", ""},
		"a carriage return inside":      {"/a\rSet-Cookie: x", ""},
		"NUL":                           {"/a\x00", ""},
		"DEL":                           {"/a\x7fb", ""},
		"a control character above 127": {"/a\u0085b", ""},
		"not UTF-8":                     {"/\xff", ""},
		"a question mark alone":         {"?x", ""},
		"a fragment alone":              {"#x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := web.ValidateNext(c.in, own...)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.want != "", ok)
		})
	}
	t.Run("an unknown own host makes nothing own", func(t *testing.T) {
		t.Parallel()
		_, ok := web.ValidateNext("///evil", web.Origin{})
		assert.False(t, ok)
		_, ok = web.ValidateNext("https:///evil", web.Origin{Scheme: "https"})
		assert.False(t, ok)
	})
}

func FuzzValidateNext(f *testing.F) {
	for _, s := range []string{"/hub/", "//evil", `/\evil`, "https://hub.example//x", "///x", " /x ", "/\t/x", "//hub.example@evil"} {
		f.Add(s)
	}
	own := web.Origin{Scheme: "https", Host: "hub.example"}
	base := &url.URL{Scheme: "https", Host: "hub.example", Path: "/hub/login"}
	f.Fuzz(func(t *testing.T, raw string) {
		got, ok := web.ValidateNext(raw, own)
		if !ok {
			assert.Empty(t, got)
			return
		}
		assert.True(t, strings.HasPrefix(got, "/"), "%q", got)
		assert.False(t, strings.HasPrefix(got, "//"), "%q", got)
		assert.NotContains(t, got, `\`)
		assert.False(t, strings.ContainsAny(got, "\r\n\t\x00"), "%q", got)
		if u, err := base.Parse(got); err == nil {
			assert.Equal(t, "hub.example", u.Host)
			assert.Equal(t, "https", u.Scheme)
		}
		again, ok := web.ValidateNext(got, own)
		assert.True(t, ok)
		assert.Equal(t, got, again)
	})
}

// SH-141, HB-12, HB-22
func TestLoginRedirect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ login, target, want string }{
		"a share code": {"/hub/login", "/hub/accept-share?code=V2f_-x",
			"/hub/login?next=%2Fhub%2Faccept-share%3Fcode%3DV2f_-x"},
		"a nested next": {"/hub/login", "/hub/accept-share?code=a&next=%2Fuser%2Fann%2F",
			"/hub/login?next=%2Fhub%2Faccept-share%3Fcode%3Da%26next%3D%252Fuser%252Fann%252F"},
		"a path":               {"/hub/login", "/hub/", "/hub/login?next=%2Fhub%2F"},
		"escapes stay escapes": {"/hub/login", "/hub/user/a%2Fb%20c/", "/hub/login?next=%2Fhub%2Fuser%2Fa%252Fb%2520c%2F"},
		"a bare question mark": {"/hub/login", "/hub/?", "/hub/login?next=%2Fhub%2F%3F"},
		"a login URL with a query": {"/hub/login?lang=de", "/hub/",
			"/hub/login?lang=de&next=%2Fhub%2F"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := web.LoginRedirect(c.login, httptest.NewRequest("GET", c.target, nil))
			assert.Equal(t, c.want, got)
			u, err := url.Parse(got)
			assert.NoError(t, err)
			assert.Equal(t, c.target, u.Query().Get("next"), "the login page must find the target as it was asked for")
		})
	}
}
