package singleuser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/hubshare/hubshare/hubsim/singleuser"
)

func Example() {
	s, err := singleuser.New(singleuser.Config{Env: map[string]string{
		"JUPYTERHUB_USER":                "ann",
		"JUPYTERHUB_SERVICE_PREFIX":      "/user/ann/",
		"JUPYTERHUB_CLIENT_ID":           "jupyterhub-user-ann",
		"JUPYTERHUB_API_TOKEN":           "the server's own token",
		"JUPYTERHUB_API_URL":             "http://127.0.0.1:8000/hub/api",
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES": `["access:servers!server=ann/"]`,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = s.Close() }()
	for _, path := range []string{"/user/ann/api", "/user/ann/", "/user/ann/lab"} {
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		where, _, _ := strings.Cut(rec.Header().Get("Location"), "?")
		fmt.Printf("%s: %d %q\n", path, rec.Code, where)
	}
	// Output:
	// /user/ann/api: 200 ""
	// /user/ann/: 302 "/user/ann/lab"
	// /user/ann/lab: 302 "/hub/api/oauth2/authorize"
}
