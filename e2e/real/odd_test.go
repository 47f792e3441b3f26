package real_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/realhub"
	"github.com/hubshare/hubshare/e2e/scenario"
	"github.com/hubshare/hubshare/hubsim"
)

// A real server takes its own address and its people's names from the hub's environment and answers: under a path that has to be escaped, with a
// name that does not look like one, people named so that every page has to escape them (HB-188).
func TestARealServerUnderAnOddAddress(t *testing.T) {
	t.Parallel()
	const owner, guest, file = `testuser<'&">`, "ünï", "note.md"
	both(t, func(t *testing.T, release realhub.Release) {
		name := "my server"
		if release != realhub.V55 {
			name = "my-server" // the oddest there
		}
		s := open(t, release, hubsim.Config{BaseURL: "/@/space%20word/", AllowNamedServers: true, Users: []hubsim.User{{Name: owner}, {Name: guest}}})
		s.owner, s.server = owner, name
		s.show(file, []byte("# Hello"))
		ann := s.person(owner)
		require.NoError(t, s.hub.StartServer(t.Context(), owner, name))
		ann.goes(s.hub.UserURL(owner, name))
		ann.logsIn()
		ann.sees("the file", ann.page.Locator(".jp-DirListing-item:visible").GetByText(file))
		hers := ann.config()
		assert.Equal(t, [3]string{owner, owner, name}, [3]string{hers.HubUser, hers.HubServerUser, hers.HubServerName})
		ann.keeps("owner")

		code, err := s.hub.NewShareCode(owner, name)
		require.NoError(t, err)
		bob := s.person(guest)
		bob.goes(s.hub.AcceptURL(code))
		bob.logsIn()
		bob.accepts()
		consent, err := scenario.OnConsent(bob.page)
		require.NoError(t, err)
		require.NoError(t, consent.Authorize())
		bob.sees("the file", bob.page.Locator(".jp-DirListing-item:visible").GetByText(file))
		his := bob.config()
		assert.Equal(t, [3]string{guest, owner, name}, [3]string{his.HubUser, his.HubServerUser, his.HubServerName})
		assert.True(t, strings.HasSuffix(s.hub.UserURL(owner, name), his.BaseURL), "%s, %s", s.hub.UserURL(owner, name), his.BaseURL)
		status := bob.asks("GET", his.BaseURL+"api/contents/"+file, "token "+string(his.Token))
		assert.Equal(t, 200, status)
		bob.keeps("guest")

		require.NoError(t, s.hub.RevokeShare(t.Context(), hubsim.Share{Owner: owner, Server: name, User: guest}))
		assert.Equal(t, 403, bob.asksUntilRefused(his.BaseURL+"api/contents/"+file, "token "+string(his.Token)))
	})
}
