package e2e_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/oauth/hubauth"
)

// whoami is a service that tells its visitors who they are, as its author would write it.
type whoami struct {
	*httptest.Server
	handler http.Handler // set once the hub is there
}

func newWhoami(t *testing.T) *whoami {
	w := &whoami{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.handler.ServeHTTP(rw, r) }))
	t.Cleanup(w.Close)
	return w
}

// meets tells the service of its hub.
func (w *whoami) meets(s *stage, name string) {
	s.Helper()
	env, err := s.hub.ServiceEnv(name)
	require.NoError(s, err)
	cfg, err := hubauth.FromEnv(func(key string) string {
		for _, line := range env {
			if value, ok := strings.CutPrefix(line, key+"="); ok {
				return value
			}
		}
		return ""
	})
	require.NoError(s, err)
	auth, err := hubauth.New(cfg)
	require.NoError(s, err)
	w.handler = auth.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		u, _ := hubauth.UserFrom(r.Context())
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(rw, "<!DOCTYPE html><title>whoami</title><h1>You are %s</h1>", html.EscapeString(u.Name))
	}))
}

// HB-163: a service is found in the menu, asks whether it may know its visitor, and asks once; one that its hub trusts does not ask.
func TestAServiceKnowsItsVisitor(t *testing.T) {
	t.Parallel()
	asks, trusted := newWhoami(t), newWhoami(t)
	s := play(t, hubsim.Config{Users: []hubsim.User{{Name: "ann"}, {Name: "bob"}},
		Services: []hubsim.Service{{Name: "whoami", URL: asks.URL}, {Name: "trusted", URL: trusted.URL, OAuthNoConfirm: true}},
		Roles:    []hubsim.Role{{Name: "visitors", Scopes: []string{"access:services"}, Users: []string{"ann"}}}})
	asks.meets(s, "whoami")
	trusted.meets(s, "trusted")

	ann := s.user("ann")
	ann.goes("home")
	require.NoError(t, ann.tab.Locator("summary >> text=Services").Click())
	ann.clicks("link", "whoami")
	ann.reads("would like permission to identify you")
	ann.goes("home") // no: she leaves, and is asked again
	ann.goes(s.hub.ServiceURL("whoami"))
	ann.authorizes()
	ann.reads("You are ann")
	require.NoError(t, ann.context.ClearCookies())
	ann.hasLoggedIn("ann")
	ann.goes(s.hub.ServiceURL("whoami"))
	ann.reads("You are ann") // the hub remembers her answer (HB-67)
	ann.goes(s.hub.ServiceURL("trusted"))
	ann.reads("You are ann")

	bob := s.user("bob")
	for _, name := range []string{"whoami", "trusted"} {
		bob.goes(s.hub.ServiceURL(name))
		bob.isRefused(403, "You do not have permission to access JupyterHub service "+name)
	}
}
