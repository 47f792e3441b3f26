package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/sharing/client"
)

// walk shares, accepts and revokes, each on another replica, and tells how long the others took to hear of it.
func walk(ctx context.Context, s settings, origin string, replicas []*url.URL, stdout io.Writer) error {
	on := func(i int) *url.URL { return replicas[i%len(replicas)] }
	home := client.ServerName{Owner: "alice"}

	alice, err := token(ctx, on(0), "alice", s.People["alice"])
	if err != nil {
		return err
	}
	making, err := client.New(client.Config{APIURL: on(0).String() + "/hub/api", Token: client.Secret(alice)})
	if err != nil {
		return err
	}
	code, err := making.CreateCode(ctx, home, client.CodeRequest{})
	if err != nil {
		return fmt.Errorf("make a link: %w", err)
	}
	_, _ = fmt.Fprintln(stdout, "alice made a link on replica 1")

	bob, err := newVisitor()
	if err != nil {
		return err
	}
	if err := bob.accept(ctx, on(1), code.AcceptURL.Reveal(), s.People["bob"]); err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	_, _ = fmt.Fprintln(stdout, "bob accepted it on replica 2")
	if err := bob.enter(ctx, origin+"/user/alice/"); err != nil {
		return fmt.Errorf("enter: %w", err)
	}
	_, _ = fmt.Fprintln(stdout, "bob is on alice's server; each step of his login was on the next replica")

	mine, err := token(ctx, on(0), "bob", s.People["bob"])
	if err != nil {
		return err
	}
	for _, r := range replicas { // each knows bob now, and could go on believing what it knows
		if may, err := holds(ctx, r, mine); err != nil || !may {
			return errors.Join(fmt.Errorf("%s does not know that bob has access", r), err)
		}
	}
	revoking, err := client.New(client.Config{APIURL: on(2).String() + "/hub/api", Token: client.Secret(alice)})
	if err != nil {
		return err
	}
	if err := revoking.RevokeAll(ctx, home); err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	revoked := time.Now()
	_, _ = fmt.Fprintln(stdout, "alice ended his access on replica 3")
	slowest, err := ended(ctx, replicas, mine, revoked)
	if err != nil {
		return err
	}
	res, err := bob.get(ctx, origin+"/user/alice/")
	if err != nil {
		return err
	}
	if res.status != http.StatusForbidden {
		return fmt.Errorf("alice's server still answers bob with %d", res.status)
	}
	_, _ = fmt.Fprintf(stdout, "it had ended on every replica after %s, and alice's server answers bob with %d\n", slowest.Round(100*time.Microsecond), res.status)
	return nil
}

// ended waits until no replica lets the token in any more.
func ended(ctx context.Context, replicas []*url.URL, token string, since time.Time) (time.Duration, error) {
	took, errs := make([]time.Duration, len(replicas)), make([]error, len(replicas))
	var all sync.WaitGroup
	for i, r := range replicas {
		all.Go(func() {
			for may := true; may && errs[i] == nil; {
				may, errs[i] = holds(ctx, r, token)
			}
			took[i] = time.Since(since)
		})
	}
	all.Wait()
	return slices.Max(took), errors.Join(errs...)
}

// token asks a replica for an API token by password.
func token(ctx context.Context, hub *url.URL, name, password string) (string, error) {
	body, err := json.Marshal(map[string]any{"auth": map[string]string{"username": name, "password": password}, "note": "walk"})
	if err != nil {
		return "", err
	}
	var made struct{ Token string }
	return made.Token, ask(ctx, http.MethodPost, hub.String()+"/hub/api/users/"+name+"/tokens", "", body, &made)
}

// holds says whether a replica finds that the token opens alice's server.
func holds(ctx context.Context, hub *url.URL, token string) (bool, error) {
	var who struct{ Scopes []string }
	err := ask(ctx, http.MethodGet, hub.String()+"/hub/api/user", token, nil, &who)
	return slices.Contains(who.Scopes, "access:servers!server=alice/"), err
}

func ask(ctx context.Context, method, address, token string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "token "+token)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, address, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// visitor is a browser without scripts. Cookies know no ports, so it is the same visitor on every replica.
type visitor struct{ http.Client }

type page struct {
	status int
	at     *url.URL
	body   string
}

func newVisitor() (*visitor, error) {
	jar, err := cookiejar.New(nil)
	return &visitor{http.Client{Jar: jar, Timeout: time.Minute}}, err
}

func (v *visitor) get(ctx context.Context, address string) (page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return page{}, err
	}
	return v.load(req)
}

// submit sends the only form of a page, with more in it.
func (v *visitor) submit(ctx context.Context, p page, more url.Values) (page, error) {
	form := fields(p.body)
	for name, values := range more {
		form[name] = values
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.at.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", p.at.Scheme+"://"+p.at.Host)
	return v.load(req)
}

func (v *visitor) load(req *http.Request) (page, error) {
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := v.Do(req)
	if err != nil {
		return page{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return page{res.StatusCode, res.Request.URL, string(body)}, err
}

func (v *visitor) accept(ctx context.Context, hub *url.URL, link, password string) error {
	login, err := v.get(ctx, hub.String()+link)
	if err != nil {
		return err
	}
	invitation, err := v.submit(ctx, login, url.Values{"username": {"bob"}, "password": {password}})
	if err != nil {
		return err
	}
	if !strings.Contains(invitation.body, "Accept sharing invitation") {
		return fmt.Errorf("no invitation at %s: %d", invitation.at.Path, invitation.status)
	}
	v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the servers are at another address
	defer func() { v.CheckRedirect = nil }()
	accepted, err := v.submit(ctx, invitation, nil)
	if err == nil && accepted.status != http.StatusFound {
		err = fmt.Errorf("the hub answered %d", accepted.status)
	}
	return err
}

func (v *visitor) enter(ctx context.Context, server string) error {
	consent, err := v.get(ctx, server)
	if err != nil {
		return err
	}
	inside, err := v.submit(ctx, consent, nil)
	if err == nil && !strings.Contains(inside.body, "You are bob.") {
		err = fmt.Errorf("%s answered %d", inside.at.Path, inside.status)
	}
	return err
}

var (
	input     = regexp.MustCompile(`<input[^>]*>`)
	attribute = regexp.MustCompile(`(name|value)="([^"]*)"`)
)

// fields are what the forms of a page say already.
func fields(body string) url.Values {
	form := url.Values{}
	for _, tag := range input.FindAllString(body, -1) {
		found := map[string]string{}
		for _, a := range attribute.FindAllStringSubmatch(tag, -1) {
			found[a[1]] = html.UnescapeString(a[2])
		}
		if found["name"] != "" && !strings.Contains(tag, " disabled") {
			form.Add(found["name"], found["value"])
		}
	}
	return form
}
