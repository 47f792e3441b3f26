package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/oauth/sqlstore"
	"github.com/hubshare/hubshare/scopes"
)

// tinyHub is a hub with one user and no login.
type tinyHub struct{ registry *scopes.Registry }

var alice = oauth.OwnerRef{Kind: oauth.KindUser, ID: "1"}

func (h tinyHub) Owner(_ context.Context, ref oauth.OwnerRef) (oauth.Owner, error) {
	if ref != alice {
		return oauth.Owner{}, oauth.ErrNoOwner
	}
	o := oauth.Owner{Owner: scopes.Owner{Kind: scopes.KindUser, Name: "alice"}, Roles: []scopes.Scope{{Base: "self"}}}
	o.Held = h.registry.Held(o.Owner, o.Roles, nil)
	return o, nil
}
func (tinyHub) Member(string, string) bool                              { return false }
func (tinyHub) OwnsServer(context.Context, oauth.OwnerRef, string) bool { return false }
func (tinyHub) Session(*http.Request) (oauth.OwnerRef, string, bool) {
	return oauth.OwnerRef{}, "", false
}
func (tinyHub) EnsureSession(http.ResponseWriter, *http.Request) string { return "" }
func (tinyHub) LoginURL(next string) string                             { return "/hub/login?next=" + url.QueryEscape(next) }

func (tinyHub) User(_ context.Context, name string) (oauth.OwnerRef, error) {
	if name != "alice" {
		return oauth.OwnerRef{}, oauth.ErrNoOwner
	}
	return alice, nil
}

func (tinyHub) Model(_ context.Context, _ oauth.OwnerRef, v httpapi.View) (map[string]any, error) {
	all := map[string]any{"kind": "user", "name": "alice", "admin": false, "groups": []string{}}
	model := map[string]any{}
	for _, field := range v.Fields {
		if value, ok := all[field]; ok {
			model[field] = value
		}
	}
	return model, nil
}

func Example() {
	ctx := context.Background()
	store, err := sqlstore.Open(ctx, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	hub := tinyHub{scopes.New(scopes.P55)}
	provider, err := oauth.New(oauth.Config{Store: store, Host: hub, Registry: hub.registry})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := httpapi.New(httpapi.Config{
		Provider: provider, Host: hub, Models: hub, BaseURL: "/", Version: "5.5.1", Keys: [][]byte{make([]byte, 32)}, // a real key is random
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	_, secret, err := provider.IssueToken(ctx, oauth.TokenOrder{Owner: alice, Scopes: []string{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodGet, "/hub/api/user", nil)
	r.Header.Set("Authorization", "token "+secret.Reveal())
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)

	w = httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/hub/api/user", nil))
	fmt.Println(w.Code, w.Body)
	// Output:
	// 200 {"admin":false,"groups":[],"kind":"user","name":"alice","scopes":["read:users:groups!user=alice","read:users:name!user=alice"],"session_id":null,"token_id":"a1"}
	// 403 {"status":403,"message":"Forbidden"}
}
