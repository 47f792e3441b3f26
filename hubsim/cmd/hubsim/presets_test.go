package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// visitor is somebody who is logged in to a running program.
type visitor struct {
	t       *testing.T
	r       *running
	cookies []*http.Cookie
	token   string
}

func (r *running) as(t *testing.T, user string) *visitor {
	t.Helper()
	var answer struct {
		Cookies []struct{ Name, Value string }
	}
	require.Equal(t, 200, r.ask(t, "POST", r.Admin+"login", `{"user": "`+user+`"}`, &answer))
	v := &visitor{t: t, r: r}
	for _, c := range answer.Cookies {
		v.cookies = append(v.cookies, &http.Cookie{Name: c.Name, Value: c.Value})
	}
	return v
}

// get asks as a browser does that opens a page, or with the token if there is one; redirects are not followed.
func (v *visitor) get(path string) (status int, body string) {
	v.t.Helper()
	return v.do("GET", path, "")
}

func (v *visitor) do(method, path, text string) (status int, body string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, strings.TrimSuffix(v.r.URL, "/")+path, strings.NewReader(text))
	require.NoError(v.t, err)
	if v.token != "" {
		req.Header.Set("Authorization", "token "+v.token)
	} else {
		req.Header.Set("Sec-Fetch-Mode", "navigate")
		req.Header.Set("Accept", "text/html")
		for _, c := range v.cookies {
			req.AddCookie(c)
		}
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(v.t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	return res.StatusCode, string(raw)
}

// with is the same person by a token of theirs.
func (v *visitor) with(token string) *visitor { return &visitor{t: v.t, r: v.r, token: token} }

func (r *running) pageToken(t *testing.T, user, owner, server string) (token string, status int) {
	t.Helper()
	var answer struct{ Token string }
	status = r.ask(t, "POST", r.Admin+"page-token", `{"user": "`+user+`", "owner": "`+owner+`", "server": "`+server+`"}`, &answer)
	return answer.Token, status
}

// Each preset is the situation that its line promises (HB-171, HB-176).
func TestPresetsAreTheSituationsTheyPromise(t *testing.T) {
	t.Parallel()
	shown := map[string]func(t *testing.T, r *running){
		"walk": func(t *testing.T, r *running) {
			var code struct {
				Codes []struct{ Code string } `json:"share_codes"`
			}
			require.Equal(t, 200, r.ask(t, "POST", r.Admin+"share-codes", `{"owner": "sharer"}`, &code))
			status, body := r.as(t, "shared-with").get("/hub/accept-share?code=" + code.Codes[0].Code)
			require.Equal(t, 200, status)
			require.Contains(t, body, "not currently running")
		},
		"shared": func(t *testing.T, r *running) {
			_, status := r.pageToken(t, "shared-with", "sharer", "")
			require.Equal(t, 200, status)
		},
		"revoked-mid-session": func(t *testing.T, r *running) {
			token, status := r.pageToken(t, "shared-with", "sharer", "")
			require.Equal(t, 200, status)
			page := r.as(t, "shared-with").with(token)
			_, _ = page.get("/user/sharer/api/contents")
			status, _ = page.get("/user/sharer/api/contents")
			require.Equal(t, 403, status)
			owner, status := r.pageToken(t, "sharer", "sharer", "")
			require.Equal(t, 200, status)
			status, _ = r.as(t, "sharer").with(owner).get("/user/sharer/api/contents")
			require.Equal(t, 200, status, "the owner goes on")
		},
		"expired-link": func(t *testing.T, r *running) {
			for _, want := range []int{404, 200} {
				var code struct {
					Codes []struct{ Code string } `json:"share_codes"`
				}
				require.Equal(t, 200, r.ask(t, "POST", r.Admin+"share-codes", `{"owner": "sharer"}`, &code))
				status, _ := r.as(t, "shared-with").get("/hub/accept-share?code=" + code.Codes[0].Code)
				require.Equal(t, want, status)
			}
		},
		"slow-spawn": func(t *testing.T, r *running) {
			status, _ := r.as(t, "sharer").get("/hub/spawn/sharer")
			require.Equal(t, 302, status)
			require.Equal(t, 408, r.ask(t, "GET", r.Admin+"wait?server=sharer&state=ready&timeout=1ms", "", nil))
		},
		"spawn-fails": func(t *testing.T, r *running) {
			status, body := r.as(t, "sharer").get("/hub/spawn/sharer")
			require.Equal(t, 500, status)
			require.Contains(t, body, "There is no room left on this hub")
		},
		"hub-down": func(t *testing.T, r *running) {
			status, _ := r.as(t, "sharer").get("/hub/home")
			require.Equal(t, 503, status)
			status, _ = r.as(t, "sharer").get("/user/sharer/api")
			require.NotEqual(t, 503, status, "the server is served")
			require.Equal(t, 200, r.ask(t, "POST", r.Admin+"release-fault", `{"id": 1}`, nil))
			status, _ = r.as(t, "sharer").get("/hub/home")
			require.Equal(t, 200, status)
		},
		"api-fails": func(t *testing.T, r *running) {
			seen := map[int]int{}
			for range 60 {
				seen[r.ask(t, "GET", r.API+"/", "", nil)]++
			}
			require.NotZero(t, seen[200])
			require.NotZero(t, seen[503])
		},
		"stopped-server": func(t *testing.T, r *running) {
			status, body := r.as(t, "shared-with").get("/hub/user/sharer/")
			require.Equal(t, 424, status)
			require.Contains(t, body, "Server not running")
		},
		"named-servers": func(t *testing.T, r *running) {
			_, status := r.pageToken(t, "shared-with", "sharer", "lab")
			require.Equal(t, 200, status)
		},
		"admin": func(t *testing.T, r *running) {
			root := r.as(t, "root").with("token-of-root")
			status, body := root.get("/hub/api/users")
			require.Equal(t, 200, status)
			require.Contains(t, body, `"shared-with"`)
		},
		"groups": func(t *testing.T, r *running) {
			_, status := r.pageToken(t, "shared-with", "sharer", "")
			require.Equal(t, 200, status)
			var state struct{ Shares []struct{ Group string } }
			require.Equal(t, 200, r.ask(t, "GET", r.Admin+"state", "", &state))
			require.Equal(t, "class", state.Shares[0].Group)
		},
		"extensions": func(t *testing.T, r *running) {
			token, _ := r.pageToken(t, "sharer", "sharer", "")
			status, body := r.as(t, "sharer").with(token).do("POST", "/hub/api/share-codes/sharer/", `{"max_uses": 1}`)
			require.Equal(t, 200, status, body)
		},
		"quirks": func(t *testing.T, r *running) {
			token, _ := r.pageToken(t, "sharer", "sharer", "")
			status, body := r.as(t, "sharer").with(token).do("DELETE", "/hub/api/share-codes/sharer/?code=", "")
			require.Equal(t, 204, status, body)
		},
	}
	for _, p := range presets() {
		show := shown[p.name]
		if !assert.NotNil(t, show, "%s has no test", p.name) {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			show(t, start(t, nil, "--preset", p.name))
		})
	}
}

func TestPresetsAreListed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := world{args: []string{"--list-presets"}, env: variables(nil), stdout: &out, stderr: &out}
	require.Equal(t, exitOK, w.run(t.Context()))
	for _, p := range presets() {
		require.Contains(t, out.String(), p.name+" ")
		require.Contains(t, out.String(), p.about)
	}
	require.Contains(t, start(t, map[string]string{"HUBSIM_PRESET": "admin"}).stateOf(t), "root")
}

func (r *running) stateOf(t *testing.T) string {
	t.Helper()
	var state json.RawMessage
	require.Equal(t, 200, r.ask(t, "GET", r.Admin+"state", "", &state))
	return string(state)
}
