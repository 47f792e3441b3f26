package proxy

import (
	"crypto/sha256"
	"net/http"
	"net/url"
	"sync"

	"github.com/hubshare/hubshare/internal/web"
)

// Key stands for something that requests present, a token or a browser session, without being it: a digest, which may be kept and compared.
type Key [sha256.Size]byte

// TokenKey is the key of a token, in the Authorization header or in the query.
func TokenKey(secret string) Key { return sha256.Sum256([]byte("token " + secret)) }

// SessionKey is the key of a browser session, by the value of its cookie.
func SessionKey(id string) Key { return sha256.Sum256([]byte("session " + id)) }

// Claim is one thing by which a connection may be attributed to somebody. Nothing has checked it: it says whom to ask about, and proves nothing.
type Claim struct {
	Key     Key
	Token   web.Redacted // "" when the claim is a session
	Session string       // "" when the claim is a token; a handle, no credential
}

// Connection is a request under way over a route, from its arrival until its answer is complete; a web socket until it closes.
type Connection struct {
	Prefix string // of the route
	// Claims in the order in which they count: token of the Authorization header, token of the query, sessions. It may be empty.
	Claims []Claim
}

// Review asks keep about every open connection that carries one of the keys, whatever its route, and cuts those that it refuses: a client sees its
// connection end in the middle of whatever it was. It gives the number of those that were cut. keep is called by this goroutine alone, may block, and may be asked
// about connections that end meanwhile. A connection that arrives during the call may be missed; it finds what Review was called for already done.
//
// A web socket gets no closing frame: to put one between the frames of others the proxy would have to read them. To its client the connection is
// lost (code 1006), and that is as good: JupyterLab's kernels and terminals don't look at the code, show that the connection is lost, try again seven times at growing
// intervals, are refused by the server each time, and give up.
func (p *Proxy) Review(keys []Key, keep func(Connection) bool) (cut int) {
	for t := range p.conns.carrying(keys, p.cfg.SessionCookie) {
		if !keep(t.Connection) && t.revoke() {
			cut++
		}
	}
	return cut
}

// Carried tells whether an open connection carries the key.
func (p *Proxy) Carried(k Key) bool { return len(p.conns.carrying([]Key{k}, p.cfg.SessionCookie)) > 0 }

// presented is what a request brought along, as it stands: most requests end before anybody asks whose they are, and should pay for no more than this.
type presented struct {
	authorization, query string
	cookies              []string
}

// claims reads it.
func (b presented) claims(sessionCookie string) (list []Claim) {
	r := &http.Request{Header: http.Header{"Authorization": {b.authorization}, "Cookie": b.cookies}}
	add := func(secret string) {
		list = append(list, Claim{Key: TokenKey(secret), Token: web.Redacted(secret)})
	}
	if secret, ok := web.BearerToken(r); ok {
		add(secret)
	}
	query, _ := url.ParseQuery(b.query) // what can be read of it is what the server reads
	for _, secret := range query["token"] {
		if secret != "" {
			add(secret)
		}
	}
	if sessionCookie == "" {
		return list
	}
	for _, id := range web.CookieValues(r, sessionCookie) {
		if id != "" {
			list = append(list, Claim{Key: SessionKey(id), Session: id})
		}
	}
	return list
}

// connections are the requests under way. The zero value is empty.
type connections struct {
	mu sync.Mutex
	// fresh is a ring of those whose claims nobody has read yet; its own element is no connection.
	fresh tiedWriter
	byKey map[Key]map[*tiedWriter]struct{}
}

func (c *connections) add(t *tiedWriter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh.next == nil {
		c.fresh.next, c.fresh.prev = &c.fresh, &c.fresh
	}
	t.prev, t.next = &c.fresh, c.fresh.next
	t.prev.next, t.next.prev = t, t
}

func (c *connections) remove(t *tiedWriter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.next != nil {
		t.unlink()
		return
	}
	for _, claim := range t.Claims {
		with := c.byKey[claim.Key]
		delete(with, t)
		if len(with) == 0 {
			delete(c.byKey, claim.Key)
		}
	}
}

func (t *tiedWriter) unlink() {
	t.prev.next, t.next.prev = t.next, t.prev
	t.prev, t.next = nil, nil
}

// read reads the claims of the connections where nobody has yet.
func (c *connections) read(sessionCookie string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readLocked(sessionCookie)
}

// carrying gives the connections with one of the keys. Each connection's claims are read once, by the first who asks.
func (c *connections) carrying(keys []Key, sessionCookie string) map[*tiedWriter]struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readLocked(sessionCookie)
	found := map[*tiedWriter]struct{}{}
	for _, k := range keys {
		for t := range c.byKey[k] {
			found[t] = struct{}{}
		}
	}
	return found
}

func (c *connections) readLocked(sessionCookie string) {
	for c.fresh.next != nil && c.fresh.next != &c.fresh {
		t := c.fresh.next
		t.unlink()
		t.Claims = t.brought.claims(sessionCookie)
		for _, claim := range t.Claims {
			if c.byKey == nil {
				c.byKey = map[Key]map[*tiedWriter]struct{}{}
			}
			if c.byKey[claim.Key] == nil {
				c.byKey[claim.Key] = map[*tiedWriter]struct{}{}
			}
			c.byKey[claim.Key][t] = struct{}{}
		}
	}
}
