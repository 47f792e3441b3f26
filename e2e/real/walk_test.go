package real_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/realhub"
	"github.com/hubshare/hubshare/e2e/scenario"
	"github.com/hubshare/hubshare/hubsim"
)

const walkNotebook = "share-jupyterlab.ipynb"

// The story that the whole repository is for, with JupyterLab in the part of itself (HB-187, HB-188, SH-192).
func TestTheWalkInJupyterLab(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, release realhub.Release) {
		s := open(t, release, hubsim.Config{})
		notebook, err := os.ReadFile("../../hubsim/singleuser/notebooks/" + walkNotebook)
		require.NoError(t, err)
		s.show(walkNotebook, notebook)

		// The sharer logs in, the server starts, JupyterLab comes up in it.
		ann := s.person(sharer)
		ann.goes(s.hub.URL)
		ann.logsIn()
		ann.opensNotebook(walkNotebook)
		hers := ann.config()
		assert.Equal(t, [3]string{sharer, sharer, ""}, [3]string{hers.HubUser, hers.HubServerUser, hers.HubServerName}) // SH-191
		assert.Equal(t, [3]string{"/hub/", "", "/hub/user-redirect"}, [3]string{hers.HubPrefix, hers.HubHost, hers.ShareURL})
		ann.keeps("sharer")

		// The first two cells make a link.
		ann.reads(ann.runs(1), "API URL for sharing codes is: "+s.hub.HubURL()+"api/share-codes/sharer/")
		output := ann.runs(1)
		ann.reads(output, "Share this URL to grant access to this server: "+s.hub.HubURL()+"accept-share?code=")
		link, err := output.Locator("a").GetAttribute("href")
		require.NoError(t, err)

		// Somebody else follows it, and sees the same notebook in the shared server.
		bob := s.person(visitor)
		sockets := bob.sockets()
		bob.goes(link)
		bob.logsIn()
		bob.accepts()
		consent, err := scenario.OnConsent(bob.page)
		require.NoError(t, err)
		require.NoError(t, consent.Authorize())
		bob.opensNotebook(walkNotebook)
		his := bob.config()
		assert.Equal(t, [3]string{visitor, sharer, ""}, [3]string{his.HubUser, his.HubServerUser, his.HubServerName})
		assert.NotEqual(t, hers.Token, his.Token)
		bob.sees("the notebook's heading", bob.page.Locator(`.jp-Notebook h1:has-text("Sharing access to a server")`))
		bob.keeps("visitor")

		// His page may not share further (SH-193).
		for _, path := range []string{"share-codes", "shares"} {
			status := bob.asks("POST", s.hub.HubURL()+"api/"+path+"/sharer/", "Bearer "+string(his.Token))
			assert.Equal(t, 403, status, path)
			status = bob.asks("GET", s.hub.HubURL()+"api/"+path+"/sharer/", "Bearer "+string(his.Token))
			assert.Equal(t, 403, status, path)
		}

		// She reviews, and deletes the code; he stays.
		assert.Contains(t, ann.reads(ann.runs(1), "Shared with 1 users:"), "user shared-with has access: access:servers!server=sharer/")
		assert.Contains(t, ann.reads(ann.runs(1), `"exchange_count": 1`), `"access:servers!server=sharer/"`)
		ann.reads(ann.runs(1), "Deleted all share codes")
		contents, authorization := his.BaseURL+"api/contents/"+walkNotebook, "token "+string(his.Token) // HB-125
		status := bob.asks("GET", contents, authorization)
		assert.Equal(t, 200, status)

		// She deletes the access. What his page has open ends at once, other pages of his within the second that the server remembers
		// him (SH-164, SH-166); hers go on.
		open := sockets.open()
		assert.NotEmpty(t, open, "JupyterLab talks with its kernel")
		ann.reads(ann.runs(1), "Deleted all shared access")
		bob.end(open)
		assert.Equal(t, 403, bob.asksUntilRefused(contents, authorization))
		bob.goes(s.hub.UserURL(sharer, "") + "lab")
		bob.sees("the refusal", bob.page.GetByText(regexp.MustCompile(`user shared-with is not allowed`)))
		bob.keeps("refused")
		status = ann.asks("GET", contents, "token "+string(hers.Token))
		assert.Equal(t, 200, status)
	})
}
