package hubauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth/hubauth"
)

// authority is a CA in a folder.
type authority struct {
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.issue(t, "ca", nil)
	return a
}

// issue writes NAME.pem and NAME-key.pem.
func (a *authority) issue(t testing.TB, name string, by *authority) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	now := time.Now()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	parent, signer := tmpl, key
	if by == nil {
		tmpl.IsCA, tmpl.KeyUsage, tmpl.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
	} else {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(a.path(name), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(a.path(name+"-key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert, key
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name+".pem") }

// files of one who has a certificate of this authority and believes in it.
func (a *authority) files(t testing.TB, name string) hubauth.TLSFiles {
	t.Helper()
	a.issue(t, name, a)
	return hubauth.TLSFiles{Key: a.path(name + "-key"), Cert: a.path(name), CA: a.path("ca")}
}

// Both sides of a hub whose parts prove themselves: who has no certificate of its authority learns nothing, and nobody else is believed to be
// the hub.
func TestTheHubIsCalledWithTheServersOwnCertificate(t *testing.T) { // OA-E20
	t.Parallel()
	inside, outside := newAuthority(t), newAuthority(t)
	listen, err := inside.files(t, "hub").Server()
	require.NoError(t, err)
	hub := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"name": %q, "kind": "user", "scopes": ["access:servers"]}`, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	hub.Config.ErrorLog = log.New(io.Discard, "", 0)
	hub.Listener = tls.NewListener(hub.Listener, listen)
	hub.Start()
	t.Cleanup(hub.Close)
	address := "https" + strings.TrimPrefix(hub.URL, "http")
	// The files are read for each connection: a certificate that is renewed is used.
	renewed := inside.files(t, "renewed")
	for name, c := range map[string]struct {
		files hubauth.TLSFiles
		code  int
		as    string
	}{
		"with both":                       {inside.files(t, "server"), 200, "server"},
		"no certificate":                  {hubauth.TLSFiles{CA: inside.path("ca")}, 500, ""},
		"one of another authority":        {with(outside.files(t, "stranger"), inside.path("ca")), 500, ""},
		"a hub that cannot prove itself":  {with(inside.files(t, "doubter"), outside.path("ca")), 500, ""},
		"nothing, and the system's roots": {hubauth.TLSFiles{}, 500, ""},
		"one that was renewed":            {renewed, 200, "anew"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := hubauth.Config{
				APIURL: address + "/hub/api", APIToken: secret, ClientID: clientID, Prefix: "/user/alice/", TLS: c.files,
				AccessScopes: []string{"access:servers!server=alice/"},
			}
			auth, err := hubauth.New(cfg)
			require.NoError(t, err)
			if c.as == "anew" {
				inside.issue(t, "anew", inside)
				for _, part := range []string{"", "-key"} {
					require.NoError(t, os.Rename(inside.path("anew"+part), inside.path("renewed"+part)))
				}
			}
			var seen string
			h := auth.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				u, _ := hubauth.UserFrom(r.Context())
				seen = u.Name
			}))
			r, w := httptest.NewRequest(http.MethodGet, "/user/alice/", nil), httptest.NewRecorder()
			r.Header.Set("Authorization", "token x")
			h.ServeHTTP(w, r)
			assert.Equal(t, c.code, w.Code, w.Body)
			assert.Equal(t, c.as, seen)
		})
	}
}

func with(f hubauth.TLSFiles, ca string) hubauth.TLSFiles {
	f.CA = ca
	return f
}

func TestTLSFilesThatCannotBeUsedAreNamed(t *testing.T) { // OA-E20
	t.Parallel()
	a := newAuthority(t)
	good := a.files(t, "server")
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for want, files := range map[string]hubauth.TLSFiles{
		"come together": {Key: good.Key},
		"missing.pem":   {Key: good.Key, Cert: "missing.pem"},
		"gone.pem":      {CA: "gone.pem"},
		empty:           {CA: empty},
	} {
		_, err := hubauth.New(hubauth.Config{APIToken: secret, ClientID: clientID, Prefix: "/x/", TLS: files})
		require.ErrorContains(t, err, want)
	}
	_, err := hubauth.TLSFiles{CA: good.CA}.Server()
	require.Error(t, err, "a server without a certificate of its own")
	_, err = hubauth.TLSFiles{Key: good.Key, Cert: good.Cert}.Server()
	require.Error(t, err, "one that would let anybody in")
	c, err := good.Server()
	require.NoError(t, err)
	assert.Equal(t, tls.RequireAndVerifyClientCert, c.ClientAuth)
}
