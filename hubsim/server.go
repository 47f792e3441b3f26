package hubsim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/hubsim/spawner"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// Limits of a server's life (HB-189). Those that guard a process run on real time (HB-168).
const (
	startTimeout     = 60 * time.Second
	probeTimeout     = 30 * time.Second
	stopTimeout      = 10 * time.Second
	slowSpawnTimeout = 10 * time.Second
	slowStopTimeout  = 10 * time.Second
	spawnPageWait    = time.Second
)

// Values of server.pending (HB-92).
const (
	pendingSpawn = "spawn"
	pendingStop  = "stop"
)

// server is the record of one user's server, running or not. Identity is fixed; the rest is guarded by mu.
type server struct {
	id, name string
	owner    *user

	mu           sync.Mutex
	pending      string // "", pendingSpawn or pendingStop
	ready        bool
	started      time.Time
	lastActivity time.Time
	options      json.RawMessage // user_options of the last start
	failure      *spawnFailure   // of the last start, until the next
	events       []progress      // of the last start
	process      spawner.Process
	tokenID      int64
	env          map[string]string  // of the last start, as long as it is starting or running
	interrupt    context.CancelFunc // ends a start
	changed      chan struct{}      // closed at every change of the above
	retired      bool               // another record, or none, has taken its place: it never starts again
	displayName  string             // profile 6.0; "" = its name
	version      string             // that it told when it was last started (HB-93)
	fault        hit                // that its last start or stop met; the zero hit = none
}

// progress is one event of the progress stream (HB-100).
type progress struct {
	Progress    int    `json:"progress"`
	Ready       bool   `json:"ready,omitempty"`
	Failed      bool   `json:"failed,omitempty"`
	Message     string `json:"message"`
	HTMLMessage string `json:"html_message,omitempty"`
	URL         string `json:"url,omitempty"`
}

// spawnFailure is why a start failed: the status and text for clients, the cause for the log.
type spawnFailure struct {
	status  int
	message string // on the wire of the API (HB-96)
	own     string // what the failure itself has to say to visitors; "" = nothing
	cause   error
}

// Error is what a spawner's own failure says.
func (f *spawnFailure) Error() string { return f.message }

// status is a copy of a server's state at one moment.
type status struct {
	Pending               string
	Ready                 bool
	Started, LastActivity time.Time
	Options               json.RawMessage
	Failure               *spawnFailure
	DisplayName           string
	changed               <-chan struct{}
}

// Active says whether the server runs or is about to or about to end (HB-92).
func (s status) Active() bool { return s.Ready || s.Pending != "" }

func (s *server) status() status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.statusLocked()
}

func (s *server) statusLocked() status {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return status{Pending: s.pending, Ready: s.ready && s.pending == "", Started: s.started, LastActivity: s.lastActivity,
		Options: s.options, Failure: s.failure, DisplayName: s.displayName, changed: s.changed}
}

// tell wakes whoever waits for a change. The caller holds mu.
func (s *server) tell() {
	if s.changed != nil {
		close(s.changed)
	}
	s.changed = make(chan struct{})
}

// wait returns once the server is not pending any more, or ctx is done.
func (s *server) wait(ctx context.Context) status {
	for {
		st := s.status()
		if st.Pending == "" {
			return st
		}
		select {
		case <-ctx.Done():
			return st
		case <-st.changed:
		}
	}
}

// progressSince gives the events after the first n, whether more may come, and what closes when they do.
func (s *server) progressSince(n int) (events []progress, more bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.statusLocked()
	if n < len(s.events) {
		events = append(events, s.events[n:]...)
	}
	return events, s.pending == pendingSpawn, st.changed
}

func (s *server) touch(at time.Time, resolution time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if since := at.Sub(s.lastActivity); since > 0 && since >= resolution {
		s.lastActivity = at
	}
}

func (s *server) versionSeen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version
}

// retire takes a server that does not run out of use, or back into it; false if it runs.
func (s *server) retire(yes bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready || s.pending != "" {
		return false
	}
	s.retired = yes
	return true
}

// fullName is "owner" or "owner:server", as messages put it (HB-72, HB-95).
func (s *server) fullName() string {
	if s.name == "" {
		return s.owner.name
	}
	return s.owner.name + ":" + s.name
}

// path is where the server answers, escaped (HB-2).
func (h *Hub) serverPath(owner, name string) string {
	p := h.cfg.BaseURL + "user/" + web.EscapeSegment(owner) + "/"
	if name != "" {
		p += web.EscapeSegment(name) + "/"
	}
	return p
}

// start begins to start a server and returns at once; [server.wait] tells how it went. Refusals are *web.Error (HB-95).
func (h *Hub) start(s *server, options json.RawMessage) error {
	h.noticeDead(s)
	met := make(chan hit, 1)
	begun, err := h.beginStart(s, options, met)
	if begun { // before whoever asked is answered, so that they find it in force; and without the lock, since whether it is about this server others are asked
		met <- h.meetStart(s)
	}
	return err
}

// beginStart has a start go on once it is told which fault it meets; begun is false if there is none to begin.
func (h *Hub) beginStart(s *server, options json.RawMessage, met <-chan hit) (begun bool, err error) {
	now := h.cfg.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.retired:
		return false, web.Errorf(404, "")
	case s.pending == pendingSpawn:
		return false, nil
	case s.pending != "":
		return false, web.Errorf(400, "%s is pending %s", s.fullName(), s.pending)
	case s.ready:
		return false, web.Errorf(400, "%s is already running", s.fullName())
	}
	if err := h.admit(); err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(h.life, cmp.Or(h.cfg.SingleUser.StartTimeout, startTimeout))
	if h.isClosing() || !h.task(func() {
		defer cancel()
		h.bringUp(ctx, s, <-met)
	}) {
		cancel()
		h.spawns.started(false)
		return false, web.Errorf(503, "The hub is stopping")
	}
	if options == nil {
		options = s.options
	}
	s.pending, s.failure, s.started, s.options, s.interrupt, s.fault = pendingSpawn, nil, now, options, cancel, hit{}
	s.events = []progress{{Message: "Server requested"}, {Progress: 50, Message: "Spawning server..."}}
	s.tell()
	return true, nil
}

// bringUp is one start, from token to route (HB-93). Whatever fails leaves nothing behind (HB-96).
func (h *Hub) bringUp(ctx context.Context, s *server, fault hit) {
	proc, tokenID, err := h.launch(ctx, s, fault)
	// A route exists only for a server that has answered (HB-78).
	if err == nil {
		h.proxy.Add(h.plainServerPath(s), proc.URL())
	}
	path := h.serverPath(s.owner.name, s.name)
	s.mu.Lock()
	s.pending, s.interrupt = "", nil
	h.spawns.started(err == nil)
	if err == nil {
		s.ready, s.process, s.tokenID = true, proc, tokenID
		s.lastActivity = h.cfg.Clock.Now()
		s.events = append(s.events, progress{Progress: 100, Ready: true, Message: "Server ready at " + path,
			HTMLMessage: fmt.Sprintf(`Server ready at <a href="%s">%s</a>`, htmlEscape(path), htmlEscape(path)), URL: path})
	} else {
		s.failure, s.env = h.failureOf(err), nil
		s.events = append(s.events, progress{Progress: 100, Failed: true, Message: "Spawn failed: " + s.failure.message})
	}
	s.tell()
	s.mu.Unlock()
	if err != nil {
		h.log.Error("server did not start", "server", s.fullName(), "error", err)
		return
	}
	h.roster.touch(s.owner.id, h.cfg.Clock.Now()) // HB-91
	h.log.Info("server is ready", "server", s.fullName(), "path", path)
}

// failureOf is what clients learn of a failed start (HB-96).
func (h *Hub) failureOf(err error) *spawnFailure {
	var own *spawnFailure
	if errors.As(err, &own) {
		return own
	}
	f := &spawnFailure{status: http.StatusInternalServerError, message: "error", cause: err}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		f.message = "timeout"
	case h.cfg.Profile == scopes.P60:
		f.message = "Internal Server Error"
	}
	return f
}

func (h *Hub) launch(ctx context.Context, s *server, fault hit) (spawner.Process, int64, error) {
	owner := oauth.OwnerRef{Kind: oauth.KindUser, ID: s.owner.id}
	path := h.serverPath(s.owner.name, s.name)
	granted, err := h.provider.ServerTokenScopes(ctx, owner, s.name, h.cfg.SingleUser.ServerTokenScopes)
	if err != nil {
		return nil, 0, fmt.Errorf("settle the server's token: %w", err)
	}
	token, secret, err := h.provider.IssueToken(ctx, oauth.TokenOrder{Owner: owner, Scopes: granted, Note: "Server at " + path, Internal: true})
	if err != nil {
		return nil, 0, fmt.Errorf("make the server's token: %w", err)
	}
	undo := func() { h.forgetLaunch(s, token.ID) }
	if err := h.provider.PutClient(ctx, oauth.Registration{
		ID: oauth.ServerClientID(s.owner.name, s.name), Description: "Server at " + path, Secret: secret, RedirectURI: h.userOrigin(s.owner.name) + path + "oauth_callback",
		For: scopes.Client{Server: scopes.Server(s.owner.name, s.name).FilterName()}, LinkID: s.id, Allowed: h.clientScopes,
	}); err != nil {
		undo()
		return nil, 0, fmt.Errorf("register the server's OAuth client: %w", err)
	}
	if err := h.roster.db.setServerToken(ctx, s.id, token.ID); err != nil {
		undo()
		return nil, 0, err
	}
	env := h.serverEnv(s, secret.Reveal())
	s.mu.Lock()
	s.env = env
	s.mu.Unlock()
	spec := spawner.Spec{User: s.owner.name, Server: s.name, Prefix: path, Env: env}
	if fault.line != nil && fault.line.start != nil {
		if err := fault.line.start(ctx, h, fault); err != nil {
			undo()
			return nil, 0, err
		}
	}
	proc, err := h.spawner.Start(ctx, spec)
	if err != nil {
		undo()
		return nil, 0, fmt.Errorf("spawn: %w", err)
	}
	version, err := h.awaitServer(ctx, proc)
	if err == nil && fault.line != nil && fault.line.probe != nil {
		err = fault.line.probe(ctx, h, fault)
	}
	if err != nil {
		_ = h.end(proc)
		undo()
		return nil, 0, fmt.Errorf("wait for the server to answer: %w", err)
	}
	s.mu.Lock()
	s.version = version
	s.mu.Unlock()
	return proc, token.ID, nil
}

// awaitServer waits until a server answers, and gives the version that it tells. One that has ended never will: that is an error at once, with the last that it said.
func (h *Hub) awaitServer(ctx context.Context, proc spawner.Process) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(h.cfg.SingleUser.HTTPTimeout, probeTimeout))
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel()
	watch.Go(func() {
		select {
		case <-proc.Done():
			cancel()
		case <-ctx.Done():
		}
	})
	version, err = spawner.Probe(ctx, h.internal, proc.URL())
	if err == nil || proc.Err() == nil {
		return version, err
	}
	if p, ok := proc.(interface{ Tail() string }); ok {
		return "", fmt.Errorf("%w: %s", proc.Err(), strings.ReplaceAll(lastLines(p.Tail(), 5), "\n", "; ")) // an error is one line
	}
	return "", proc.Err()
}

// stop ends a server and returns once it is gone or ctx is done; a server that does not run is no error (HB-97, HB-98).
func (h *Hub) stop(ctx context.Context, s *server) status {
	s.mu.Lock()
	for s.pending == pendingSpawn {
		interrupt, changed := s.interrupt, s.statusLocked().changed
		s.mu.Unlock()
		interrupt()
		select {
		case <-changed:
		case <-ctx.Done():
			return s.status()
		}
		s.mu.Lock()
	}
	met := make(chan hit, 1)
	begun := s.pending == "" && s.ready
	if begun {
		proc, tokenID := s.process, s.tokenID
		s.pending, s.process, s.tokenID = pendingStop, nil, 0
		s.tell()
		// The route goes first, so that nobody reaches a server that is ending (HB-78, HB-198).
		h.proxy.Remove(h.plainServerPath(s))
		s.fault = hit{}
		h.task(func() { h.takeDown(s, proc, tokenID, <-met) })
	}
	s.mu.Unlock()
	if begun {
		met <- h.meetStop(s)
	}
	return s.wait(ctx)
}

func (h *Hub) takeDown(s *server, proc spawner.Process, tokenID int64, fault hit) {
	if fault.line != nil {
		fault.line.stop(h.life, h, fault)
	}
	if err := h.end(proc); err != nil {
		h.log.Warn("server had to be forced to stop", "server", s.fullName(), "error", err)
	}
	h.sessionEnded(s)
	h.forgetLaunch(s, tokenID)
	s.mu.Lock()
	s.pending, s.ready, s.started, s.env = "", false, time.Time{}, nil
	h.spawns.stopped()
	s.lastActivity = h.cfg.Clock.Now()
	s.tell()
	s.mu.Unlock()
	h.roster.touch(s.owner.id, h.cfg.Clock.Now())
	h.log.Info("server has stopped", "server", s.fullName())
}

func (h *Hub) end(proc spawner.Process) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.life), stopTimeout)
	defer cancel()
	return proc.Stop(ctx)
}

// sessionEnded ends what was shared for as long as a server runs. It comes before forgetLaunch: as long as the server has its token, the next hub
// on this database knows that the server ran.
func (h *Hub) sessionEnded(s *server) {
	if err := h.sharing.ServerStopped(context.WithoutCancel(h.life), s.shared()); err != nil {
		h.log.Error("could not end what was shared until a server stopped", "server", s.fullName(), "error", err)
	}
}

// forgetLaunch takes away what a start gave: the client with every token issued through it, and the server's own token (HB-98).
func (h *Hub) forgetLaunch(s *server, tokenID int64) {
	ctx := context.WithoutCancel(h.life)
	err := errors.Join(
		h.provider.RemoveClient(ctx, oauth.ServerClientID(s.owner.name, s.name)),
		ignore(h.provider.RevokeToken(ctx, oauth.OwnerRef{Kind: oauth.KindUser, ID: s.owner.id}, tokenID), oauth.ErrNoToken),
		h.roster.db.setServerToken(ctx, s.id, 0),
	)
	if err != nil {
		h.log.Error("could not remove what a server leaves behind", "server", s.fullName(), "error", err)
	}
}

func ignore(err, target error) error {
	if errors.Is(err, target) {
		return nil
	}
	return err
}

// noticeDead finds out that a server ended by itself, as a hub does when it looks (HB-90).
func (h *Hub) noticeDead(s *server) {
	s.mu.Lock()
	proc := s.process
	s.mu.Unlock()
	if proc == nil {
		return
	}
	select {
	case <-proc.Done():
		h.stop(h.life, s)
	default:
	}
}

// plainServerPath is the decoded prefix by which the proxy routes (HB-74).
func (h *Hub) plainServerPath(s *server) string {
	p := h.plainBase + "user/" + s.owner.name + "/"
	if s.name != "" {
		p += s.name + "/"
	}
	return p
}
