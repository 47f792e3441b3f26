package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// place is where the hub is that the other commands ask.
type place struct {
	url, token string
	ca         string // the file of a certificate to trust besides the system's; "" is none
	// anyCertificate takes whichever one is shown at an address of this machine: for who sends no secret and learns none.
	anyCertificate bool
}

func (w world) place(f *flag.FlagSet) *place {
	p := &place{}
	port, ok := w.env("HUBSIM_PORT")
	if !ok {
		port = "8000"
	}
	at, ok := w.env("HUBSIM_URL")
	if !ok {
		scheme := "http"
		if over, ok := w.env("HUBSIM_TLS"); ok && over != "" {
			scheme = "https"
		}
		at = scheme + "://127.0.0.1:" + port + "/"
	}
	f.StringVar(&p.url, "url", at, "`ADDRESS` of the hub, as its ready line has it; or in HUBSIM_URL")
	ca, _ := w.env("HUBSIM_CA")
	f.StringVar(&p.ca, "ca", ca, "`FILE` of the certificate to trust over https, as the ready line has it under \"ca\"; or in HUBSIM_CA")
	p.token, _ = w.env("HUBSIM_ADMIN_TOKEN")
	return p
}

// trust is what a request to the hub takes for its certificate; nil is what the system trusts.
func (p place) trust(host string) (*tls.Config, error) {
	if p.ca == "" {
		if p.anyCertificate && (host == "localhost" || net.ParseIP(host).IsLoopback()) {
			return &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}, nil
		}
		return nil, nil
	}
	pem, err := os.ReadFile(p.ca)
	if err != nil {
		return nil, wrongUsage("--ca: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, wrongUsage("--ca: %s has no certificate in PEM", p.ca)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}, nil
}

// patience is how long a hub may take to answer.
const patience = 5 * time.Second

// ask gets what a control endpoint says.
func (p place) ask(ctx context.Context, endpoint string, query url.Values, into any) (err error) {
	at, err := url.Parse(p.url)
	if err != nil || at.Host == "" {
		return wrongUsage("--url: %q is no address", p.url)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	at = &url.URL{Scheme: at.Scheme, Host: at.Host, Path: "/_hubsim/" + endpoint, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return wrongUsage("--url: %w", err)
	}
	if p.token != "" {
		req.Header.Set("Authorization", "token "+p.token)
	}
	// The hub is on this machine: no proxy of the environment comes between.
	transport := &http.Transport{DisableKeepAlives: true}
	if transport.TLSClientConfig, err = p.trust(at.Hostname()); err != nil {
		return err
	}
	client := &http.Client{Transport: transport}
	res, err := client.Do(req)
	if unknown := new(x509.UnknownAuthorityError); errors.As(err, unknown) && p.ca == "" {
		return fmt.Errorf("%w; --ca names the file of its certificate, which the ready line has under \"ca\"", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read the hub's answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		var refusal struct {
			Message string `json:"message"`
		}
		_ = json.Unmarshal(body, &refusal) // another program's answer says nothing
		return fmt.Errorf("the hub answers %s: %s", res.Status, refusal.Message)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read the hub's answer: %w", err)
	}
	return nil
}

// health ends well if the hub is there (HB-180).
func (w world) health(ctx context.Context) error {
	f := w.flags("hubsim health")
	p := w.place(f)
	if err := w.parse(f, "Ask a hub whether it is there. Exit code 0: it is."); err != nil {
		return err
	}
	p.token, p.anyCertificate = "", true // health is everybody's to ask
	var answer struct {
		Status string `json:"status"`
	}
	if err := p.ask(ctx, "health", nil, &answer); err != nil {
		return err
	}
	if answer.Status != "ready" {
		return fmt.Errorf("the hub at %s is not ready", p.url)
	}
	return nil
}

// printEnv prints what a server or service finds in its environment (HB-181).
func (w world) printEnv(ctx context.Context) error {
	f := w.flags("hubsim env")
	p := w.place(f)
	service := f.String("service", "", "`NAME` of a service that is configured without a command")
	user := f.String("user", "", "`OWNER` of a server of kind url that is starting or running")
	server := f.String("server", "", "`NAME` of that server, if it has one")
	plain := f.Bool("plain", false, "one NAME=value to a line, as containers take it, in place of what a shell does")
	if err := w.parse(f, `Print the environment of a service or server of a running hub:  eval "$(hubsim env --service NAME)"`); err != nil {
		return err
	}
	query := url.Values{}
	switch {
	case (*service == "") == (*user == ""):
		return wrongUsage("either --service or --user (--help lists the flags)")
	case *service != "":
		query.Set("service", *service)
	default:
		query.Set("user", *user)
		query.Set("server", *server)
	}
	var answer struct {
		Env []string `json:"env"`
	}
	if err := p.ask(ctx, "env", query, &answer); err != nil {
		return err
	}
	for _, pair := range answer.Env {
		name, value, _ := strings.Cut(pair, "=")
		line := "export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		if *plain {
			if strings.ContainsAny(value, "\r\n") {
				return fmt.Errorf("the value of %s has several lines, which --plain cannot say", name)
			}
			line = pair
		}
		if _, err := fmt.Fprintln(w.stdout, line); err != nil {
			return fmt.Errorf("print the environment: %w", err)
		}
	}
	return nil
}
