package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/client"
	"github.com/hubshare/hubshare/sharing/httpapi"
	"github.com/hubshare/hubshare/sharing/internal/testhub"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

func Example() {
	// A client with alice's token, for a hub that bob is on too. Yours runs already, at JUPYTERHUB_API_URL.
	c, _, closeAll := aliceAndBob()
	defer closeAll()
	ctx := context.Background()
	home := client.ServerName{Owner: "alice"}

	code, err := c.CreateCode(ctx, home, client.CodeRequest{Lifetime: time.Hour})
	fmt.Println(code.ID, code.Scopes, len(code.Secret.Reveal()), code.AcceptURL, err)

	if _, err := c.Grant(ctx, home, client.User("bob"), "access:servers", "read:servers"); err != nil {
		fmt.Println(err)
	}
	for share, err := range c.Shares(ctx, home) {
		fmt.Println(share.Grantee, share.Scopes, err)
	}

	// Codes first: whoever still has one would get back in.
	fmt.Println(errors.Join(c.DeleteCodes(ctx, home), c.RevokeAll(ctx, home)))

	_, err = c.CreateCode(ctx, client.ServerName{Owner: "bob"}, client.CodeRequest{})
	fmt.Println(errors.Is(err, client.ErrNotFound), err)
	// Output:
	// sc_1 [access:servers!server=alice/] 43 REDACTED <nil>
	// user:bob [access:servers!server=alice/ read:servers!server=alice/] <nil>
	// <nil>
	// true create a share code of bob/: hub answered 404: No access to resources or resources not found
}

func ExampleClient_RevokeCode() {
	c, accept, closeAll := aliceAndBob()
	defer closeAll()
	ctx := context.Background()
	home := client.ServerName{Owner: "alice"}

	// A link for bob alone, to be used once, and access that ends eight hours after that.
	code, err := c.CreateCode(ctx, home, client.CodeRequest{Limits: client.CodeLimits{
		MaxUses: 1, For: []client.Grantee{client.User("bob")}, Note: "review", Terms: client.Terms{Lifetime: 8 * time.Hour},
	}})
	fmt.Println(code.ID, code.Limits.MaxUses, code.Limits.For, code.Limits.Terms.Lifetime, err)

	// On the page that the link leads to, bob accepts.
	accept("bob", code.Secret)
	for share, err := range c.SharesByCode(ctx, home, code.ID) {
		fmt.Println(share.Grantee, share.ExpiresAt.Sub(share.Grants[0].GrantedAt), err)
	}

	// The code goes, and what bob has by it.
	fmt.Println(c.RevokeCode(ctx, home, code.ID))
	left, err := client.Collect(c.MyShares(ctx))
	fmt.Println(len(left), err)
	// Output:
	// sc_1 1 [user:bob] 8h0m0s <nil>
	// user:bob 8h0m0s <nil>
	// <nil>
	// 0 <nil>
}

// aliceAndBob is a hub of the two, with a client of alice's and what the page does on which invitations are accepted.
func aliceAndBob() (c *client.Client, accept func(user string, code client.Secret), closeAll func()) {
	store, err := sqlstore.Open(context.Background(), "")
	if err != nil {
		panic(err)
	}
	hub := testhub.New()
	hub.Service = &sharing.Service{Store: store, Directory: hub, Registry: scopes.New(scopes.P55)}
	hub.AddUser("alice", "self", "shares!user", "read:users:name")
	hub.AddUser("bob", "self")
	handler, err := httpapi.New(httpapi.Config{Service: hub.Service, Host: hub, Keys: [][]byte{[]byte("32 random bytes, kept in a file.")}})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(handler)
	c, err = client.New(client.Config{APIURL: server.URL + "/hub/api", Token: "alice-token"})
	if err != nil {
		panic(err)
	}
	accept = func(user string, code client.Secret) {
		by := hub.Caller(context.Background(), user)
		if _, err := hub.Service.Exchange(context.Background(), by, sharing.Presented(code.Reveal())); err != nil {
			panic(err)
		}
	}
	return c, accept, func() {
		server.Close()
		_ = store.Close() // the example is over
	}
}
