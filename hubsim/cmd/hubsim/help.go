package main

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
)

//go:embed doc.go
var documentation string

// help prints what go doc would, for those who have no Go.
func (w world) help(context.Context) error {
	if err := w.parse(w.flags("hubsim help"), "Print the documentation."); err != nil {
		return err
	}
	for line := range strings.Lines(documentation) {
		text, comment := strings.CutPrefix(line, "//")
		if !comment {
			break
		}
		if _, err := fmt.Fprint(w.stdout, strings.TrimPrefix(text, " ")); err != nil {
			return fmt.Errorf("print the documentation: %w", err)
		}
	}
	return nil
}
