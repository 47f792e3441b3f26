package hubsim_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// asking is a hub that asks for options, by its configuration file.
func asking(t *testing.T, extra string) *hubsim.Hub {
	t.Helper()
	cfg, err := hubsim.ParseConfig([]byte(`{
		"users": [{"name": "boss", "admin": true}, {"name": "ann"}], "allow_named_servers": true, "base_url": "/b/",
		"singleuser": {"options_form": "<label for=\"size\">Size</label> <input id=\"size\" name=\"size\" value=\"S\">"` + extra + `}`))
	require.NoError(t, err)
	cfg.Addr = ""
	return hubsim.New(t, cfg)
}

// uploads sends fields and a file as a browser sends a form with enctype multipart/form-data.
func (p *person) uploads(on page, fields [][2]string, file string) page {
	p.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, f := range fields {
		require.NoError(p.t, form.WriteField(f[0], f[1]))
	}
	if file != "" {
		part, err := form.CreateFormFile("conf", "a.txt")
		require.NoError(p.t, err)
		_, err = part.Write([]byte(file))
		require.NoError(p.t, err)
	}
	require.NoError(p.t, form.Close())
	to, err := on.url.Parse(attr(on.byID("spawn_form"), "action"))
	require.NoError(p.t, err)
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, to.String(), &body)
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	return p.do(req)
}

// optionsOf are a server's user_options as its model has them.
func optionsOf(t *testing.T, hub *hubsim.Hub, user, server string) string {
	t.Helper()
	status, body, _ := ask(t, hub, tokenFor(t, hub, "boss"), http.MethodGet, "/users/"+user, "")
	require.Equal(t, 200, status, body)
	var model struct {
		Servers map[string]struct {
			Options json.RawMessage `json:"user_options"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(body), &model))
	require.Contains(t, model.Servers, server, body)
	return string(model.Servers[server].Options)
}

// HB-55: who starts a server is asked for options first; what they fill in is in the server's model.
func TestAHubMayAskForOptionsBeforeAServerStarts(t *testing.T) {
	t.Parallel()
	hub := asking(t, `}`)
	ann := known(t, hub, "ann")
	asked := ann.get("spawn?next=%2Fb%2Fhub%2Fhome")
	require.Equal(t, 200, asked.status)
	form := asked.byID("spawn_form")
	require.Equal(t, []string{"post", "multipart/form-data"}, []string{attr(form, "method"), attr(form, "enctype")})
	require.Regexp(t, `^/b/hub/spawn\?_xsrf=[^&]+&next=%2Fb%2Fhub%2Fhome$`, attr(form, "action"))
	require.Equal(t, "Size Start", text(form), "the form is the administrator's HTML, and a button")
	require.Equal(t, "Server Options", asked.heading())
	require.Empty(t, asked.all("p", "spawn-error-msg"))
	require.NotContains(t, asked.text(), "Spawning server for")
	require.Contains(t, asked.body, `"options_form":true`)

	sent := ann.uploads(asked, [][2]string{{"size", "L<'&\">"}, {"box", "on"}, {"many", "1"}, {"many", "2"}}, "hello")
	require.Equal(t, 200, sent.status, sent.text())
	require.NoError(t, hub.WaitServer(t.Context(), "ann", "", hubsim.Ready))
	require.JSONEq(t, `{"size": ["L<'&\">"], "box": ["on"], "many": ["1", "2"],
		"conf_file": [{"filename": "a.txt", "content_type": "application/octet-stream", "body": "`+base64.StdEncoding.EncodeToString([]byte("hello"))+`"}]}`,
		optionsOf(t, hub, "ann", ""))
	require.Equal(t, "/b/hub/home", ann.get("spawn?next=%2Fb%2Fhub%2Fhome").url.Path, "nobody is asked while it runs")

	// Somebody else's server, and a form that is not for this page.
	boss := known(t, hub, "boss")
	other := boss.get("spawn/ann/two")
	require.Contains(t, other.text(), "Spawning server for ann")
	simple := boss.uploads(other, nil, "")
	require.NotEqual(t, 500, simple.status)
	require.NoError(t, hub.WaitServer(t.Context(), "ann", "two", hubsim.Ready))
	require.JSONEq(t, `{}`, optionsOf(t, hub, "ann", "two"), "an empty form is an answer")
	require.Equal(t, 400, boss.uploads(other, nil, "").status, "it runs already")
	foreign := boss.post("spawn/ann/three", nil)
	require.Equal(t, 403, foreign.status, "without proof")
}

func TestSimpleOptionsAreSingleValues(t *testing.T) { // HB-55
	t.Parallel()
	hub := asking(t, `, "options_from_form": "simple"}`)
	ann := known(t, hub, "ann")
	ann.uploads(ann.get("spawn"), [][2]string{{"size", "L"}, {"box", "on"}, {"many", "1"}, {"many", "2"}}, "")
	require.NoError(t, hub.WaitServer(t.Context(), "ann", "", hubsim.Ready))
	assert.JSONEq(t, `{"size": "L", "box": true, "many": ["1", "2"]}`, optionsOf(t, hub, "ann", ""))
}

// HB-55: options in the address start the server without asking; in 6.0 they have a prefix that keeps them from the hub's own parameters.
func TestOptionsInTheAddressStartAServerAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ profile, query, want string }{
		"5.5":                        {"5.5", "size=M&opt-x=1&display_name=N&next=%2Fb%2Fhub%2Fhome", `{"size": ["M"], "opt-x": ["1"], "display_name": ["N"]}`},
		"6.0, with prefix":           {"6.0", "opt-size=M&x=1&display_name=N", `{"size": ["M"]}`},
		"6.0, as of old":             {"6.0", "size=M&display_name=N", `{"size": ["M"]}`},
		"6.0, for the hub alone":     {"6.0", "display_name=N&next=%2Fb%2Fhub%2Fhome", ""},
		"6.0, a prefix and no name":  {"6.0", "opt-=M", "422"},
		"6.0, no name for a display": {"6.0", "display_name=" + strings.Repeat("n", 256), "400"},
		"5.5, not UTF-8":             {"5.5", "size=%FF", "400"},
		"only where to go":           {"5.5", "next=%2Fb%2Fhub%2Fhome", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := asking(t, `}, "profile": "`+c.profile+`"`)
			ann := known(t, hub, "ann")
			got := ann.get("spawn/ann/two?" + c.query)
			switch c.want {
			case "422", "400":
				require.Equal(t, c.want, got.heading()[:3])
			case "":
				require.NotNil(t, got.byID("spawn_form"))
			default:
				require.Nil(t, got.byID("spawn_form"))
				require.NoError(t, hub.WaitServer(t.Context(), "ann", "two", hubsim.Ready))
				require.JSONEq(t, c.want, optionsOf(t, hub, "ann", "two"))
			}
		})
	}
}

// HB-55: why a start failed is told on the form, which can be sent again.
func TestAFailedStartIsToldOnTheForm(t *testing.T) {
	t.Parallel()
	hub := asking(t, `}`)
	ann := known(t, hub, "ann")
	_, err := hub.AddFault(hubsim.SpawnFail("no <memory>", 507, 0))
	require.NoError(t, err)
	failed := ann.uploads(ann.get("spawn"), [][2]string{{"size", "XXL"}}, "")
	require.Equal(t, 507, failed.status)
	require.Len(t, failed.all("p", "spawn-error-msg"), 1)
	require.Equal(t, "Error: no <memory>", text(failed.all("p", "spawn-error-msg")[0]))
	require.NotNil(t, failed.byID("spawn_form"))

	big := ann.uploads(ann.get("spawn"), nil, strings.Repeat("x", 2<<20))
	require.Equal(t, 413, big.status)
}
