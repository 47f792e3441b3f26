package scenario

import (
	"fmt"
	"strings"
	"time"

	"github.com/hubshare/hubshare/e2e/browser"
)

const (
	// pageLimit is how long a page may take to come up.
	pageLimit = 10 * time.Second
	// spawnLimit is how long a server may take to start; hubs give up after 60 s.
	spawnLimit = 75 * time.Second
)

// What tells the pages apart. Trouble is what a hub shows when something went wrong.
const (
	loginMark   = "#login_submit"
	acceptMark  = `h1:text-is("Accept sharing invitation")`
	consentMark = `h1:text-is("Authorize access")`
	serverMark  = "#visitor"
	sharesMark  = "#shares-page"
	errorMark   = "div.error h1"
	trouble     = errorMark + ", p.login_error"
)

// WrongPageError says that another page came up than the one waited for.
type WrongPageError struct {
	// Wanted describes the page waited for, Path is where the browser is.
	Wanted, Path string
	// Shown is the error that the page there displays, or its heading.
	Shown string
}

func (e *WrongPageError) Error() string {
	return fmt.Sprintf("wanted the %s, got %q at %s", e.Wanted, e.Shown, e.Path)
}

// arrive waits until page shows what selector finds. Trouble ends the wait at
// once, and so does what the selectors of elsewhere find.
func arrive(page browser.Page, wanted, selector string, limit time.Duration, elsewhere ...string) error {
	instead := strings.Join(append([]string{trouble}, elsewhere...), ", ")
	if err := browser.WaitVisible(page.Locator(selector+", "+instead).First(), limit); err != nil {
		return fmt.Errorf("wait for the %s at %s: %w", wanted, pathOf(page.URL()), err)
	}
	n, err := page.Locator(selector).Count()
	if err != nil {
		return fmt.Errorf("look for the %s: %w", wanted, err)
	}
	if n > 0 {
		return nil
	}
	shown, err := text(page.Locator("div.error, " + instead).First())
	if err != nil {
		return fmt.Errorf("read what is shown instead of the %s: %w", wanted, err)
	}
	return &WrongPageError{Wanted: wanted, Path: pathOf(page.URL()), Shown: shown}
}

// text reads what an element shows, with every run of white space as one blank.
func text(l browser.Locator) (string, error) {
	if err := browser.WaitVisible(l, pageLimit); err != nil {
		return "", err
	}
	s, err := l.InnerText()
	return strings.Join(strings.Fields(s), " "), err
}

// texts reads what each of several elements shows.
func texts(l browser.Locator) ([]string, error) {
	all, err := l.AllInnerTexts()
	for i, s := range all {
		all[i] = strings.Join(strings.Fields(s), " ")
	}
	return all, err
}

// press clicks the button with that accessible name.
func press(page browser.Page, name string) error {
	button := page.Locator(fmt.Sprintf("role=button[name=%q]", name))
	if err := browser.WaitVisible(button, pageLimit); err != nil {
		return fmt.Errorf("wait for the button %q: %w", name, err)
	}
	if err := button.Click(); err != nil {
		return fmt.Errorf("press %q: %w", name, err)
	}
	return nil
}
