package hubsim

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hubshare/hubshare/hubsim/proxy"
	"github.com/hubshare/hubshare/hubsim/singleuser"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// live takes the news that somebody's access has ended to where it is still in use: to connections that are open through the proxy, and to what stand-in servers
// remember (SH-166). A hub as it comes does neither (SH-164); with Config.KeepConnections ours doesn't either.
//
// The hub decided once, when a server asked it who a visitor is, and nothing tells it when they leave. So live remembers whom each token and browser session
// spoke for when somebody asked. A change names people; the connections that carry something of theirs are looked at again, no others. What it remembers is never
// used to let anybody in: a connection that it cannot attribute, because it brings neither a token nor a session that this hub was asked about, stays open.
type live struct {
	hub *Hub
	off bool

	mu     sync.Mutex
	known  map[proxy.Key]*introduced
	keysOf map[oauth.OwnerRef]map[proxy.Key]struct{}
	stands map[*singleuser.Server]struct{}
	// changes are when owners' access last may have changed, everybody's under the zero key: for as long as servers may believe what they were told before.
	changes map[oauth.OwnerRef]time.Time

	// endings are when something ends by itself that nobody will announce.
	endings map[ending]time.Time
	next    time.Time   // when the timer is due; zero = there is none
	stop    func() bool // stops it
	closed  bool
}

// introduced is whom a token or a session speaks for.
type introduced struct {
	// clients, by owner, are those of the owner's tokens in this session; a token has one owner and no clients. One session has several owners when people log
	// in one after the other in one browser (HB-35).
	clients map[oauth.OwnerRef]map[string]struct{}
	could   scopes.Set // of a token: what it could do when it was last asked about
	at      time.Time  // last asked about
}

// ending is one thing of an owner that ends by itself: a token, or with token 0 the first of the shares that end next.
type ending struct {
	owner oauth.OwnerRef
	token int64
}

func newLive(h *Hub) *live {
	return &live{hub: h, off: h.cfg.KeepConnections, known: map[proxy.Key]*introduced{}, keysOf: map[oauth.OwnerRef]map[proxy.Key]struct{}{},
		stands: map[*singleuser.Server]struct{}{}, endings: map[ending]time.Time{}, changes: map[oauth.OwnerRef]time.Time{}}
}

// introducing listens to servers and services that ask the hub who a visitor is. What they are told is noted before it is looked up for them: a
// change that comes after the look-up finds the note, one that comes before is in the answer.
func (l *live) introducing(next http.Handler) http.Handler {
	if l.off {
		return next
	}
	whoAmI := l.hub.site.HubPrefix() + "api/user"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if web.EscapedPath(r) == whoAmI {
			if secret, ok := web.BearerToken(r); ok {
				// Failures are the handler's to report, who asks the same again; of a success the provider knows the answer by then.
				if id, err := l.hub.provider.Authenticate(r.Context(), secret); err == nil {
					l.noteToken(secret, id)
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (l *live) noteToken(secret string, id oauth.Identity) {
	now := l.hub.cfg.Clock.Now()
	key := proxy.TokenKey(secret)
	l.note(key, id.Owner, "", now)
	l.mu.Lock()
	if who := l.known[key]; who != nil {
		who.could = id.Effective
	}
	l.mu.Unlock()
	if id.SessionID != "" {
		l.note(proxy.SessionKey(id.SessionID), id.Owner, id.ClientID, now)
	}
}

// noteSession is for those whose browser has another session than their token, as after a restart of the browser, and who come by the hub's own pages.
// It costs a browser nothing to say another session each time, hence the limit.
func (l *live) noteSession(session, userID string, now time.Time) {
	owner := oauth.OwnerRef{Kind: oauth.KindUser, ID: userID}
	if l.off || session == "" || l.count(owner) >= maxSessions {
		return
	}
	l.note(proxy.SessionKey(session), owner, "", now)
}

// maxSessions is for how many keys of one owner pages note sessions.
const maxSessions = 1000

func (l *live) count(owner oauth.OwnerRef) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.keysOf[owner])
}

// note: client "" is no client.
func (l *live) note(k proxy.Key, owner oauth.OwnerRef, client string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	who := l.known[k]
	if who == nil {
		who = &introduced{clients: map[oauth.OwnerRef]map[string]struct{}{}}
		l.known[k] = who
	}
	who.at = now
	if who.clients[owner] == nil {
		who.clients[owner] = map[string]struct{}{}
		if l.keysOf[owner] == nil {
			l.keysOf[owner] = map[proxy.Key]struct{}{}
		}
		l.keysOf[owner][k] = struct{}{}
	}
	if client != "" {
		who.clients[owner][client] = struct{}{}
	}
}

// could is what a token could do when somebody last asked about it.
func (l *live) could(k proxy.Key) scopes.Set {
	l.mu.Lock()
	defer l.mu.Unlock()
	if who := l.known[k]; who != nil {
		return who.could
	}
	return scopes.Set{}
}

// who gives a copy of what is known.
func (l *live) who(k proxy.Key) (clients map[oauth.OwnerRef]map[string]struct{}, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	who := l.known[k]
	if who == nil {
		return nil, false
	}
	clients = make(map[oauth.OwnerRef]map[string]struct{}, len(who.clients))
	for owner, of := range who.clients {
		clients[owner] = maps.Clone(of)
	}
	return clients, true
}

// forgetOld bounds what is remembered: servers ask again when their cache is too old, so whoever was not asked about for longer than that is remembered only
// as long as a connection is open.
func (l *live) forgetOld(now time.Time) {
	old := now.Add(-max(time.Hour, 2*l.hub.cfg.SingleUser.CacheMaxAge))
	var stale []proxy.Key
	l.mu.Lock()
	maps.DeleteFunc(l.changes, func(_ oauth.OwnerRef, at time.Time) bool { return at.Before(old) })
	for k, who := range l.known {
		if who.at.Before(old) {
			stale = append(stale, k)
		}
	}
	l.mu.Unlock()
	for _, k := range stale {
		if !l.hub.proxy.Carried(k) {
			l.forget(k, old)
		}
	}
}

func (l *live) forget(k proxy.Key, old time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	who := l.known[k]
	if who == nil || !who.at.Before(old) {
		return // asked about meanwhile
	}
	delete(l.known, k)
	for owner := range who.clients {
		delete(l.keysOf[owner], k)
		if len(l.keysOf[owner]) == 0 {
			delete(l.keysOf, owner)
		}
	}
}

// keys are those of owners; none = of everybody.
func (l *live) keys(owners []oauth.OwnerRef) []proxy.Key {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(owners) == 0 {
		return slices.Collect(maps.Keys(l.known))
	}
	var list []proxy.Key
	for _, o := range owners {
		list = slices.AppendSeq(list, maps.Keys(l.keysOf[o]))
	}
	return list
}

// changed is told of owners whose access may differ now; none = everybody's. When it returns, what is not allowed any more is cut. It is quick for those who have
// nothing open; for others it makes two queries each.
func (l *live) changed(ctx context.Context, owners []oauth.OwnerRef) {
	if l.off {
		return
	}
	l.noteChange(owners, l.hub.cfg.Clock.Now())
	// In this order: nobody new comes in by what a server remembers, then the proxy cuts what it can attribute, and of the rest the servers know more.
	stands, names := l.servers(owners)
	for _, s := range stands {
		s.Forget(names...)
	}
	if keys := l.keys(owners); len(keys) > 0 {
		if n := l.hub.proxy.Review(keys, (&review{ctx: context.WithoutCancel(ctx), hub: l.hub}).keep); n > 0 {
			l.hub.log.InfoContext(ctx, "connections closed whose access has ended", "count", n)
			l.hub.differs(ctx, "SH-164", "it would have left open connections whose access has ended")
		}
	}
	for _, s := range stands {
		s.Review(names...)
	}
}

// noteChange remembers a change for those who come back.
func (l *live) noteChange(owners []oauth.OwnerRef, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(owners) == 0 {
		l.changes[oauth.OwnerRef{}] = now
	}
	for _, o := range owners {
		l.changes[o] = now
	}
}

// believed is for how long servers may believe what they were told.
func (l *live) believed() time.Duration { return max(stockCacheAge, l.hub.cfg.SingleUser.CacheMaxAge) }

// changedLately says whether a server may still believe what was true of one of these owners before a change.
func (l *live) changedLately(clients map[oauth.OwnerRef]map[string]struct{}, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	since := now.Add(-l.believed())
	if at, ok := l.changes[oauth.OwnerRef{}]; ok && !at.Before(since) {
		return true
	}
	for o := range clients {
		if at, ok := l.changes[o]; ok && !at.Before(since) {
			return true
		}
	}
	return false
}

// admits looks at a web socket that a server is about to open. A server in a process of its own, or a service, may believe for minutes what the hub said before a change,
// and clients that were cut off come back within seconds. Those whom no change concerned for so long are not looked at.
func (l *live) admits(c proxy.Connection) bool {
	for _, claim := range c.Claims {
		clients, known := l.who(claim.Key)
		if !known {
			continue
		}
		if !l.changedLately(clients, l.hub.cfg.Clock.Now()) || (&review{ctx: l.hub.life, hub: l.hub}).keep(c) {
			return true
		}
		l.hub.log.Info("web socket refused that a server would have opened, by what it remembers", "prefix", c.Prefix)
		l.hub.differs(l.hub.life, "SH-164", "it would have let the server open it")
		return false
	}
	return true
}

// servers gives the stand-in servers that run, and the names by which they know owners; none = everybody.
func (l *live) servers(owners []oauth.OwnerRef) (stands []*singleuser.Server, names []string) {
	l.mu.Lock()
	stands = slices.Collect(maps.Keys(l.stands))
	l.mu.Unlock()
	for _, o := range owners {
		a, ok := l.hub.roster.userByID(o.ID)
		if !ok {
			return stands, nil // gone, and their name with them
		}
		names = append(names, a.Name)
	}
	return stands, names
}

// stand has a server told of changes until the returned closer is closed.
func (l *live) stand(s *singleuser.Server) *standing {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stands[s] = struct{}{}
	return &standing{s, l}
}

// standing is a stand-in server that hears of changes.
type standing struct {
	*singleuser.Server
	live *live
}

func (s *standing) Close() error {
	s.live.mu.Lock()
	delete(s.live.stands, s.Server)
	s.live.mu.Unlock()
	return s.Server.Close()
}
