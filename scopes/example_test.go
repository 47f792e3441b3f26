package scopes_test

import (
	"fmt"

	"github.com/hubshare/hubshare/scopes"
)

func Example() {
	reg := scopes.New(scopes.P55)
	raw, err := scopes.ParseAll([]string{"self", "shares!user"})
	if err != nil {
		fmt.Println(err)
		return
	}
	held := reg.Held(scopes.Owner{Kind: "user", Name: "alice"}, raw, nil)
	fmt.Println(held.Allows("shares", scopes.Server("alice", "lab"), nil))
	fmt.Println(held.Explain([]string{"shares"}, scopes.Server("bob", ""), nil))
	fmt.Println(held.Explain([]string{"admin:users"}, scopes.User("bob"), nil))
	// Output:
	// true
	// No access to resources or resources not found
	// Action is not authorized with current scopes; requires any of [admin:users]
}

// What shares!user gives to alice.
func ExampleRegistry_Expand() {
	reg := scopes.New(scopes.P55)
	s, err := scopes.Parse("shares!user")
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := reg.Expand([]scopes.Scope{s}, scopes.Owner{Kind: "user", Name: "alice"}, scopes.Client{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range set.Strings() {
		fmt.Println(s)
	}
	// Output:
	// access:servers!user=alice
	// groups:shares!user=alice
	// read:groups:shares!user=alice
	// read:shares!user=alice
	// read:users:shares!user=alice
	// shares!user=alice
	// users:shares!user=alice
}
