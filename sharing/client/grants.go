package client

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// BulkRequest says whom a server is to be shared with at once.
type BulkRequest struct {
	Grantees []Grantee // 1 to 200; one named twice counts once
	Scopes   []string  // with or without the server's filter; none = access to the server
	Terms    Terms     // zero = until it is revoked
}

// GrantFor is [Client.Grant] of access that ends by itself (an extension). What a grantee has for longer they keep for longer.
// ErrInvalid: the terms set no end, which is what Grant is for. ErrNoExtensions: the hub cannot end access, so none was granted.
// ErrAnswer: the hub has granted, and does not show that it will end.
func (c *Client) GrantFor(ctx context.Context, n ServerName, g Grantee, t Terms, scopes ...string) (Share, error) {
	share, err := c.grantFor(ctx, n, g, t, scopes)
	if err != nil {
		return Share{}, fmt.Errorf("grant %s to %s for a time: %w", n, g, err)
	}
	return share, nil
}

func (c *Client) grantFor(ctx context.Context, n ServerName, g Grantee, t Terms, scopes []string) (Share, error) {
	if t == (Terms{}) {
		return Share{}, invalid("no end is set")
	}
	lifetime, err := t.seconds()
	if err != nil {
		return Share{}, err
	}
	request := g.request(scopes)
	request.ExpiresIn, request.Session = lifetime, t.Session
	var m shareModel
	if err := c.change(ctx, n, g, http.MethodPost, request, &m); err != nil {
		return Share{}, c.explain(ctx, n, err)
	}
	return m.granted()
}

// GrantMany shares a server with several users and groups (an extension), with all or, if anything is wrong, with none. It gives their
// shares, those of users first. Needs what Grant needs, on every grantee. ErrBadRequest: one of them does not exist, among others.
// ErrInvalid: there is nobody to share with. ErrNoExtensions: the hub shares with one at a time. ErrAnswer: the hub has granted, to
// others than were named or in another way.
func (c *Client) GrantMany(ctx context.Context, n ServerName, r BulkRequest) ([]Share, error) {
	shares, err := c.grantMany(ctx, n, r)
	if err != nil {
		return nil, fmt.Errorf("grant %s to %d users and groups: %w", n, len(r.Grantees), err)
	}
	return shares, nil
}

func (c *Client) grantMany(ctx context.Context, n ServerName, r BulkRequest) ([]Share, error) {
	path, err := n.path()
	if err != nil {
		return nil, err
	}
	lifetime, err := r.Terms.seconds()
	if err != nil {
		return nil, err
	}
	users, groups, err := split(r.Grantees)
	if err != nil {
		return nil, err
	}
	request := grantRequest{Users: users, Groups: groups, Scopes: r.Scopes, ExpiresIn: lifetime, Session: r.Terms.Session}
	var m struct {
		Items []shareModel `json:"items"`
	}
	if err := c.ask(ctx, http.MethodPost, "shares/"+path, request, &m); err != nil {
		return nil, c.explain(ctx, n, err)
	}
	var shares []Share
	var with []Grantee
	for _, item := range m.Items {
		share, err := item.granted()
		if err != nil {
			return nil, err
		}
		shares, with = append(shares, share), append(with, share.Grantee)
	}
	if !slices.Equal(eachOnce(with), eachOnce(r.Grantees)) || len(with) != len(eachOnce(with)) {
		return nil, fmt.Errorf("%w: shares with others than were named", ErrAnswer)
	}
	return shares, nil
}
