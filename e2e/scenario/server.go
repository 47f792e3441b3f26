package scenario

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/e2e/browser"
)

// PageConfig is what a server tells the scripts of its pages (HB-120, SH-191).
type PageConfig struct {
	// HubUser is the visitor, HubServerUser the owner of the server.
	HubUser       string `json:"hubUser"`
	HubServerUser string `json:"hubServerUser"`
	// HubServerName is empty for the default server.
	HubServerName string `json:"hubServerName"`
	// HubPrefix is the hub's path as it stands in addresses, escapes included.
	HubPrefix string `json:"hubPrefix"`
	// HubHost is empty where hub and servers share a host.
	HubHost string `json:"hubHost"`
	// Token is the visitor's own, for this server (HB-121).
	Token Secret `json:"token"`
}

// ServerPage is the page of a server, with the notebook in it.
type ServerPage struct{ page browser.Page }

// OnServer waits until page shows a server. It allows for the time that a server
// takes to start.
func OnServer(page browser.Page) (ServerPage, error) {
	if err := arrive(page, "server's page", serverMark, spawnLimit); err != nil {
		return ServerPage{}, err
	}
	return ServerPage{page}, nil
}

// Visitor is the name that the page's header gives as the visitor's.
func (p ServerPage) Visitor() (string, error) { return text(p.page.Locator(serverMark)) }

// Owner is the name that the page's header gives as the owner's.
func (p ServerPage) Owner() (string, error) { return text(p.page.Locator("#owner")) }

// Config reads what the page tells its scripts.
func (p ServerPage) Config() (PageConfig, error) {
	raw, err := p.page.Locator("script#jupyter-config-data[type='application/json']").TextContent()
	if err != nil {
		return PageConfig{}, fmt.Errorf("find the page's config: %w", err)
	}
	var c PageConfig
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		return PageConfig{}, fmt.Errorf("decode the page's config: %w", err)
	}
	return c, nil
}

// Notebook is the notebook on the page.
func (p ServerPage) Notebook() Notebook { return Notebook(p) }

// Notebook is a notebook whose code cells run in the browser.
type Notebook struct{ page browser.Page }

// Cells counts the code cells.
func (n Notebook) Cells() (int, error) { return n.page.Locator("section.cell.code").Count() }

// Output is what a code cell shows after it ran.
type Output struct {
	// Text is what stands there, each run of white space as one blank.
	Text string
	// Pre is the content of the first preformatted block as it is, Link the
	// address of the first link; empty if there is none.
	Pre, Link string
}

// cellLimit is how long a cell may take to show something.
const cellLimit = 10 * time.Second

// Run runs the k-th code cell, counted from 1, and waits until it has run and
// shows something. A cell goes on after it ran, with what it asked the hub for.
func (n Notebook) Run(k int) (Output, error) {
	cell := n.page.Locator("section.cell.code").Nth(k - 1)
	if err := press(n.page, fmt.Sprintf("Run cell %d", k)); err != nil {
		return Output{}, err
	}
	if err := browser.WaitVisible(cell.Locator("xpath=self::*[@data-state='done']"), cellLimit); err != nil {
		return Output{}, fmt.Errorf("wait for cell %d to be done: %w", k, err)
	}
	output := cell.Locator("div.output")
	if err := browser.WaitVisible(output.Locator(`text=/\S/`).First(), cellLimit); err != nil {
		return Output{}, fmt.Errorf("wait for cell %d to show something: %w", k, err)
	}
	// A picture taken now should show it.
	if err := output.ScrollIntoViewIfNeeded(); err != nil {
		return Output{}, fmt.Errorf("look at the output of cell %d: %w", k, err)
	}
	var o Output
	var err error
	if o.Text, err = text(output); err != nil {
		return Output{}, err
	}
	if o.Pre, err = firstText(output.Locator("pre")); err != nil {
		return Output{}, err
	}
	o.Link, err = firstHref(output.Locator("a"))
	return o, err
}

func firstText(l browser.Locator) (string, error) {
	all, err := l.AllInnerTexts()
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

func firstHref(l browser.Locator) (string, error) {
	if n, err := l.Count(); err != nil || n == 0 {
		return "", err
	}
	return l.First().GetAttribute("href")
}
