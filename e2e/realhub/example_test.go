package realhub_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/hubshare/hubshare/e2e/realhub"
)

// A JupyterHub outside of tests: installed at the first call, which takes minutes, and gone at the end.
func Example() {
	ctx := context.Background()
	env, err := realhub.Ensure(ctx, realhub.V61, realhub.Cache{Log: os.Stderr})
	if err != nil {
		log.Fatal(err)
	}
	hub, err := realhub.Start(ctx, realhub.Options{Env: env, Users: []string{"sharer", "shared-with"}})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = hub.Close() }()
	answer, err := http.Get(hub.URL + "hub/api/")
	if err != nil {
		log.Print(err)
		return
	}
	defer func() { _ = answer.Body.Close() }()
	fmt.Println(answer.Header.Get("X-JupyterHub-Version"))
}
