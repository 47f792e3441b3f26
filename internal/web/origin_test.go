package web_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hubshare/hubshare/internal/web"
)

func request(headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://hub.example:8000/hub/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// OA-99 and HB-43 read the first value, HB-33 the last.
func TestSchemes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		headers []string
		tls     bool
		browser string
		secure  bool
	}{
		"plain":                           {nil, false, "http", false},
		"tls":                             {nil, true, "https", true},
		"a proxy in front":                {[]string{"X-Forwarded-Proto", "https"}, false, "https", true},
		"two proxies, the outer on tls":   {[]string{"X-Forwarded-Proto", "https,http"}, false, "https", false},
		"two proxies in two lines":        {[]string{"X-Forwarded-Proto", "https", "X-Forwarded-Proto", "http"}, false, "https", false},
		"spaces and capitals":             {[]string{"X-Forwarded-Proto", " HTTPS , http"}, false, "https", false},
		"x-scheme goes before":            {[]string{"X-Scheme", "https", "X-Forwarded-Proto", "http"}, false, "https", true},
		"forwarded goes before both":      {[]string{"Forwarded", `for=1.2.3.4;Proto="https";by=x, proto=http`, "X-Scheme", "http"}, false, "https", false},
		"forwarded without proto":         {[]string{"Forwarded", "for=1.2.3.4", "X-Scheme", "https"}, false, "https", true},
		"forwarded, second element only":  {[]string{"Forwarded", "for=1.2.3.4, proto=https"}, false, "http", false},
		"nonsense falls through":          {[]string{"Forwarded", "proto=gopher", "X-Scheme", "javascript", "X-Forwarded-Proto", "wss"}, true, "https", true},
		"an empty header is none":         {[]string{"X-Forwarded-Proto", ""}, false, "http", false},
		"plain announced over a tls link": {[]string{"X-Forwarded-Proto", "http"}, true, "http", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request(c.headers...)
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			assert.Equal(t, web.Origin{Scheme: c.browser, Host: "hub.example:8000"}, web.BrowserOrigin(r))
			assert.Equal(t, c.secure, web.SecureConnection(r))
		})
	}
}

// HB-197
func TestClientIP(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"the peer":                              {"1.2.3.4:5", nil, "1.2.3.4"},
		"an untrusted peer's word is ignored":   {"1.2.3.4:5", []string{"9.9.9.9"}, "1.2.3.4"},
		"a trusted proxy's word counts":         {"10.1.1.1:5", []string{"9.9.9.9"}, "9.9.9.9"},
		"only the last untrusted entry counts":  {"10.1.1.1:5", []string{"6.6.6.6, 9.9.9.9"}, "9.9.9.9"},
		"trusted proxies in a row":              {"[::1]:5", []string{"6.6.6.6, 9.9.9.9, 10.2.2.2"}, "9.9.9.9"},
		"in several lines":                      {"10.1.1.1:5", []string{"6.6.6.6", "9.9.9.9,10.2.2.2"}, "9.9.9.9"},
		"with a port":                           {"10.1.1.1:5", []string{"9.9.9.9:1234"}, "9.9.9.9"},
		"version 6":                             {"10.1.1.1:5", []string{"[2001:db8::1]:44"}, "2001:db8::1"},
		"version 4 inside version 6":            {"[::ffff:10.1.1.1]:5", []string{"9.9.9.9"}, "9.9.9.9"},
		"nonsense ends the search":              {"10.1.1.1:5", []string{"9.9.9.9, unknown"}, "10.1.1.1"},
		"nothing forwarded":                     {"10.1.1.1:5", nil, "10.1.1.1"},
		"all trusted, so the outermost":         {"10.1.1.1:5", []string{"10.3.3.3, 10.2.2.2"}, "10.3.3.3"},
		"a request that came over no network":   {"@", []string{"9.9.9.9"}, ""},
		"an address without a port is good too": {"1.2.3.4", nil, "1.2.3.4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request()
			r.RemoteAddr = c.peer
			for _, line := range c.forwarded {
				r.Header.Add("X-Forwarded-For", line)
			}
			assert.Equal(t, c.want, web.ClientIP(r, proxies...))
		})
	}
}
