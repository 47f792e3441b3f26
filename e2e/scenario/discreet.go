package scenario

import "regexp"

// discreetError prints an error without the queries of the addresses in it:
// the browser quotes whole addresses, and theirs hold share codes and states.
type discreetError struct{ err error }

func (e *discreetError) Error() string { return withoutQueries(e.err.Error()) }

func (e *discreetError) Unwrap() error { return e.err }

func withoutQueries(text string) string {
	return regexp.MustCompile(`(https?://[^\s"'?]*)\?[^\s"']*`).ReplaceAllString(text, "$1?…")
}
