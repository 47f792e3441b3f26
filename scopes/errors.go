package scopes

import (
	"errors"
	"fmt"
)

// Reasons for refusing a scope. An [*Error] wraps exactly one of them, so that callers can use errors.Is.
var (
	// ErrUnknownScope: the base is not registered (SC-20, SC-21).
	ErrUnknownScope = errors.New("unknown scope")
	// ErrUnknownFilter: the filter is of no known kind (SC-22).
	ErrUnknownFilter = errors.New("unknown scope filter")
	// ErrEmptyFilter: a filter that needs a name has none (SC-23).
	ErrEmptyFilter = errors.New("empty scope filter")
	// ErrUnexpanded: a shorthand where only an expanded scope can be checked (SC-80).
	ErrUnexpanded = errors.New("unexpanded scope filter")
	// ErrTooLong: a scope longer than [MaxLength] bytes.
	ErrTooLong = errors.New("scope too long")
	// ErrTooMany: more than [MaxScopes] scopes in one list.
	ErrTooMany = errors.New("too many scopes")
	// ErrDefinition: a custom scope or a role that cannot be defined as asked (SC-300 … SC-333).
	ErrDefinition = errors.New("invalid definition")
)

// Error says which scope was refused and why. Its text is the one a JupyterHub client sees.
type Error struct {
	Scope string // as given; cut to 64 bytes when too long
	Who   string // on whose behalf it was checked: "token", "share", "role NAME", or empty
	err   error
	text  string
}

// Error gives the message of the rule.
func (e *Error) Error() string { return e.text }

// Unwrap gives the reason, one of the Err… values of this package.
func (e *Error) Unwrap() error { return e.err }

func unknownScope(raw, who string) *Error {
	// Without a "who" the two spaces are part of the wire text.
	for_ := ""
	if who != "" {
		for_ = "for " + who
	}
	return &Error{Scope: raw, Who: who, err: ErrUnknownScope, text: fmt.Sprintf("Scope '%s' %s does not exist", raw, for_)}
}

func unknownFilter(raw, filter, who string) *Error {
	for_ := ""
	if who != "" {
		for_ = "for " + who
	}
	return &Error{Scope: raw, Who: who, err: ErrUnknownFilter,
		text: fmt.Sprintf("Scope filter %s '!%s' in scope '%s' %s does not exist", filter, filter, raw, for_)}
}

func emptyFilter(raw string) *Error {
	return &Error{Scope: raw, err: ErrEmptyFilter, text: "Empty string is not a valid filter: " + raw}
}

func tooLong(raw string) *Error {
	return &Error{Scope: raw[:64], err: ErrTooLong,
		text: fmt.Sprintf("Scope of %d bytes is too long, at most %d are allowed", len(raw), MaxLength)}
}

func definition(name, format string, args ...any) *Error {
	return &Error{Scope: name, err: ErrDefinition, text: fmt.Sprintf(format, args...)}
}
