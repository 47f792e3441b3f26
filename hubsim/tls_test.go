package hubsim_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// trusting trusts a hub's own authority, if it has one.
func trusting(hub *hubsim.Hub) *tls.Config {
	if hub.CA() == nil {
		return nil
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(hub.CA())
	return &tls.Config{RootCAs: pool}
}

// HB-201: over https the walk is the same, with Secure cookies.
func TestTheSharingWalkOverTLS(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{TLS: &hubsim.TLS{}})
	require.Contains(t, hub.URL, "https://127.0.0.1:")
	walk(t, hub, "sharer", "shared-with", "")
	p := stranger(t, hub).staysPut()
	for _, c := range []*http.Cookie{loginCookieOf(t, hub, "ann"), sessionCookieOf(t, hub, "ann")} {
		assert.True(t, c.Secure, c.Name)
	}
	set := p.logIn(p.get("login?next=%2Fhub%2Fhome"), "shared-with").header.Values("Set-Cookie")
	require.NotEmpty(t, set)
	for _, line := range set {
		assert.Contains(t, line, "Secure", line)
	}
	plain := hubsim.New(t, hubsim.Config{})
	require.Nil(t, plain.CA())
	require.False(t, loginCookieOf(t, plain, "ann").Secure)
}

func loginCookieOf(t *testing.T, hub *hubsim.Hub, user string) *http.Cookie {
	t.Helper()
	cookies, err := hub.LoginCookies(user)
	require.NoError(t, err)
	return cookies[0]
}

func sessionCookieOf(t *testing.T, hub *hubsim.Hub, user string) *http.Cookie {
	t.Helper()
	cookies, err := hub.LoginCookies(user)
	require.NoError(t, err)
	return cookies[1]
}

// HB-201: servers hear that the visitor came over https, and ask the hub over an address that needs no authority.
func TestServersBehindTLS(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case seen <- r.Header:
		default:
		}
	}))
	t.Cleanup(server.Close)
	hub := hubsim.New(t, hubsim.Config{TLS: &hubsim.TLS{}, Services: []hubsim.Service{{Name: "s", URL: server.URL}}})
	require.Equal(t, 200, stranger(t, hub).get(hub.ServiceURL("s")).status)
	require.Equal(t, "https", (<-seen).Get("X-Forwarded-Proto"))
	env, err := hub.ServiceEnv("s")
	require.NoError(t, err)
	for _, pair := range env {
		if at, ok := strings.CutPrefix(pair, "JUPYTERHUB_API_URL="); ok {
			require.Regexp(t, `^http://127\.0\.0\.1:`, at)
			res, err := http.Get(at + "/")
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, 200, res.StatusCode)
			return
		}
	}
	t.Fatal("no JUPYTERHUB_API_URL")
}

// HB-201: hubs with a key have a certificate for their host.
func TestKeysOverTLS(t *testing.T) {
	t.Parallel()
	hub := keyedHub(t, hubsim.Config{TLS: &hubsim.TLS{}})
	_, guest := named(t, hub, byHost, "w1").share()
	require.Equal(t, "shared-with", guest["hubUser"])
	status, answer := named(t, hub, byHost, "w1").ask("POST", "/_hubsim/page-token", `{"user": "shared-with", "owner": "sharer"}`)
	require.Equal(t, 200, status, "%v", answer)
}

// HB-201: a certificate from a file is shown as it is; the hub's own requests need nobody's trust for it.
func TestACertificateFromAFile(t *testing.T) {
	t.Parallel()
	some := httptest.NewUnstartedServer(nil)
	some.StartTLS()
	t.Cleanup(some.Close)
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pair := some.TLS.Certificates[0]
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	hub := hubsim.New(t, hubsim.Config{TLS: &hubsim.TLS{CertFile: cert, KeyFile: key}})
	require.Nil(t, hub.CA())
	at, err := url.Parse(hub.URL)
	require.NoError(t, err)
	conn, err := tls.Dial("tcp", at.Host, &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	require.Equal(t, pair.Certificate[0], conn.ConnectionState().PeerCertificates[0].Raw)
	require.NoError(t, conn.Close())
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	_, err = hub.PageToken(t.Context(), "sharer", "sharer", "")
	require.NoError(t, err)
}

// HB-201, HB-41: browsers say what a request is for on loopback and over https, but not to other hosts over plain http. A read by cookie that says it is a script's
// needs the proof; one that says nothing does not.
func TestBrowsersThatSayNothingAreBelieved(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]hubsim.Config{"http": {}, "https": {TLS: &hubsim.TLS{}}} {
		hub := hubsim.New(t, cfg)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: trusting(hub)}}
		cookies, err := hub.LoginCookies("sharer")
		require.NoError(t, err)
		for _, c := range []struct {
			host, mode string
			status     int
		}{{"127.0.0.1", "navigate", 200}, {"127.0.0.1", "cors", 403}, {"localhost", "cors", 403}, {"hub.test", "", 200}, {"hub.test", "cors", 403}} {
			req, err := http.NewRequestWithContext(t.Context(), "GET", hub.APIURL()+"/users/sharer", nil)
			require.NoError(t, err)
			req.Host = c.host
			for _, cookie := range cookies {
				req.AddCookie(cookie)
			}
			if c.mode != "" {
				req.Header.Set("Sec-Fetch-Mode", c.mode)
			}
			res, err := client.Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, c.status, res.StatusCode, "%s: %v", name, c)
		}
	}
}
