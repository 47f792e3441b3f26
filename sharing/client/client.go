package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer bounds what is read of an answer, in bytes. A full page of a list is a few hundred KiB.
const maxAnswer = 8 << 20

// defaultTimeout bounds a request whose Config brings no HTTPClient.
const defaultTimeout = 30 * time.Second

// Config says which hub to ask, and on whose behalf. APIURL and Token are required.
type Config struct {
	// APIURL is the hub's API, such as "http://127.0.0.1:8081/hub/api": what servers and services find in JUPYTERHUB_API_URL. Over plain
	// http the token can be read by whoever sees the traffic.
	APIURL string
	// Token is an API token of the hub; what it may do is what its scopes say (SH-54).
	Token Secret
	// HTTPClient makes the requests; nil = one with a timeout of 30 seconds. Its cookies are not sent, since the token alone says who asks, and it
	// follows no redirects, since these could lead the token elsewhere.
	HTTPClient *http.Client
}

// Client asks one hub with one token. It is safe for concurrent use.
type Client struct {
	api   string // without a slash at the end
	token Secret
	http  http.Client
}

// New checks a configuration. It makes no request.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.APIURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(cfg.APIURL, "?#") {
		// The address is not shown: somebody may have put a password into it.
		return nil, errors.New("sharing client: APIURL is not an absolute http or https address without user, query and fragment")
	}
	if cfg.Token == "" || strings.ContainsFunc(cfg.Token.Reveal(), func(c rune) bool { return c <= ' ' || c > '~' }) {
		return nil, errors.New("sharing client: Token is empty or has characters that no token has")
	}
	c := &Client{api: strings.TrimRight(cfg.APIURL, "/"), token: cfg.Token, http: http.Client{Timeout: defaultTimeout}}
	if cfg.HTTPClient != nil {
		c.http = *cfg.HTTPClient
	}
	c.http.Jar = nil
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// Format prints the hub's address and no token, for every verb.
func (c Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "client.Client{APIURL: %q, Token: %s}", c.api, redacted)
}

// ask makes a request and decodes the answer into out; nil = there has to be none, which a hub says by 204 (SH-61). path is escaped and may have
// a query. Errors: *Error, ErrAnswer, those of the context and of the connection.
func (c *Client) ask(ctx context.Context, method, path string, in, out any) error {
	var content io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.api+"/"+path, content)
	if err != nil {
		return errors.New("the request has no valid address") // the reason would show it, and it may hold a code
	}
	r.Header.Set("Authorization", "token "+c.token.Reveal())
	r.Header.Set("Accept", "application/json")
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return withoutAddress(err)
	}
	defer func() { _ = answer.Body.Close() }() // it was read, or is not wanted
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch success := answer.StatusCode/100 == 2; {
	case !success:
		return refusal(answer.StatusCode, answer.Header, body) // the status is known, whatever became of the body
	case err != nil:
		return fmt.Errorf("read the answer: %w", err)
	case out == nil && answer.StatusCode != http.StatusNoContent:
		return fmt.Errorf("%w: status %d instead of 204", ErrAnswer, answer.StatusCode)
	case out == nil:
		return nil
	case len(body) > maxAnswer:
		return fmt.Errorf("%w: longer than %d bytes", ErrAnswer, maxAnswer)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return nil
}

// withoutAddress takes the address off a failed request: it may hold a code (SH-181).
func withoutAddress(err error) error {
	var failed *url.Error
	for errors.As(err, &failed) {
		err = failed.Err
	}
	return err
}
