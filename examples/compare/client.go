package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"
)

// client is a program or a browser with cookies and connections of its own. It follows no redirects. Several goroutines may use it.
type client struct {
	base *url.URL
	http http.Client
}

func newClient(base string) *client {
	u, err := url.Parse(base)
	if err != nil {
		u = &url.URL{} // every request says so then
	}
	jar, _ := cookiejar.New(nil) // never fails
	return &client{base: u, http: http.Client{Jar: jar, Transport: &http.Transport{ResponseHeaderTimeout: 2 * time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// do makes a request and reads the whole answer, which must have one of the statuses.
func (c *client) do(ctx context.Context, method, path string, header http.Header, body []byte, statuses ...int) (location string, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, bytes.NewReader(body))
	if err != nil {
		return "", nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := c.http.Do(req)
	if err != nil {
		return "", nil, err
	}
	answer, err = io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err == nil && !slices.Contains(statuses, res.StatusCode) {
		where, _, _ := strings.Cut(path, "?") // what follows may be secret
		err = fmt.Errorf("%s %s: %s, not %v: %.300s", method, where, res.Status, statuses, answer)
	}
	return res.Header.Get("Location"), answer, err
}

// call is a request to the REST API.
func (c *client) call(ctx context.Context, method, path, token string, send, into any) error {
	var body []byte
	header, status := http.Header{}, http.StatusOK
	if send != nil {
		var err error
		if body, err = json.Marshal(send); err != nil {
			return err
		}
		header.Set("Content-Type", "application/json")
	}
	if strings.HasPrefix(path, "hub/api/users") && method == http.MethodPost {
		status = http.StatusCreated
	}
	if token != "" {
		header.Set("Authorization", "token "+token)
	}
	_, answer, err := c.do(ctx, method, path, header, body, status)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

// submit sends a form as a page of the hub would, and gives the place that it leads to.
func (c *client) submit(ctx context.Context, path string, form url.Values) (string, error) {
	for _, cookie := range c.http.Jar.Cookies(c.base.JoinPath("hub/")) {
		if cookie.Name == "_xsrf" {
			form.Set("_xsrf", cookie.Value)
		}
	}
	location, _, err := c.do(ctx, http.MethodPost, path, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form.Encode()), http.StatusFound)
	return location, err
}

func (c *client) login(ctx context.Context, name string) error {
	if _, _, err := c.do(ctx, http.MethodGet, "hub/login", nil, nil, http.StatusOK); err != nil {
		return err
	}
	if _, err := c.submit(ctx, "hub/login?next=%2Fhub%2Fhome", url.Values{"username": {name}, "password": {"any"}}); err != nil {
		return err
	}
	_, _, err := c.do(ctx, http.MethodGet, "hub/home", nil, nil, http.StatusOK) // it may set another XSRF cookie
	return err
}

func (c *client) accept(ctx context.Context, code string) error {
	_, err := c.submit(ctx, "hub/accept-share", url.Values{"code": {code}})
	return err
}

// authorize is what happens when somebody who is logged in to the hub comes to a service: their browser fetches a code, the service a token for it.
func (c *client) authorize(ctx context.Context, service *client, secret string) error {
	verifier := rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	ask := url.Values{"client_id": {clientID}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "state": {rand.Text()},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	location, _, err := c.do(ctx, http.MethodGet, "hub/api/oauth2/authorize?"+ask.Encode(), nil, nil, http.StatusFound)
	if err != nil {
		return err
	}
	back, err := url.Parse(location)
	if err != nil {
		return err
	}
	code := back.Query().Get("code")
	if code == "" {
		return errors.New("the hub redirected without a code")
	}
	form := url.Values{"client_id": {clientID}, "client_secret": {secret}, "grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {redirectURI}, "code_verifier": {verifier}}
	_, answer, err := service.do(ctx, http.MethodPost, "hub/api/oauth2/token", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		[]byte(form.Encode()), http.StatusOK)
	if err != nil {
		return err
	}
	var token struct {
		Value string `json:"access_token"`
	}
	if err := json.Unmarshal(answer, &token); err != nil || token.Value == "" {
		return errors.Join(errors.New("the hub gave no token"), err)
	}
	return nil
}
