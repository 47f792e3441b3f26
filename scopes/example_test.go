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

// Who holds which role after a hub's start: the list of a role's members is exact, and whoever is new is created.
func ExampleRegistry_LoadRoles() {
	entries, err := scopes.DecodeRoles([]byte(`[{"name": "teacher", "scopes": ["access:servers!group=class"], "users": ["ana"]}]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	before := scopes.Roster{Users: map[string]scopes.Holder{"ben": {Roles: []string{"user"}}}}
	after, err := scopes.New(scopes.P55).LoadRoles(scopes.RoleLoad{Entries: entries}, before)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(after.Roster.Users["ana"].Roles)
	fmt.Println(after.Roster.Users["ben"].Roles)
	// Output:
	// [teacher user]
	// [user]
}

// A token has what it asked for, as far as its owner holds it at this moment.
func ExampleRegistry_Effective() {
	reg := scopes.New(scopes.P55)
	bob := scopes.Owner{Kind: "user", Name: "bob"}
	self, asked := []scopes.Scope{{Base: "self"}}, []scopes.Scope{{Base: "servers"}}
	held := reg.Held(bob, self, nil)
	for _, s := range reg.Effective(asked, bob, scopes.Client{}, held, nil).Strings() {
		fmt.Println(s)
	}
	// Output:
	// delete:servers!user=bob
	// read:servers!user=bob
	// read:users:groups!user=bob
	// read:users:name!user=bob
	// servers!user=bob
}
