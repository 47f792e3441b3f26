package httpapi

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"slices"
	"strconv"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// The main blocks that go into the host's layout. Element names, classes and texts are those that clients and tests look for (OA-36, HB-68, HB-72).
var (
	consentBlock = template.Must(template.New("consent").Parse(`<div class="container">
  <div class="row justify-content-center">
    <div class="col-md-8">
      <h1 class="text-center">Authorize access</h1>
      <p class="lead">An application wants to know who you are.</p>
      <p>
        {{.Client}} (oauth URL: {{.RedirectURI}})
        would like permission to identify you.
        {{- if .IdentifyOnly}}
        It will not be able to
        take actions on your behalf.
        {{- end}}
      </p>
      <form method="post" action="">
        <div class="card">
          <div class="card-header">
            <p class="h5">If you authorize it, it may:</p>
          </div>
          <div class="card-body">
            <input type="hidden" name="_xsrf" value="{{.XSRF}}">
            {{- range .Scopes}}
            <input type="hidden" name="scopes" value="{{.}}">
            {{- end}}
            {{- range .Descriptions}}
            <div class="checkbox input-group">
              <label>
                <input type="checkbox" name="raw-scopes" checked="checked" title="This authorization is required" disabled="disabled">
                <span>
                  {{.Text}}
                  {{- if .Filter}}
                  Applies to {{.Filter}}.
                  {{- end}}
                </span>
              </label>
            </div>
            {{- end}}
          </div>
          <div class="card-footer">
            <button type="submit" class="form-control btn btn-jupyter mt-2">Authorize</button>
          </div>
        </div>
      </form>
    </div>
  </div>
</div>
`))
	errorBlock = template.Must(template.New("error").Parse(`<div class="error">
  <h1>{{.Status}} : {{.Reason}}</h1>
  {{- if .Message}}
  <p>{{.Message}}</p>
  {{- end}}
</div>
`))
	plainPage = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>JupyterHub</title></head>
<body>
{{.}}
</body></html>
`))
)

func (h *Handler) writeConsent(w http.ResponseWriter, r *http.Request, c oauth.Consent, xsrf string) {
	c.Descriptions = h.filterTexts(r.Context(), c.Descriptions)
	h.write(w, r, http.StatusOK, consentBlock, struct {
		oauth.Consent
		Scopes []string
		XSRF   string
	}{c, scopes.Strings(c.Scopes), xsrf})
}

// filterTexts puts a stock hub's words for a filter without a name in place of ours, or tells that it would have used them (HB-193).
func (h *Handler) filterTexts(ctx context.Context, lines []scopes.Description) []scopes.Description {
	out := slices.Clone(lines)
	for i, d := range out {
		switch {
		case d.Scope.Name != "" || d.Scope.Kind == "" || d.Scope.Kind == scopes.KindUser:
		case h.cfg.StockFilterText:
			out[i].Filter = d.Scope.Kind + " "
		case h.cfg.OnDifference != nil:
			h.cfg.OnDifference(ctx, "HB-193", "it would have said: Applies to "+d.Scope.Kind+" .")
		}
	}
	return out
}

func (h *Handler) writeError(w http.ResponseWriter, r *http.Request, err *web.Error) {
	for name, values := range err.Header {
		w.Header()[name] = values
	}
	h.write(w, r, err.Status, errorBlock, struct {
		Status          int
		Reason, Message string
	}{err.Status, http.StatusText(err.Status), err.Message})
}

// write renders before it sends anything, so that a failure can still become a 500.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, status int, block *template.Template, data any) {
	var main bytes.Buffer
	if err := block.Execute(&main, data); err != nil {
		h.log.ErrorContext(r.Context(), "render page", "page", block.Name(), "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	// The block escaped whatever it was given.
	html := template.HTML(main.String()) //nolint:gosec // made by html/template a line above
	if h.cfg.Layout != nil {
		h.cfg.Layout(w, r, status, html)
		return
	}
	var page bytes.Buffer
	if err := plainPage.Execute(&page, html); err != nil {
		h.log.ErrorContext(r.Context(), "render page", "page", plainPage.Name(), "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the client has gone; nobody is left to tell
}
