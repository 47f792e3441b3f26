package twin_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// exchange is one request and what matters of its answer, with secrets, times and numbers of things masked.
type exchange struct {
	Name    string            `json:"name"`
	Request string            `json:"request"`
	Status  int               `json:"status"`
	Header  map[string]string `json:"header,omitempty"`
	Cookies []string          `json:"cookies,omitempty"`
	Body    any               `json:"body,omitempty"`
}

// headers are those that a client may notice. Those of the transport, and Date and Server, are not.
var headers = []string{"Content-Type", "Location", "Cache-Control", "Www-Authenticate", "Content-Security-Policy", "X-Jupyterhub-Version",
	"Access-Control-Allow-Headers", "X-Content-Type-Options", "Allow", "Retry-After", "Refresh", "Pragma"}

// record takes down an answer whose body was read.
func (m *masks) record(name, request string, resp *http.Response, body []byte, secrets secretPlaces) exchange {
	x := exchange{Name: name, Request: request, Status: resp.StatusCode, Header: map[string]string{}}
	kind := resp.Header.Get("Content-Type")
	var parsed any
	isJSON := strings.HasPrefix(kind, "application/") && json.Unmarshal(body, &parsed) == nil
	var page *html.Node
	if isJSON {
		m.learnJSON(parsed, secrets)
	} else if strings.HasPrefix(kind, "text/html") {
		page, _ = html.Parse(strings.NewReader(string(body))) // reads anything
	}
	for _, c := range resp.Cookies() {
		if c.Name == "_xsrf" { // real hubs draw it from who asks, so it is the same again
			m.same("<_xsrf>", c.Value)
			continue
		}
		m.learn("cookie", c.Value)
	}
	if u, err := url.Parse(resp.Header.Get("Location")); err == nil {
		for key, values := range u.Query() {
			switch key {
			case "code":
				m.learn(key, values[0])
			case "_xsrf":
				m.same("<_xsrf>", values[0])
			}
		}
	}
	for _, h := range headers {
		if v := resp.Header.Values(h); len(v) > 0 {
			x.Header[h] = m.text(strings.Join(v, ", "))
		}
	}
	for _, c := range resp.Cookies() {
		x.Cookies = append(x.Cookies, m.cookie(c))
	}
	slices.Sort(x.Cookies)
	switch {
	case isJSON:
		x.Body = m.json("", parsed)
	case page != nil:
		x.Body = m.page(page)
	case strings.HasPrefix(kind, "text/event-stream"):
		x.Body = m.events(string(body))
	case len(body) > 0:
		x.Body = m.text(string(body))
	}
	return x
}

// cookie says everything of a cookie but its value, and of its end only how many days off that is.
func (m *masks) cookie(c *http.Cookie) string {
	parts := []string{m.text(c.Name), "Path=" + m.text(c.Path)}
	switch {
	case c.Value == "" || c.MaxAge < 0 || !c.Expires.IsZero() && c.Expires.Before(time.Now()):
		parts = append(parts, "deleted")
	case c.MaxAge > 0:
		parts = append(parts, fmt.Sprintf("Max-Age=%d", c.MaxAge))
	case !c.Expires.IsZero():
		parts = append(parts, fmt.Sprintf("expires in %d days", int(time.Until(c.Expires).Hours()/24+0.5)))
	}
	if c.HttpOnly {
		parts = append(parts, "HttpOnly")
	}
	if c.Secure {
		parts = append(parts, "Secure")
	}
	if c.Domain != "" {
		parts = append(parts, "Domain="+c.Domain)
	}
	switch c.SameSite {
	case http.SameSiteLaxMode:
		parts = append(parts, "SameSite=Lax")
	case http.SameSiteStrictMode:
		parts = append(parts, "SameSite=Strict")
	case http.SameSiteNoneMode:
		parts = append(parts, "SameSite=None")
	}
	return strings.Join(parts, "; ")
}

// events are what a stream said, without the empty lines that keep it open.
func (m *masks) events(stream string) any {
	out := []any{}
	for line := range strings.Lines(stream) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data:")
		var parsed any
		if ok && json.Unmarshal([]byte(data), &parsed) == nil {
			out = append(out, m.json("", parsed))
		} else if strings.TrimSpace(line) != "" {
			out = append(out, m.text(line))
		}
	}
	return out
}

// page takes from a page what a program could use of it: its forms. How it looks is each hub's own.
func (m *masks) page(n *html.Node) any {
	forms := []any{}
	for node := range n.Descendants() {
		if node.Type != html.ElementNode || node.Data != "form" {
			continue
		}
		inputs := []any{}
		for in := range node.Descendants() {
			if in.Type == html.ElementNode && in.Data == "input" && attribute(in, "name") != "" && attribute(in, "type") != "submit" {
				name := attribute(in, "name")
				value := attribute(in, "value")
				if name == "_xsrf" {
					m.same("<_xsrf>", value)
				}
				inputs = append(inputs, name+" ("+orText(attribute(in, "type"))+") = "+m.text(value))
			}
		}
		action := attribute(node, "action")
		if u, err := url.Parse(action); err == nil && u.Query().Get("_xsrf") != "" {
			m.same("<_xsrf>", u.Query().Get("_xsrf"))
		}
		forms = append(forms, map[string]any{"action": m.text(action), "method": strings.ToUpper(attribute(node, "method")), "inputs": inputs})
	}
	if len(forms) == 0 {
		return map[string]any{"page": true}
	}
	return map[string]any{"page": true, "forms": forms}
}

func orText(kind string) string {
	if kind == "" {
		return "text"
	}
	return kind
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// difference is one place in which two answers to the same request differ.
type difference struct {
	Step, Field  string
	Real, Hubsim string
}

// compare lists the differences between two walks.
func compare(real, sim []exchange) []difference {
	var out []difference
	ours := map[string]exchange{}
	for _, x := range sim {
		ours[x.Name] = x
	}
	for _, r := range real {
		s, ok := ours[r.Name]
		if !ok {
			out = append(out, difference{r.Name, "request", r.Request, "(not walked)"})
			continue
		}
		delete(ours, r.Name)
		out = append(out, compareOne(r, s)...)
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		out = append(out, difference{name, "request", "(not walked)", ours[name].Request})
	}
	return out
}

func compareOne(r, s exchange) []difference {
	a, b := map[string]string{}, map[string]string{}
	flatten("", asTree(r), a)
	flatten("", asTree(s), b)
	var out []difference
	for _, field := range slices.Sorted(maps.Keys(union(a, b))) {
		x, inReal := a[field]
		y, inSim := b[field]
		if !inReal {
			x = "(absent)"
		}
		if !inSim {
			y = "(absent)"
		}
		if x != y {
			out = append(out, difference{r.Name, field, x, y})
		}
	}
	return out
}

func union(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// asTree is an exchange as JSON sees it, so that one from a file and one just recorded are alike.
func asTree(x exchange) any {
	text, err := json.Marshal(x)
	if err != nil {
		panic(err) // it was JSON before
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}

func texts(list []any) bool {
	return !slices.ContainsFunc(list, func(v any) bool { _, ok := v.(string); return !ok })
}

// flatten writes the leaves of a tree by their paths, "body.scopes[2]".
func flatten(path string, v any, into map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			into[path] = "{}"
		}
		for key, inner := range v {
			flatten(strings.TrimPrefix(path+"."+key, "."), inner, into)
		}
	case []any:
		if len(v) == 0 {
			into[path] = "[]"
		}
		if texts(v) { // named by what they say, so that one more does not make all that follow differ
			for _, inner := range v {
				into[fmt.Sprintf("%s[%s]", path, inner)] = "present"
			}
			return
		}
		for i, inner := range v {
			flatten(fmt.Sprintf("%s[%d]", path, i), inner, into)
		}
	default:
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // it was JSON before
		}
		into[path] = string(text)
	}
}
