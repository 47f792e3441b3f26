package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hubshare/hubshare/e2e/browser"
)

// key names a number that is measured: what, and with how many clients (0 = that makes no difference).
type key struct {
	what    string
	clients int
}

// results are the numbers of one hub in one round: seconds, bytes, or per second.
type results map[key]float64

// The rows, in their order.
const (
	rowStart  = "start to first answer"
	rowIdle   = "memory after the start"
	rowUser   = "GET /hub/api/user"
	rowList   = "list of 50 shares"
	rowCreate = "create a code"
	rowAccept = "accept a code"
	rowOAuth  = "OAuth: authorize, code, token"
	rowWorked = "memory after all of it"
	rowWalk   = "the walk, in a browser"
)

// How large things are.
const (
	many      = 8  // clients
	listed    = 50 // shares in a list
	ownersPer = 60 // owners whose codes are accepted, in each measurement: by every guest once
)

// measure runs a hub and takes all its numbers.
func measure(ctx context.Context, start starter, duration time.Duration, session *browser.Session) (_ results, err error) {
	dir, err := os.MkdirTemp("", "compare-hub-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	k := newKeys()
	hub, err := start(ctx, dir, k)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, hub.close()) }()
	got := results{{rowStart, 0}: hub.started.Seconds(), {rowIdle, 0}: float64(hub.resident())}
	p, err := settle(ctx, hub.url, k)
	if err != nil {
		return nil, fmt.Errorf("set up: %w", err)
	}
	defer p.close()
	for i, clients := range []int{1, many} {
		for _, row := range p.rows(k, p.codes[i]) {
			if got[key{row.what, clients}], err = rate(ctx, clients, duration, row.limit, row.do); err != nil {
				return nil, fmt.Errorf("%s: %w", row.what, err)
			}
		}
	}
	got[key{rowWorked, 0}] = float64(hub.resident())
	took, err := hub.walk(ctx, k, session) // the last, as its server is not a part of the hub
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rowWalk, err)
	}
	got[key{rowWalk, 0}] = took.Seconds()
	return got, nil
}

// people are those of a hub that is being measured.
type people struct {
	browsers, programs []*client // one of each for each client
	token              string    // of the owner of the list
	codes              [2][]string
}

func (p *people) close() {
	for _, c := range append(p.browsers, p.programs...) {
		c.close()
	}
}

// settle makes people, shares and codes, by the hub's own API.
func settle(ctx context.Context, base string, k keys) (_ *people, err error) {
	p := &people{}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	admin := newClient(base)
	defer admin.close()
	names := []string{"owner"}
	add := func(prefix string, n int) (added []string) {
		for i := range n {
			added = append(added, fmt.Sprintf("%s%02d", prefix, i))
		}
		names = append(names, added...)
		return added
	}
	guests, grantees := add("guest", many), add("grantee", listed)
	owners := [2][]string{add("first", ownersPer), add("second", ownersPer)}
	if err := admin.call(ctx, "POST", "hub/api/users", k.admin, map[string]any{"usernames": names}, nil); err != nil {
		return p, err
	}
	if p.token, err = tokenOf(ctx, admin, k, "owner"); err != nil {
		return p, err
	}
	for _, name := range grantees {
		if err := admin.call(ctx, "POST", "hub/api/shares/owner/", k.admin, map[string]any{"user": name}, nil); err != nil {
			return p, err
		}
	}
	for i := range owners {
		for _, name := range owners[i] {
			var made struct{ Code string }
			if err := admin.call(ctx, "POST", "hub/api/share-codes/"+name+"/", k.admin, map[string]any{}, &made); err != nil {
				return p, err
			}
			p.codes[i] = append(p.codes[i], made.Code)
		}
	}
	for _, name := range guests {
		browser := newClient(base)
		p.browsers, p.programs = append(p.browsers, browser), append(p.programs, newClient(base))
		if err := browser.login(ctx, name); err != nil {
			return p, err
		}
	}
	return p, nil
}

func tokenOf(ctx context.Context, admin *client, k keys, name string) (string, error) {
	var made struct{ Token string }
	err := admin.call(ctx, "POST", "hub/api/users/"+name+"/tokens", k.admin, map[string]any{}, &made)
	return made.Token, err
}

// row is something that is done over and over: by which of the clients, and the how manieth time.
type row struct {
	what  string
	limit int // times that it can be done; 0 = any
	do    func(ctx context.Context, client, n int) error
}

// rows are those of one number of clients; every code is accepted by every guest once, so that each acceptance makes a share.
func (p *people) rows(k keys, codes []string) []row {
	return []row{
		{what: rowUser, do: func(ctx context.Context, i, _ int) error {
			return p.programs[i].call(ctx, "GET", "hub/api/user", p.token, nil, nil)
		}},
		{what: rowList, do: func(ctx context.Context, i, n int) error {
			var list struct{ Items []struct{} }
			var into any
			if n == 0 { // reading JSON is not what is measured
				into = &list
			}
			err := p.programs[i].call(ctx, "GET", "hub/api/shares/owner/", p.token, nil, into)
			if err == nil && n == 0 && len(list.Items) != listed {
				err = fmt.Errorf("the list has %d shares, not %d", len(list.Items), listed)
			}
			return err
		}},
		{what: rowCreate, do: func(ctx context.Context, i, _ int) error {
			return p.programs[i].call(ctx, "POST", "hub/api/share-codes/owner/", p.token, map[string]any{}, nil)
		}},
		{what: rowAccept, limit: len(codes) * many, do: func(ctx context.Context, _, n int) error {
			return p.browsers[n%many].accept(ctx, codes[n/many])
		}},
		{what: rowOAuth, do: func(ctx context.Context, i, _ int) error {
			return p.browsers[i].authorize(ctx, p.programs[i], k.client)
		}},
	}
}

// rate says how often a second something can be done by so many clients at once, each of which goes on for the duration and finishes what it began.
func rate(ctx context.Context, clients int, duration time.Duration, limit int, do func(ctx context.Context, client, n int) error) (float64, error) {
	whole := ctx
	ctx, cancel := context.WithCancel(whole)
	defer cancel()
	var begun, finished atomic.Int64
	errs := make([]error, clients)
	start := time.Now()
	var working sync.WaitGroup
	for i := range clients {
		working.Go(func() {
			for first := true; ctx.Err() == nil && (first || time.Since(start) < duration); first = false {
				n := int(begun.Add(1)) - 1
				if limit > 0 && n >= limit {
					return
				}
				if errs[i] = do(ctx, i, n); errs[i] != nil {
					cancel() // one failure ends all
					return
				}
				finished.Add(1)
			}
		})
	}
	working.Wait()
	took := time.Since(start)
	return float64(finished.Load()) / took.Seconds(), errors.Join(append(errs, whole.Err())...)
}
