package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
)

// Shares lists the shares of one server (SH-81), oldest first. Needs read:shares on the server.
func (c *Client) Shares(ctx context.Context, n ServerName) iter.Seq2[Share, error] {
	path, err := n.path()
	return list(ctx, c, "shares of "+n.String(), "shares/"+path, err, shareModel.share)
}

// OwnerShares lists the shares of all servers of an owner (SH-80), oldest first. Needs read:shares on the owner: a scope filtered to one
// of the servers is not enough (SH-56).
func (c *Client) OwnerShares(ctx context.Context, owner string) iter.Seq2[Share, error] {
	path, err := segment("owner", owner)
	return list(ctx, c, "shares of "+owner, "shares/"+path, err, shareModel.share)
}

// SharedWith lists what is shared with a user, directly and by way of their groups (SH-120), or with a group (SH-130), oldest first. Needs
// read:users:shares or read:groups:shares on the grantee.
func (c *Client) SharedWith(ctx context.Context, g Grantee) iter.Seq2[Share, error] {
	path, err := g.path()
	return list(ctx, c, "what is shared with "+g.String(), path, err, shareModel.share)
}

// grantRequest is the body of a grant and of a revocation.
type grantRequest struct {
	User   string   `json:"user,omitempty"`
	Group  string   `json:"group,omitempty"`
	Scopes []string `json:"scopes,omitempty"`

	// Extensions, of grants alone.
	Users     []string `json:"users,omitempty"`
	Groups    []string `json:"groups,omitempty"`
	ExpiresIn int64    `json:"expires_in,omitempty"`
	Session   bool     `json:"session,omitempty"`
}

func (g Grantee) request(scopes []string) grantRequest {
	if g.Kind == KindGroup {
		return grantRequest{Group: g.Name, Scopes: scopes}
	}
	return grantRequest{User: g.Name, Scopes: scopes}
}

// Grant shares a server with a user or group, adding to what they have, and gives the whole share (SH-82). Scopes may lack the server's
// filter; none = access to the server. Needs shares on the server, every scope that is granted, and read:users:name or read:groups:name
// on the grantee. What is granted so lasts until it is revoked; [Client.GrantFor] sets an end.
func (c *Client) Grant(ctx context.Context, n ServerName, g Grantee, scopes ...string) (Share, error) {
	var m shareModel
	share, err := Share{}, c.change(ctx, n, g, http.MethodPost, g.request(scopes), &m)
	if err == nil {
		share, err = m.share()
	}
	if err != nil {
		return Share{}, fmt.Errorf("grant %s to %s: %w", n, g, err)
	}
	return share, nil
}

// Revoke takes the whole share from a grantee, who may have none (SH-90, SH-91). Needs shares on the server. A grantee with a code gets
// back in.
func (c *Client) Revoke(ctx context.Context, n ServerName, g Grantee) error {
	left, err := c.revoke(ctx, n, g, nil)
	if err == nil && left != nil {
		err = fmt.Errorf("%w: something is left of the share", ErrAnswer)
	}
	if err != nil {
		return fmt.Errorf("revoke %s from %s: %w", n, g, err)
	}
	return nil
}

// RevokeScopes takes scopes from a share, with or without the server's filter, and gives what is left: nil for nothing, which is also the
// answer for a grantee who has no share or does not exist (SH-91). At least one scope is needed: none would mean all of them to the hub.
// A scope that another in the share implies goes on by way of that one (SH-38). Needs shares on the server.
func (c *Client) RevokeScopes(ctx context.Context, n ServerName, g Grantee, scopes ...string) (left *Share, err error) {
	if len(scopes) == 0 {
		err = invalid("no scopes")
	} else {
		left, err = c.revoke(ctx, n, g, n.complete(scopes))
	}
	if err != nil {
		return nil, fmt.Errorf("revoke scopes on %s from %s: %w", n, g, err)
	}
	return left, nil
}

func (c *Client) revoke(ctx context.Context, n ServerName, g Grantee, scopes []string) (*Share, error) {
	// Nothing left is an empty object.
	var m struct {
		shareModel
		Server *serverModel `json:"server"`
	}
	if err := c.change(ctx, n, g, http.MethodPatch, g.request(scopes), &m); err != nil || m.Server == nil {
		return nil, err
	}
	m.shareModel.Server = *m.Server
	left, err := m.share()
	if err != nil {
		return nil, err
	}
	return &left, nil
}

func (c *Client) change(ctx context.Context, n ServerName, g Grantee, method string, request grantRequest, out any) error {
	path, err := n.path()
	if err != nil {
		return err
	}
	if err := g.check(); err != nil {
		return err
	}
	return c.ask(ctx, method, "shares/"+path, request, out)
}

// RevokeAll ends every share of a server, whoever granted it, and leaves codes alone (SH-95): delete those first, or people get back in.
// Needs shares on the server.
func (c *Client) RevokeAll(ctx context.Context, n ServerName) error {
	path, err := n.path()
	if err == nil {
		err = c.ask(ctx, http.MethodDelete, "shares/"+path, nil, nil)
	}
	if err != nil {
		return fmt.Errorf("revoke all shares of %s: %w", n, err)
	}
	return nil
}

// Get gives a grantee's own share on a server, not what a user has through groups (SH-121, SH-131). ErrNotFound: there is none. Needs
// read:users:shares or read:groups:shares on the grantee.
func (c *Client) Get(ctx context.Context, g Grantee, n ServerName) (Share, error) {
	var m shareModel
	share, err := Share{}, c.own(ctx, g, n, http.MethodGet, &m)
	if err == nil {
		share, err = m.share()
	}
	if err != nil {
		return Share{}, fmt.Errorf("get the share of %s with %s: %w", n, g, err)
	}
	return share, nil
}

// Leave ends a grantee's own share on their behalf, whole (SH-122, SH-132). ErrNotFound: there is none. Needs users:shares or
// groups:shares on the grantee, and nothing on the server.
func (c *Client) Leave(ctx context.Context, g Grantee, n ServerName) error {
	if err := c.own(ctx, g, n, http.MethodDelete, nil); err != nil {
		return fmt.Errorf("leave %s as %s: %w", n, g, err)
	}
	return nil
}

// own is about the one share of a grantee on a server, by the grantee's route.
func (c *Client) own(ctx context.Context, g Grantee, n ServerName, method string, out any) error {
	with, err := g.path()
	if err != nil {
		return err
	}
	path, err := n.path()
	if err != nil {
		return err
	}
	return c.ask(ctx, method, with+"/"+path, nil, out)
}
