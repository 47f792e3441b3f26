package browser

import (
	"slices"
	"sync"
)

// visitList is the list behind Visits: the library calls from its own goroutine.
type visitList struct {
	mu   sync.Mutex
	urls []string
}

func (l *visitList) add(url string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.urls = append(l.urls, url)
}

func (l *visitList) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.urls)
}
