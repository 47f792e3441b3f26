package scenario

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hubshare/hubshare/e2e/browser"
)

// contains checks a text that a page shows.
func contains(what, shown, want string) error {
	if !strings.Contains(shown, want) {
		return fmt.Errorf("%s reads %q, wanted %q in it", what, shown, want)
	}
	return nil
}

// containsPath is contains for a text that names a path, escaped in whatever way.
func containsPath(what, shown, want string) error {
	if plain, err := url.PathUnescape(shown); err == nil && strings.Contains(plain, want) {
		return nil
	}
	return contains(what, shown, want)
}

// at checks where the browser is.
func at(page browser.Page, want string) error {
	if got := pathOf(page.URL()); got != want {
		return fmt.Errorf("the browser is at %s, wanted %s", got, want)
	}
	return nil
}

// passed checks that a browser came through these paths, in this order. Each
// stands for itself or, ending in a slash, for what begins with it.
func passed(visits []string, paths ...string) error {
	var seen []string
	for _, v := range visits {
		seen = append(seen, pathOf(v))
	}
	rest := seen
	for _, want := range paths {
		i := slices.IndexFunc(rest, func(p string) bool {
			return p == want || strings.HasSuffix(want, "/") && strings.HasPrefix(p, want)
		})
		if i < 0 {
			return fmt.Errorf("the browser went %s, wanted %s on the way", strings.Join(seen, " → "), want)
		}
		rest = rest[i+1:]
	}
	return nil
}

// only is the one item of a list.
func only[T any](what string, items []T) (T, error) {
	if len(items) != 1 {
		var none T
		return none, fmt.Errorf("there are %d %s, wanted one", len(items), what)
	}
	return items[0], nil
}

// oneSubmit checks that a page asks for one decision.
func oneSubmit(n int, err error) error {
	if err == nil && n != 1 {
		err = fmt.Errorf("the page has %d submit buttons, wanted one", n)
	}
	return err
}
