package scenario

import (
	"fmt"
	"strings"
)

// described is how the pages describe the access scope (HB-192).
const described = "Access user servers via API or browser."

// followLink is step 5.
func (w *walk) followLink() (err error) {
	if w.grantee, err = w.newPerson(); err != nil {
		return err
	}
	page := w.grantee.page
	if _, err := page.Goto(w.link); err != nil {
		return fmt.Errorf("open the share link: %w", err)
	}
	form, err := OnLogin(page)
	if err != nil {
		return err
	}
	if err := first(
		func() error { return w.picture(page, "a-login") },
		func() error { return form.SignIn(w.cfg.Grantee) },
		w.accept,
		w.authorize,
	); err != nil {
		return err
	}
	if _, err := OnServer(page); err != nil {
		return err
	}
	return first(
		func() error {
			return passed(w.grantee.visits(), w.hub.hubPath("accept-share"), w.hub.hubPath("login"),
				w.hub.hubPath("accept-share"), w.hub.serverPath(w.cfg.Sharer.Name),
				w.hub.hubPath("api/oauth2/authorize"), w.hub.serverPath(w.cfg.Sharer.Name)+"oauth_callback",
				w.hub.serverPath(w.cfg.Sharer.Name))
		},
		func() error { return w.readConfig(&w.grantee, w.cfg.Grantee.Name) },
		func() error {
			if w.grantee.config.Token == w.sharer.config.Token {
				return fmt.Errorf("the grantee's page holds the sharer's token")
			}
			return nil
		},
		func() error { return w.picture(page, "d-server") },
	)
}

// accept reads the invitation and accepts it.
func (w *walk) accept() error {
	page, err := OnAccept(w.grantee.page)
	if err != nil {
		return err
	}
	lead, err := page.Lead()
	if err != nil {
		return err
	}
	permissions, err := page.Permissions()
	if err != nil {
		return err
	}
	shown, href, err := page.Target()
	if err != nil {
		return err
	}
	sharer := w.cfg.Sharer.Name
	target := w.hub.serverPath(sharer)
	return first(
		func() error {
			return contains("the invitation", lead, "You ("+w.cfg.Grantee.Name+
				") have been invited to access "+sharer+"'s server at ")
		},
		func() error { return containsPath("the invitation", lead, target) },
		func() error {
			if len(permissions) != 1 {
				return fmt.Errorf("the invitation offers %q, wanted one permission", permissions)
			}
			return contains("the permission", permissions[0], described+" Applies to server "+sharer+"/.")
		},
		func() error {
			if pathOf(shown) != target || pathOf(href) != target {
				return fmt.Errorf("the invitation leads to %q and says %q, wanted %s", pathOf(href), shown, target)
			}
			return nil
		},
		func() error { return oneSubmit(page.Submits()) },
		func() error { return w.picture(w.grantee.page, "b-accept") },
		page.Accept,
	)
}

// authorize reads the authorization page and says yes.
func (w *walk) authorize() error {
	page, err := OnConsent(w.grantee.page)
	if err != nil {
		return err
	}
	request, err := page.Request()
	if err != nil {
		return err
	}
	permissions, err := page.Permissions()
	if err != nil {
		return err
	}
	server := w.hub.serverPath(w.cfg.Sharer.Name)
	return first(
		func() error { return at(w.grantee.page, w.hub.hubPath("api/oauth2/authorize")) },
		func() error {
			return containsPath("the request", request, "Server at "+server+" (oauth URL: "+server+
				"oauth_callback) would like permission to identify you.")
		},
		func() error { return contains("the permissions", strings.Join(permissions, " "), described) },
		func() error { return oneSubmit(page.Submits()) },
		func() error { return w.picture(w.grantee.page, "c-authorize") },
		page.Authorize,
	)
}

// cannotShareFurther is step 7: the notebook fails for the grantee, and so does
// the REST API when asked with the token of their page (SH-193).
func (w *walk) cannotShareFurther() error {
	page, token := w.grantee.page, w.grantee.config.Token
	notebook := ServerPage{page}.Notebook()
	if _, err := notebook.Run(1); err != nil {
		return err
	}
	attempt, err := notebook.Run(2)
	if err != nil {
		return err
	}
	return first(
		func() error { return contains("cell 2", attempt.Text, "Error 403: ") },
		func() error { return refused(page, "POST", w.codesURL(), token) },
		func() error { return refused(page, "GET", w.codesURL(), token) },
		func() error { return refused(page, "GET", w.sharesURL(), token) },
		func() error { return w.picture(page, "refused") },
	)
}
