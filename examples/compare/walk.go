package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/scenario"
)

// The two of the walk.
const (
	walkSharer = "sharer"
	walkGuest  = "shared-with"
)

// serverPatience is how long a user's server may take to start.
const serverPatience = 2 * time.Minute

// walk has two people with browsers of their own go the way of a share link, and says how long they took: one logs in and comes to their server,
// which runs already; the other follows the link, logs in, accepts, authorizes and is there. The last page of each is the server's own: with a
// real hub that is JupyterLab, which takes part of the time.
func (s subject) walk(ctx context.Context, k keys, session *browser.Session) (took time.Duration, err error) {
	admin := newClient(s.url)
	defer admin.close()
	if err := startServer(ctx, admin, k); err != nil {
		return 0, fmt.Errorf("start a server: %w", err)
	}
	var made struct {
		Path string `json:"accept_url"`
	}
	if err := admin.call(ctx, "POST", "hub/api/share-codes/"+walkSharer+"/", k.admin, map[string]any{}, &made); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := s.visit(ctx, session, "user/"+walkSharer+"/", walkSharer, false); err != nil {
		return 0, fmt.Errorf("the sharer: %w", err)
	}
	if err := s.visit(ctx, session, made.Path[1:], walkGuest, true); err != nil {
		return 0, fmt.Errorf("the guest: %w", err)
	}
	return time.Since(began), nil
}

// startServer makes both people, and runs the server of one.
func startServer(ctx context.Context, admin *client, k keys) error {
	if err := admin.call(ctx, "POST", "hub/api/users", k.admin, map[string]any{"usernames": []string{walkSharer, walkGuest}}, nil); err != nil {
		return err
	}
	header := http.Header{"Authorization": {"token " + k.admin}}
	// 201 = it is there already, 202 = soon
	if _, _, err := admin.do(ctx, "POST", "hub/api/users/"+walkSharer+"/server", header, nil, http.StatusCreated, http.StatusAccepted); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		var user struct {
			Servers map[string]struct{ Ready bool }
		}
		if err := admin.call(ctx, "GET", "hub/api/users/"+walkSharer, k.admin, nil, &user); err != nil || user.Servers[""].Ready {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// visit has somebody go to an address of the hub with an empty browser, log in there, and come to the sharer's server.
func (s subject) visit(ctx context.Context, session *browser.Session, path, name string, invited bool) (err error) {
	people, err := session.NewContext(browser.ContextOptions{Untraced: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, people.Close()) }()
	defer context.AfterFunc(ctx, func() { _ = people.Close() })() // ends what is under way
	page, err := people.NewPage()
	if err != nil {
		return err
	}
	if _, err := page.Goto(s.front + path); err != nil {
		return err
	}
	login, err := scenario.OnLogin(page)
	if err == nil {
		err = login.SignIn(scenario.Login{Name: name, Password: "any"})
	}
	if err == nil && invited {
		err = agree(page)
	}
	if err != nil {
		return err
	}
	return page.WaitForURL(s.front + "user/" + walkSharer + "/**")
}

// agree accepts an invitation and lets the server know who came.
func agree(page browser.Page) error {
	invitation, err := scenario.OnAccept(page)
	if err != nil {
		return err
	}
	if err := invitation.Accept(); err != nil {
		return err
	}
	consent, err := scenario.OnConsent(page)
	if err != nil {
		return err
	}
	return consent.Authorize()
}
