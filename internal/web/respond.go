package web

import (
	"net/http"
	"strconv"
	"strings"
)

// Site is what every response of one hub says about it.
type Site struct {
	BaseURL string // escaped; starts and ends with '/', so "/" at least
	Version string // value of X-JupyterHub-Version (HB-6)
}

// HubPrefix is the escaped path below which the hub's own pages and API live
// (HB-2).
func (s Site) HubPrefix() string { return s.BaseURL + "hub/" }

// APIHeaders sets what every API response carries (SH-62, HB-132). None of it
// lets another origin in: there is no Access-Control-Allow-Origin.
func (s Site) APIHeaders(h http.Header) {
	s.headers(h, "; default-src 'none'")
	h.Set("Content-Type", "application/json")
}

// PageHeaders sets what every HTML response and redirect carries (SH-62,
// HB-132). Pages that embed tokens or XSRF values need NoStore as well.
func (s Site) PageHeaders(h http.Header) {
	s.headers(h, "")
	h.Set("Content-Type", "text/html")
}

func (s Site) headers(h http.Header, csp string) {
	h.Set("X-JupyterHub-Version", s.Version)
	h.Set("Access-Control-Allow-Headers", "accept, content-type, authorization")
	h.Set("Content-Security-Policy", "frame-ancestors 'none'; report-uri "+s.HubPrefix()+"security/csp-report"+csp)
}

// NoStore forbids any cache to keep the response (SH-62, HB-183).
func NoStore(h http.Header) { h.Set("Cache-Control", "no-store") }

// WriteJSON answers with v in JSON, '<', '>' and '&' as they are and without a
// line end. A value that cannot be encoded is a mistake in the program and
// answers 500 without any detail.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	if text, ok := encode(w, v); ok {
		writeJSON(w, status, text)
	}
}

// encode gives v in JSON; not ok = it has no such form, and the answer says so already.
func encode(w http.ResponseWriter, v any) (text []byte, ok bool) {
	text, err := appendJSON(make([]byte, 0, 1<<10), v)
	if err != nil {
		WriteError(w, &Error{Status: http.StatusInternalServerError})
	}
	return text, err == nil
}

func writeJSON(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client has gone; nobody is left to tell
}

// WriteError answers an API request with a refusal (SH-53, HB-133). Headers in
// err replace those already set.
func WriteError(w http.ResponseWriter, err *Error) {
	for name, values := range err.Header {
		w.Header()[name] = values
	}
	WriteJSON(w, err.Status, struct {
		Status  int    `json:"status"`
		Message string `json:"message"`
	}{err.Status, err.Text()})
}

// WriteNoContent answers 204: no body and no Content-Type (SH-61).
func WriteNoContent(w http.ResponseWriter) {
	w.Header().Del("Content-Type")
	w.WriteHeader(http.StatusNoContent)
}

// Redirect answers with an empty body and the location as given (SH-152):
// http.Redirect would clean the path and so change which resource it names.
// Only bytes that do not belong in a header are percent-encoded. It does not
// judge where the location leads; see ValidateNext.
func Redirect(w http.ResponseWriter, status int, location string) {
	var b strings.Builder
	for i := 0; i < len(location); i++ {
		if c := location[i]; c <= ' ' || c >= 0x7f {
			b.WriteString(EscapeSegment(string([]byte{c})))
		} else {
			b.WriteByte(c)
		}
	}
	w.Header().Set("Location", b.String())
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}
