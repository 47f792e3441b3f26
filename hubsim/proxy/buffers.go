package proxy

import "sync"

// bufferSize is what httputil.ReverseProxy would make for each answer.
const bufferSize = 32 << 10

// buffers lends what answers pass through. Whoever has one reads from it only what they wrote into it themselves.
type buffers struct{ pool sync.Pool }

// Get gives a buffer until it is put back.
func (b *buffers) Get() []byte {
	if known, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return known[:]
	}
	return make([]byte, bufferSize)
}

// Put takes it back.
func (b *buffers) Put(buffer []byte) { b.pool.Put((*[bufferSize]byte)(buffer)) }
