package sqlstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/sqlstore"
)

func Example() {
	ctx := context.Background()
	store, err := sqlstore.Open(ctx, "") // in memory; or the path of a file
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	alice := oauth.OwnerRef{Kind: oauth.KindUser, ID: "1"}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	token := oauth.Token{Owner: alice, Prefix: "abcd", Hash: "sha512:…", Created: now, ExpiresAt: now.Add(time.Hour)}
	_, change, err := store.PutToken(ctx, now, token, nil)
	fmt.Println(change.Action, change.Owners, err)

	live, err := store.Tokens(ctx, now.Add(2*time.Hour), alice)
	fmt.Println(len(live), err)
	// Output:
	// token.issued [{user 1}] <nil>
	// 0 <nil>
}
