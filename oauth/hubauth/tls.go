package hubauth

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLSFiles name the PEM files of a hub whose parts prove themselves to each other by certificates (OA-E20). The zero value: there are none.
type TLSFiles struct {
	Key, Cert string // this server's own; both or neither
	// CA signed the certificates of the hub and its proxy, and is the only one believed; "" = those of the system.
	CA string
}

// Server is how a server listens that only the hub's proxy may talk to: with its own certificate, and to no one without one that CA signed.
// Errors name the file. [New] needs no such call: it uses the files for its calls to the hub by itself.
func (f TLSFiles) Server() (*tls.Config, error) {
	if f.Cert == "" || f.CA == "" {
		return nil, errors.New("hubauth: to listen with mutual TLS takes a key, a certificate and a CA")
	}
	pool, err := f.check()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.own() },
	}, nil
}

// client is how calls to the hub are made; nil without files.
func (f TLSFiles) client() (*tls.Config, error) {
	if f == (TLSFiles{}) {
		return nil, nil
	}
	pool, err := f.check()
	if err != nil {
		return nil, err
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	if f.Cert != "" {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return f.own() }
	}
	return c, nil
}

// own is read anew for each connection, of which there are few: certificates are renewed while servers run.
func (f TLSFiles) own() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("hubauth: read certificate %q and key %q: %w", f.Cert, f.Key, err)
	}
	return &pair, nil
}

// check reads everything once, so that what is wrong shows at the start. The pool is nil without a CA.
func (f TLSFiles) check() (*x509.CertPool, error) {
	if (f.Key == "") != (f.Cert == "") {
		return nil, errors.New("hubauth: a TLS key and its certificate come together")
	}
	if f.Cert != "" {
		if _, err := f.own(); err != nil {
			return nil, err
		}
	}
	if f.CA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, fmt.Errorf("hubauth: read TLS CA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("hubauth: no certificate in TLS CA %q", f.CA)
	}
	return pool, nil
}
