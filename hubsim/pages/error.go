package pages

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
)

// Hint is a sentence with a link that an error page adds (HB-72, HB-89).
type Hint int

// The hints there are.
const (
	NoHint      Hint = iota
	RestartHint      // the server may be started again from the home page
	DownHint         // the server does not answer
)

// ErrorPage tells what went wrong (HB-72). The message is shown whatever the
// code: a stock hub hides it on a 404 (SH-145).
type ErrorPage struct {
	Shell  Shell // its Login is taken as false
	Status int   // of the response
	// Code is shown in the heading; 0 = Status. They differ on the page that a
	// proxy fetches to show it in its own name (HB-18).
	Code    int
	Message string // text; "" = the heading alone
	Hint    Hint
}

// Error answers with an error page.
func (p *Pages) Error(w http.ResponseWriter, page ErrorPage) {
	page.Shell.Login = false
	p.write(w, page.Status, "error", page.Shell, errorView(page))
}

// Down answers 503 in the place of a server that does not answer, the way a
// proxy does that knows nothing of the hub: no header but the Content-Type
// (HB-89).
func (p *Pages) Down(w http.ResponseWriter) {
	var b bytes.Buffer
	page := ErrorPage{Status: http.StatusServiceUnavailable, Hint: DownHint}
	if err := p.renderTo(&b, "error", Shell{}, errorView(page)); err != nil {
		p.cfg.Logger.Error("page cannot be rendered", "page", "error", "error", err)
	}
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(page.Status)
	_, _ = w.Write(b.Bytes()) // the visitor has gone; nobody is left to tell
}

type errorPageView struct {
	Heading, Message string
	Restart, Down    bool
}

func errorView(page ErrorPage) errorPageView {
	code := page.Code
	if code == 0 {
		code = page.Status
	}
	phrase := http.StatusText(code)
	if phrase == "" {
		phrase = "Unknown"
	}
	return errorPageView{
		Heading: fmt.Sprintf("%d : %s", code, phrase),
		Message: page.Message,
		Restart: page.Hint == RestartHint,
		Down:    page.Hint == DownHint,
	}
}
