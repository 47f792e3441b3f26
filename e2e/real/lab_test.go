package real_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/scenario"
)

// The two of the story (SH-190).
const (
	sharer  = "sharer"
	visitor = "shared-with"
)

// glance is how long a wait goes on before somebody looks whether the server still lives.
const glance = 5 * time.Second

// person is somebody with a browser of their own. What they do and see either is as it should be or ends the test.
type person struct {
	*stage
	name string
	page browser.Page
	// cell is the one, from 0, that the next Shift+Enter runs.
	cell int
}

func (s *stage) person(name string) *person {
	s.Helper()
	page, err := browser.NewContext(s, browser.ContextOptions{Width: 1400, Height: 1200}).NewPage()
	require.NoError(s, err)
	return &person{stage: s, name: name, page: page}
}

func (p *person) goes(to string) {
	p.Helper()
	_, err := p.page.Goto(to, playwright.PageGotoOptions{Timeout: playwright.Float(float64(patience.Milliseconds()))})
	require.NoError(p, err, p.name)
}

func (p *person) logsIn() {
	p.Helper()
	form, err := scenario.OnLogin(p.page)
	require.NoError(p, err, p.name)
	require.NoError(p, form.SignIn(scenario.Login{Name: p.name, Password: "any"}), p.name)
}

// sees waits until something is shown.
func (p *person) sees(what string, l browser.Locator) {
	p.Helper()
	for deadline := time.Now().Add(patience); ; {
		err := browser.WaitVisible(l.First(), glance)
		if err == nil {
			return
		}
		p.lives()
		p.waitsOn()
		if words, err := p.page.Locator("body:has(div.error h1)").AllInnerTexts(); err == nil && len(words) > 0 {
			require.Fail(p, "the hub shows an error", "%s waits for %s and reads %s", p.name, what, words)
		}
		if !errors.Is(err, playwright.ErrTimeout) || time.Now().After(deadline) {
			require.NoError(p, err, "%s waits for %s", p.name, what)
		}
	}
}

// waitsOn answers JupyterLab, if it asks, that a document that takes long to load shall take its time.
func (p *person) waitsOn() {
	p.Helper()
	button := p.page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Continue waiting"})
	if shown, err := button.IsVisible(); err == nil && shown {
		_ = button.Click(playwright.LocatorClickOptions{Timeout: playwright.Float(float64(glance.Milliseconds()))}) // unless the document came first
	}
}

func (p *person) presses(keys string) {
	p.Helper()
	require.NoError(p, p.page.Keyboard().Press(keys), p.name)
}

// opensNotebook opens a notebook from the list of files in JupyterLab, and waits until it can be run.
func (p *person) opensNotebook(name string) {
	p.Helper()
	file := p.page.Locator(".jp-DirListing-item:visible", playwright.PageLocatorOptions{HasText: name}) // panels that are closed list files as well
	p.sees("the list of files", file)
	require.NoError(p, file.Dblclick())
	p.isInNotebook(name)
}

// isInNotebook waits until a notebook is shown that can be run.
func (p *person) isInNotebook(name string) {
	p.Helper()
	p.sees("the notebook's tab in front", p.page.Locator(".lm-DockPanel-tabBar .lm-TabBar-tab.jp-mod-current", playwright.PageLocatorOptions{HasText: name}))
	p.sees("the notebook", p.page.Locator(".jp-Notebook .jp-Cell.jp-mod-active"))
	p.sees("a kernel", p.page.Locator(`.jp-Notebook-ExecutionIndicator[data-status=idle]`))
	p.waitsOn()
	require.NoError(p, p.cellAt(0).Click(), p.name) // what was opened last may not have the keys yet
	p.cell = 0
}

// runs presses Shift+Enter until the k-th code cell, from 1, has run and shows something, and gives that.
func (p *person) runs(k int) browser.Locator {
	p.Helper()
	for done := 0; ; p.cell++ {
		active := p.page.Locator(".jp-Notebook:focus-within .jp-Cell.jp-mod-active")
		p.sees(fmt.Sprintf("cell %d to have the keys", p.cell), p.cellAt(p.cell).And(active))
		cell := p.cellAt(p.cell)
		code, err := cell.Evaluate("e => e.classList.contains('jp-CodeCell')", nil)
		require.NoError(p, err)
		p.presses("Shift+Enter")
		if code != true {
			continue
		}
		number := cell.Locator(".jp-InputPrompt").Filter(playwright.LocatorFilterOptions{HasText: regexp.MustCompile(`\[\d+\]:`)})
		p.sees("the cell to have run", number)
		if done++; done == k {
			p.cell++
			return cell.Locator(".jp-OutputArea-output")
		}
	}
}

func (p *person) cellAt(i int) browser.Locator {
	return p.page.Locator(".jp-Notebook .jp-Cell").Nth(i)
}

// reads waits until an output says what it should, and gives all of it.
func (p *person) reads(output browser.Locator, words string) string {
	p.Helper()
	p.sees(fmt.Sprintf("the output %q", words), output.Filter(playwright.LocatorFilterOptions{HasText: words}))
	all, err := output.AllInnerTexts()
	require.NoError(p, err, p.name)
	return strings.Join(all, "\n")
}

// labConfig is what JupyterLab's page tells its scripts (HB-120).
type labConfig struct {
	scenario.PageConfig
	BaseURL  string `json:"baseUrl"`
	ShareURL string `json:"shareUrl"`
}

// config reads the configuration of the page that is shown.
func (p *person) config() labConfig {
	p.Helper()
	raw, err := p.page.Locator("script#jupyter-config-data").TextContent()
	require.NoError(p, err, p.name)
	var c labConfig
	require.NoError(p, json.Unmarshal([]byte(raw), &c))
	return c
}

// asks makes a request with a script of the page that is shown, and gives the status.
func (p *person) asks(method, url, authorization string) (status int) {
	p.Helper()
	return p.fetches(`async ([method, url, Authorization]) => (await fetch(url, {method, headers: {Authorization}})).status`, method, url, authorization)
}

// asksUntilRefused repeats a request that is allowed until it is not, as a real server remembers for a real while, and gives the status then.
func (p *person) asksUntilRefused(url, authorization string) (status int) {
	p.Helper()
	return p.fetches(`async ([url, Authorization, limit]) => {
		for (const start = Date.now(); ;) {
			const {status} = await fetch(url, {headers: {Authorization}});
			if (status !== 200 || Date.now() - start > Number(limit)) return status;
			await new Promise(done => setTimeout(done, 200));
		}
	}`, url, authorization, strconv.FormatInt(patience.Milliseconds(), 10))
}

func (p *person) fetches(script string, arguments ...string) (status int) {
	p.Helper()
	answer, err := p.page.Evaluate(script, arguments)
	require.NoError(p, err, p.name)
	status, ok := answer.(int)
	require.True(p, ok, "%T", answer)
	return status
}

// keeps keeps a picture of the page where pictures are wanted.
func (p *person) keeps(name string) {
	p.Helper()
	dir := os.Getenv("E2E_ARTIFACTS")
	if dir == "" {
		return
	}
	png, err := p.page.Screenshot()
	require.NoError(p, err, p.name)
	file := strings.NewReplacer("/", "-").Replace(p.stage.Name()) + "-" + name + ".png"
	require.NoError(p, os.MkdirAll(dir, 0o755))
	require.NoError(p, os.WriteFile(filepath.Join(dir, file), png, 0o600))
}

// sockets are the web sockets that somebody's page has opened.
type sockets struct {
	mu   sync.Mutex
	list []socket
}

type socket struct {
	url    string
	closed chan struct{}
}

// sockets notes web sockets from now on.
func (p *person) sockets() *sockets {
	s := &sockets{}
	p.page.OnWebSocket(func(ws playwright.WebSocket) {
		closed := make(chan struct{})
		s.mu.Lock()
		defer s.mu.Unlock()
		s.list = append(s.list, socket{ws.URL(), closed})
		ws.OnClose(func(playwright.WebSocket) { close(closed) })
	})
	return s
}

// open are those that have not been closed.
func (s *sockets) open() (out []socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.list {
		select {
		case <-one.closed:
		default:
			out = append(out, one)
		}
	}
	return out
}

// end waits until each of some web sockets has been closed.
func (p *person) end(list []socket) {
	p.Helper()
	late := time.After(patience)
	for _, one := range list {
		select {
		case <-one.closed:
		case <-late:
			require.Fail(p, "a web socket stays open", one.url)
		}
	}
}
