package scenario

import "fmt"

// deleteCodes is step 8: cell 5.
func (w *walk) deleteCodes() error {
	out, err := ServerPage{w.sharer.page}.Notebook().Run(5)
	if err != nil {
		return err
	}
	return first(
		func() error { return contains("cell 5", out.Text, "Deleted all share codes") },
		func() error { return w.empty("share codes", w.codesURL()) },
		func() error { return w.picture(w.sharer.page, "a-deleted") },
		w.linkIsDead,
		w.granteeStays,
	)
}

// empty checks that a listing of the sharer's has nothing in it.
func (w *walk) empty(what, url string) error {
	list, err := get[listing[struct{}]](w.sharer.page, url, w.sharer.config.Token)
	if err == nil && len(list.Items) != 0 {
		err = fmt.Errorf("there are %d %s left", len(list.Items), what)
	}
	return err
}

// linkIsDead opens the share link once more.
func (w *walk) linkIsDead() error {
	page, err := w.grantee.page.Context().NewPage()
	if err != nil {
		return fmt.Errorf("open a page: %w", err)
	}
	response, err := page.Goto(w.link)
	if err != nil {
		return fmt.Errorf("open the old link: %w", err)
	}
	shown, err := OnError(page)
	if err != nil {
		return err
	}
	if shown.Status != 404 || response.Status() != 404 {
		return fmt.Errorf("the old link is answered %d and headed %q, wanted 404", response.Status(), shown.Heading)
	}
	if err := w.picture(page, "b-dead-link"); err != nil {
		return err
	}
	return page.Close()
}

// granteeStays loads the server's page again.
func (w *walk) granteeStays() error {
	if _, err := w.grantee.page.Reload(); err != nil {
		return fmt.Errorf("reload the server's page: %w", err)
	}
	if _, err := OnServer(w.grantee.page); err != nil {
		return err
	}
	if err := w.readConfig(&w.grantee, w.cfg.Grantee.Name); err != nil {
		return err
	}
	return w.picture(w.grantee.page, "c-still-there")
}

// deleteAccess is step 9: cell 6. The visit that is refused is made with a
// browser that has no cookies yet, so that no cache of the server answers it.
func (w *walk) deleteAccess() error {
	out, err := ServerPage{w.sharer.page}.Notebook().Run(6)
	if err != nil {
		return err
	}
	if err := first(
		func() error { return contains("cell 6", out.Text, "Deleted all shared access") },
		func() error { return w.empty("shares", w.sharesURL()) },
		func() error { return w.picture(w.sharer.page, "a-deleted") },
		w.tokenIsEmpty,
	); err != nil {
		return err
	}
	fresh, err := w.newPerson()
	if err != nil {
		return err
	}
	if _, err := fresh.page.Goto(w.hub.server(w.cfg.Sharer.Name)); err != nil {
		return fmt.Errorf("open the server: %w", err)
	}
	form, err := OnLogin(fresh.page)
	if err != nil {
		return err
	}
	if err := form.SignIn(w.cfg.Grantee); err != nil {
		return err
	}
	shown, err := OnError(fresh.page)
	if err != nil {
		return err
	}
	return first(
		func() error { return at(fresh.page, w.hub.hubPath("api/oauth2/authorize")) },
		func() error {
			if shown.Status != 403 {
				return fmt.Errorf("the visit is headed %q, wanted 403", shown.Heading)
			}
			return containsPath("the error", shown.Message,
				"You do not have permission to access Server at "+w.hub.serverPath(w.cfg.Sharer.Name))
		},
		func() error { return w.picture(fresh.page, "b-refused") },
	)
}

// tokenIsEmpty asks what the token of the grantee's page is still good for.
func (w *walk) tokenIsEmpty() error {
	me, err := get[userModel](w.grantee.page, w.hub.api("user"), w.grantee.config.Token)
	if err == nil && me.holds(w.access()) {
		err = fmt.Errorf("the grantee's token still holds %s", w.access())
	}
	return err
}
