package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/proxy"
)

// BenchmarkProxiedRequest compares with the floor, a bare httputil.ReverseProxy with a transport of its own, and that with a request without any proxy.
// Each line is one request of one client, with the headers of a browser that is logged in.
func BenchmarkProxiedRequest(b *testing.B) {
	behind := target(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	p := proxy.New(proxy.Config{SessionCookie: "jupyterhub-session-id"})
	b.Cleanup(func() { require.NoError(b, p.Close()) })
	p.Add("/user/ann/", behind)
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32}
	b.Cleanup(transport.CloseIdleConnections)
	bare := httputil.NewSingleHostReverseProxy(behind)
	bare.Transport = transport
	for _, c := range []struct {
		name string
		h    http.Handler
	}{{"direct", nil}, {"bare", bare}, {"proxy", p}} {
		address := behind.String()
		if c.h != nil {
			front := httptest.NewServer(c.h)
			b.Cleanup(front.Close)
			address = front.URL
		}
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
		b.Cleanup(client.CloseIdleConnections)
		get := func(b *testing.B) {
			r, err := http.NewRequest(http.MethodGet, address+"/user/ann/api/contents?content=1", nil)
			require.NoError(b, err)
			r.Header.Set("Authorization", "token 0123456789abcdef0123456789abcdef")
			r.Header.Set("Cookie", "jupyterhub-session-id=0123456789abcdef0123456789abcdef; jupyterhub-user-ann=0123456789abcdef")
			res, err := client.Do(r)
			require.NoError(b, err)
			_, err = io.Copy(io.Discard, res.Body)
			require.NoError(b, err)
			require.NoError(b, res.Body.Close())
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				get(b)
			}
		})
		b.Run(c.name+"-parallel", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					get(b)
				}
			})
		})
	}
}
