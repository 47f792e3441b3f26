package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
	"github.com/hubshare/hubshare/sharing/internal/testhub"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// A code for two uses, with a note, whose access lasts an hour; and what a handler says to the same request that knows no more than a JupyterHub.
func ExampleConfig_extensions() {
	store, err := sqlstore.Open(context.Background(), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	hub := testhub.New()
	hub.Service = &sharing.Service{Store: store, Directory: hub, Registry: scopes.New(scopes.P55)}
	hub.AddUser("alice", "self", "shares!user")

	for _, stockOnly := range []bool{false, true} {
		handler, err := httpapi.New(httpapi.Config{
			Service: hub.Service, Host: hub, Keys: [][]byte{[]byte("32 random bytes, kept in a file.")}, StockOnly: stockOnly,
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		r := httptest.NewRequest(http.MethodPost, "/hub/api/share-codes/alice/", strings.NewReader(`{"max_uses": 2, "note": "for the review", "share_expires_in": 3600}`))
		r.Header.Set("Authorization", "token alice-token")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		body, err := io.ReadAll(w.Body)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(w.Code, regexp.MustCompile(`"(max_uses|note|share_expires_in|message)":("[^"]*"|\d+)`).FindAllString(string(body), -1))
	}
	// Output:
	// 200 ["max_uses":2 "note":"for the review" "share_expires_in":3600]
	// 400 ["message":"max_uses: unknown field\nnote: unknown field\nshare_expires_in: unknown field"]
}
