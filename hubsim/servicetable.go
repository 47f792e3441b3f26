package hubsim

import (
	"slices"
	"sync"
)

// services are those of one hub. The zero value has none.
type services struct {
	mu           sync.RWMutex
	list         []*service // as configured, then as made
	byName, byID map[string]*service
}

// all gives them in their order.
func (s *services) all() []*service {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.list)
}

// named gives the service of a name, nil if there is none.
func (s *services) named(name string) *service {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byName[name]
}

// withID gives the service of an id, nil if there is none.
func (s *services) withID(id string) *service {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[id]
}

func (s *services) add(one *service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName == nil {
		s.byName, s.byID = map[string]*service{}, map[string]*service{}
	}
	s.list = append(s.list, one)
	s.byName[one.Name], s.byID[one.id] = one, one
}

func (s *services) remove(one *service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = slices.DeleteFunc(slices.Clone(s.list), func(x *service) bool { return x == one })
	delete(s.byName, one.Name)
	delete(s.byID, one.id)
}
