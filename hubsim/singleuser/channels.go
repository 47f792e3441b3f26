package singleuser

import (
	"context"
	"net/http"

	"github.com/coder/websocket"
)

// serveChannels echoes every message (HB-128). Only pages of this host may open
// one: the visitor's cookie alone would also come along for others.
func (s *Server) serveChannels(w http.ResponseWriter, r *http.Request) {
	ctx, end := context.WithCancel(s.ctx)
	defer end()
	k := &socket{visitor(r).Name, r, end}
	if !s.addSocket(k) {
		s.refuse(w, r, http.StatusServiceUnavailable, "")
		return
	}
	defer s.removeSocket(k)
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // answered by Accept
	}
	defer func() { _ = conn.CloseNow() }()
	for {
		kind, message, err := conn.Read(ctx)
		if err == nil {
			s.touch()
			err = conn.Write(ctx, kind, message)
		}
		if err != nil {
			return // the visitor left or may not stay, or the server closes
		}
	}
}

// socket is an open WebSocket: whose, how they asked for it, and what ends it.
type socket struct {
	visitor string
	request *http.Request
	end     context.CancelFunc
}

func (s *Server) addSocket(k *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.sockets.Add(1)
	s.open[k] = struct{}{}
	return true
}

func (s *Server) removeSocket(k *socket) {
	s.mu.Lock()
	delete(s.open, k)
	s.mu.Unlock()
	s.sockets.Done()
}
