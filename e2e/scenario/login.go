package scenario

import (
	"errors"
	"fmt"

	"github.com/hubshare/hubshare/e2e/browser"
)

// LoginPage is the form where a person says who they are (HB-28, HB-29).
type LoginPage struct{ page browser.Page }

// OnLogin waits until page shows the login form. A form that tells of a failed
// attempt is a WrongPageError, since that is what the attempt led to.
func OnLogin(page browser.Page) (LoginPage, error) {
	if err := arrive(page, "login form", loginMark, pageLimit); err != nil {
		return LoginPage{}, err
	}
	return LoginPage{page}, nil
}

// Heading is the form's title.
func (p LoginPage) Heading() (string, error) { return text(p.page.Locator("form h1")) }

// Labels are the texts beside the fields, in order.
func (p LoginPage) Labels() ([]string, error) { return texts(p.page.Locator("form label")) }

// SignIn fills in the form and sends it. What comes up next is for the caller
// to look at: it may be the form again, with an error.
func (p LoginPage) SignIn(l Login) error {
	err := errors.Join(
		p.page.Locator("#username_input").Fill(l.typed()),
		p.page.Locator("#password_input").Fill(string(l.Password)),
	)
	if err == nil {
		err = p.page.Locator(loginMark).Click()
	}
	if err != nil {
		return fmt.Errorf("log in as %s: %w", l.Name, err)
	}
	return nil
}

// Problem waits for the error that the form shows after a failed attempt.
func (p LoginPage) Problem() (string, error) { return text(p.page.Locator("p.login_error")) }
