package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"
)

const (
	digits = "0123456789"
	// alphabet is what codes are made of (SH-10).
	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_" + digits
)

// CodeRequest says what a share code is to be like. The zero value works.
type CodeRequest struct {
	// Lifetime in whole seconds, from a minute to 365 days (SH-20); 0 = the hub's default, a day.
	Lifetime time.Duration
	// Scopes that it gives, with or without the server's filter; none = access to the server (SH-34).
	Scopes []string
	// Limits are extensions, all of them. The zero value asks for none, which every hub understands.
	Limits CodeLimits
}

// Codes lists the live codes of one server (SH-101), oldest first. Needs read:shares on the server.
func (c *Client) Codes(ctx context.Context, n ServerName) iter.Seq2[Code, error] {
	path, err := n.path()
	return list(ctx, c, "share codes of "+n.String(), "share-codes/"+path, err, codeModel.code)
}

// OwnerCodes lists the live codes of all servers of an owner (SH-100), oldest first. Needs read:shares on the owner, as for OwnerShares.
func (c *Client) OwnerCodes(ctx context.Context, owner string) iter.Seq2[Code, error] {
	path, err := segment("owner", owner)
	return list(ctx, c, "share codes of "+owner, "share-codes/"+path, err, codeModel.code)
}

// CreateCode makes a code and gives its secret, which nobody can get again (SH-102). Needs shares on the server and every scope that the
// code is to give, and for Limits.For read:users:name or read:groups:name on those.
//
// Limits are never lost in silence. A hub that knows none refuses to make the code: ErrNoExtensions. ErrAnswer: a code was made that is
// limited in another way than was asked for; its secret is not given, and DeleteCode deletes it by the id in the message.
func (c *Client) CreateCode(ctx context.Context, n ServerName, r CodeRequest) (NewCode, error) {
	code, err := c.createCode(ctx, n, r)
	if err != nil {
		return NewCode{}, fmt.Errorf("create a share code of %s: %w", n, err)
	}
	return code, nil
}

func (c *Client) createCode(ctx context.Context, n ServerName, r CodeRequest) (NewCode, error) {
	path, err := n.path()
	if err != nil {
		return NewCode{}, err
	}
	lifetime, err := seconds("lifetime of the code", r.Lifetime)
	if err != nil {
		return NewCode{}, err
	}
	limits, err := r.Limits.request()
	if err != nil {
		return NewCode{}, err
	}
	request := struct {
		Scopes    []string `json:"scopes,omitempty"`
		ExpiresIn int64    `json:"expires_in,omitempty"`
		limitsRequest
	}{r.Scopes, lifetime, limits}
	var m newCodeModel
	limited := !r.Limits.isZero()
	if err := c.ask(ctx, http.MethodPost, "share-codes/"+path, request, &m); err != nil {
		if limited {
			err = c.explain(ctx, n, err)
		}
		return NewCode{}, err
	}
	code, err := m.newCode()
	if err == nil && limited && !(m.known() && code.Limits.same(r.Limits)) {
		return NewCode{}, fmt.Errorf("%w: %q is not limited as was asked for", ErrAnswer, code.ID)
	}
	return code, err
}

// DeleteCode deletes a code of this server by its id, expired or not (SH-110). ErrNotFound: there is none. ErrInvalid: what no hub gives
// as an id is not sent, since a JupyterHub takes an empty one for "all" and reads "sc_12x" as 12 (SH-111, SH-112). Needs shares on the
// server.
func (c *Client) DeleteCode(ctx context.Context, n ServerName, id string) error {
	err := checkID(id)
	if err == nil {
		err = c.deleteCodes(ctx, n, "?id="+id)
	}
	if err != nil {
		return fmt.Errorf("delete a share code of %s: %w", n, err)
	}
	return nil
}

func checkID(id string) error {
	number, found := strings.CutPrefix(id, "sc_")
	if !found || number == "" || number[0] == '0' || strings.Trim(number, digits) != "" {
		return invalid("%q is no id of a code", id)
	}
	return nil
}

// DeleteCodeBySecret deletes the live code of this server that has this secret (SH-110). Errors as for DeleteCode. The secret is in the
// request's address, so that servers on the way may log it; [Client.DeleteCode] avoids that.
func (c *Client) DeleteCodeBySecret(ctx context.Context, n ServerName, secret Secret) error {
	err := checkSecret(secret)
	if err == nil {
		err = c.deleteCodes(ctx, n, "?code="+secret.Reveal())
	}
	if err != nil {
		return fmt.Errorf("delete a share code of %s: %w", n, err)
	}
	return nil
}

func checkSecret(secret Secret) error {
	if secret == "" || strings.Trim(secret.Reveal(), alphabet) != "" {
		return invalid("the secret is not one of a code")
	}
	return nil
}

// DeleteCodes deletes all codes of a server; there may be none (SH-110). Shares that came from them stay (SH-113), see
// [Client.RevokeCodes]. Needs shares on the server.
func (c *Client) DeleteCodes(ctx context.Context, n ServerName) error {
	if err := c.deleteCodes(ctx, n, ""); err != nil {
		return fmt.Errorf("delete the share codes of %s: %w", n, err)
	}
	return nil
}

func (c *Client) deleteCodes(ctx context.Context, n ServerName, query string) error {
	path, err := n.path()
	if err != nil {
		return err
	}
	return c.ask(ctx, http.MethodDelete, "share-codes/"+path+query, nil, nil)
}
