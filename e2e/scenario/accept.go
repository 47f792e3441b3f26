package scenario

import (
	"fmt"

	"github.com/hubshare/hubshare/e2e/browser"
)

// AcceptPage is the invitation that a share link leads to (HB-65, SH-146, SH-147).
type AcceptPage struct{ page browser.Page }

// OnAccept waits until page shows the invitation.
func OnAccept(page browser.Page) (AcceptPage, error) {
	err := arrive(page, "invitation", acceptMark, pageLimit)
	if err != nil {
		return AcceptPage{}, err
	}
	return AcceptPage{page}, nil
}

// Lead is the sentence that says who is invited to whose server.
func (p AcceptPage) Lead() (string, error) { return text(p.page.Locator("p.lead")) }

// Permissions are the descriptions of what is offered, in order.
func (p AcceptPage) Permissions() ([]string, error) {
	return texts(p.page.Locator("form .card-body label"))
}

// Target is the one link in the footer: where accepting leads to.
func (p AcceptPage) Target() (shown, href string, err error) {
	links := p.page.Locator(".card-footer a")
	n, err := links.Count()
	if err != nil {
		return "", "", err
	}
	if n != 1 {
		return "", "", fmt.Errorf("the footer has %d links, wanted one", n)
	}
	if shown, err = text(links); err != nil {
		return "", "", err
	}
	href, err = links.GetAttribute("href")
	return shown, href, err
}

// Submits counts the buttons that send a form.
func (p AcceptPage) Submits() (int, error) { return submits(p.page) }

// Accept accepts the invitation.
func (p AcceptPage) Accept() error { return press(p.page, "Accept invitation") }

func submits(page browser.Page) (int, error) {
	return page.Locator("button[type=submit], input[type=submit]").Count()
}
