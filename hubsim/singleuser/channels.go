package singleuser

import (
	"net/http"

	"github.com/coder/websocket"
)

// serveChannels echoes every message (HB-128). Only pages of this host may open
// one: the visitor's cookie alone would also come along for others.
func (s *Server) serveChannels(w http.ResponseWriter, r *http.Request) {
	if !s.addSocket() {
		s.refuse(w, r, http.StatusServiceUnavailable, "")
		return
	}
	defer s.removeSocket()
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // answered by Accept
	}
	defer func() { _ = conn.CloseNow() }()
	for {
		kind, message, err := conn.Read(s.ctx)
		if err == nil {
			s.touch()
			err = conn.Write(s.ctx, kind, message)
		}
		if err != nil {
			return // the visitor left, or the server closes
		}
	}
}

func (s *Server) addSocket() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.sockets.Add(1)
	s.open++
	return true
}

func (s *Server) removeSocket() {
	s.mu.Lock()
	s.open--
	s.mu.Unlock()
	s.sockets.Done()
}
