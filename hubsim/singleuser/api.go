package singleuser

import (
	"net/http"
	"slices"

	"github.com/hubshare/hubshare/internal/web"
)

// apiLevel is the version of the Jupyter server API that is imitated here, as
// far as it goes.
const apiLevel = "2.14.0"

// serveVersion is open: it is the readiness probe (HB-114).
func (s *Server) serveVersion(w http.ResponseWriter, _ *http.Request) {
	web.WriteJSON(w, http.StatusOK, struct {
		Version string `json:"version"`
	}{apiLevel})
}

func (s *Server) serveStatus(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	open, active := len(s.open), s.active
	s.mu.Unlock()
	web.WriteJSON(w, http.StatusOK, struct {
		Connections  int      `json:"connections"`
		Kernels      int      `json:"kernels"`
		LastActivity web.Time `json:"last_activity"`
		Started      web.Time `json:"started"`
	}{open, 0, web.Time{Time: active}, web.Time{Time: s.started}})
}

func (s *Server) serveMe(w http.ResponseWriter, r *http.Request) {
	name := visitor(r).Name
	type identity struct {
		Username    string  `json:"username"`
		Name        string  `json:"name"`
		DisplayName string  `json:"display_name"`
		Initials    *string `json:"initials"`
		AvatarURL   *string `json:"avatar_url"`
		Color       *string `json:"color"`
	}
	web.WriteJSON(w, http.StatusOK, struct {
		Identity    identity `json:"identity"`
		Permissions struct{} `json:"permissions"`
	}{Identity: identity{Username: name, Name: name, DisplayName: name}})
}

// serveNothing lists kernels or sessions: there are none.
func serveNothing(w http.ResponseWriter, _ *http.Request) {
	web.WriteJSON(w, http.StatusOK, []struct{}{})
}

// writeAPIError answers with {"message", "reason"} (HB-128); message "" = the
// status's reason phrase.
func writeAPIError(w http.ResponseWriter, status int, message string) {
	if message == "" {
		message = http.StatusText(status)
	}
	web.WriteJSON(w, status, struct {
		Message string  `json:"message"`
		Reason  *string `json:"reason"`
	}{Message: message})
}

// isAPI tells whether a request is answered in JSON. Clients differ in what
// they escape, so decoded segments are compared.
func (s *Server) isAPI(r *http.Request) bool {
	path, err := web.SplitPath(web.EscapedPath(r))
	if err != nil {
		return false
	}
	prefix, _ := web.SplitPath(s.settings.prefix) // valid, or New had refused it
	prefix[len(prefix)-1] = "api"                 // in the place of what follows its last slash
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.refuse(w, r, http.StatusNotFound, "")
}

// refuse answers with the error as JSON or as a page, whatever was asked for.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	if s.isAPI(r) {
		writeAPIError(w, status, message)
		return
	}
	s.writePage(w, status, "error", errorPage{links: links(s.settings.prefix), Code: status, Phrase: http.StatusText(status), Message: message})
}
