package scenario

import "github.com/hubshare/hubshare/e2e/browser"

// ConsentPage asks whether an application may act for the visitor (HB-68).
type ConsentPage struct{ page browser.Page }

// OnConsent waits until page asks for authorization.
func OnConsent(page browser.Page) (ConsentPage, error) {
	err := arrive(page, "authorization page", consentMark, pageLimit)
	if err != nil {
		return ConsentPage{}, err
	}
	return ConsentPage{page}, nil
}

// Request is the sentence that says which application asks, and where it lives.
func (p ConsentPage) Request() (string, error) {
	return text(p.page.Locator(`p:has-text("would like permission to identify you")`))
}

// Permissions are the descriptions of what the application would get, in order.
func (p ConsentPage) Permissions() ([]string, error) {
	return texts(p.page.Locator("form .card-body label"))
}

// Submits counts the buttons that send a form.
func (p ConsentPage) Submits() (int, error) { return submits(p.page) }

// Authorize says yes.
func (p ConsentPage) Authorize() error { return press(p.page, "Authorize") }
