package oauth

import "errors"

// Reason is why a request was refused: an error code of RFC 6749 (4.1.2.1, 5.2), as the client gets to read it.
type Reason string

// The reasons that this provider gives.
const (
	InvalidRequest          Reason = "invalid_request"
	InvalidClient           Reason = "invalid_client"
	InvalidGrant            Reason = "invalid_grant"
	InvalidScope            Reason = "invalid_scope"
	UnsupportedGrantType    Reason = "unsupported_grant_type"
	UnsupportedResponseType Reason = "unsupported_response_type"
	AccessDenied            Reason = "access_denied"
	Unavailable             Reason = "temporarily_unavailable"
)

// Error is a refusal in the words that the client or the visitor may read. Everything in it is meant for them: no cause, no
// internal detail.
type Error struct {
	Reason  Reason
	Message string // "" = the reason says enough
}

// Error gives the reason and the message.
func (e *Error) Error() string {
	if e.Message == "" {
		return string(e.Reason)
	}
	return string(e.Reason) + ": " + e.Message
}

// Is makes two refusals for the same reason equal to [errors.Is], whatever their texts.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Reason == e.Reason && (t.Message == "" || t.Message == e.Message)
}

func refuse(r Reason, message string) *Error { return &Error{Reason: r, Message: message} }

// ErrInvalidClient is what [Provider.PutClient] answers about a registration that breaks a rule; it is wrapped with which.
var ErrInvalidClient = errors.New("invalid oauth client")
