package hubsim

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// What of a hub the output of a failed test has (HB-174).
const (
	dumpedRequests = 25
	dumpedOutput   = 20 // lines of each server
	dumpedItems    = 20 // of each kind in the state
)

// dump says what a hub did last and what it has, for somebody who looks at a failed test. It shows no secret.
func (h *Hub) dump(lines *tail) string {
	var b strings.Builder
	if lines != nil {
		fmt.Fprintf(&b, "the last lines of the hub's log:\n%s", lines)
	}
	fmt.Fprintf(&b, "the last requests:%s", h.lastRequests(dumpedRequests))
	for _, s := range h.roster.allServers() {
		s.mu.Lock()
		said, ok := s.process.(interface{ Tail() string })
		s.mu.Unlock()
		if ok {
			fmt.Fprintf(&b, "\nthe last that the server of %s said:\n%s", s.fullName(), lastLines(said.Tail(), dumpedOutput))
		}
	}
	for _, f := range h.Faults() {
		fmt.Fprintf(&b, "\nin force: fault %d %s, which hit %d times", f.ID, f.Scenario.Name, f.Hits)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := h.Snapshot(ctx)
	if err != nil {
		fmt.Fprintf(&b, "\nits state cannot be read: %v", err)
		return b.String()
	}
	fmt.Fprintf(&b, "\nits state at %s:%s", s.Now.Format(time.RFC3339Nano), s.summary())
	return b.String()
}

// lastRequests are lines of the record, each after a line break.
func (h *Hub) lastRequests(n int) string {
	var b strings.Builder
	all := h.Requests(nil)
	for _, r := range all[max(0, len(all)-n):] {
		fmt.Fprintf(&b, "\n  %d %s", r.ID, r)
		if r.Why != "" {
			fmt.Fprintf(&b, " (%s)", r.Why)
		}
	}
	if len(all) == 0 {
		return " none"
	}
	return b.String()
}

// summary is what there is, in lines.
func (s Snapshot) summary() string {
	var b strings.Builder
	line := func(i int, format string, args ...any) {
		switch {
		case i < dumpedItems:
			fmt.Fprintf(&b, "\n  "+format, args...)
		case i == dumpedItems:
			b.WriteString("\n  …")
		}
	}
	for i, u := range s.Users {
		admin := ""
		if u.Admin {
			admin = ", admin"
		}
		line(i, "user %s%s, roles %s, groups [%s], %d tokens", u.Name, admin, strings.Join(u.Roles, " "), strings.Join(u.Groups, " "), len(u.Tokens))
	}
	for i, srv := range s.Servers {
		line(i, "server %s/%s is %s", srv.User, srv.Name, srv.State)
	}
	for i, share := range s.Shares {
		line(i, "share of %s/%s with %s%s: %s", share.Owner, share.Server, share.User, share.Group, strings.Join(share.Scopes, " "))
	}
	for i, c := range s.ShareCodes {
		line(i, "share code %s of %s/%s, until %s, used %d times", c.ID, c.Owner, c.Server, c.ExpiresAt.UTC().Format(time.RFC3339), c.Exchanges)
	}
	return b.String()
}

// strictly is why a strict test fails, a line each after a line break; "" = it does not.
func (h *Hub) strictly() string {
	if !h.cfg.Strict {
		return ""
	}
	var b strings.Builder
	for _, f := range h.Findings() {
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}
