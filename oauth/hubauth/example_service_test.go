package hubauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/hubshare/hubshare/oauth/hubauth"
)

// greeter is a protected service, whole. Started by a hub it is greeter(os.Getenv), and listens where JUPYTERHUB_SERVICE_URL says.
func greeter(getenv func(string) string) (http.Handler, error) {
	cfg, err := hubauth.FromEnv(getenv)
	if err != nil {
		return nil, err
	}
	auth, err := hubauth.New(cfg)
	if err != nil {
		return nil, err
	}
	return auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := hubauth.UserFrom(r.Context())
		_, _ = fmt.Fprintf(w, "hello %s", u.Name)
	})), nil
}

// A protected service in 15 lines, as a hub would start it.
func Example_protectedService() {
	env := map[string]string{
		"JUPYTERHUB_API_TOKEN": "the-services-own-token", "JUPYTERHUB_CLIENT_ID": "service-greeter", "JUPYTERHUB_SERVICE_NAME": "greeter",
		"JUPYTERHUB_SERVICE_PREFIX": "/services/greeter/", "JUPYTERHUB_API_URL": "http://127.0.0.1:8081/hub/api",
	}
	service, err := greeter(func(name string) string { return env[name] })
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodGet, "/services/greeter/", nil),
		httptest.NewRequest(http.MethodPost, "/services/greeter/", nil),
	} {
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		fmt.Println(r.Method, w.Code, http.StatusText(w.Code))
	}
	// Output:
	// GET 302 Found
	// POST 403 Forbidden
}
