package scenario

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hubshare/hubshare/e2e/browser"
)

// SharesPage is where a user sees who has access to their servers, and changes it. Not every hub has it. The methods that change something press a
// button and wait for what the page says then.
type SharesPage struct{ page browser.Page }

// OnShares waits until page shows the list of shares.
func OnShares(page browser.Page) (SharesPage, error) {
	if err := arrive(page, "page of shares", sharesMark, pageLimit); err != nil {
		return SharesPage{}, err
	}
	return SharesPage{page}, nil
}

// LinkForm is what is filled in for a link; empty fields stay as the form has them. Lasts and Works are the values of the form's choices.
type LinkForm struct{ Lasts, Works, Uses, Domain, Note string }

// server is the part of the page about one server of the visitor's.
func (p SharesPage) server(name string) browser.Locator {
	return p.page.Locator(fmt.Sprintf("section.my-server[data-server=%s]", attribute(name)))
}

// People are the rows of those who have access to a server, as they read.
func (p SharesPage) People(server string) ([]string, error) {
	return texts(p.server(server).Locator("tr.grant"))
}

// Links are the rows of a server's links.
func (p SharesPage) Links(server string) ([]string, error) {
	return texts(p.server(server).Locator("tbody.link"))
}

// Received are the rows of what is shared with the visitor.
func (p SharesPage) Received() ([]string, error) {
	return texts(p.page.Locator("tbody.received tr"))
}

// MakeLink makes a link to a server and gives its address.
func (p SharesPage) MakeLink(server string, f LinkForm) (string, error) {
	form, err := p.open(server, "details.make")
	if err != nil {
		return "", err
	}
	for field, value := range map[string]string{"lasts": f.Lasts, "works": f.Works} {
		if value != "" {
			err = errors.Join(err, browser.Choose(form.Locator("select[name="+field+"]"), value))
		}
	}
	for field, value := range map[string]string{"uses": f.Uses, "domain": f.Domain, "note": f.Note} {
		if value != "" {
			err = errors.Join(err, form.Locator("input[name="+field+"]").Fill(value))
		}
	}
	if err == nil {
		err = form.Locator("button[type=submit]").Click()
	}
	if err != nil {
		return "", fmt.Errorf("make a link: %w", err)
	}
	shown, err := text(p.page.Locator("#new-link-text"))
	if err != nil {
		return "", fmt.Errorf("wait for the new link: %w", err)
	}
	typed, err := p.page.Locator("#new-link-address").InputValue()
	if err == nil && strings.ReplaceAll(shown, " ", "") != typed {
		err = errors.New("the new link reads otherwise in its field than in the text below")
	}
	return typed, err
}

// Share gives a user or a group ("user", "group") access to a server.
func (p SharesPage) Share(server, kind, name, lasts string) (done string, err error) {
	form, err := p.open(server, "details.give")
	if err != nil {
		return "", err
	}
	err = errors.Join(
		browser.Choose(form.Locator("select[name=kind]"), kind),
		browser.Choose(form.Locator("select[name=lasts]"), lasts),
		form.Locator("input[name=grantee]").Fill(name),
	)
	if err != nil {
		return "", fmt.Errorf("fill in with whom to share: %w", err)
	}
	return p.press(form.Locator("button[type=submit]"))
}

// DeleteLink deletes a link, such as "sc_1", with the access that it gave.
func (p SharesPage) DeleteLink(id string) (done string, err error) {
	return p.press(p.page.Locator(fmt.Sprintf("tbody.link[data-id=%s] button[value=delete-access]", attribute(id))))
}

// Revoke takes all access to a server from a user or a group.
func (p SharesPage) Revoke(server, kind, name string) (done string, err error) {
	share := p.server(server).Locator("tbody.share[data-kind=" + attribute(kind) + "][data-name=" + attribute(name) + "]")
	return p.press(share.Locator("button.revoke"))
}

// Leave gives up what an owner shares with the visitor.
func (p SharesPage) Leave(owner, server string) (done string, err error) {
	row := p.page.Locator("tbody.received[data-owner=" + attribute(owner) + "][data-server=" + attribute(server) + "]")
	return p.press(row.Locator("button.leave"))
}

// open shows a form and gives it.
func (p SharesPage) open(server, details string) (browser.Locator, error) {
	box := p.server(server).Locator(details)
	if err := box.Locator("summary").Click(); err != nil {
		return nil, fmt.Errorf("open %s: %w", details, err)
	}
	return box.Locator("form"), nil
}

// press clicks a button and reads what the page says was done, or was not.
func (p SharesPage) press(button browser.Locator) (done string, err error) {
	if err := browser.WaitVisible(button, pageLimit); err != nil {
		return "", fmt.Errorf("wait for the button: %w", err)
	}
	if err := button.Click(); err != nil {
		return "", fmt.Errorf("press the button: %w", err)
	}
	if err := arrive(p.page, "outcome", "#done", pageLimit, "#problem", "p.problem"); err != nil {
		return "", err
	}
	return text(p.page.Locator("#done"))
}

// attribute quotes a value for a selector.
func attribute(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\a `).Replace(value) + `"`
}
