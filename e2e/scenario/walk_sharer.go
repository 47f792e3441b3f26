package scenario

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// cells is how many code cells the notebook has.
const cells = 6

// access is the scope that lets its holder into the sharer's server.
func (w *walk) access() string { return "access:servers!server=" + w.cfg.Sharer.Name + "/" }

// codesURL and sharesURL are the sharer's server's; the empty name of the
// default server leaves a slash at the end (HB-123).
func (w *walk) codesURL() string  { return w.hub.api("share-codes", w.cfg.Sharer.Name, "") }
func (w *walk) sharesURL() string { return w.hub.api("shares", w.cfg.Sharer.Name, "") }

// anonymous is step 1.
func (w *walk) anonymous() (err error) {
	if w.sharer, err = w.newPerson(); err != nil {
		return err
	}
	page := w.sharer.page
	if _, err := page.Goto(w.hub.front()); err != nil {
		return fmt.Errorf("open the front page: %w", err)
	}
	form, err := OnLogin(page)
	if err != nil {
		return err
	}
	heading, err := form.Heading()
	if err != nil {
		return err
	}
	labels, err := form.Labels()
	if err != nil {
		return err
	}
	return first(
		func() error { return at(page, w.hub.hubPath("login")) },
		func() error { return contains("the form's heading", heading, "Sign in") },
		func() error { return contains("the form", strings.Join(labels, " "), "Username: Password:") },
		func() error { return refused(page, "GET", w.hub.api("user"), "") },
		func() error { return w.picture(page, "login") },
	)
}

// sharerLogsIn is step 2.
func (w *walk) sharerLogsIn() error {
	form, err := OnLogin(w.sharer.page)
	if err != nil {
		return err
	}
	if err := form.SignIn(w.cfg.Sharer); err != nil {
		return err
	}
	if _, err := OnServer(w.sharer.page); err != nil {
		return err
	}
	name := w.cfg.Sharer.Name
	return first(
		func() error {
			return passed(w.sharer.visits(), w.hub.hubPath("login"), w.hub.hubPath("spawn"),
				w.hub.hubPath("spawn-pending/"+name), w.hub.serverPath(name))
		},
		func() error {
			if got := pathOf(w.sharer.page.URL()); !strings.HasPrefix(got, w.hub.serverPath(name)+"lab") {
				return fmt.Errorf("the browser is at %s, wanted %slab", got, w.hub.serverPath(name))
			}
			return nil
		},
		func() error { return w.picture(w.sharer.page, "server") },
	)
}

// sharerConfig is step 3.
func (w *walk) sharerConfig() error {
	err := w.readConfig(&w.sharer, w.cfg.Sharer.Name)
	if err != nil {
		return err
	}
	return w.picture(w.sharer.page, "config")
}

// readConfig reads the server page that p is on, checks that it takes p for
// visitor and the sharer for owner, and that the hub sees the token so too.
func (w *walk) readConfig(p *person, visitor string) (err error) {
	page := ServerPage{p.page}
	if p.config, err = page.Config(); err != nil {
		return err
	}
	shownVisitor, err := page.Visitor()
	if err != nil {
		return err
	}
	shownOwner, err := page.Owner()
	if err != nil {
		return err
	}
	c := p.config
	return first(
		func() error { return contains("the page's visitor", shownVisitor, visitor) },
		func() error { return contains("the page's owner", shownOwner, w.cfg.Sharer.Name) },
		func() error {
			if c.HubUser != visitor || c.HubServerUser != w.cfg.Sharer.Name || c.HubServerName != "" {
				return fmt.Errorf("the page's config has hubUser %q, hubServerUser %q, hubServerName %q",
					c.HubUser, c.HubServerUser, c.HubServerName)
			}
			if c.Token == "" {
				return fmt.Errorf("the page's config has no token")
			}
			return nil
		},
		func() error {
			me, err := get[userModel](p.page, w.hub.api("user"), c.Token)
			if err == nil && me.Name != visitor {
				err = fmt.Errorf("the page's token is %s's, wanted %s's", me.Name, visitor)
			}
			if err == nil && !me.holds(w.access()) {
				err = fmt.Errorf("the page's token does not hold %s", w.access())
			}
			return err
		},
	)
}

// makeLink is step 4: the cells 1 and 2.
func (w *walk) makeLink() error {
	page := w.sharer.page
	notebook := ServerPage{page}.Notebook()
	n, err := notebook.Cells()
	if err != nil {
		return err
	}
	if n != cells {
		return fmt.Errorf("the notebook has %d code cells, wanted %d", n, cells)
	}
	where, err := notebook.Run(1)
	if err != nil {
		return err
	}
	link, err := notebook.Run(2)
	if err != nil {
		return err
	}
	w.link = link.Link
	return first(
		func() error {
			return contains("cell 1", where.Text, "API URL for sharing codes is: "+
				w.hub.base.Scheme+"://"+w.hub.base.Host+w.sharer.config.HubPrefix+"api/share-codes/"+w.cfg.Sharer.Name+"/")
		},
		func() error { return contains("cell 2", link.Text, "Share this URL to grant access to this server: ") },
		func() error { return w.checkLink(link) },
		func() error {
			list, err := get[listing[shareCode]](page, w.codesURL(), w.sharer.config.Token)
			if err != nil {
				return err
			}
			code, err := only("share codes", list.Items)
			if err != nil {
				return err
			}
			return code.check(0)
		},
		func() error { return w.picture(page, "link") },
	)
}

// checkLink looks at the link of cell 2: the accept page of this hub, with a code.
func (w *walk) checkLink(o Output) error {
	u, err := url.Parse(o.Link)
	if err != nil {
		return fmt.Errorf("the share link is not an address")
	}
	if u.Scheme != w.hub.base.Scheme || u.Host != w.hub.base.Host || u.Path != w.hub.hubPath("accept-share") {
		return fmt.Errorf("the share link leads to %s://%s%s", u.Scheme, u.Host, u.Path)
	}
	if u.Query().Get("code") == "" {
		return fmt.Errorf("the share link has no code")
	}
	if !strings.Contains(o.Text, o.Link) {
		return fmt.Errorf("the share link cannot be copied: its text is not its address")
	}
	return nil
}

// review is step 6: the cells 3 and 4.
func (w *walk) review() error {
	page := w.sharer.page
	notebook := ServerPage{page}.Notebook()
	shares, err := notebook.Run(3)
	if err != nil {
		return err
	}
	codes, err := notebook.Run(4)
	if err != nil {
		return err
	}
	grantee := w.cfg.Grantee.Name
	return first(
		func() error { return contains("cell 3", shares.Text, "Shared with 1 users:") },
		func() error {
			return contains("cell 3", shares.Text, "user "+grantee+" has access: "+w.access())
		},
		func() error {
			list, err := get[listing[share]](page, w.sharesURL(), w.sharer.config.Token)
			if err != nil {
				return err
			}
			s, err := only("shares", list.Items)
			if err == nil && (s.Kind != "user" || s.User.Name != grantee) {
				err = fmt.Errorf("the share is of %s %q, wanted user %q", s.Kind, s.User.Name, grantee)
			}
			return err
		},
		func() error {
			var shown []shareCode
			if err := json.Unmarshal([]byte(codes.Pre), &shown); err != nil {
				return fmt.Errorf("read the codes that cell 4 shows: %w", err)
			}
			code, err := only("share codes in cell 4", shown)
			if err != nil {
				return err
			}
			return code.check(1)
		},
		func() error {
			list, err := get[listing[shareCode]](page, w.codesURL(), w.sharer.config.Token)
			if err != nil {
				return err
			}
			code, err := only("share codes", list.Items)
			if err != nil {
				return err
			}
			return code.check(1)
		},
		func() error { return w.picture(page, "review") },
	)
}

// first runs checks until one fails.
func first(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}
