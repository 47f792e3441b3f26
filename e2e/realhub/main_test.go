package realhub_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/hubshare/hubshare/e2e/realhub"
)

// The test binary is also other programs, when its environment says so.
const (
	standIn = "REALHUB_TEST_SERVER" // a user's server
	owns    = "REALHUB_TEST_OWNER"  // one that starts a hub and waits to be killed
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(standIn) != "":
		panic(serve())
	case os.Getenv(owns) != "":
		panic(own())
	}
	goleak.VerifyTestMain(m)
}

// serve answers everything with the number of its process.
func serve() error {
	u, err := url.Parse(os.Getenv("JUPYTERHUB_SERVICE_URL"))
	if err != nil {
		return err
	}
	return http.ListenAndServe(u.Host, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, os.Getpid()) // whoever asked may be gone
	}))
}

func own() error {
	env, err := realhub.Ensure(context.Background(), realhub.V61, realhub.Cache{})
	if err != nil {
		return err
	}
	hub, err := realhub.Start(context.Background(), realhub.Options{Env: env})
	if err != nil {
		return err
	}
	fmt.Println(hub.PID())
	select {}
}
