package web

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "REDACTED"

// Redacted holds a secret that must not be printed, logged or encoded by
// accident: every way of turning it to text gives REDACTED, but Reveal. Never
// make it the key of a map: encoding/json writes string keys as they are.
type Redacted string

// Reveal is the secret itself, for the one place that needs it.
func (s Redacted) Reveal() string { return string(s) }

// Format prints REDACTED for every verb.
func (s Redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String is REDACTED.
func (s Redacted) String() string { return redacted }

// LogValue keeps the secret out of structured logs.
func (s Redacted) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps the secret out of JSON.
func (s Redacted) MarshalText() ([]byte, error) { return []byte(redacted), nil }
