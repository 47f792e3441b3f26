package hubauth

import "slices"

// Forget drops what is remembered of users and services with these names, and of all whom the hub did not know; without a name, of everybody. The hub is asked at
// their next request, also if it is being asked right now. It is for those who hear of a change before CacheAge is over (SH-166).
func (a *Auth) Forget(names ...string) { a.cache.drop(names) }

func (c *cache) drop(names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	if len(names) == 0 {
		c.entries = nil
		return
	}
	for key, e := range c.entries {
		if e.user == nil || slices.Contains(names, e.user.Name) {
			delete(c.entries, key)
		}
	}
}

func (c *cache) dropped() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drops
}
