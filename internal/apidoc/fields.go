package apidoc

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
)

// Fields are the names that the JSON bodies of one kind of hub's API may have at their top. It is immutable.
type Fields struct {
	paths web.Router // its handlers are taking
}

// taking are the names that one path takes, by method; what takes any name is not among them. It is a handler for the router's sake alone.
type taking map[string][]string

func (taking) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

// FieldsOf reads them from the description.
func FieldsOf(v Variant) (*Fields, error) {
	doc, err := v.document()
	if err != nil {
		return nil, err
	}
	f := &Fields{}
	prefix := v.Prefix
	if prefix == "" {
		prefix = "/hub/"
	}
	paths, _ := doc["paths"].(map[string]any)
	for path, item := range paths {
		byMethod := taking{}
		operations, _ := item.(map[string]any)
		for method, operation := range operations {
			if names, closed := bodyFields(doc, operation); closed {
				byMethod[strings.ToUpper(method)] = names
			}
		}
		if len(byMethod) > 0 {
			f.paths.Handle(strings.ReplaceAll(strings.TrimSuffix(prefix, "/")+path, "{server}", "{server?}"), byMethod)
		}
	}
	return f, nil
}

// bodyFields are the names that an operation's JSON body may have; closed is false if it may have any.
func bodyFields(doc map[string]any, operation any) (names []string, closed bool) {
	schema := dig(operation, "requestBody", "content", "application/json", "schema")
	if ref, ok := dig(schema, "$ref").(string); ok {
		schema = dig(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	properties, ok := dig(schema, "properties").(map[string]any)
	if more := dig(schema, "additionalProperties"); !ok || more != nil && more != false {
		return nil, false
	}
	return slices.Sorted(maps.Keys(properties)), true
}

func dig(value any, keys ...string) any {
	for _, key := range keys {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value
}

// Known gives the names that a request's body may have at its top; ok is false where it may have any, or nothing is known of it.
func (f *Fields) Known(r *http.Request) (names []string, ok bool) {
	h, _, _, err := f.paths.Lookup(r)
	if err != nil {
		return nil, false
	}
	byMethod, _ := h.(taking)
	names, ok = byMethod[r.Method]
	return names, ok
}
