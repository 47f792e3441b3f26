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
	// ErrTooLong: a scope longer than [MaxLength] bytes, or a filter longer than [MaxFilter].
	ErrTooLong = errors.New("scope too long")
	// ErrTooMany: more than [MaxScopes] scopes in one list.
	ErrTooMany = errors.New("too many scopes")
	// ErrDefinition: a custom scope or a role that cannot be defined as asked (SC-300 … SC-333).
	ErrDefinition = errors.New("invalid definition")
)

// Error says which scope was refused and why. Its text is the one a JupyterHub client sees.
type Error struct {
	Scope  string // as given; cut to 64 bytes when too long
	Filter string // its filter as given, the text after the "!"; empty where the filter is not to blame
	Who    string // on whose behalf it was checked: "token", "share", "role NAME", or empty
	err    error
	text   string
}

// Error gives the message of the rule.
func (e *Error) Error() string { return e.text }

// Unwrap gives the reason, one of the Err… values of this package.
func (e *Error) Unwrap() error { return e.err }

func unknownScope(raw, who string) *Error {
	return &Error{Scope: raw, Who: who, err: ErrUnknownScope, text: fmt.Sprintf("Scope '%s' %s does not exist", raw, forWhom(who))}
}

func unknownFilter(raw, filter, who string) *Error {
	return &Error{Scope: raw, Filter: filter, Who: who, err: ErrUnknownFilter,
		text: fmt.Sprintf("Scope filter %s '!%s' in scope '%s' %s does not exist", filter, filter, raw, forWhom(who))}
}

// forWhom is empty for nobody; the two spaces around it are then part of the wire text.
func forWhom(who string) string {
	if who == "" {
		return ""
	}
	return "for " + who
}

func emptyFilter(raw, filter string) *Error {
	return &Error{Scope: raw, Filter: filter, err: ErrEmptyFilter, text: "Empty string is not a valid filter: " + raw}
}

func unexpanded(s Scope) *Error {
	return &Error{Scope: s.String(), Filter: s.Filter(), err: ErrUnexpanded,
		text: "Unexpanded scope filter " + s.String() + " not allowed. Use expanded scopes."}
}

// tooLong refuses what is over the limits; nil is within them.
func tooLong(raw, filter string) error {
	what, n, limit := "Scope", len(raw), MaxLength
	if n <= limit {
		what, n, limit = "Scope filter", len(filter), MaxFilter
	}
	if n <= limit {
		return nil
	}
	return &Error{Scope: clip(raw), Filter: clip(filter), err: ErrTooLong, text: fmt.Sprintf("%s of %d bytes is too long, at most %d are allowed", what, n, limit)}
}

func tooMany(n int) *Error {
	return &Error{err: ErrTooMany, text: fmt.Sprintf("%d scopes are too many, at most %d are allowed", n, MaxScopes)}
}

func definition(name, format string, args ...any) *Error {
	return &Error{Scope: clip(name), err: ErrDefinition, text: fmt.Sprintf(format, args...)}
}

// clip keeps messages short whatever was sent.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}
