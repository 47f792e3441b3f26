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
	// A hub with alice and bob on it. Yours runs already, at JUPYTERHUB_API_URL.
	store, err := sqlstore.Open(context.Background(), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	hub := testhub.New()
	hub.Service = &sharing.Service{Store: store, Directory: hub, Registry: scopes.New(scopes.P55)}
	hub.AddUser("alice", "self", "shares!user", "read:users:name")
	hub.AddUser("bob", "self")
	handler, err := httpapi.New(httpapi.Config{Service: hub.Service, Host: hub, Keys: [][]byte{[]byte("32 random bytes, kept in a file.")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(handler)
	defer server.Close()

	ctx := context.Background()
	c, err := client.New(client.Config{APIURL: server.URL + "/hub/api", Token: "alice-token"})
	if err != nil {
		fmt.Println(err)
		return
	}
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
