package scenario

import (
	"fmt"
	"io"
)

// Secret is a password or a token. It decodes from JSON like a string, and
// prints, logs and encodes as REDACTED; convert it to a string to use it.
type Secret string

const redacted = "REDACTED"

// String hides the secret.
func (Secret) String() string { return redacted }

// Format hides the secret from every verb, also those that make no sense.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// MarshalText hides the secret from encoders, structured logs among them.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
