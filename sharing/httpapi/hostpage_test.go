package httpapi_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
)

// A page of the host's own treats its visitors as the accept page does (SH-50, SH-52, SH-141, SH-145).
func TestPagesOfTheHost(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.inner.Page(func(w http.ResponseWriter, r *http.Request, v httpapi.Visitor) error {
		if r.URL.Query().Has("fail") {
			return errors.New("the disk is full")
		}
		n := sharing.ServerName{Owner: "sharer"}
		if err := f.service.Authorize(v.Caller, "access:servers", n.Resource()); err != nil {
			return err
		}
		_, err := io.WriteString(w, "hello "+v.Name)
		return err
	})
	const target = "/user/sharer/a%2Fb?x=1"
	from := func(site string) option { return header("Sec-Fetch-Site", site) }
	for name, c := range map[string]struct {
		method, target string
		options        []option
		status         int
		text           string
	}{
		"somebody who may":               {"GET", target, []option{cookie("sharer")}, 200, "hello sharer"},
		"a form of our own":              {"POST", target, []option{cookie("sharer"), from("same-origin")}, 200, "hello sharer"},
		"somebody who may not":           {"GET", target, []option{cookie("stranger")}, 404, "404 : Not Found No access to resources or resources not found"},
		"another site's form":            {"POST", target, []option{cookie("sharer"), from("cross-site")}, 403, "403 : Forbidden This form was sent from another site"},
		"a sibling site's form":          {"DELETE", target, []option{cookie("sharer"), from("same-site")}, 403, "403 : Forbidden This form was sent from another site"},
		"an older browser's form":        {"POST", target, []option{cookie("sharer"), header("Origin", "https://evil.example.org")}, 403, "403 : Forbidden This form was sent from another site"},
		"another site's link":            {"GET", target, []option{cookie("sharer"), from("cross-site")}, 200, "hello sharer"},
		"nobody":                         {"GET", target, nil, 302, ""},
		"nobody's form":                  {"POST", target, nil, 403, "403 : Forbidden"},
		"a token is nobody on a page":    {"POST", target, []option{header("Authorization", "token sharer-token")}, 403, "403 : Forbidden"},
		"what went wrong is not told":    {"GET", target + "&fail", []option{cookie("sharer")}, 500, "500 : Internal Server Error"},
		"a user whom the hub has not":    {"GET", target, []option{cookie("ghost")}, 302, ""},
		"a head request of nobody's too": {"HEAD", target, nil, 302, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(c.method, c.target, nil)
			for _, o := range c.options {
				o(r)
			}
			w := httptest.NewRecorder()
			page.ServeHTTP(w, r)
			require.Equal(t, c.status, w.Code, w.Body.String())
			assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			assert.Contains(t, w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
			switch {
			case c.status == http.StatusFound:
				assert.Equal(t, "/hub/login?next=%2Fuser%2Fsharer%2Fa%252Fb%3Fx%3D1", w.Header().Get("Location"), "SH-141")
			case c.status == http.StatusOK:
				assert.Equal(t, c.text, w.Body.String())
			default:
				assert.Equal(t, c.text, refusal(t, w))
			}
		})
	}
	t.Cleanup(func() { assert.Contains(t, f.log.String(), "the disk is full") })
}
