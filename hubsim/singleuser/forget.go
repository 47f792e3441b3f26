package singleuser

import (
	"context"
	"net/http"
	"slices"
)

// Forget is for a hub that tells its servers of changes (SH-166): what it said of these people is not believed any more. No names = everybody.
func (s *Server) Forget(names ...string) { s.auth.Forget(names...) }

// Review closes the WebSockets of these people (no names = everybody's), unless the hub, asked again, still lets them in. It does not wait for the hub's answers,
// since the hub may be what waits for its return.
func (s *Server) Review(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for k := range s.open {
		if len(names) > 0 && !slices.Contains(names, k.visitor) {
			continue
		}
		s.sockets.Go(func() {
			if !s.admits(k) {
				k.end()
			}
		})
	}
}

// admits asks as if the socket was opened now.
func (s *Server) admits(k *socket) (in bool) {
	ctx, cancel := context.WithTimeout(s.ctx, hubTimeout)
	defer cancel()
	s.auth.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		in = visitor(r).Name == k.visitor
	})).ServeHTTP(unheard{}, k.request.Clone(ctx))
	return in
}

// unheard is where an answer goes that nobody waits for.
type unheard struct{}

func (unheard) Header() http.Header         { return http.Header{} }
func (unheard) Write(b []byte) (int, error) { return len(b), nil }
func (unheard) WriteHeader(int)             {}
