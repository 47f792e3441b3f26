package sharing_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/internal/refstore"
)

// This file checks histories of calls that were made at once: whether there is an order in which the calls, made one after the other, give the
// very answers that were observed, while no call moves before one that had ended when it began. The changes say in which order the calls that
// changed something took effect, so that no order has to be searched for; calls that changed nothing have to fit somewhere in between.

// call is one operation, as it can be made on any service.
type call struct {
	name string
	run  func(ctx context.Context, s *sharing.Service) string // gives the answer as text
}

// event is a call that was made, with moments of one clock for all.
type event struct {
	call
	began, ended int64
	answer       string
	change       sharing.Change // zero = it changed nothing
}

func (e event) String() string {
	return fmt.Sprintf("%s [%d, %d] change %d: %s", e.name, e.began, e.ended, e.change.Seq, e.answer)
}

// changeKey is the context key under which a call finds out what it changed.
type changeKey struct{}

// noteChange is an OnChange that leaves the change with the call that made it.
func noteChange(ctx context.Context, c sharing.Change) {
	if to, ok := ctx.Value(changeKey{}).(*sharing.Change); ok {
		*to = c
	}
}

// made makes a call and gives its answer and its change.
func made(ctx context.Context, c call, s *sharing.Service) (answer string, change sharing.Change) {
	answer = c.run(context.WithValue(ctx, changeKey{}, &change), s)
	return answer, change
}

// atOnce makes the calls of each list one after the other, and all lists at once. The i-th list is for the i-th service, in turn.
func atOnce(ctx context.Context, lists [][]call, services ...*sharing.Service) (history []event) {
	var clock atomic.Int64
	var mu sync.Mutex
	var gate, all sync.WaitGroup
	gate.Add(1)
	for i, list := range lists {
		s := services[i%len(services)]
		all.Go(func() {
			gate.Wait()
			for _, c := range list {
				e := event{call: c, began: clock.Add(1)}
				e.answer, e.change = made(ctx, c, s)
				e.ended = clock.Add(1)
				mu.Lock()
				history = append(history, e)
				mu.Unlock()
			}
		})
	}
	gate.Done()
	all.Wait()
	return history
}

// inOrder is nil if the history is as if its calls had been made one after the other on the reference store. serve makes a service on a store.
func inOrder(ctx context.Context, before *refstore.Store, serve func(sharing.Store) *sharing.Service, history []event) error {
	var writers, readers []event
	for _, e := range history {
		if e.change.Seq != 0 {
			writers = append(writers, e)
		} else {
			readers = append(readers, e)
		}
	}
	slices.SortFunc(writers, func(a, b event) int { return int(a.change.Seq - b.change.Seq) })
	slices.SortFunc(readers, func(a, b event) int { return int(a.began - b.began) })
	for i, earlier := range writers {
		for _, later := range writers[i+1:] {
			if later.ended < earlier.began {
				return fmt.Errorf("%v took effect before %v, which had ended", earlier, later)
			}
		}
	}
	state := before.Clone()
	for i := 0; ; i++ {
		var err error
		// Each goes to the first place that it fits: that leaves most room for those after it.
		if readers, err = placed(ctx, state, serve, writers[i:], readers); err != nil {
			return err
		}
		if i == len(writers) {
			break
		}
		answer, change := made(ctx, writers[i].call, serve(state))
		if answer != writers[i].answer || changeLine(change) != changeLine(writers[i].change) {
			return fmt.Errorf("%v\nshould have answered %s\nand changed %s\nnot %s", writers[i], answer, changeLine(change), changeLine(writers[i].change))
		}
	}
	if len(readers) > 0 {
		return fmt.Errorf("%v fits nowhere", readers[0])
	}
	return nil
}

// placed removes those from readers, in order of their beginning, that fit into this state, which the writers after it have not changed yet.
func placed(ctx context.Context, state *refstore.Store, serve func(sharing.Store) *sharing.Service, after, readers []event) (rest []event, err error) {
	for _, r := range readers {
		tooEarly := slices.ContainsFunc(after, func(w event) bool { return w.ended < r.began }) ||
			slices.ContainsFunc(rest, func(other event) bool { return other.ended < r.began })
		if !tooEarly {
			answer, change := made(ctx, r.call, serve(state.Clone()))
			if answer == r.answer && change.Seq == 0 {
				continue
			}
		}
		if len(after) > 0 && after[0].began > r.ended { // it cannot move behind that one
			return nil, fmt.Errorf("%v fits nowhere before %v", r, after[0])
		}
		rest = append(rest, r)
	}
	return rest, nil
}
