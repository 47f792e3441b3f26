package web_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hubshare/hubshare/internal/web"
)

// OA-192, SH-181
func TestScrubURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"nothing to hide":                {"/hub/api/shares/a%2Fb/?limit=1&x=%zz+y", "/hub/api/shares/a%2Fb/?limit=1&x=REDACTED"},
		"harmless text stays":            {"/hub/?limit=1&a=b%20c+d&&e", "/hub/?limit=1&a=b%20c+d&&e"},
		"a share code":                   {"/hub/accept-share?code=V2f", "/hub/accept-share?code=REDACTED"},
		"each kind of name":              {"/?token=a&auth=b&key=c&code=d&state=e&_xsrf=f", "/?token=REDACTED&auth=REDACTED&key=REDACTED&code=REDACTED&state=REDACTED&_xsrf=REDACTED"},
		"names that contain one":         {"/?access_token=a&oauth_x=b&apikey=c&codes=d", "/?access_token=REDACTED&oauth_x=REDACTED&apikey=REDACTED&codes=REDACTED"},
		"in capitals":                    {"/?Code=a&TOKEN=b", "/?Code=REDACTED&TOKEN=REDACTED"},
		"a name spelt with an escape":    {"/?c%6fde=a", "/?c%6fde=REDACTED"},
		"a name that cannot be read":     {"/?%zz=a", "/?REDACTED=REDACTED"},
		"a login redirect":               {"/hub/login?next=%2Fhub%2Faccept-share%3Fcode%3DV2f", "/hub/login?next=%2Fhub%2Faccept-share%3Fcode%3DREDACTED"},
		"a redirect inside a redirect":   {"/hub/login?next=%2Fa%3Fnext%3D%252Fb%253Fcode%253DV2f", "/hub/login?next=%2Fa%3Fnext%3D%252Fb%253Fcode%253DREDACTED"},
		"a harmless redirect stays":      {"/hub/login?next=%2Fhub%2F%3Fa%3Db", "/hub/login?next=%2Fhub%2F%3Fa%3Db"},
		"a value that is a bare query":   {"/?x=code%3DV2f", "/?x=code%3DREDACTED"},
		"a fragment":                     {"/cb#access_token=a&x=y", "/cb#access_token=REDACTED&x=y"},
		"a fragment with an address":     {"/#/b?code=V2f", "/#/b?code=REDACTED"},
		"semicolons between parameters":  {"/?a=b;code=V2f", "/?a=b;code=REDACTED"},
		"a link escaped once too often":  {"/hub/accept-share%3Fcode%3DV2f", "/hub/accept-share%3Fcode%3DREDACTED"},
		"an address where a name stands": {"/?%2Fa%3Fcode%3DV2f", "/?%2Fa%3Fcode%3DREDACTED"},
		"that, with a value":             {"/?%2Fa%3Fcode%3DV2f=1", "/?%2Fa%3Fcode%3DREDACTED=REDACTED"},
		"no value":                       {"/?code=&code&state=", "/?code=&code&state="},
		"a full address":                 {"https://h:1/cb?code=a&n=1", "https://h:1/cb?code=REDACTED&n=1"},
		"nothing":                        {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := web.ScrubURL(c.in)
			assert.Equal(t, c.want, got)
			assert.Equal(t, got, web.ScrubURL(got), "scrubbing twice changes nothing")
		})
	}
}

func TestScrubURLFindsASecretHoweverDeep(t *testing.T) {
	t.Parallel()
	for depth := range 20 {
		for _, first := range []string{"/a?code=sesame", "code=sesame", "//h/a#token=sesame", "/a?b=c&state=sesame&d=e"} {
			address := first
			for range depth {
				address = "/hub/login?x=1&next=" + url.QueryEscape(address)
			}
			assert.NotContains(t, web.ScrubURL("/?next="+url.QueryEscape(address)), "sesame", "%d deep: %s", depth, first)
		}
	}
}

func FuzzScrubURL(f *testing.F) {
	for _, s := range []string{"/?a=b", "/x?next=%2Fy%3Fa%3Db#c", "%3f%253f", "a;b=&#?", "\xff%3f"} {
		f.Add(s, "x", uint8(2))
	}
	f.Fuzz(func(t *testing.T, prefix, key string, depth uint8) {
		const secret = "Zq9open9sesame9qZ"
		if strings.Contains(prefix, "9") {
			return // the secret must be ours alone
		}
		address := "/p?" + url.QueryEscape(key+"_token") + "=" + secret
		for range depth % 12 {
			address = "/q?a=" + url.QueryEscape(prefix) + "&next=" + url.QueryEscape(address)
		}
		assert.NotContains(t, web.ScrubURL(address), secret)
		assert.NotPanics(t, func() { web.ScrubURL(prefix) })
	})
}
