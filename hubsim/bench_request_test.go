package hubsim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// BenchmarkRequest is a request of somebody who is known, over a connection that is kept, beside a bare one to a handler that knows nothing.
func BenchmarkRequest(b *testing.B) {
	users := []hubsim.User{{Name: "sharer"}, {Name: "shared-with"}, {Name: "popular"}}
	for i := range 50 {
		users = append(users, hubsim.User{Name: fmt.Sprintf("grantee%d", i)})
	}
	hub := hubsim.New(b, hubsim.Config{Users: users})
	for _, u := range users[3:] {
		require.NoError(b, hub.Share(b.Context(), hubsim.Share{Owner: "popular", User: u.Name}))
	}
	require.NoError(b, hub.Share(b.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
	require.NoError(b, hub.StartServer(b.Context(), "sharer", ""))
	bearerOf := func(user string) map[string]string {
		token, err := hub.Token(user)
		require.NoError(b, err)
		return map[string]string{"Authorization": "token " + token}
	}
	bearer := bearerOf("sharer")
	bare := request(b, stub(b, 400).URL, bearer)
	cookies := map[string]string{}
	list, err := hub.LoginCookies("sharer")
	require.NoError(b, err)
	for i, c := range list {
		if i > 0 {
			cookies["Cookie"] += "; "
		}
		cookies["Cookie"] += c.Name + "=" + c.Value
	}
	cookies["Sec-Fetch-Site"], cookies["Sec-Fetch-Mode"] = "same-origin", "cors"
	for _, c := range []struct {
		name, path string
		headers    map[string]string
	}{
		{"who am I", "/user", bearer},
		{"a user", "/users/sharer", bearer},
		{"shares", "/shares/sharer/", bearer},
		{"50 shares", "/shares/popular/", bearerOf("popular")},
		{"version", "", bearer},
		{"page by cookie", "../home", cookies},
	} {
		b.Run(c.name, func(b *testing.B) {
			address := hub.APIURL() + c.path
			if rest, ok := strings.CutPrefix(c.path, "../"); ok {
				address = hub.HubURL() + rest
			}
			kept, r := keeping(b), request(b, address, c.headers)
			beside(b, timed(func() { fetch(b, kept, bare) }), timed(func() { fetch(b, kept, r) }))
		})
	}
}
