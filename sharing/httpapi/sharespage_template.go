package httpapi

import "html/template"

// The page for those who drive it from outside. Ids: shares-page (all), done (what was done), problem (what was not), new-link with new-link-address (a
// read-only input) and new-link-text; my-servers with one .my-server for each server, which has data-owner and data-server; shared-with-me.
//
// In .my-server, table.people has a tbody.share for each grantee, with data-kind and data-name and a tr.grant for each way in which they came to it;
// table.links has a tbody.link with data-id for each link; details.give and details.make hold the forms, with a p.problem if theirs failed, and p.may-not
// stands where there are none. In shared-with-me a tbody.received has data-owner, data-server, and data-group if it is through a group. Each form posts
// "action", a word of sharespage_actions.go, and in hidden inputs what it is about. Beside parts of long lists there is a nav.part.
var sharesTemplate = template.Must(template.New("shares").Parse(`
{{- define "what"}}
{{- if not .}}Nothing that this hub knows{{end}}
{{- range .}}<span class="what">{{.}}</span> {{end}}
{{- end}}

{{- define "moment"}}<time datetime="{{.Machine}}">{{.}}</time>{{end}}

{{- define "ends"}}
{{- if .At.IsZero}}{{if .Session}}When the server stops{{else}}Never{{end}}
{{- else}}{{template "moment" .At}}{{if .Session}}, or when the server stops before that{{end}}
{{- end}}
{{- end}}

{{- define "options"}}
{{- range .}}
                <option value="{{.Value}}"{{if .Selected}} selected{{end}}>{{.Text}}</option>
{{- end}}
{{- end}}

{{- define "part"}}
{{- if not .Whole}}
    <nav class="part" id="part-of-{{.Of}}" aria-label="Parts of the list of {{.Name}}">
      <span>{{if .Empty}}None{{else}}{{.From}} to {{.To}}{{end}} of {{.Total}} {{.Name}}{{with .More}}; {{.}} more follow{{end}}.</span>
      {{- if .Before}}
      <a rel="prev" href="?of={{.Of}}&amp;offset={{.Previous}}#part-of-{{.Of}}">Previous {{.Name}}</a>
      {{- end}}
      {{- if .More}}
      <a rel="next" href="?of={{.Of}}&amp;offset={{.Next}}#part-of-{{.Of}}">Next {{.Name}}</a>
      {{- end}}
    </nav>
{{- end}}
{{- end}}

{{- define "server"}}{{if .Name}}server {{.Name}}{{else}}default server{{end}}{{end -}}

<div class="container" id="shares-page">
  <h1>Sharing</h1>
  {{- with .Done}}
  <p id="done" class="alert alert-success" role="status">{{.}}</p>
  {{- end}}
  {{- with .Problem}}
  <p id="problem" class="alert alert-danger" role="alert">{{.}}</p>
  {{- end}}
  {{- with .NewLink}}
  <section id="new-link" class="card" aria-labelledby="new-link-title">
    <div class="card-header"><h2 id="new-link-title">Your new link</h2></div>
    <div class="card-body">
      <label for="new-link-address">Whoever should have access opens this address</label>
      <input id="new-link-address" class="form-control" type="text" readonly value="{{.}}">
      <p><code id="new-link-text">{{.}}</code></p>
      <p><strong>Copy it now: it cannot be shown again.</strong> If it is lost, delete the link below and make another.</p>
    </div>
  </section>
  {{- end}}

  <section id="my-servers" class="section" aria-labelledby="my-servers-title">
    <h2 id="my-servers-title">My servers</h2>
    {{- if .Hidden}}
    <p class="refused">You may not see what is shared of your servers: {{.Hidden}}</p>
    {{- else if not .Servers}}
    <p>You have no servers.</p>
    {{- end}}
    {{- range $s := .Servers}}
    <section class="my-server card" data-owner="{{.Owner}}" data-server="{{.Name}}" aria-labelledby="server-{{.Index}}">
      <div class="card-header">
        <h3 id="server-{{.Index}}">{{if .Name}}Server {{.Name}}{{else}}Default server{{end}}</h3>
        <span class="small"><a {{.At.Href}}>{{.At.Text}}</a> is {{if not .Ready}}not {{end}}running</span>
      </div>
      <div class="card-body">
        <h4>Who has access</h4>
        {{- if .Shares}}
        <table class="table people stack">
          <caption class="visually-hidden">Who has access to your {{template "server" .}}</caption>
          <thead><tr>
            <th scope="col">Who</th><th scope="col">May</th><th scope="col">How</th><th scope="col">Since</th><th scope="col">Ends</th>
            {{- if .MayShare}}<th scope="col"><span class="visually-hidden">Change</span></th>{{end -}}
          </tr></thead>
          {{- range $g := .Shares}}
          <tbody class="share" data-kind="{{.Kind}}" data-name="{{.Name}}">
            {{- range $i, $grant := .Grants}}
            <tr class="grant">
              <th scope="row" data-label="Who"><span class="kind">{{$g.Kind}}</span> {{$g.Name}}</th>
              <td data-label="May">{{template "what" .What}}</td>
              <td data-label="How">
                {{- if not .LinkID}}Directly{{else if .Listed}}By link <a href="#link-{{.LinkID}}">{{.LinkID}}</a>{{else}}By link {{.LinkID}}{{end -}}
              </td>
              <td data-label="Since">{{template "moment" .Since}}</td>
              <td data-label="Ends">{{template "ends" .Ends}}</td>
              {{- if $s.MayShare}}
              <td class="buttons">
                {{- if eq $i 0}}
                <form method="post" action="{{$.Action}}">
                  <input type="hidden" name="_xsrf" value="{{$.XSRF}}">
                  <input type="hidden" name="action" value="revoke">
                  <input type="hidden" name="owner" value="{{$s.Owner}}">
                  <input type="hidden" name="server" value="{{$s.Name}}">
                  <input type="hidden" name="kind" value="{{$g.Kind}}">
                  <input type="hidden" name="grantee" value="{{$g.Name}}">
                  <button type="submit" class="btn btn-sm btn-danger revoke">Revoke<span class="visually-hidden"> all access of {{$g.Kind}} {{$g.Name}} to your {{template "server" $s}}</span></button>
                </form>
                {{- end}}
                {{- if and .LinkID (not .Listed)}}
                <form method="post" action="{{$.Action}}">
                  <input type="hidden" name="_xsrf" value="{{$.XSRF}}">
                  <input type="hidden" name="action" value="delete-access">
                  <input type="hidden" name="owner" value="{{$s.Owner}}">
                  <input type="hidden" name="server" value="{{$s.Name}}">
                  <input type="hidden" name="id" value="{{.LinkID}}">
                  <button type="submit" class="btn btn-sm btn-danger revoke-by-link">Revoke all by link {{.LinkID}}<span class="visually-hidden">, that of {{$g.Kind}} {{$g.Name}} and of all others</span></button>
                </form>
                {{- end}}
              </td>
              {{- end}}
            </tr>
            {{- end}}
          </tbody>
          {{- end}}
        </table>
        {{- else}}
        <p class="none">Nobody{{if not $.SharesPart.Whole}} in this part of the list{{end}}.</p>
        {{- end}}
        <h4>Links</h4>
        {{- if .Links}}
        <table class="table links stack">
          <caption class="visually-hidden">Links to your {{template "server" .}}</caption>
          <thead><tr>
            <th scope="col">Link</th><th scope="col">Gives</th><th scope="col">For</th><th scope="col">Made</th><th scope="col">Works until</th><th scope="col">Used</th>
            {{- if .MayShare}}<th scope="col"><span class="visually-hidden">Change</span></th>{{end -}}
          </tr></thead>
          {{- range .Links}}
          <tbody class="link" data-id="{{.ID}}"><tr id="link-{{.ID}}">
            <th scope="row" data-label="Link">{{.ID}}{{with .Note}} <span class="note">{{.}}</span>{{end}}</th>
            <td data-label="Gives">{{template "what" .What}}{{with .Lasts}}<span class="what lasts">{{.}}</span>{{end}}</td>
            <td data-label="For">
              {{- range $i, $who := .For}}{{if $i}}, {{end}}{{$who}}{{else}}{{if .Bound}}Nobody who still exists{{else}}Anyone{{end}}{{end -}}
            </td>
            <td data-label="Made">{{template "moment" .Made}}</td>
            <td data-label="Works until">{{template "moment" .Works}}</td>
            <td data-label="Used">{{.Used}}</td>
            {{- if $s.MayShare}}
            <td class="buttons">
              <form method="post" action="{{$.Action}}">
                <input type="hidden" name="_xsrf" value="{{$.XSRF}}">
                <input type="hidden" name="owner" value="{{$s.Owner}}">
                <input type="hidden" name="server" value="{{$s.Name}}">
                <input type="hidden" name="id" value="{{.ID}}">
                <button type="submit" name="action" value="delete" class="btn btn-sm btn-danger">Delete<span class="visually-hidden"> link {{.ID}}, and leave the access that it gave</span></button>
                <button type="submit" name="action" value="delete-access" class="btn btn-sm btn-danger">Delete with its access<span class="visually-hidden">: link {{.ID}} and what it gave</span></button>
              </form>
            </td>
            {{- end}}
          </tr></tbody>
          {{- end}}
        </table>
        {{- else}}
        <p class="none">None{{if not $.LinksPart.Whole}} in this part of the list{{end}}.</p>
        {{- end}}
        {{- if not .MayShare}}
        <p class="may-not">You cannot share this server: this hub has not given you the permission <code>shares</code> on it.</p>
        {{- else}}
        <details class="give"{{if .Grant.Problem}} open{{end}}>
          <summary class="btn">Share with somebody<span class="visually-hidden">: your {{template "server" .}}</span></summary>
          <form method="post" action="{{$.Action}}" class="fields">
            {{- with .Grant.Problem}}
            <p id="give-problem-{{$s.Index}}" class="problem alert alert-danger" role="alert">{{.}}</p>
            {{- end}}
            <input type="hidden" name="_xsrf" value="{{$.XSRF}}">
            <input type="hidden" name="action" value="grant">
            <input type="hidden" name="owner" value="{{.Owner}}">
            <input type="hidden" name="server" value="{{.Name}}">
            <div>
              <label for="give-kind-{{.Index}}">With</label>
              <select id="give-kind-{{.Index}}" name="kind" class="form-control">
                {{- template "options" .Grant.Options "kind"}}
              </select>
            </div>
            <div>
              <label for="give-name-{{.Index}}">Name</label>
              <input id="give-name-{{.Index}}" name="grantee" type="text" class="form-control" required value="{{.Grant.Typed "grantee"}}" autocomplete="off" autocapitalize="off" spellcheck="false"{{if .Grant.Problem}} aria-describedby="give-problem-{{.Index}}" autofocus{{end}}>
            </div>
            <div>
              <label for="give-what-{{.Index}}">They may</label>
              <select id="give-what-{{.Index}}" name="what" class="form-control">
                {{- template "options" .Grant.Options "what"}}
              </select>
            </div>
            <div>
              <label for="give-lasts-{{.Index}}">For how long</label>
              <select id="give-lasts-{{.Index}}" name="lasts" class="form-control">
                {{- template "options" .Grant.Options "lasts"}}
              </select>
            </div>
            <button type="submit" class="btn btn-jupyter">Share<span class="visually-hidden"> your {{template "server" .}}</span></button>
          </form>
        </details>
        <details class="make"{{if .Link.Problem}} open{{end}}>
          <summary class="btn">Make a link<span class="visually-hidden"> to your {{template "server" .}}</span></summary>
          <form method="post" action="{{$.Action}}" class="fields">
            {{- with .Link.Problem}}
            <p id="make-problem-{{$s.Index}}" class="problem alert alert-danger" role="alert">{{.}}</p>
            {{- end}}
            <input type="hidden" name="_xsrf" value="{{$.XSRF}}">
            <input type="hidden" name="action" value="link">
            <input type="hidden" name="owner" value="{{.Owner}}">
            <input type="hidden" name="server" value="{{.Name}}">
            <div>
              <label for="make-what-{{.Index}}">Whoever opens it may</label>
              <select id="make-what-{{.Index}}" name="what" class="form-control"{{if .Link.Problem}} aria-describedby="make-problem-{{.Index}}" autofocus{{end}}>
                {{- template "options" .Link.Options "what"}}
              </select>
            </div>
            <div>
              <label for="make-lasts-{{.Index}}">For how long, once they have accepted</label>
              <select id="make-lasts-{{.Index}}" name="lasts" class="form-control">
                {{- template "options" .Link.Options "lasts"}}
              </select>
            </div>
            <div>
              <label for="make-works-{{.Index}}">The link works</label>
              <select id="make-works-{{.Index}}" name="works" class="form-control">
                {{- template "options" .Link.Options "works"}}
              </select>
            </div>
            <div>
              <label for="make-uses-{{.Index}}">How often (empty: without limit)</label>
              <input id="make-uses-{{.Index}}" name="uses" type="number" class="form-control" min="1" max="{{$.MaxUses}}" step="1" value="{{.Link.Typed "uses"}}">
            </div>
            <div>
              <label for="make-domain-{{.Index}}">Only for users at (empty: for anyone)</label>
              <input id="make-domain-{{.Index}}" name="domain" type="text" class="form-control" placeholder="example.org" value="{{.Link.Typed "domain"}}" autocomplete="off" autocapitalize="off" spellcheck="false">
            </div>
            <div>
              <label for="make-note-{{.Index}}">Note (visitors do not see it)</label>
              <input id="make-note-{{.Index}}" name="note" type="text" class="form-control" maxlength="{{$.MaxNote}}" value="{{.Link.Typed "note"}}" autocomplete="off">
            </div>
            <button type="submit" class="btn btn-jupyter">Make a link<span class="visually-hidden"> to your {{template "server" .}} now</span></button>
          </form>
        </details>
        {{- end}}
      </div>
    </section>
    {{- end}}
    {{- template "part" .ServersPart}}
    {{- template "part" .SharesPart}}
    {{- template "part" .LinksPart}}
  </section>

  <section id="shared-with-me" class="section" aria-labelledby="shared-with-me-title">
    <h2 id="shared-with-me-title">Shared with me</h2>
    {{- if .Locked}}
    <p class="refused">You may not see what is shared with you: {{.Locked}}</p>
    {{- else if not .Received}}
    <p class="none">Nothing{{if not .ReceivedPart.Whole}} in this part of the list{{end}}.</p>
    {{- else}}
    <table class="table stack">
      <caption class="visually-hidden">What is shared with you</caption>
      <thead><tr>
        <th scope="col">Server</th><th scope="col">Owner</th><th scope="col">You may</th><th scope="col">How</th><th scope="col">Since</th><th scope="col">Ends</th>
        <th scope="col"><span class="visually-hidden">Change</span></th>
      </tr></thead>
      {{- range $r := .Received}}
      <tbody class="received" data-owner="{{.Owner}}" data-server="{{.Server}}"{{with .Group}} data-group="{{.}}"{{end}}>
        {{- range $i, $grant := .Grants}}
        <tr class="grant">
          <th scope="row" data-label="Server"><a {{$r.At.Href}}>{{if $r.Server}}{{$r.Server}}{{else}}Default server{{end}}<span class="visually-hidden"> of {{$r.Owner}}</span></a></th>
          <td data-label="Owner">{{$r.Owner}}</td>
          <td data-label="You may">{{template "what" .What}}</td>
          <td data-label="How">{{with $r.Group}}Through group {{.}}{{else}}{{if .LinkID}}By a link{{else}}Directly{{end}}{{end}}</td>
          <td data-label="Since">{{template "moment" .Since}}</td>
          <td data-label="Ends">{{template "ends" .Ends}}</td>
          <td class="buttons">
            {{- if and $r.MayLeave (eq $i 0)}}
            <form method="post" action="{{$.Action}}">
              <input type="hidden" name="_xsrf" value="{{$.XSRF}}">
              <input type="hidden" name="action" value="leave">
              <input type="hidden" name="owner" value="{{$r.Owner}}">
              <input type="hidden" name="server" value="{{$r.Server}}">
              <input type="hidden" name="kind" value="user">
              <input type="hidden" name="grantee" value="{{$.Visitor}}">
              <button type="submit" class="btn btn-sm btn-danger leave">Leave<span class="visually-hidden"> the {{if $r.Server}}server {{$r.Server}}{{else}}default server{{end}} of {{$r.Owner}}</span></button>
            </form>
            {{- else if and $r.Group (eq $i 0)}}
            <span class="small">Yours as long as you are in the group</span>
            {{- end}}
          </td>
        </tr>
        {{- end}}
      </tbody>
      {{- end}}
    </table>
    {{- end}}
    {{- template "part" .ReceivedPart}}
  </section>
</div>
`))
