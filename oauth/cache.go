package oauth

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"
)

// maxCached bounds the cache: beyond it everything is forgotten, which costs a query each.
const maxCached = 10_000

// cache remembers whom a secret identified, by the secret's digest. An entry is valid until the earliest of: a Drop naming its owner,
// the owner's Until, the token's expiry, the age limit.
type cache struct {
	mu sync.RWMutex
	// drops counts the calls of Drop. Who fills an entry notes it before reading and gives the entry up if it has changed since: a slow
	// reader would otherwise put back what was just revoked. One count for all owners: a fill too many costs a query, no more.
	drops   uint64
	entries map[[sha256.Size]byte]*cached
	byOwner map[OwnerRef]map[[sha256.Size]byte]struct{}
}

type cached struct {
	Identity
	until time.Time // exclusive
	seen  atomic.Int64
}

func (c *cache) get(key [sha256.Size]byte, now time.Time) (*cached, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e := c.entries[key]
	return e, e != nil && now.Before(e.until)
}

func (c *cache) generation() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.drops
}

func (c *cache) put(key [sha256.Size]byte, e *cached, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops != generation {
		return
	}
	if len(c.entries) >= maxCached || c.entries == nil {
		c.reset()
	}
	c.entries[key] = e
	keys := c.byOwner[e.Owner]
	if keys == nil {
		keys = map[[sha256.Size]byte]struct{}{}
		c.byOwner[e.Owner] = keys
	}
	keys[key] = struct{}{}
}

func (c *cache) reset() {
	c.entries = map[[sha256.Size]byte]*cached{}
	c.byOwner = map[OwnerRef]map[[sha256.Size]byte]struct{}{}
}

func (c *cache) drop(owners []OwnerRef) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	if len(owners) == 0 {
		c.reset()
		return
	}
	for _, o := range owners {
		for key := range c.byOwner[o] {
			delete(c.entries, key)
		}
		delete(c.byOwner, o)
	}
}

// Drop forgets the remembered rights of owners; none means everyone's. The host calls it when something changed that Host.Owner
// answers from, before it tells anybody of the change. It is cheap, and dropping twice is harmless.
func (p *Provider) Drop(owners ...OwnerRef) { p.cache.drop(owners) }
