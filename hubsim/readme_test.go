package hubsim_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// What follows stands in the README, word for word; a test holds the two together.

func TestSharing(t *testing.T) {
	hub := hubsim.New(t, hubsim.Config{}) // users sharer and shared-with; ends with the test
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	code, err := hub.NewShareCode("sharer", "")
	require.NoError(t, err)

	visitor := hub.Client("shared-with") // a browser without scripts, logged in
	page, err := visitor.Get(hub.AcceptURL(code))
	require.NoError(t, err)
	defer page.Body.Close()
	require.Equal(t, http.StatusOK, page.StatusCode)
	// ... submit its form, or let e2e/scenario drive a real browser
}
