package apicheck

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// root is what the description is called among schemas.
const root = "hub.json"

// reader compiles what a description says of answers.
type reader struct {
	doc      map[string]any
	compiler *jsonschema.Compiler
}

func read(text []byte) (*Checker, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read the description of the API: %w", err)
	}
	doc, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("the description of the API is no object")
	}
	rd := &reader{doc: doc, compiler: jsonschema.NewCompiler()}
	rd.compiler.DefaultDraft(jsonschema.Draft2020)
	if err := rd.compiler.AddResource(root, doc); err != nil {
		return nil, fmt.Errorf("read the description of the API: %w", err)
	}
	c := &Checker{}
	if c.error, err = rd.compiler.Compile(root + "#/components/schemas/Error"); err != nil {
		return nil, err
	}
	servers, _ := doc["servers"].([]any)
	if len(servers) != 1 {
		return nil, errors.New("the description of the API must name one server")
	}
	c.prefix, _ = object(servers[0])["url"].(string)
	c.prefix += "/"
	paths := object(doc["paths"])
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if err := rd.path(c, path, object(paths[path])); err != nil {
			return nil, fmt.Errorf("the description of the API: %s: %w", path, err)
		}
	}
	return c, nil
}

// path reads one path. The name of a server may be empty, as that of the default one is (HB-4).
func (rd *reader) path(c *Checker, path string, in map[string]any) error {
	it := &item{path: path, methods: map[string]map[string]response{}}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if name == "parameters" {
			continue
		}
		method := strings.ToUpper(name)
		op := object(in[name])
		it.page = it.page || op["x-hub-page"] == true
		responses := map[string]response{}
		for status, r := range object(op["responses"]) {
			at := pointer("paths", path, name, "responses", status)
			one, err := rd.response(at, object(r))
			if err != nil {
				return fmt.Errorf("%s, %s: %w", method, status, err)
			}
			responses[status] = one
		}
		it.methods[method] = responses
		c.ops = append(c.ops, Operation{method, path})
	}
	c.paths.Handle(strings.TrimSuffix(c.prefix, "/")+strings.ReplaceAll(path, "{server}", "{server?}"), http.Handler(it))
	return nil
}

func (rd *reader) response(at string, in map[string]any) (out response, err error) {
	if at, in, err = rd.follow(at, in); err != nil {
		return out, err
	}
	out.headers, out.content = map[string]*jsonschema.Schema{}, map[string]*jsonschema.Schema{}
	for name, h := range object(in["headers"]) {
		at, _, err := rd.follow(at+pointer("headers", name), object(h))
		if err != nil {
			return out, err
		}
		if out.headers[name], err = rd.compiler.Compile(root + "#" + at + "/schema"); err != nil {
			return out, err
		}
	}
	for kind, media := range object(in["content"]) {
		at := at + pointer("content", kind)
		if out.content[kind], err = rd.compiler.Compile(root + "#" + at + "/schema"); err != nil {
			return out, err
		}
		if object(media)["x-hub-event"] == nil {
			continue
		}
		if out.event, err = rd.compiler.Compile(root + "#" + at + "/x-hub-event"); err != nil {
			return out, err
		}
	}
	return out, nil
}

// follow goes where a reference leads.
func (rd *reader) follow(at string, in map[string]any) (string, map[string]any, error) {
	ref, ok := in["$ref"].(string)
	if !ok {
		return at, in, nil
	}
	at = strings.TrimPrefix(ref, "#")
	to := rd.doc
	for _, part := range strings.Split(strings.TrimPrefix(at, "/"), "/") {
		to = object(to[part])
	}
	if to == nil {
		return "", nil, fmt.Errorf("%s leads nowhere", ref)
	}
	return at, to, nil
}

// pointer is a JSON pointer in a fragment.
func pointer(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		p = strings.NewReplacer("~", "~0", "/", "~1").Replace(p)
		b.WriteString("/" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(p))
	}
	return b.String()
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}
