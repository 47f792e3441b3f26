package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hubshare/hubshare/e2e/browser"
)

// step is one step of the walk. A step leaves in the walk what later ones need.
type step struct {
	name string
	run  func(*walk) error
}

// steps are HB-187's, 1 to 9.
func steps() []step {
	return []step{
		{"an anonymous visitor of the front page meets the login form", (*walk).anonymous},
		{"the sharer logs in, the server starts, its page comes up", (*walk).sharerLogsIn},
		{"the page knows its visitor and holds a token", (*walk).sharerConfig},
		{"the notebook makes a link to share", (*walk).makeLink},
		{"the grantee follows the link: log in, accept, authorize, be there", (*walk).followLink},
		{"the sharer sees who has access and which codes are out", (*walk).review},
		{"the grantee's own token cannot share further", (*walk).cannotShareFurther},
		{"deleted codes let nobody new in, and leave who is in", (*walk).deleteCodes},
		{"deleted access turns the grantee away", (*walk).deleteAccess},
	}
}

// Steps are the names of the walk's steps, in order.
func Steps() []string {
	var names []string
	for _, s := range steps() {
		names = append(names, s.name)
	}
	return names
}

// Walk goes through sharing from the login form to the end of access, in
// contexts of its own, and stops at the first step that is not as it should be
// (HB-187, SH-190 to SH-193). It changes the hub: the sharer's server must not
// be running yet, with no shares and no codes; at the end it runs, with none.
//
// The error names the step. A failed walk leaves traces and screenshots, whose
// folder the error names too (see browser.KeepArtifacts). When ctx ends, the
// walk ends with its error. b may be shared; several walks may go on at once.
func Walk(ctx context.Context, b *browser.Session, cfg Config) (err error) {
	hub, err := parseAddress(cfg.BaseURL)
	if err != nil {
		return err
	}
	if cfg.Sharer.Name == "" || cfg.Grantee.Name == "" || cfg.Sharer.Name == cfg.Grantee.Name {
		return errors.New("walk: the sharer and the grantee need two different names")
	}
	if cfg.ScreenshotDir != "" {
		if err := os.MkdirAll(cfg.ScreenshotDir, 0o755); err != nil {
			return fmt.Errorf("walk: make the folder for screenshots: %w", err)
		}
	}
	w := &walk{session: b, cfg: cfg, hub: hub}
	defer w.close()
	stop := context.AfterFunc(ctx, w.close) // ends whatever action is under way
	defer stop()

	for i, s := range steps() {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("walk: before step %d: %w", i+1, context.Cause(ctx))
		}
		w.number, w.shot = i+1, ""
		start := time.Now()
		err := s.run(w)
		switch {
		case err != nil && ctx.Err() != nil:
			err = context.Cause(ctx)
		case err != nil:
			err = &discreetError{err}
		}
		if cfg.Step != nil {
			cfg.Step(Step{Number: i + 1, Name: s.name, Took: time.Since(start), Screenshot: w.shot, Err: err})
		}
		if err != nil {
			err = fmt.Errorf("walk: step %d, %s: %w", i+1, s.name, err)
			if ctx.Err() == nil {
				err = w.keep(err)
			}
			return err
		}
	}
	return nil
}

// walk is one walk under way.
type walk struct {
	session *browser.Session
	cfg     Config
	hub     address

	number int    // of the step under way
	shot   string // the step's last picture

	sharer, grantee person
	link            string // the share link, a secret

	mu       sync.Mutex
	closed   bool
	contexts []browser.Context
}

// person is somebody with a browser of their own, and what their server page said.
type person struct {
	page   browser.Page
	visits func() []string
	config PageConfig
}

// newPerson opens an empty browser.
func (w *walk) newPerson() (person, error) {
	c, err := w.session.NewContext(browser.ContextOptions{})
	if err != nil {
		return person{}, err
	}
	w.mu.Lock()
	closed := w.closed
	if !closed {
		w.contexts = append(w.contexts, c)
	}
	w.mu.Unlock()
	if closed {
		return person{}, errors.Join(context.Canceled, c.Close())
	}
	page, err := c.NewPage()
	if err != nil {
		return person{}, fmt.Errorf("open a page: %w", err)
	}
	return person{page: page, visits: browser.Visits(page)}, nil
}

// close ends every context of the walk, and with them every action under way.
func (w *walk) close() {
	w.mu.Lock()
	list := w.contexts
	w.contexts, w.closed = nil, true
	w.mu.Unlock()
	for _, c := range list {
		_ = c.Close() // the walk is over; there is nobody left to tell
	}
}

// keep adds to err where the traces of the failed walk lie.
func (w *walk) keep(err error) error {
	w.mu.Lock()
	list := w.contexts
	w.mu.Unlock()
	dir := ""
	for i, c := range list {
		kept, keepErr := browser.KeepArtifacts(c, fmt.Sprintf("walk-step%d-browser%d", w.number, i+1))
		if keepErr != nil {
			return errors.Join(err, fmt.Errorf("keep the traces: %w", keepErr))
		}
		if kept != dir {
			err, dir = fmt.Errorf("%w (traces in %s)", err, kept), kept
		}
	}
	return err
}

// picture keeps what page shows now, if pictures are wanted.
func (w *walk) picture(page browser.Page, name string) error {
	if w.cfg.ScreenshotDir == "" {
		return nil
	}
	png, err := page.Screenshot()
	if err != nil {
		return fmt.Errorf("take a screenshot: %w", err)
	}
	file := filepath.Join(w.cfg.ScreenshotDir, fmt.Sprintf("%02d-%s.png", w.number, name))
	// Pictures show share codes; nobody else on the machine needs them.
	if err := os.WriteFile(file, png, 0o600); err != nil {
		return fmt.Errorf("keep a screenshot: %w", err)
	}
	w.shot = file
	return nil
}
