package hubsim

import (
	cryptorand "crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
)

// sources are where a hub's secrets come from. With a seed, each is a pure function of the seed, of its kind, and of how many of that kind were drawn before (HB-169).
// Safe for concurrent use; which of two requests at once draws first is theirs to settle.
type sources struct {
	seed uint64 // 0 = they are random

	mu    sync.Mutex
	drawn map[string]uint64 // by kind
}

// of gives the source of the next secret of a kind. Without a seed it is the machine's.
func (s *sources) of(kind string) io.Reader {
	if s.seed == 0 {
		return cryptorand.Reader
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn[kind]++
	return rand.NewChaCha8(s.key(kind, s.drawn[kind]))
}

// key is what all of one secret follows from.
func (s *sources) key(kind string, n uint64) [32]byte {
	text := binary.BigEndian.AppendUint64(nil, s.seed)
	text = binary.BigEndian.AppendUint64(text, n)
	return sha256.Sum256(append(text, kind...))
}

// restart has the count of every kind begin again.
func (s *sources) restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn = map[string]uint64{}
}

// bySize gives each read the next secret of a kind that is named after its size: for whoever draws each of their secrets, and each salt, with one read.
type bySize struct {
	sources *sources
	kind    string
}

func (b bySize) Read(p []byte) (int, error) {
	return io.ReadFull(b.sources.of(fmt.Sprintf("%s/%d", b.kind, len(p))), p)
}

// chance gives what is left to chance but no secret: the same in each run for the same number, with a seed or without.
func (h *Hub) chance(kind string, n int64) *rand.Rand {
	return rand.New(rand.NewChaCha8(h.sources.key(kind, uint64(n)))) //nolint:gosec // it is for tests that can be repeated, and decides nothing that anybody must not know
}

// hex draws 128 bits as 32 hex digits (HB-8).
func (s *sources) hex(kind string) string {
	b := make([]byte, 16)
	_, _ = io.ReadFull(s.of(kind), b) // never fails
	return hex.EncodeToString(b)
}
