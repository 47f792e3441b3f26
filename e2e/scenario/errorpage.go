package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hubshare/hubshare/e2e/browser"
)

// ErrorPage is what a hub shows when it refuses (HB-72).
type ErrorPage struct {
	// Status is the code in the heading, Heading the whole of it.
	Status  int
	Heading string
	// Message is what stands below, on one line.
	Message string
}

// OnError waits until page shows an error and reads it.
func OnError(page browser.Page) (ErrorPage, error) {
	if err := arrive(page, "error page", errorMark, pageLimit, acceptMark, consentMark, serverMark); err != nil {
		return ErrorPage{}, err
	}
	heading, err := text(page.Locator(errorMark))
	if err != nil {
		return ErrorPage{}, err
	}
	message, err := texts(page.Locator("div.error p"))
	if err != nil {
		return ErrorPage{}, err
	}
	code, _, _ := strings.Cut(heading, " : ")
	status, err := strconv.Atoi(code)
	if err != nil {
		return ErrorPage{}, fmt.Errorf("the error page is headed %q, wanted a status and its name", heading)
	}
	return ErrorPage{Status: status, Heading: heading, Message: strings.Join(message, " ")}, nil
}
