package hubsim_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-86: scripts and people who ask for a server that does not run get 424, or 503 as of old, with the same message.
func TestServersThatDoNotRunAnswer424OrAsOfOld503(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{`{}`: 424, `{"use_legacy_stopped_server_status_code": true}`: 503} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			cfg, err := hubsim.ParseConfig([]byte(text))
			require.NoError(t, err)
			cfg.Addr, cfg.BaseURL = "", "/b/"
			hub := hubsim.New(t, cfg)
			owner := known(t, hub, "sharer")
			server := hub.UserURL("sharer", "")
			gone := `{"message": "JupyterHub server no longer running at /user/sharer/api/x. Restart the server at ` + hub.URL[:len(hub.URL)-len("/b/")] + `/b/hub/spawn/sharer"}`

			// What is below "api" is JSON whatever is accepted; a page otherwise.
			answer := owner.get(server + "api/x")
			assert.Equal(t, want, answer.status)
			assert.Equal(t, "application/json", answer.header.Get("Content-Type"))
			assert.JSONEq(t, gone, answer.body)
			assert.NotContains(t, answer.body, "status")
			page := owner.get(server + "lab")
			assert.Equal(t, want, page.status)
			assert.Equal(t, "Server not running", page.heading())

			// HB-88: tokens are taken here, for whatever may write as well; there is no PUT.
			token := tokenFor(t, hub, "sharer")
			for method, status := range map[string]int{
				http.MethodGet: want, http.MethodPost: want, http.MethodPatch: want, http.MethodDelete: want, http.MethodPut: 405,
			} {
				got, body, _ := askAt(t, hub.HubURL()+"user/sharer/api/x", method, "", "Authorization", "token "+token)
				assert.Equal(t, status, got, method)
				if status == want {
					assert.JSONEq(t, gone, body, method)
				}
			}
			got, body, _ := askAt(t, server+"lab", http.MethodGet, "", "Authorization", "token "+token, "Accept", "application/json, text/html")
			assert.Equal(t, want, got)
			assert.Contains(t, body, "no longer running at /user/sharer/lab.")
			got, body, _ = askAt(t, server+"lab", http.MethodGet, "", "Authorization", "token "+token, "Accept", "text/html, application/json")
			assert.Equal(t, want, got)
			assert.Contains(t, body, "<h1>Server not running</h1>")
		})
	}
}
