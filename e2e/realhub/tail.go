package realhub

import (
	"io"
	"sync"
)

// tailSize is how much of a hub's output is remembered.
const tailSize = 64 << 10

// tail remembers the end of what is written to it, and passes everything on.
type tail struct {
	to io.Writer

	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if extra := len(t.text) - tailSize; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	if t.to != nil {
		_, _ = t.to.Write(p) // who does not want the output any more must not stop the hub
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
