package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/e2e/browser"
)

// AcceptConfig is what AcceptShare needs to know. BaseURL, Sharer.Name and
// Grantee.Name must be set; the rest is for hubs whose own pages are not like a
// JupyterHub's.
type AcceptConfig struct {
	// BaseURL is the address of the hub's front, with its base path if it has one.
	BaseURL string
	// Sharer owns the server. Grantee is let in.
	Sharer, Grantee Login

	// SignIn fills in and sends the login form that page shows. Nil is for the
	// form of HB-29.
	SignIn func(page browser.Page, l Login) error
	// ServerMark is a selector of what only the page of the sharer's server has.
	// Empty means the stand-in server's.
	ServerMark string
	// Link makes the share link, on the page of the sharer's server. Nil asks the
	// REST API with the token of that page (HB-120), which has to be allowed to.
	Link func(page browser.Page) (link string, err error)
	// End takes back links and access, on that page. Nil asks the REST API.
	End func(page browser.Page) error
	// Step is called after each step, in order. Nil is allowed.
	Step func(Step)
}

// AcceptSteps are the names of the steps of AcceptShare, in order.
func AcceptSteps() []string {
	var names []string
	for _, s := range acceptSteps() {
		names = append(names, s.name)
	}
	return names
}

type acceptStep struct {
	name string
	run  func(*acceptWalk) error
}

func acceptSteps() []acceptStep {
	return []acceptStep{
		{"the sharer logs in and is on their server", (*acceptWalk).sharerArrives},
		{"the grantee, who has logged in, has no access", (*acceptWalk).noAccess},
		{"the sharer makes a link", (*acceptWalk).makeLink},
		{"the grantee follows it, logs in, accepts and is there", (*acceptWalk).follow},
		{"the sharer takes it back: link and access have ended", (*acceptWalk).end},
	}
}

// AcceptShare walks through the acceptance of a share link on any hub that mounts
// the accept page (SH-140), whatever its login, its servers and the rest of its
// pages are like. Run it in the CI of a hub that embeds package sharing: see
// examples/embed and github-actions.yml beside this file.
//
// Of the hub it changes what the sharer's server is shared with: at the end with
// nobody. An error names the step, and the folder with traces and pictures. When
// ctx ends, so does the walk.
func AcceptShare(ctx context.Context, b *browser.Session, cfg AcceptConfig) (err error) {
	hub, err := parseAddress(cfg.BaseURL)
	if err != nil {
		return err
	}
	if cfg.Sharer.Name == "" || cfg.Grantee.Name == "" || cfg.Sharer.Name == cfg.Grantee.Name {
		return errors.New("accept a share: the sharer and the grantee need two different names")
	}
	w := &acceptWalk{walk: walk{session: b, hub: hub}, cfg: cfg.withDefaults()}
	defer w.close()
	defer context.AfterFunc(ctx, w.close)()
	for i, s := range acceptSteps() {
		if ctx.Err() != nil {
			return fmt.Errorf("accept a share: before step %d: %w", i+1, context.Cause(ctx))
		}
		w.number = i + 1
		start := time.Now()
		err := s.run(w)
		switch {
		case err != nil && ctx.Err() != nil:
			err = context.Cause(ctx)
		case err != nil:
			err = &discreetError{err}
		}
		if cfg.Step != nil {
			cfg.Step(Step{Number: i + 1, Name: s.name, Took: time.Since(start), Err: err})
		}
		if err != nil {
			err = fmt.Errorf("accept a share: step %d, %s: %w", i+1, s.name, err)
			if ctx.Err() == nil {
				err = w.keep(err)
			}
			return err
		}
	}
	return nil
}

func (c AcceptConfig) withDefaults() AcceptConfig {
	if c.SignIn == nil {
		c.SignIn = func(page browser.Page, l Login) error {
			form, err := OnLogin(page)
			if err != nil {
				return err
			}
			return form.SignIn(l)
		}
	}
	if c.ServerMark == "" {
		c.ServerMark = serverMark
	}
	return c
}

// acceptWalk is one AcceptShare under way.
type acceptWalk struct {
	walk
	cfg AcceptConfig
}

// enter opens an address in a browser of its own, where somebody logs in.
func (w *acceptWalk) enter(at string, l Login) (person, error) {
	p, err := w.newPerson()
	if err != nil {
		return person{}, err
	}
	if _, err := p.page.Goto(at); err != nil {
		return person{}, fmt.Errorf("open %s: %w", pathOf(at), err)
	}
	if err := w.cfg.SignIn(p.page, l); err != nil {
		return person{}, fmt.Errorf("log in as %s: %w", l.Name, err)
	}
	return p, nil
}

// arrives waits for the sharer's server, and authorizes it where that is asked for.
func (w *acceptWalk) arrives(p person) error {
	err := arrive(p.page, "server's page", w.cfg.ServerMark+", "+consentMark, spawnLimit)
	if err != nil {
		return err
	}
	if n, err := p.page.Locator(consentMark).Count(); err != nil || n == 0 {
		return err
	}
	if err := (ConsentPage{p.page}).Authorize(); err != nil {
		return err
	}
	return arrive(p.page, "server's page", w.cfg.ServerMark, spawnLimit)
}

func (w *acceptWalk) sharerArrives() (err error) {
	if w.sharer, err = w.enter(w.hub.server(w.cfg.Sharer.Name), w.cfg.Sharer); err != nil {
		return err
	}
	return w.arrives(w.sharer)
}

// noAccess is tried twice: on the way through the login and once logged in.
func (w *acceptWalk) noAccess() (err error) {
	if w.grantee, err = w.enter(w.hub.server(w.cfg.Sharer.Name), w.cfg.Grantee); err != nil {
		return err
	}
	if _, err := OnError(w.grantee.page); err != nil {
		return err
	}
	return w.refused(w.hub.server(w.cfg.Sharer.Name))
}

// refused opens an address as the grantee, who is not let in.
func (w *acceptWalk) refused(at string) error {
	answer, err := w.grantee.page.Goto(at)
	if err != nil {
		return fmt.Errorf("open %s: %w", pathOf(at), err)
	}
	if s := answer.Status(); s != 403 && s != 404 {
		return fmt.Errorf("%s answered %d, wanted 403 or 404", pathOf(at), s)
	}
	return nil
}

func (w *acceptWalk) makeLink() (err error) {
	if w.cfg.Link != nil {
		w.link, err = w.cfg.Link(w.sharer.page)
		return err
	}
	answer, err := w.api("POST", "share-codes")
	if err != nil {
		return err
	}
	var code struct {
		URL string `json:"accept_url"` // the full one is there only where the hub knows its public address
	}
	if err := json.Unmarshal([]byte(answer.Body), &code); err != nil || code.URL == "" {
		return errors.Join(errors.New("the share code has no accept_url"), err)
	}
	link, err := w.hub.base.Parse(code.URL)
	if err != nil {
		return errors.New("the accept_url of the share code is no address")
	}
	w.link = link.String()
	return nil
}

// api asks about the sharer's server with the token of its page.
func (w *acceptWalk) api(method, kind string) (reply, error) {
	config, err := (ServerPage{w.sharer.page}).Config()
	if err != nil {
		return reply{}, err
	}
	r, err := fetch(w.sharer.page, method, w.hub.api(kind, w.cfg.Sharer.Name, ""), config.Token)
	if err == nil && r.Status >= 300 {
		err = fmt.Errorf("%s %s answered %d: %s", method, kind, r.Status, r.message())
	}
	return r, err
}

func (w *acceptWalk) follow() (err error) {
	if w.grantee, err = w.enter(w.link, w.cfg.Grantee); err != nil {
		return err
	}
	page, err := OnAccept(w.grantee.page)
	if err != nil {
		return err
	}
	lead, err := page.Lead()
	if err != nil {
		return err
	}
	return first(
		func() error {
			return contains("the invitation", lead, "You ("+w.cfg.Grantee.Name+") have been invited to access "+w.cfg.Sharer.Name+"'s server")
		},
		func() error { return oneSubmit(page.Submits()) },
		page.Accept,
		func() error { return w.arrives(w.grantee) },
	)
}

func (w *acceptWalk) end() error {
	if w.cfg.End != nil {
		if err := w.cfg.End(w.sharer.page); err != nil {
			return err
		}
	} else {
		for _, kind := range []string{"share-codes", "shares"} { // codes first, or people come back in
			if _, err := w.api("DELETE", kind); err != nil {
				return err
			}
		}
	}
	return first(
		func() error { return w.refused(w.hub.server(w.cfg.Sharer.Name)) },
		func() error { return w.refused(w.link) },
	)
}
