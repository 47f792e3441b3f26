package hubsim_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-164: two hundred hubs in one program, at once, know nothing of one another, and leave nothing behind (TestMain looks).
func TestTwoHundredHubs(t *testing.T) {
	t.Parallel()
	for i := range 200 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			hub := hubsim.New(t, hubsim.Config{})
			require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
			code, err := hub.NewShareCode("sharer", "")
			require.NoError(t, err)
			guest := known(t, hub, "shared-with")
			there := guest.submit(guest.submit(guest.get(hub.AcceptURL(code)), nil), nil)
			require.Equal(t, "shared-with", there.labConfig(t)["hubUser"])
			token, err := hub.Token("sharer")
			require.NoError(t, err)
			status, list := call(t, hub, token, http.MethodGet, "/shares/sharer/", "")
			require.Equal(t, 200, status)
			require.Len(t, list["items"], 1, "its own share and nobody else's")
			status, _ = call(t, hub, token, http.MethodDelete, "/shares/sharer/", "")
			require.Equal(t, 204, status)
			require.Equal(t, 403, guest.get(hub.UserURL("sharer", "")).status)
		})
	}
}
