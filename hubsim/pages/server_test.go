package pages_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/hubsim/pages"
)

var ann = pages.Shell{User: "ann", XSRF: "x1"}

func buttons(n *html.Node) []*html.Node {
	return all(n, func(e *html.Node) bool { return attr(e, "role") == "button" })
}

func TestHomeOffersStartOrStop(t *testing.T) { // HB-52, HB-53
	t.Parallel()
	p := newPages(t, pages.Config{BaseURL: "/b/"})
	for name, c := range map[string]struct {
		page  pages.HomePage
		start string
		label string
		stop  bool
	}{
		"nothing runs":          {pages.HomePage{}, "/b/hub/spawn/testuser%3C%27%26%22%3E", "Start My Server", false},
		"the server runs":       {pages.HomePage{Active: true}, "/b/user/testuser%3C%27%26%22%3E", "My Server", true},
		"only a named one runs": {pages.HomePage{OtherActive: true}, "/b/user/testuser%3C%27%26%22%3E", "Start My Server", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.page.Shell = pages.Shell{User: `testuser<'&">`}
			rec := record(func(w http.ResponseWriter) { p.Home(w, c.page) })
			assert.Equal(t, http.StatusOK, rec.Code)
			doc := parse(t, rec)
			assert.Len(t, links(t, doc), 4)
			div := one(t, doc, "div.text-center", class("text-center"))
			start := byID(t, div, "start")
			assert.Equal(t, []string{"button", c.start, c.label}, []string{attr(start, "role"), attr(start, "href"), text(start)})
			assert.Equal(t, c.stop, hasID(div, "stop"))
			if c.stop {
				stop := byID(t, div, "stop")
				assert.Equal(t, []string{"button", "Stop My Server"}, []string{attr(stop, "role"), text(stop)})
				assert.Equal(t, "/b/hub/api/users/testuser%3C%27%26%22%3E/server", attr(stop, "data-url"))
				assert.Equal(t, "/b/hub/spawn/testuser%3C%27%26%22%3E", attr(stop, "data-spawn"))
			}
		})
	}
}

func TestPendingPageFollowsTheProgress(t *testing.T) { // HB-56, HB-57, HB-100
	t.Parallel()
	p := newPages(t, pages.Config{})
	for server, url := range map[string]string{
		"":    "/hub/api/users/ann/server/progress",
		"g p": "/hub/api/users/ann/servers/g%20p/progress",
	} {
		rec := record(func(w http.ResponseWriter) {
			p.SpawnPending(w, pages.ServerPage{Shell: ann, Owner: "ann", Server: server})
		})
		assert.Equal(t, http.StatusOK, rec.Code)
		doc := parse(t, rec)
		main := text(one(t, doc, "main", tag("main")))
		assert.Contains(t, main, "Your server is starting up.")
		assert.Contains(t, main, "You will be redirected automatically when it's ready for you.")
		bar := byID(t, doc, "progress-bar")
		assert.True(t, class("progress")(bar.Parent))
		assert.Equal(t, []string{"progressbar", "0", url}, []string{attr(bar, "role"), attr(bar, "aria-valuenow"), attr(bar, "data-url")})
		assert.True(t, hasID(bar, "sr-progress"))
		assert.Equal(t, "p", byID(t, doc, "progress-message").Data)
		details := byID(t, doc, "progress-details")
		assert.Equal(t, "details", details.Data)
		assert.Equal(t, "Event log", text(one(t, details, "summary", tag("summary"))))
		assert.True(t, hasID(details, "progress-log"))
		assert.Equal(t, 1, countRefresh(doc), "works without scripts as well")
	}
}

func TestOnly60StopsAServerThatStarts(t *testing.T) { // HB-56
	t.Parallel()
	for server, url := range map[string]string{"": "/hub/api/users/ann/server", "g p": "/hub/api/users/ann/servers/g%20p"} {
		write := func(cfg pages.Config) *html.Node {
			return parse(t, record(func(w http.ResponseWriter) {
				newPages(t, cfg).SpawnPending(w, pages.ServerPage{Shell: ann, Owner: "ann", Server: server})
			}))
		}
		doc := write(pages.Config{})
		assert.False(t, hasID(doc, "stop-server-btn") || hasID(doc, "stop-server-status"))
		doc = write(pages.Config{Profile60: true})
		stop := byID(t, doc, "stop-server-btn")
		assert.Equal(t, []string{"button", "Stop Server", url}, []string{stop.Data, text(stop), attr(stop, "data-url")})
		assert.True(t, class("hidden")(stop), "until the script is there that makes it work")
		status := byID(t, doc, "stop-server-status")
		assert.Equal(t, []string{"status", ""}, []string{attr(status, "role"), text(status)})
	}
}

// A hub that has a page of one's shares leads to it from the home page and from the bar, those who are logged in.
func TestHomeLeadsToTheSharesIfThereIsSuchAPage(t *testing.T) {
	t.Parallel()
	for sharing, want := range map[bool]int{true: 5, false: 4} {
		p := newPages(t, pages.Config{BaseURL: "/b/", Sharing: sharing})
		doc := parse(t, record(func(w http.ResponseWriter) { p.Home(w, pages.HomePage{Shell: pages.Shell{User: "ann"}}) }))
		assert.Len(t, links(t, doc), want)
		assert.Equal(t, sharing, slices.Contains(links(t, doc), "/b/hub/shares"))
		assert.Equal(t, sharing, hasID(doc, "sharing"))
		if sharing {
			assert.Equal(t, "/b/hub/shares", attr(byID(t, doc, "sharing"), "href"))
		}
		doc = parse(t, record(func(w http.ResponseWriter) { p.Main(w, http.StatusOK, pages.Shell{}, "") }))
		assert.NotContains(t, links(t, doc), "/b/hub/shares", "anonymous")
	}
}

func countRefresh(doc *html.Node) int {
	n := 0
	for _, s := range all(doc, tag("noscript")) {
		if s.FirstChild != nil && s.FirstChild.Data == `<meta http-equiv="refresh" content="5">` {
			n++
		}
		n += len(all(s, func(e *html.Node) bool { return attr(e, "http-equiv") == "refresh" && attr(e, "content") == "5" }))
	}
	return n
}

func TestStoppingPageLooksAgain(t *testing.T) { // HB-58
	t.Parallel()
	p := newPages(t, pages.Config{})
	rec := record(func(w http.ResponseWriter) { p.Stopping(w, pages.ServerPage{Shell: ann, Owner: "ann"}) })
	assert.Equal(t, http.StatusOK, rec.Code)
	doc := parse(t, rec)
	assert.Contains(t, text(one(t, doc, "main", tag("main"))), "Your server is stopping.")
	refresh := byID(t, doc, "refresh")
	assert.Equal(t, []string{"a", "5"}, []string{refresh.Data, attr(refresh, "data-reload")})
	assert.Equal(t, 1, countRefresh(doc))
}

func TestServerPagesOfStoppedServers(t *testing.T) { // HB-58, HB-59, SH-153, HB-84
	t.Parallel()
	p := newPages(t, pages.Config{})
	type want struct {
		status              int
		heading, text, href string // href "" = no button
		label               string
	}
	for name, c := range map[string]struct {
		write func(http.ResponseWriter, pages.ServerPage)
		page  pages.ServerPage
		want  want
	}{
		"never started": {p.NotRunning, pages.ServerPage{Owner: "ann", MayStart: true},
			want{200, "Server not running", "Your server is not running. Would you like to start it?", "/hub/spawn/ann", "Launch Server"}},
		"named, never started": {p.NotRunning, pages.ServerPage{Owner: "ann", Server: "a b", MayStart: true},
			want{200, "Server not running", "Your server a b is not running. Would you like to start it?", "/hub/spawn/ann/a%20b", "Launch Server"}},
		"asked for": {p.Stopped, pages.ServerPage{Owner: "ann", MayStart: true, Next: "/hub/user/ann/lab?x=1"},
			want{424, "Server not running", "Your server is not running. Would you like to start it?",
				"/hub/spawn/ann?next=%2Fhub%2Fuser%2Fann%2Flab%3Fx%3D1", "Launch Server"}},
		"asked for in the old way": {p.Stopped, pages.ServerPage{Owner: "ann", MayStart: true, Status: 503},
			want{503, "Server not running", "Your server is not running. Would you like to start it?", "/hub/spawn/ann", "Launch Server"}},
		"somebody else's": {p.Stopped, pages.ServerPage{Owner: "bob"},
			want{424, "Server not running", "The server of bob is not running. Ask bob to start it.", "", ""}},
		"somebody else's, may be started": {p.Stopped, pages.ServerPage{Owner: "bob", Server: "gpu", MayStart: true},
			want{424, "Server not running", "The server gpu of bob is not running. Would you like to start it?", "/hub/spawn/bob/gpu", "Launch Server"}},
		"failed": {p.Failed, pages.ServerPage{Owner: "ann", MayStart: true, Message: "no <memory>"},
			want{500, "Spawn failed", "The latest attempt to start your server has failed. no <memory> Would you like to retry starting it?",
				"/hub/spawn/ann", "Relaunch Server"}},
		"failed with a status of its own": {p.Failed, pages.ServerPage{Owner: "ann", Server: "gpu", MayStart: true, Status: 429},
			want{429, "Spawn failed", "The latest attempt to start your server gpu has failed. Would you like to retry starting it?",
				"/hub/spawn/ann/gpu", "Relaunch Server"}},
		"somebody else's failed": {p.Failed, pages.ServerPage{Owner: "bob"},
			want{500, "Spawn failed", "The latest attempt to start the server of bob has failed. Ask bob to start it.", "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.page.Shell = ann
			rec := record(func(w http.ResponseWriter) { c.write(w, c.page) })
			doc := parse(t, rec)
			div := one(t, doc, "div.text-center", class("text-center"))
			h1 := one(t, div, "h1", tag("h1"))
			got := want{status: rec.Code, heading: text(h1)}
			for _, p := range all(div, tag("p")) {
				got.text += " " + text(p)
			}
			got.text = got.text[1:]
			for _, b := range buttons(div) {
				assert.Equal(t, "start", attr(b, "id"))
				got.href, got.label = attr(b, "href"), text(b)
			}
			assert.LessOrEqual(t, len(buttons(div)), 1)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestLaunchLinkFollowsItselfOnlyWhereTheHubSaysSo(t *testing.T) { // HB-59
	t.Parallel()
	write := func(cfg pages.Config) *html.Node {
		p := newPages(t, cfg)
		return byID(t, parse(t, record(func(w http.ResponseWriter) {
			p.Stopped(w, pages.ServerPage{Shell: ann, Owner: "ann", MayStart: true})
		})), "start")
	}
	assert.False(t, has(write(pages.Config{}), "data-follow"))
	assert.Equal(t, "1500", attr(write(pages.Config{ImplicitSpawn: 1500 * time.Millisecond}), "data-follow"))
}
