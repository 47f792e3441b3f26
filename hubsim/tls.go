package hubsim

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// TLS says by which certificate a hub speaks https (HB-201).
type TLS struct {
	// CertFile and KeyFile are PEM files. Both empty: an authority is made that lives as long as the hub, see [Hub.CA], and signs for localhost, names below
	// it, loopback addresses, and the hosts of Addr and PublicURL.
	CertFile, KeyFile string
}

// CA is the certificate, in PEM, of the authority that the hub made; nil without TLS, and if the certificate came from a file.
func (h *Hub) CA() []byte {
	if h.tls == nil {
		return nil
	}
	return h.tls.caPEM
}

// certificates are what a hub shows to its callers.
type certificates struct {
	fixed *tls.Certificate // from files; nil = signed by ca
	names []string
	ca    *x509.Certificate
	caPEM []byte
	key   *ecdsa.PrivateKey // of the authority and of all that it signs
}

func newCertificates(t TLS, names []string) (*certificates, error) {
	if (t.CertFile == "") != (t.KeyFile == "") {
		return nil, errors.New("needs a certificate and its key, or neither")
	}
	if t.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, err
		}
		return &certificates{fixed: &cert}, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	c := &certificates{key: key, names: append([]string{"localhost", "127.0.0.1", "::1"}, names...)}
	der, err := c.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "hubsim, for tests alone"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign}, nil)
	if err != nil {
		return nil, err
	}
	if c.ca, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	c.caPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return c, nil
}

// sign signs by the authority, or has the authority sign itself. It runs on real time, as what checks it does.
func (c *certificates) sign(cert, by *x509.Certificate) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	cert.SerialNumber = serial
	// A clock may be behind; and browsers take no certificate of a server for longer than 398 days.
	cert.NotBefore, cert.NotAfter = time.Now().Add(-24*time.Hour), time.Now().Add(300*24*time.Hour)
	if by == nil {
		by = cert
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, by, c.key.Public(), c.key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return der, nil
}

// show gives the certificate for a name. It is signed anew for every connection, which costs less than a lookup would be worth: nothing grows by callers
// that think up names.
func (c *certificates) show(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c.fixed != nil {
		return c.fixed, nil
	}
	names := c.names
	if asked := strings.ToLower(hello.ServerName); belowLocalhost(asked) {
		names = append(slices.Clone(names), asked)
	}
	cert := &x509.Certificate{Subject: pkix.Name{CommonName: "hubsim"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, name := range names {
		if ip, err := netip.ParseAddr(name); err == nil {
			cert.IPAddresses = append(cert.IPAddresses, ip.AsSlice())
		} else {
			cert.DNSNames = append(cert.DNSNames, name)
		}
	}
	der, err := c.sign(cert, c.ca)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, c.ca.Raw}, PrivateKey: c.key}, nil
}

// listen speaks TLS; without HTTP/2, in which no web socket of ours would open.
func (c *certificates) listen(l net.Listener) net.Listener {
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: c.show})
}

// trusting is for the hub's own requests: it trusts its own certificate by whatever name, and others as everybody does.
func (c *certificates) trusting() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error {
		if c.fixed != nil && bytes.Equal(s.PeerCertificates[0].Raw, c.fixed.Certificate[0]) {
			return nil
		}
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if c.ca != nil {
			roots.AddCert(c.ca)
		}
		between := x509.NewCertPool()
		for _, cert := range s.PeerCertificates[1:] {
			between.AddCert(cert)
		}
		_, err = s.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: s.ServerName, Roots: roots, Intermediates: between})
		return err
	}}
}
