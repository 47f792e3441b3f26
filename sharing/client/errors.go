package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What an error of this package may wrap, for [errors.Is]. The first four are statuses of an [*Error].
var (
	// ErrBadRequest: the hub found the request wrong (400), such as a scope that does not exist or a grantee whom it does not know (SH-87).
	ErrBadRequest = errors.New("bad request")
	// ErrForbidden: the token is none, or does not have the scope in any form (403, or 401 from what may stand before the hub; SH-54).
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound: there is no such thing, or the token may not know whether there is (404): a hub does not tell which (SH-55).
	ErrNotFound = errors.New("hidden or absent")
	// ErrTooManyRequests: a quota is used up (429), until [Error.RetryAfter] has gone by. Nothing was done, and nothing is tried again by
	// itself.
	ErrTooManyRequests = errors.New("too many requests")
	// ErrAnswer: what came back is not what a hub answers. Whether the hub did what was asked is not known then.
	ErrAnswer = errors.New("not the answer of a hub")
	// ErrInvalid: the arguments cannot be said in a request, or would say something else; none was made.
	ErrInvalid = errors.New("invalid argument")
	// ErrNoExtensions: the hub does not know what was asked for: it is a JupyterHub, or has its extensions switched off. Nothing was
	// changed.
	ErrNoExtensions = errors.New("the hub knows no extensions")
)

// maxRetryAfter is the longest wait that is taken from a hub, so that a wrong header does not silence a caller for years.
const maxRetryAfter = 24 * time.Hour

// maxMessage bounds the text of an error in bytes, which may go to a log.
const maxMessage = 4 << 10

// Error is a hub's refusal (SH-53), or a failure of what stands before it.
type Error struct {
	Status  int    // of HTTP; never 2xx
	Message string // the hub's own words, which may be several lines; the name of the status if it gave none; at most 4 KiB
	// RetryAfter is how long the hub asks to wait, in whole seconds, a day at most; 0 = it does not say.
	RetryAfter time.Duration
}

// Error gives status and message.
func (e *Error) Error() string { return fmt.Sprintf("hub answered %d: %s", e.Status, e.Message) }

// Is tells to which of this package's errors the status belongs.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrBadRequest:
		return e.Status == http.StatusBadRequest
	case ErrForbidden:
		return e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized
	case ErrNotFound:
		return e.Status == http.StatusNotFound
	case ErrTooManyRequests:
		return e.Status == http.StatusTooManyRequests
	}
	return false
}

// refusal reads an answer that is not a success. A proxy's page has no message that is worth showing.
func refusal(status int, header http.Header, body []byte) *Error {
	e := &Error{Status: status, RetryAfter: retryAfter(header)}
	var m struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &m) == nil {
		e.Message = m.Message
	}
	if len(e.Message) > maxMessage {
		e.Message = strings.ToValidUTF8(e.Message[:maxMessage], "")
	}
	if e.Message == "" {
		e.Message = http.StatusText(status)
	}
	return e
}

// retryAfter reads a number of seconds, or a time, which is taken against the hub's own clock.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	// What is out of range comes as the highest number.
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil || errors.Is(err, strconv.ErrRange) {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	until, err := http.ParseTime(value)
	now, noDate := http.ParseTime(header.Get("Date"))
	if err != nil || noDate != nil {
		return 0
	}
	return min(max(until.Sub(now), 0), maxRetryAfter)
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
