package hubsim_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-166: what is seeded at once is what as many calls make one by one: in a snapshot, and in every answer of the API that shows it.
func TestASeededHubIsLikeOneFilledByCalls(t *testing.T) {
	t.Parallel()
	for name, db := range map[string]func(hub string) string{
		"in memory": func(string) string { return "" },
		"in a file": func(hub string) string { return filepath.Join(t.TempDir(), hub+".db") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := crowd(40, 3)
			seed.Groups = []hubsim.Group{{Name: "class", Users: []string{"user-00003", "user-00007"}}}
			seed.Shares = append(seed.Shares,
				hubsim.Share{Owner: "user-00002", Group: "class", Scopes: []string{"read:servers", "access:servers"}},
				hubsim.Share{Owner: "user-00001", User: "user-00002", Scopes: []string{"servers"}}, // who has access already
				hubsim.Share{Owner: "boss", User: "user-00003", Scopes: []string{"access:servers!server=boss/"}})
			open := func(name string) *hubsim.Hub {
				return hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "boss", Admin: true}}, Clock: hubsim.NewFakeClock(time0), Seed: 7, DB: db(name)})
			}
			atOnce, byCalls := open("seeded"), open("called")

			_, err := atOnce.Seed(t.Context(), seed)
			require.NoError(t, err)

			boss := tokenFor(t, byCalls, "boss")
			post := func(path, body string) {
				status, text, _ := ask(t, byCalls, boss, "POST", path, body)
				require.Contains(t, []int{200, 201}, status, "%s: %s", path, text)
			}
			for _, u := range seed.Users {
				post("/users/"+u.Name, "")
			}
			post("/groups/class", `{"users": ["user-00003", "user-00007"]}`)
			for _, s := range seed.Shares {
				scopes := ""
				if s.Scopes != nil {
					scopes = fmt.Sprintf(`, "scopes": ["%s"]`, strings.Join(s.Scopes, `", "`))
				}
				kind, grantee := "user", s.User
				if s.Group != "" {
					kind, grantee = "group", s.Group
				}
				post("/shares/"+s.Owner+"/", fmt.Sprintf(`{"%s": "%s"%s}`, kind, grantee, scopes))
			}

			reader := tokenFor(t, atOnce, "boss")
			answers := func(hub *hubsim.Hub, token string) (all []string) {
				paths := []string{"/users?limit=200", "/groups", "/groups/class/shared", "/shares/boss", "/users/user-00000/shared"}
				for _, u := range seed.Users {
					paths = append(paths, "/shares/"+u.Name+"/", "/users/"+u.Name+"/shared", "/users/"+u.Name)
				}
				for _, path := range paths {
					status, text, _ := ask(t, hub, token, "GET", path, "")
					require.Equal(t, 200, status, "%s: %s", path, text)
					all = append(all, path+" "+strings.ReplaceAll(text, hub.URL, "http://hub/"))
				}
				return all
			}
			assert.Equal(t, answers(byCalls, boss), answers(atOnce, reader))
			assert.Equal(t, alike(t, byCalls), alike(t, atOnce))
		})
	}
}

// alike is a snapshot without what differs between two hubs that are alike: where they are.
func alike(t *testing.T, hub *hubsim.Hub) hubsim.Snapshot {
	t.Helper()
	s, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, s.Shares)
	for i := range s.Servers {
		s.Servers[i].URL = strings.TrimPrefix(s.Servers[i].URL, hub.URL)
	}
	return s
}

// HB-166: a share that is wrong is named, and those before it are made.
func TestAWrongShareOfASeedIsNamed(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "ann"}, {Name: "bob"}}})
	for want, wrong := range map[string]hubsim.Share{
		"Shares[1]: user eve: no such user":                    {Owner: "eve", User: "bob"},
		"Shares[1]: No such user: eve":                         {Owner: "ann", User: "eve"},
		"Shares[1]: No such group: class":                      {Owner: "ann", Group: "class"},
		"Shares[1]: Scope 'nope' for share does not exist":     {Owner: "ann", User: "bob", Scopes: []string{"nope"}},
		"Shares[1]: !user not allowed on sharing servers!user": {Owner: "ann", User: "bob", Scopes: []string{"servers!user"}},
	} {
		_, err := hub.Seed(t.Context(), hubsim.Seed{Shares: []hubsim.Share{{Owner: "ann", User: "bob"}, wrong}})
		assert.ErrorContains(t, err, want)
		s, err := hub.Snapshot(t.Context())
		require.NoError(t, err)
		assert.Len(t, s.Shares, 1)
	}
}
