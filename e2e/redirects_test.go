package e2e_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-73, HB-87: whoever launches the server that they asked for comes to it by way of the hub, and the address bar does not tell.
func TestTheWayBackLeavesNoTraceInTheAddress(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	sharer := s.user("sharer")
	asked := s.hub.UserURL("sharer", "") + "lab?x=1"
	require.Equal(t, 424, sharer.goes(asked))
	sharer.clicks("button", "Launch Server")
	sharer.isOn("sharer", "")
	require.NoError(t, sharer.tab.WaitForURL(regexp.MustCompile(regexp.QuoteMeta(asked)+"$")))
	assert.NotEmpty(t, s.hub.Requests(func(r hubsim.Request) bool { return regexp.MustCompile(`redirects=1`).MatchString(r.URL) }))

	sharer.goes(asked + "&redirects=2#here")
	require.NoError(t, sharer.tab.WaitForURL(regexp.MustCompile(regexp.QuoteMeta(asked)+"#here$")))
}
