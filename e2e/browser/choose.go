package browser

import (
	"fmt"

	"github.com/playwright-community/playwright-go"
)

// Choose picks the option with that value in the select that l finds.
func Choose(l Locator, value string) error {
	if _, err := l.SelectOption(playwright.SelectOptionValues{Values: &[]string{value}}); err != nil {
		return fmt.Errorf("choose %q: %w", value, err)
	}
	return nil
}
