package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
)

func quotas(q sharing.Quotas) func(*httpapi.Config) {
	return func(c *httpapi.Config) { c.Service.Quotas = q }
}

// unlimited is for tests that ask more often than people do.
func unlimited(c *httpapi.Config) { c.Service.Quotas = sharing.NoQuotas() }

// TestTooManyRequests: 429 in JSON with Retry-After in whole seconds, after which the same request is taken; a bulk grant counts each grantee,
// and what is refused for another reason counts nothing.
func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t, quotas(sharing.Quotas{Creations: sharing.Quota{N: 3, Per: 90 * time.Second}}))
	for range 5 {
		assert.Equal(t, http.StatusBadRequest, f.api("admin", http.MethodPost, "shares/sharer/", `{"user": "ghost"}`).Code)
		assert.Equal(t, http.StatusBadRequest, f.api("admin", http.MethodPost, "share-codes/sharer/", `{"expires_in": 1}`).Code)
	}
	f.must("admin", http.MethodPost, "shares/sharer/", `{"users": ["stranger", "shared-with"]}`)
	f.createCode("admin", "sharer/", "")
	for path, body := range map[string]string{"share-codes/sharer/": "", "shares/sharer/": `{"user": "stranger"}`, "shares/stranger/": `{"groups": ["team"]}`} {
		w := f.api("admin", http.MethodPost, path, body)
		require.Equal(t, http.StatusTooManyRequests, w.Code, path)
		assert.Contains(t, message(t, w), "Too many requests; try again in ")
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
		wait, err := strconv.Atoi(w.Header().Get("Retry-After"))
		require.NoError(t, err)
		assert.Positive(t, wait)
		assert.LessOrEqual(t, wait, 90)
	}
	f.createCode("sharer", "sharer/", "")
	f.must("admin", http.MethodPatch, "shares/sharer/", `{"user": "stranger"}`)
	f.must("admin", http.MethodGet, "shares/sharer/", "")

	w := f.api("admin", http.MethodPost, "shares/sharer/", `{"user": "stranger"}`)
	wait, err := strconv.Atoi(w.Header().Get("Retry-After"))
	require.NoError(t, err)
	f.advance(time.Duration(wait) * time.Second)
	w = f.api("admin", http.MethodPost, "shares/sharer/", `{"user": "stranger"}`)
	// What all replicas together have had may end later than what this one has.
	for tries := 0; w.Code == http.StatusTooManyRequests; tries++ {
		require.Less(t, tries, 3)
		wait, err = strconv.Atoi(w.Header().Get("Retry-After"))
		require.NoError(t, err)
		f.advance(time.Duration(wait) * time.Second)
		w = f.api("admin", http.MethodPost, "shares/sharer/", `{"user": "stranger"}`)
	}
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Empty(t, w.Header().Values("Retry-After"))
}

// TestTooManyWrongCodes: on the page 429 is a page with the same header, and a real code is refused as well until then.
func TestTooManyWrongCodes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, quotas(sharing.Quotas{Failures: sharing.Quota{N: 3, Per: time.Minute}}))
	code, _ := f.code("sharer", "sharer/", "")
	_, token := f.open("shared-with", "code="+code)
	for range 3 {
		w, _ := f.open("shared-with", "code=wrong")
		require.Equal(t, http.StatusNotFound, w.Code)
	}
	get, _ := f.open("shared-with", "code="+code)
	post := f.submit("shared-with", token, "", "code="+code)
	for name, w := range map[string]interface {
		Header() http.Header
	}{"looking": get, "accepting": post} {
		assert.Equal(t, "text/html", w.Header().Get("Content-Type"), name)
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"), "SH-62")
		wait, err := strconv.Atoi(w.Header().Get("Retry-After"))
		require.NoError(t, err, name)
		assert.Positive(t, wait)
	}
	assert.Equal(t, http.StatusTooManyRequests, get.Code)
	assert.Equal(t, http.StatusTooManyRequests, post.Code)
	assert.Contains(t, refusal(t, get), "429 : Too Many Requests Too many requests; try again in ")
	assert.NotContains(t, f.log.String(), code, "SH-181")
	w, _ := f.open("stranger", "code="+code)
	assert.Equal(t, http.StatusOK, w.Code, "somebody else's quota is their own")
	f.advance(2 * time.Minute)
	f.accept(t, "shared-with", code)
}

// TestQuotasByAddress: many users behind one address share its quota, which is counted for an IPv6 network as a whole; who comes from nowhere
// has only their own.
func TestQuotasByAddress(t *testing.T) {
	t.Parallel()
	const one, other = true, false
	for name, c := range map[string]struct {
		first, second string // what ClientIP says
		same          bool
	}{
		"one IPv4 address":                  {"192.0.2.1", "192.0.2.1", one},
		"two IPv4 addresses":                {"192.0.2.1", "192.0.2.2", other},
		"another port":                      {"192.0.2.1:80", "192.0.2.1:81", one},
		"with and without a port":           {"192.0.2.1:80", "192.0.2.1", one},
		"one IPv6 network":                  {"2001:db8:1:2::1", "2001:db8:1:2:ffff::2", one},
		"two IPv6 networks":                 {"2001:db8:1:2::1", "2001:db8:1:3::1", other},
		"in brackets, with a port":          {"[2001:db8:1:2::1]:80", "[2001:db8:1:2::2]", one},
		"with a zone":                       {"fe80::1%eth0", "fe80::2%eth1", one},
		"IPv4 within IPv6":                  {"::ffff:192.0.2.1", "192.0.2.1", one},
		"another IPv4 within IPv6":          {"::ffff:192.0.2.1", "::ffff:192.0.2.2", other},
		"white space around":                {" 192.0.2.1", "192.0.2.1\n", one},
		"garbage is nobody's":               {"garbage", "garbage", other},
		"nothing is nobody's":               {"", "", other},
		"a list of addresses is no address": {"192.0.2.1, 192.0.2.2", "192.0.2.1, 192.0.2.2", other},
		"a name is no address":              {"localhost:80", "localhost:80", other},
		"nowhere is no address":             {"0.0.0.0", "0.0.0.0", other},
		"nowhere in IPv6":                   {"[::]:80", "::", other},
		"an octet too many":                 {"192.0.2.1.1", "192.0.2.1.1", other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, quotas(sharing.Quotas{AddressCreations: sharing.Quota{N: 1, Per: time.Hour}, AddressFailures: sharing.Quota{N: 1, Per: time.Hour}}),
				func(c *httpapi.Config) {
					c.ClientIP = func(r *http.Request) string { return r.Header.Get("X-Address") }
				})
			from := func(ip string) option { return header("X-Address", ip) }
			want, page := http.StatusOK, http.StatusNotFound
			if c.same {
				want, page = http.StatusTooManyRequests, http.StatusTooManyRequests
			}
			require.Equal(t, http.StatusOK, f.api("sharer", http.MethodPost, "share-codes/sharer/", "", from(c.first)).Code)
			assert.Equal(t, want, f.api("stranger", http.MethodPost, "share-codes/stranger/", "", from(c.second)).Code)
			w, _ := f.open("sharer", "code=wrong", from(c.first))
			require.Equal(t, http.StatusNotFound, w.Code)
			w, _ = f.open("stranger", "code=wrong", from(c.second))
			assert.Equal(t, page, w.Code)
		})
	}
}

// TestTheAddressOfAConnection counts where no ClientIP is configured, and not what a client writes about itself; a page of the host's own gets
// it as well.
func TestTheAddressOfAConnection(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	seen := ""
	page := f.inner.Page(func(_ http.ResponseWriter, _ *http.Request, v httpapi.Visitor) error {
		seen = v.Address
		return nil
	})
	for remote, want := range map[string]string{
		"192.0.2.7:4711": "192.0.2.7", "[2001:db8:1:2:3::4]:4711": "2001:db8:1:2::/64", "[::ffff:192.0.2.7]:1": "192.0.2.7", "@": "", "": "", "pipe": "",
	} {
		seen = "untouched"
		f.visit(page, remote)
		assert.Equal(t, want, seen, remote)
	}
}

// visit gets a page of the host's own as sharer, from an address, claiming to be from another.
func (f *fixture) visit(page http.Handler, remote string) {
	f.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/mine", nil)
	cookie("sharer")(r)
	r.RemoteAddr = remote
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	page.ServeHTTP(httptest.NewRecorder(), r)
}
