package hubsim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// Match says which requests of the record are meant; what is not set matches all. Its method Matches is what [Hub.Requests] and [Hub.WaitRequest] take.
type Match struct {
	Method string
	Path   string // as sent, where * stands for anything, slashes included
	Actor  string // name of the user or service that asked
	By     string // ActorBrowser, ActorToken, ActorServer or ActorService
	Target string // "hub", or the prefix of a server or service
	Status int
	After  int64 // only those with a higher ID
}

// Matches says whether a request is meant.
func (m Match) Matches(r Request) bool {
	return (m.Method == "" || m.Method == r.Method) && (m.Actor == "" || m.Actor == r.Actor) && (m.By == "" || m.By == r.By) &&
		(m.Target == "" || m.Target == r.Target) && (m.Status == 0 || m.Status == r.Status) && r.ID > m.After && glob(m.Path, r.Path)
}

// String is what a failed assertion says of it.
func (m Match) String() string {
	var parts []string
	for _, p := range [][2]string{{"method", m.Method}, {"path", m.Path}, {"actor", m.Actor}, {"by", m.By}, {"target", m.Target}} {
		if p[1] != "" {
			parts = append(parts, p[0]+" "+p[1])
		}
	}
	if m.Status != 0 {
		parts = append(parts, "status "+strconv.Itoa(m.Status))
	}
	if m.After != 0 {
		parts = append(parts, fmt.Sprintf("after %d", m.After))
	}
	if len(parts) == 0 {
		return "anything"
	}
	return strings.Join(parts, ", ")
}

// WriteRequests writes the remembered requests that match, oldest first, one JSON object a line (HB-173); nil matches all.
func (h *Hub) WriteRequests(w io.Writer, match func(Request) bool) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, r := range h.Requests(match) {
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("write requests: %w", err)
		}
	}
	return nil
}

// watcher gets every request from when it began. It keeps what its reader has not taken yet, and of a reader that is too slow the newest.
type watcher struct {
	mu      sync.Mutex
	waiting []Request
	dropped int
	news    chan struct{} // has one when there is something to take
}

// maxWaiting is how many requests wait for a slow reader.
const maxWaiting = 10_000

func (w *watcher) tell(r Request) {
	w.mu.Lock()
	if len(w.waiting) >= maxWaiting {
		w.waiting = append(w.waiting[:0], w.waiting[1:]...)
		w.dropped++
	}
	w.waiting = append(w.waiting, r)
	w.mu.Unlock()
	select {
	case w.news <- struct{}{}:
	default:
	}
}

func (w *watcher) take() []Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.waiting
	w.waiting = nil
	return list
}

// Watch gives every request that ends from now on and matches, as it does, until ctx ends, the hub closes or the loop is left (HB-173); nil matches all. It begins with the call, not with
// the loop, so that none is missed between the two. Of a loop that falls 10,000 requests behind, the oldest are lost. It is to be ranged over once.
func (h *Hub) Watch(ctx context.Context, match func(Request) bool) iter.Seq[Request] {
	w := &watcher{news: make(chan struct{}, 1)}
	q := &h.requests
	q.mu.Lock()
	if q.watchers == nil {
		q.watchers = map[*watcher]struct{}{}
	}
	q.watchers[w] = struct{}{}
	q.mu.Unlock()
	leave := func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		delete(q.watchers, w)
	}
	stop := context.AfterFunc(ctx, leave)
	return func(yield func(Request) bool) {
		defer leave()
		defer stop()
		for {
			for _, r := range w.take() {
				if (match == nil || match(r)) && !yield(r) {
					return
				}
			}
			select {
			case <-w.news:
			case <-ctx.Done():
				return
			case <-h.life.Done():
				return
			}
		}
	}
}

// matchOf reads a filter: method, path with *, actor, by, target, status, and what comes after an id.
func matchOf(query url.Values) (m Match, err error) {
	number := func(key, text string) int64 {
		n, bad := strconv.ParseInt(text, 10, 64)
		if bad != nil {
			err = wrongRequest("%s must be a number", key)
		}
		return n
	}
	for key, values := range query {
		value := values[len(values)-1]
		switch key {
		case "method":
			m.Method = value
		case "path":
			m.Path = value
		case "actor":
			m.Actor = value
		case "by":
			m.By = value
		case "target":
			m.Target = value
		case "status":
			m.Status = int(number(key, value))
		case "after":
			m.After = number(key, value)
		case "format":
		default:
			return m, wrongRequest("%s: unknown filter; known are method, path, actor, by, target, status, after, format", key)
		}
	}
	return m, err
}

// controlRequests lists the record, by a filter: as one object, or a line each with format=lines.
func (h *Hub) controlRequests(_ context.Context, _ []byte, query url.Values) (any, error) {
	m, err := matchOf(query)
	if err != nil {
		return nil, err
	}
	switch query.Get("format") {
	case "":
		return map[string][]Request{"requests": h.Requests(m.Matches)}, nil
	case "lines":
		return streaming{"application/jsonl", func(_ context.Context, w http.ResponseWriter) error { return h.WriteRequests(w, m.Matches) }}, nil
	}
	return nil, wrongRequest("format must be lines, if there is one")
}

// controlWatch streams requests as they end, by a filter: those of the record first that come after an id, if there is one. Lines of JSON, or with format=events
// server-sent events. The stream ends with its client or the hub.
func (h *Hub) controlWatch(_ context.Context, _ []byte, query url.Values) (any, error) {
	m, err := matchOf(query)
	if err != nil {
		return nil, err
	}
	kind, prefix, suffix := "application/jsonl", "", "\n"
	switch query.Get("format") {
	case "", "lines":
	case "events":
		kind, prefix, suffix = "text/event-stream", "data: ", "\n\n"
	default:
		return nil, wrongRequest("format must be lines or events")
	}
	return streaming{kind, func(ctx context.Context, w http.ResponseWriter) error {
		live := h.Watch(ctx, m.Matches)
		out := http.NewResponseController(w)
		send := func(r Request) bool {
			text, err := json.Marshal(r)
			if err != nil {
				return false
			}
			_, err = io.WriteString(w, prefix+string(text)+suffix)
			return err == nil && out.Flush() == nil
		}
		if err := out.Flush(); err != nil {
			return err
		}
		last := m.After
		if query.Has("after") {
			for _, r := range h.Requests(m.Matches) {
				if last = r.ID; !send(r) {
					return nil
				}
			}
		}
		for r := range live {
			if r.ID > last && !send(r) {
				return nil
			}
		}
		return nil
	}}, nil
}

// streaming is an answer to a control request that is written as it comes.
type streaming struct {
	kind  string
	write func(ctx context.Context, w http.ResponseWriter) error
}
