package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/scenario"
	"github.com/hubshare/hubshare/hubsim"
)

// TestAcceptanceWalk is the story that the whole repository is for. // HB-187
func TestAcceptanceWalk(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	cfg := scenario.Config{
		BaseURL: hub.URL,
		Sharer:  scenario.Login{Name: "sharer", Typed: "Sharer ", Password: "x"}, // HB-25
		Grantee: scenario.Login{Name: "shared-with", Password: "x"},
	}
	var done []string
	cfg.Step = func(s scenario.Step) {
		t.Log(s)
		done = append(done, s.Name)
	}
	require.NoError(t, scenario.Walk(t.Context(), browser.Shared(t), cfg))
	assert.Equal(t, scenario.Steps(), done)
}
