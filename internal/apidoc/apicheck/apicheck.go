package apicheck

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hubshare/hubshare/internal/apidoc"
	"github.com/hubshare/hubshare/internal/web"
)

// Checker knows what one kind of hub may answer. Safe for concurrent use.
type Checker struct {
	prefix string // of the hub, escaped
	paths  web.Router
	error  *jsonschema.Schema
	ops    []Operation
}

// Operation is one method of one path as the description writes it, "/api/users/{user}" of "GET".
type Operation struct{ Method, Path string }

// item is a path of the description.
type item struct {
	path    string
	page    bool // its refusals are pages
	methods map[string]map[string]response
}

// ServeHTTP makes an item a handler, so that the router of the hub finds it.
func (*item) ServeHTTP(http.ResponseWriter, *http.Request) {}

// response is what an operation may answer with one status.
type response struct {
	headers map[string]*jsonschema.Schema
	content map[string]*jsonschema.Schema // by media type; none = no body
	event   *jsonschema.Schema            // of each event of a stream
}

// Answer is one answer of a hub.
type Answer struct {
	Method, Path string // as sent, escaped
	Status       int
	Header       http.Header
	Body         []byte
}

// String is the answer's first line, as errors begin.
func (a Answer) String() string { return fmt.Sprintf("%s %s answered %d", a.Method, a.Path, a.Status) }

// Operations lists what the description has.
func (c *Checker) Operations() []Operation { return slices.Clone(c.ops) }

// unlisted is how methods are refused that a path does not list, before it is known whether there is what it names, or after.
var unlisted = []int{http.StatusMethodNotAllowed, http.StatusForbidden, http.StatusNotFound}

// Check says in one sentence what is wrong with an answer. Answers to paths that are not below the API's prefix are nobody's business here.
func (c *Checker) Check(a Answer) error {
	if !c.below(a.Path) {
		return nil
	}
	it, op := c.find(a)
	if a.Header.Get("X-JupyterHub-Version") == "" {
		return fmt.Errorf("%s without X-JupyterHub-Version", a)
	}
	switch {
	case it == nil && a.Status == http.StatusNotFound:
		return c.refused(a)
	case it == nil:
		return fmt.Errorf("%s, but the API description has no such path", a)
	case op == nil && a.Method == http.MethodOptions && a.Status == http.StatusOK && !it.page:
		return empty(a)
	case op == nil && !it.page && (slices.Contains(unlisted, a.Status) || a.Status >= 500):
		return c.refused(a)
	case op == nil && it.page && (a.Status >= 400 || a.Method == http.MethodOptions):
		return nil
	case op == nil:
		return fmt.Errorf("%s, but the API description has no such method for %s", a, it.path)
	}
	r, ok := op[strconv.Itoa(a.Status)]
	if !ok {
		r, ok = op[strconv.Itoa(a.Status/100)+"XX"]
	}
	if !ok {
		return fmt.Errorf("%s, but the API description has no such status for %s", a, it.path)
	}
	return r.check(a)
}

// below says whether a path is the API's; one that cannot be decoded is not.
func (c *Checker) below(path string) bool {
	rest, ok := strings.CutPrefix(path, c.prefix+"api")
	if !ok || rest != "" && rest[0] != '/' {
		return false
	}
	_, err := web.SplitPath(path)
	return err == nil
}

func (c *Checker) find(a Answer) (*item, map[string]response) {
	u, err := url.ParseRequestURI(a.Path)
	if err != nil {
		return nil, nil
	}
	handler, _, ok, err := c.paths.Lookup(&http.Request{URL: u})
	if !ok || err != nil {
		return nil, nil
	}
	it, _ := handler.(*item)
	return it, it.methods[a.Method]
}

// refused checks an error that no operation describes.
func (c *Checker) refused(a Answer) error {
	return response{content: map[string]*jsonschema.Schema{"application/json": c.error}}.check(a)
}

func empty(a Answer) error {
	if len(a.Body) > 0 {
		return fmt.Errorf("%s with a body, but the API description has none for it: %s", a, shortened(a.Body))
	}
	return nil
}

func (r response) check(a Answer) error {
	for name, schema := range r.headers {
		switch values := a.Header.Values(name); {
		case len(values) == 0:
			return fmt.Errorf("%s without the header %s, which the API description demands", a, name)
		case schema.Validate(values[0]) != nil:
			return fmt.Errorf("%s with %s: %s, which the API description does not allow", a, name, values[0])
		}
	}
	if len(r.content) == 0 {
		return empty(a)
	}
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	schema, ok := r.content[kind]
	if !ok {
		return fmt.Errorf("%s with Content-Type %q, which the API description does not have for it", a, kind)
	}
	switch {
	case kind == "text/event-stream":
		return r.events(a)
	case kind != "application/json":
		if err := schema.Validate(string(a.Body)); err != nil {
			return fmt.Errorf("%s with a text that the API description does not allow: %s: %s", a, plain(err), shortened(a.Body))
		}
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.Body))
	if err != nil {
		return fmt.Errorf("%s with what is no JSON: %w: %s", a, err, shortened(a.Body))
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("%s with a body that the API description does not allow: %s: %s", a, plain(err), shortened(a.Body))
	}
	return statusAgrees(a, value)
}

// statusAgrees: an error repeats its status (HB-133).
func statusAgrees(a Answer, value any) error {
	body, ok := value.(map[string]any)
	if !ok || a.Status < 400 || body["status"] == nil {
		return nil
	}
	if said := fmt.Sprint(body["status"]); said != strconv.Itoa(a.Status) {
		return fmt.Errorf("%s with another status in its body: %s", a, said)
	}
	return nil
}

// events checks a stream: nothing but data and signs of life (HB-100).
func (r response) events(a Answer) error {
	for line := range strings.SplitSeq(string(a.Body), "\n") {
		if line == "" {
			continue
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			return fmt.Errorf("%s with a line in its stream that is no event: %q", a, line)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(data))
		if err == nil {
			err = r.event.Validate(value)
		}
		if err != nil {
			return fmt.Errorf("%s with an event that the API description does not allow: %s: %s", a, plain(err), data)
		}
	}
	return nil
}

// plain puts what a schema says into one line, without naming the schema.
func plain(err error) string {
	lines := strings.Split(err.Error(), "\n")
	if len(lines) > 1 {
		lines = lines[1:]
	}
	for i, line := range lines {
		lines[i] = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "- "))
	}
	return strings.Join(lines, "; ")
}

// longest is how many bytes of a body an error quotes.
const longest = 300

func shortened(body []byte) string {
	if len(body) <= longest {
		return string(body)
	}
	return string(body[:longest]) + "…"
}

// New reads the description of one kind of hub. The error is a mistake in the description.
func New(v apidoc.Variant) (*Checker, error) {
	text, err := apidoc.Describe(v)
	if err != nil {
		return nil, err
	}
	return read(text)
}
