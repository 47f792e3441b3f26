package sqlstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hubshare/hubshare/sharing"
)

// together is how many exchanges share one transaction at most.
const together = 64

// gathering is where those wait who exchange the same code. They have to wait for each other anyway, since all of them count in its one row;
// so whoever comes first leads, and the next takes along in one transaction all who came while the one before was at it. Each is answered by
// itself, and nobody before all of it is committed. One who comes alone waits for nobody.
type gathering struct {
	mu sync.Mutex
	// waiting are those behind a leader, by the prefix of their code; there is an entry as long as somebody leads. Codes that have one
	// prefix by chance wait for each other where they need not.
	waiting map[string][]*exchange
}

// exchange is that of one visitor.
type exchange struct {
	ctx   context.Context
	now   time.Time
	act   sharing.Act
	probe sharing.Probe
	to    sharing.Grantee
	turn  chan bool // once: true = to lead, false = it was done

	code  sharing.StoredCode
	grant granting

	// The answer.
	share  sharing.StoredShare
	change sharing.Change
	err    error
}

// errLeft is what the others are told whose leader did not come to an end, as when a Probe panics.
var errLeft = errors.New("exchange a code: the transaction was given up")

// do has x done by run, alone or with others.
func (g *gathering) do(x *exchange, run func([]*exchange)) {
	x.turn = make(chan bool, 1)
	if !g.leads(x) && !g.led(x) {
		return
	}
	if x.err = x.ctx.Err(); x.err != nil {
		g.handOn(x.probe.Prefix)
		return
	}
	all := g.company(x)
	for _, o := range all {
		o.err = errLeft
	}
	defer func() {
		for _, o := range all[1:] {
			o.turn <- false
		}
		g.handOn(x.probe.Prefix)
	}()
	run(all)
}

// led waits until somebody did x, or it is x's turn to lead.
func (g *gathering) led(x *exchange) (lead bool) {
	select {
	case lead = <-x.turn:
	case <-x.ctx.Done():
		if g.leave(x) {
			x.err = x.ctx.Err()
			return false
		}
		lead = <-x.turn
	}
	return lead
}

func (g *gathering) leads(x *exchange) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting == nil {
		g.waiting = map[string][]*exchange{}
	}
	queue, behind := g.waiting[x.probe.Prefix]
	if behind {
		queue = append(queue, x)
	}
	g.waiting[x.probe.Prefix] = queue
	return !behind
}

// leave says whether x was still waiting.
func (g *gathering) leave(x *exchange) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	queue := g.waiting[x.probe.Prefix]
	i := slices.Index(queue, x)
	if i < 0 {
		return false
	}
	g.waiting[x.probe.Prefix] = slices.Delete(queue, i, i+1)
	return true
}

// company gives the leader and those who may come along: each visitor once, so that none of these builds on another.
func (g *gathering) company(leader *exchange) []*exchange {
	g.mu.Lock()
	defer g.mu.Unlock()
	all, visitors := []*exchange{leader}, map[string]bool{leader.to.ID: true}
	var rest []*exchange
	for _, x := range g.waiting[leader.probe.Prefix] {
		if len(all) == together || visitors[x.to.ID] {
			rest = append(rest, x)
			continue
		}
		all, visitors[x.to.ID] = append(all, x), true
	}
	g.waiting[leader.probe.Prefix] = rest
	return all
}

// handOn makes the first who still waits the leader.
func (g *gathering) handOn(prefix string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	queue := g.waiting[prefix]
	if len(queue) == 0 {
		delete(g.waiting, prefix)
		return
	}
	g.waiting[prefix] = queue[1:]
	queue[0].turn <- true
}

// shared gives the context of what is done for all of them: it ends when nobody is left who wants it.
func shared(all []*exchange) (context.Context, context.CancelFunc) {
	if len(all) == 1 {
		return context.WithCancel(all[0].ctx)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(all[0].ctx))
	var here atomic.Int64
	here.Store(int64(len(all)))
	stops := make([]func() bool, len(all))
	for i, x := range all {
		stops[i] = context.AfterFunc(x.ctx, func() {
			if here.Add(-1) == 0 {
				cancel()
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}
