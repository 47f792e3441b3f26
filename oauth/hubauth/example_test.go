package hubauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/hubshare/hubshare/oauth/hubauth"
)

func Example() {
	// A hub that knows one token. A real one is found through the environment: hubauth.FromEnv(os.Getenv).
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "token alices-token" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = fmt.Fprint(w, `{"name": "alice", "kind": "user", "scopes": ["access:services!service=greeter"]}`)
	}))
	defer hub.Close()

	auth, err := hubauth.New(hubauth.Config{
		APIURL: hub.URL + "/hub/api", APIToken: "greeters-own-token", ClientID: "service-greeter", Prefix: "/services/greeter/",
		AccessScopes: []string{"access:services", "access:services!service=greeter"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	greeter := auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := hubauth.UserFrom(r.Context())
		_, _ = fmt.Fprintf(w, "hello %s, your token is %s", u.Name, u.Token)
	}))

	r := httptest.NewRequest(http.MethodGet, "/services/greeter/", nil)
	r.Header.Set("Authorization", "token alices-token")
	w := httptest.NewRecorder()
	greeter.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)

	w = httptest.NewRecorder()
	greeter.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/services/greeter/", nil))
	fmt.Println(w.Code, w.Header().Get("Location")[:36])
	// Output:
	// 200 hello alice, your token is REDACTED
	// 302 /hub/api/oauth2/authorize?client_id=
}
