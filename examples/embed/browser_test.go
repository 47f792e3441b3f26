package main

import (
	"errors"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	e2e "github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/scenario"
)

func TestMain(m *testing.M) { os.Exit(e2e.Main(m)) }

// The story once more, in a browser: this hub has a login and servers of its own making, which the scenario is told of.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	p := start(t)
	login := func(name string) scenario.Login {
		return scenario.Login{Name: name, Password: scenario.Secret(p.passwords[name])}
	}
	require.NoError(t, scenario.AcceptShare(t.Context(), e2e.Shared(t), scenario.AcceptConfig{
		BaseURL: p.origin,
		Sharer:  login("alice"),
		Grantee: login("bob"),
		SignIn: func(page e2e.Page, l scenario.Login) error {
			return errors.Join(page.Locator("[name=user]").Fill(l.Name), page.Locator("[name=password]").Fill(string(l.Password)),
				page.Locator("button").Click())
		},
		ServerMark: `h1:text-is("alice's server")`,
		Link: func(page e2e.Page) (string, error) {
			if err := page.Locator("button[value=invite]").Click(); err != nil {
				return "", err
			}
			said, err := page.Locator("p:has-text('accept-share')").InnerText()
			return regexp.MustCompile(`http\S+`).FindString(said), err
		},
		End: func(page e2e.Page) error { return page.Locator("button[value=end]").Click() },
	}))
}
