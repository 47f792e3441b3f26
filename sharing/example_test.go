package sharing_test

import (
	"context"
	"fmt"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// smallHub has alice, bob, and a server of alice's. A hub that is in use answers from its own tables.
type smallHub struct {
	alice, bob sharing.Ref
	server     sharing.Server
}

func (h smallHub) FindServer(_ context.Context, owner, name string) (sharing.Server, error) {
	if owner != h.alice.Name || name != h.server.Name {
		return sharing.Server{}, sharing.ErrNoSuchServer
	}
	return h.server, nil
}

func (h smallHub) Find(_ context.Context, kind, name string) (sharing.Ref, error) {
	for _, ref := range []sharing.Ref{h.alice, h.bob} {
		if ref.Kind == kind && ref.Name == name {
			return ref, nil
		}
	}
	if kind == sharing.KindGroup {
		return sharing.Ref{}, sharing.ErrNoSuchGroup
	}
	return sharing.Ref{}, sharing.ErrNoSuchUser
}

func (h smallHub) Servers(context.Context, []string) (map[string]sharing.Server, error) {
	return map[string]sharing.Server{h.server.ID: h.server}, nil
}

func (h smallHub) Refs(context.Context, []string) (map[string]sharing.Ref, error) {
	return map[string]sharing.Ref{h.alice.ID: h.alice, h.bob.ID: h.bob}, nil
}

func (h smallHub) GroupsOf(context.Context, string) ([]string, error) { return nil, nil }

func (h smallHub) Member(string, string) bool { return false }

// Alice makes a code, bob takes it up, and alice ends it.
func Example() {
	ctx := context.Background()
	store, err := sqlstore.Open(ctx, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	hub := smallHub{alice: sharing.Ref{Kind: "user", ID: "u1", Name: "alice"}, bob: sharing.Ref{Kind: "user", ID: "u2", Name: "bob"}}
	hub.server = sharing.Server{ID: "s1", Owner: hub.alice}
	registry := scopes.New(scopes.P55)
	service := &sharing.Service{Store: store, Directory: hub, Registry: registry}

	mayShare := registry.Held(scopes.Owner{Kind: "user", Name: "alice"}, []scopes.Scope{{Base: "shares", Kind: "user"}}, nil)
	alice := sharing.Caller{Ref: hub.alice, Scopes: mayShare}
	home := sharing.ServerName{Owner: "alice"}
	code, secret, err := service.CreateCode(ctx, alice, sharing.CodeRequest{Server: home})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(code, "is", secret)

	share, err := service.Exchange(ctx, sharing.Caller{Ref: hub.bob}, secret)
	fmt.Println(share, share.Scopes, err)

	if err := service.RevokeAll(ctx, alice, home); err != nil {
		fmt.Println(err)
		return
	}
	held, _, err := service.SharedScopes(ctx, "u2")
	fmt.Println(held, err)
	// Output:
	// code sc_1 for alice/ is REDACTED
	// share of alice/ with user:bob [access:servers!server=alice/] <nil>
	// [] <nil>
}
