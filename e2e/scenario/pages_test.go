package scenario_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/scenario"
)

// show opens a page with the given body.
func show(t *testing.T, body string) browser.Page {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, body)
	}))
	t.Cleanup(srv.Close)
	return openPage(t, srv.URL+"/some/page?code=secret")
}

func openPage(t *testing.T, url string) browser.Page {
	t.Helper()
	page, err := browser.NewContext(t, browser.ContextOptions{}).NewPage()
	require.NoError(t, err)
	_, err = page.Goto(url)
	require.NoError(t, err)
	return page
}

func TestLoginPageShowsWhyItSaysNo(t *testing.T) { // HB-29
	t.Parallel()
	page := openPage(t, newPaperHub(t, "/", "sharer", "shared-with", "").url)
	form, err := scenario.OnLogin(page)
	require.NoError(t, err)
	require.NoError(t, form.SignIn(scenario.Login{Name: "sharer"}))
	problem, err := form.Problem()
	require.NoError(t, err)
	assert.Equal(t, "Invalid username or password", problem)

	_, err = scenario.OnServer(page)
	var wrong *scenario.WrongPageError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "Invalid username or password", wrong.Shown)
	assert.Equal(t, "/hub/login", wrong.Path)
}

func TestErrorPage(t *testing.T) { // HB-72
	t.Parallel()
	t.Run("is read with its status and message", func(t *testing.T) {
		t.Parallel()
		got, err := scenario.OnError(show(t, `<div class="error"><h1>404 : Not Found</h1><p>Gone,
			<b>all</b> of it</p><p>and more</p></div>`))
		require.NoError(t, err)
		assert.Equal(t, scenario.ErrorPage{Status: 404, Heading: "404 : Not Found", Message: "Gone, all of it and more"}, got)
	})
	t.Run("without a status in its heading is an error", func(t *testing.T) {
		t.Parallel()
		_, err := scenario.OnError(show(t, `<div class="error"><h1>Oh no</h1></div>`))
		require.ErrorContains(t, err, `headed "Oh no"`)
	})
	t.Run("in place of another page ends the wait for that page, and keeps its query out", func(t *testing.T) {
		t.Parallel()
		page := show(t, `<div class="error"><h1>403 : Forbidden</h1><p>No</p></div>`)
		for _, on := range []func() error{
			func() error { _, err := scenario.OnLogin(page); return err },
			func() error { _, err := scenario.OnAccept(page); return err },
			func() error { _, err := scenario.OnConsent(page); return err },
			func() error { _, err := scenario.OnServer(page); return err },
		} {
			err := on()
			var wrong *scenario.WrongPageError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, "403 : Forbidden No", wrong.Shown)
			assert.NotContains(t, err.Error(), "secret")
		}
	})
}

func TestAcceptPageNeedsExactlyOneLink(t *testing.T) { // HB-65
	t.Parallel()
	for n := range 3 {
		page, err := scenario.OnAccept(show(t, `<h1>Accept sharing invitation</h1><div class="card-footer">`+
			strings.Repeat(`<a href="/user/x%20y/">/user/x%20y/</a>`, n)+`</div>`))
		require.NoError(t, err)
		text, href, err := page.Target()
		if n != 1 {
			require.ErrorContains(t, err, fmt.Sprintf("the footer has %d links", n))
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, "/user/x%20y/", text)
		assert.Equal(t, "/user/x%20y/", href)
	}
}

func TestServerPageWithADamagedConfig(t *testing.T) { // HB-120
	t.Parallel()
	for name, script := range map[string]string{
		"not JSON":          `<script id="jupyter-config-data" type="application/json">{</script>`,
		"of another shape":  `<script id="jupyter-config-data" type="application/json">{"hubUser": 7}</script>`,
		"an empty document": `<script id="jupyter-config-data" type="application/json"></script>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := scenario.OnServer(show(t, `<b id="visitor">x</b>`+script))
			require.NoError(t, err)
			_, err = page.Config()
			require.ErrorContains(t, err, "decode the page's config")
		})
	}
}

func TestNotebookRunsTheCellThatIsNamed(t *testing.T) {
	t.Parallel()
	page, err := scenario.OnServer(show(t, `<b id="visitor">x</b>
		<section class="cell markdown">Run cell 1</section>
		<section class="cell code"><button class="run">Run cell 1</button><div class="output"></div></section>
		<section class="cell code"><button class="run">Run cell 2</button><div class="output"></div></section>
		<script>document.querySelectorAll("button").forEach((b, i) => b.onclick = () => {
			const s = b.closest("section"), e = document.createElement("div");
			s.querySelector(".output").replaceChildren(e);
			s.dataset.state = "done";
			setTimeout(() => { e.innerHTML = "<p>ran   " + i + " <a href='/x?y=1'>link</a></p><pre>a\n  b</pre>" }, 300);
		})</script>`))
	require.NoError(t, err)
	n, err := page.Notebook().Cells()
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	for range 2 { // running again starts afresh
		out, err := page.Notebook().Run(2)
		require.NoError(t, err)
		assert.Equal(t, scenario.Output{Text: "ran 1 link a b", Pre: "a\n  b", Link: "/x?y=1"}, out)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	login := scenario.Login{Name: "ann", Password: "hunter2"}
	config := scenario.PageConfig{HubUser: "ann", Token: "hunter2"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, holder := range []any{login, config, config.Token, &config.Token} {
			text := fmt.Sprintf(verb, holder)
			assert.NotContains(t, text, "hunter2", verb)
			assert.NotContains(t, text, fmt.Sprintf("%x", "hunter2"), verb)
		}
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "login", login, "config", config, "token", config.Token)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "login", login, "config", config, "token", config.Token)
	assert.NotContains(t, log.String(), "hunter2")
	assert.Equal(t, 6, strings.Count(log.String(), "REDACTED"))
}
