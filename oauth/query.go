package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

const (
	maxRequest   = 8 << 10 // bytes of a query or body (OA-S19)
	maxParameter = 2 << 10 // bytes of one parameter
)

// singles are the parameters that may occur once, in the order in which repetitions are reported (OA-22).
var singles = []string{"client_id", "response_type", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"}

// authorizeQuery is an authorize request whose client and redirect URI are known to be good: from here on errors may be redirected.
type authorizeQuery struct {
	client    Client
	state     string
	challenge string
	scope     string
	hasScope  bool
}

// parseAuthorize reads the query. An [*Error] of its own is for the page; a second result says what to redirect with (OA-22, OA-24).
func (p *Provider) parseAuthorize(ctx context.Context, raw string) (q authorizeQuery, redirect *Error, err error) {
	values, err := parseQuery(raw)
	if err != nil {
		return q, nil, err
	}
	q.client, err = p.clientOf(ctx, values)
	if err != nil {
		return q, nil, err
	}
	if values.Has("redirect_uri") {
		if err := checkRedirect(values.Get("redirect_uri"), q.client.RedirectURI); err != nil {
			return q, nil, err
		}
	}
	q.state = values.Get("state")
	q.scope, q.hasScope = values.Get("scope"), values.Has("scope")
	switch {
	case !values.Has("response_type"):
		redirect = refuse(InvalidRequest, "Missing response_type parameter.")
	case values.Get("response_type") != "code": // OA-25: this text and no other
		redirect = refuse(UnsupportedResponseType, "")
	default:
		q.challenge, redirect = p.challengeOf(values)
	}
	return q, redirect, nil
}

func parseQuery(raw string) (url.Values, error) {
	if len(raw) > maxRequest {
		return nil, refuse(InvalidRequest, "Request too long.")
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, refuse(InvalidRequest, "Malformed query.")
	}
	for _, name := range singles {
		switch list := values[name]; {
		case len(list) > 1:
			return nil, refuse(InvalidRequest, "Duplicate "+name+" parameter.")
		case len(list) == 1 && len(list[0]) > maxParameter:
			return nil, refuse(InvalidRequest, "Parameter "+name+" too long.")
		}
	}
	return values, nil
}

// clientOf: a client without a secret can do nothing, so it may as well not exist (OA-3, OA-22).
func (p *Provider) clientOf(ctx context.Context, values url.Values) (Client, error) {
	id := values.Get("client_id")
	if id == "" {
		return Client{}, refuse(InvalidRequest, "Missing client_id parameter.")
	}
	c, err := p.store.Client(ctx, id)
	switch {
	case errors.Is(err, ErrNoClient) || err == nil && c.SecretHash == "":
		return Client{}, refuse(InvalidRequest, "Invalid client_id parameter value.")
	case err != nil:
		return Client{}, fmt.Errorf("look up oauth client: %w", err)
	}
	return c, nil
}

// checkRedirect compares texts, nothing else: no prefix, no port, no case (OA-23, OA-F6).
func checkRedirect(given, registered string) error {
	u, err := url.Parse(given)
	if err != nil || !isPath(given) && (u.Scheme == "" || u.Host == "") {
		return refuse(InvalidRequest, "Invalid redirect URI.")
	}
	if given != registered {
		return refuse(InvalidRequest, "Mismatching redirect URI.")
	}
	return nil
}

// challengeOf gives the S256 challenge, "" if none is to be stored. Half a challenge, or one that no verifier can meet, is refused
// rather than taken for none: dropping it would be the downgrade that an attacker wants (OA-24, OA-57, OA-S4).
func (p *Provider) challengeOf(values url.Values) (string, *Error) {
	if p.cfg.PKCE == PKCEOff {
		return "", nil
	}
	challenge, method := values.Get("code_challenge"), values.Get("code_challenge_method")
	switch {
	case !values.Has("code_challenge") && !values.Has("code_challenge_method") && p.cfg.PKCE == PKCEOptional:
		return "", nil
	case challenge == "":
		return "", refuse(InvalidRequest, "Code challenge required.")
	case method != "S256":
		return "", refuse(InvalidRequest, "Transform algorithm not supported.")
	}
	if sum, err := base64.RawURLEncoding.DecodeString(challenge); err != nil || len(sum) != 32 {
		return "", refuse(InvalidRequest, "Code challenge malformed.")
	}
	return challenge, nil
}

// location is the redirect URI with parameters added behind the query that it may have (OA-39).
func location(redirectURI string, pairs ...string) string {
	var b strings.Builder
	b.WriteString(redirectURI)
	sep := byte('?')
	if strings.Contains(redirectURI, "?") {
		sep = '&'
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		b.WriteByte(sep)
		b.WriteString(pairs[i] + "=" + url.QueryEscape(pairs[i+1]))
		sep = '&'
	}
	return b.String()
}

func (q authorizeQuery) refusal(e *Error) Decision {
	return Decision{
		Redirect: location(q.client.RedirectURI, "error", string(e.Reason), "error_description", e.Message, "state", q.state),
		refused:  e,
	}
}
