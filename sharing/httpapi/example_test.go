package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
	"github.com/hubshare/hubshare/sharing/internal/testhub"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

func Example() {
	store, err := sqlstore.Open(context.Background(), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	// The hub is yours: it implements sharing.Directory and httpapi.Host.
	hub := testhub.New()
	service := &sharing.Service{Store: store, Directory: hub, Registry: scopes.New(scopes.P55)}
	hub.Service = service
	hub.AddUser("alice", "self", "shares!user")

	handler, err := httpapi.New(httpapi.Config{Service: service, Host: hub, Keys: [][]byte{[]byte("32 random bytes, kept in a file.")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(handler)
	defer server.Close()

	r, err := http.NewRequest(http.MethodPost, server.URL+"/hub/api/share-codes/alice/", strings.NewReader(`{"expires_in": 3600}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Header.Set("Authorization", "token alice-token")
	response, err := server.Client().Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	var code struct {
		ID, Code string
		Scopes   []string
	}
	err = json.NewDecoder(response.Body).Decode(&code)
	fmt.Println(response.StatusCode, code.ID, code.Scopes, len(code.Code), err)
	// Output: 200 sc_1 [access:servers!server=alice/] 43 <nil>
}
