package twin_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// standIn makes the test binary a user's server.
const standIn = "TWIN_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(standIn) != "" {
		panic(serve())
	}
	goleak.VerifyTestMain(m)
}

// serve answers everything with what was asked.
func serve() error {
	u, err := url.Parse(os.Getenv("JUPYTERHUB_SERVICE_URL"))
	if err != nil {
		return err
	}
	return http.ListenAndServe(u.Host, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"asked": r.URL.RequestURI()}) // whoever asked may be gone
	}))
}
