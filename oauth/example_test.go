package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/sqlstore"
	"github.com/hubshare/hubshare/scopes"
)

// tinyHost is a hub with one user, who is always logged in.
type tinyHost struct{ registry *scopes.Registry }

var alice = oauth.OwnerRef{Kind: oauth.KindUser, ID: "1"}

func (h tinyHost) Owner(_ context.Context, ref oauth.OwnerRef) (oauth.Owner, error) {
	if ref != alice {
		return oauth.Owner{}, oauth.ErrNoOwner
	}
	o := oauth.Owner{Owner: scopes.Owner{Kind: scopes.KindUser, Name: "alice"}, Roles: []scopes.Scope{{Base: "self"}}}
	o.Held = h.registry.Held(o.Owner, o.Roles, nil)
	return o, nil
}
func (tinyHost) Member(string, string) bool { return false }
func (tinyHost) OwnsServer(_ context.Context, user oauth.OwnerRef, server string) bool {
	return user == alice && server == "alice/"
}
func (tinyHost) Session(*http.Request) (oauth.OwnerRef, string, bool)    { return alice, "s", true }
func (tinyHost) EnsureSession(http.ResponseWriter, *http.Request) string { return "s" }
func (tinyHost) LoginURL(next string) string                             { return "/hub/login?next=" + url.QueryEscape(next) }

// A server's visitor gets a code, the server exchanges it, and asks whom it got.
func Example() {
	ctx := context.Background()
	store, err := sqlstore.Open(ctx, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	registry := scopes.New(scopes.P55)
	provider, err := oauth.New(oauth.Config{Store: store, Host: tinyHost{registry}, Registry: registry})
	if err != nil {
		fmt.Println(err)
		return
	}
	const secret = "the server's own API token"
	err = provider.PutClient(ctx, oauth.Registration{
		ID: oauth.ServerClientID("alice", ""), Description: "Server at /user/alice/", Secret: secret,
		RedirectURI: "/user/alice/oauth_callback", For: scopes.Client{Server: "alice/"}, LinkID: "server-1",
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	decision, err := provider.Authorize(ctx, oauth.AuthorizeRequest{
		User: alice, SessionID: "s", Query: "client_id=jupyterhub-user-alice&response_type=code&state=x",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	back, err := url.Parse(decision.Redirect)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("back to", back.Path)

	grant, err := provider.Exchange(ctx, url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"jupyterhub-user-alice"}, "client_secret": {secret}, "code": {back.Query().Get("code")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("token", grant.AccessToken, "for", grant.ExpiresIn)

	id, err := provider.Authenticate(ctx, grant.AccessToken.Reveal())
	fmt.Println(id.Name, id.Effective, err)
	_, err = provider.Authenticate(ctx, "something else")
	fmt.Println(errors.Is(err, oauth.ErrNoToken))
	// Output:
	// back to /user/alice/oauth_callback
	// token REDACTED for 336h0m0s
	// alice access:servers!server=alice/ read:users:groups!user=alice read:users:name!user=alice <nil>
	// true
}
