package httpapi

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// invitation is what the accept page shows. Issuer, expiry, statistics and what the visitor has already are not part of it (SH-146).
type invitation struct {
	code    sharing.Code
	secret  string
	visitor Visitor
	target  string
	xsrf    string
}

// The elements and their order are a contract with those who drive this page from outside (SH-146, SH-147).
var invitationTemplate = template.Must(template.New("invitation").Parse(`<div class="container">
  <div class="row justify-content-center">
    <div class="col-md-6">
      <h1 class="text-center">Accept sharing invitation</h1>
      <p class="lead">
        You ({{.Visitor}}) have been invited to access {{.Owner}}'s server{{with .Server}} ({{.}}){{end}} at <a {{.URL.Href}}>{{.URL.Text}}</a>
      </p>
      {{- if not .Ready}}
      <p class="alert alert-danger">
        The server at {{.URL.Text}} is not currently running.
        Once you have accepted, ask {{.Owner}} to start it if you find it stopped.
      </p>
      {{- end}}
      <form method="post" action="">
        <div class="card">
          <div class="card-header">
            If you accept, you may do the following, on this server only:
          </div>
          <div class="card-body">
            <input type="hidden" name="_xsrf" value="{{.XSRF}}" />
            <input type="hidden" name="code" value="{{.Code}}" />
            {{- range .Scopes}}
            <div class="form-check input-group">
              <label>
                <span>
                  {{.Text}}
                  Applies to {{.Filter}}.
                </span>
              </label>
            </div>
            {{- end}}
            {{- with .Lasting}}
            <p>{{.}}</p>
            {{- end}}
          </div>
          <div class="card-footer">
            <button type="submit" class="form-control btn btn-jupyter">Accept invitation</button>
            <p class="small">
              You will then be taken to <a {{.Target.Href}}>{{.Target.Text}}</a>.
            </p>
          </div>
        </div>
      </form>
    </div>
  </div>
</div>
`))

var errorTemplate = template.Must(template.New("error").Parse(`<div class="error">
  <h1>{{.Status}} : {{.Phrase}}</h1>
  {{- with .Message}}
  <p>{{.}}</p>
  {{- end}}
</div>
`))

// link is a path on this host, shown as it is. The template package would encode some characters of an address once more, so that what is
// shown and what is linked would differ (SH-149); instead the attribute is made here, escaped, from a text that begins with one slash.
type link struct{ Text string }

// Href is the whole attribute.
func (l link) Href() template.HTMLAttr {
	return template.HTMLAttr(`href="` + template.HTMLEscapeString(l.Text) + `"`)
}

// local makes a link only of what cannot lead off this host or be a script.
func local(path string) (link, error) {
	if clean, ok := web.ValidateNext(path); !ok || clean != path {
		return link{}, fmt.Errorf("link to %q: not a path on this host", path)
	}
	return link{path}, nil
}

func (h *Handler) invitationPage(w http.ResponseWriter, r *http.Request, inv invitation) {
	main, err := h.invitationMain(inv)
	if err != nil {
		h.errorPage(w, r, h.httpError(r, err, acceptance{}))
		return
	}
	h.layout(w, r, http.StatusOK, main)
}

func (h *Handler) invitationMain(inv invitation) (template.HTML, error) {
	path, _, ready := h.cfg.Host.ServerURL(inv.code.Server)
	at, err := local(path)
	if err != nil {
		return "", err
	}
	target, err := local(inv.target)
	if err != nil {
		return "", err
	}
	return execute(invitationTemplate, struct {
		Visitor, Owner, Server, XSRF, Code string
		URL, Target                        link
		Ready                              bool
		Scopes                             []scopes.Description
		Lasting                            string
	}{
		Visitor: inv.visitor.Name, Owner: inv.code.Server.Owner.Name, Server: inv.code.Server.Name, XSRF: inv.xsrf, Code: inv.secret,
		URL: at, Target: target, Ready: ready, Scopes: h.describe(inv.code.Scopes, inv.visitor.Name),
		Lasting: accessEnds(inv.code.Terms),
	})
}

// describe gives one line for each scope. One that the hub no longer defines grants nothing, so it is left out.
func (h *Handler) describe(list []scopes.Scope, visitor string) []scopes.Description {
	var out []scopes.Description
	for _, s := range list {
		if d, err := h.cfg.Service.Registry.Describe([]scopes.Scope{s}, visitor); err == nil {
			out = append(out, d...)
		}
	}
	return out
}

// errorPage shows a refusal, its text included (SH-145).
func (h *Handler) errorPage(w http.ResponseWriter, r *http.Request, e *web.Error) {
	for name, values := range e.Header {
		w.Header()[name] = values
	}
	main, err := execute(errorTemplate, struct {
		Status          int
		Phrase, Message string
	}{e.Status, http.StatusText(e.Status), e.Message})
	if err != nil {
		// Three plain values cannot fail to print.
		main = template.HTML(http.StatusText(e.Status))
	}
	h.layout(w, r, e.Status, main)
}

func execute[D any](t *template.Template, data D) (template.HTML, error) {
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return "", fmt.Errorf("print page %s: %w", t.Name(), err)
	}
	return template.HTML(b.String()), nil
}

// layout puts the host's shell around a main block, or a plain one.
func (h *Handler) layout(w http.ResponseWriter, r *http.Request, status int, main template.HTML) {
	if h.cfg.Layout != nil {
		h.cfg.Layout(w, r, status, main)
		return
	}
	w.WriteHeader(status)
	// An error means that the visitor has gone.
	_, _ = fmt.Fprintf(w, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>JupyterHub</title></head>\n<body>\n%s</body>\n</html>\n", main)
}
