package sqlstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

func Example() {
	ctx := context.Background()
	store, err := sqlstore.Open(ctx, "") // in memory; a path keeps it
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	now := time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)
	alice := sharing.Act{Actor: sharing.Ref{Kind: sharing.KindUser, ID: "user-1", Name: "alice"}, Server: "alice/lab", Grantees: []string{"user:bob"}}
	lab := sharing.Place{ServerID: "server-7", OwnerID: "user-1"}
	bob := sharing.Grantee{Kind: sharing.KindUser, ID: "user-2"}
	_, _, err = store.Grant(ctx, now, alice, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{bob}, Bases: []string{"servers"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	shares, change, err := store.Grant(ctx, now, alice, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{bob}, Bases: []string{"access:servers"}})
	fmt.Println(shares[0].Bases, change.Seq, change.Action, change.UserIDs, err)

	_, err = store.Forget(ctx, now, sharing.KindServer, "server-7")
	fmt.Println(err)
	_, _, err = store.Grant(ctx, now, alice, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{bob}, Bases: []string{"servers"}})
	fmt.Println(err)
	// Output:
	// [access:servers servers] 2 share.grant [user-2] <nil>
	// <nil>
	// server server-7 is gone
}
