package web

import (
	"fmt"
	"net/http"
)

// Error is a refusal as the client gets to see it. Everything in it is meant
// for the client: no cause, no internal detail.
type Error struct {
	Status  int    // HTTP status, 400…599
	Message string // "" = the status's reason phrase (SH-53)
	Header  http.Header
}

// Errorf makes an Error from a format; its arguments reach the client, so
// never give it another error.
func Errorf(status int, format string, args ...any) *Error {
	return &Error{Status: status, Message: fmt.Sprintf(format, args...)}
}

// Text is the message, or the reason phrase when there is none.
func (e *Error) Text() string {
	if e.Message != "" {
		return e.Message
	}
	return http.StatusText(e.Status)
}

// Error is the status and the text.
func (e *Error) Error() string { return fmt.Sprintf("%d %s", e.Status, e.Text()) }
