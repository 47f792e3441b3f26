package apidoc

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the description
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// packed is openapi.json, which programs carry as small as it gets; a test keeps the two together.
//
//go:embed openapi.json.gz
var packed []byte

func source() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack the description of the API: %w", err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("unpack the description of the API: %w", err)
	}
	return text, nil
}

// Variant says which hub is described. The zero value is a stock hub of profile 5.5 at "/hub/".
type Variant struct {
	// Prefix is the escaped path of the hub, with a slash at both ends; "" is "/hub/" (HB-2).
	Prefix string
	// Version is what the hub calls itself (HB-6); "" leaves the description's own.
	Version string
	// Profile60 describes profile 6.0 instead of 5.5 (HB-7).
	Profile60 bool
	// Extensions describes what a JupyterHub does not have.
	Extensions bool
	// Docs2 describes the older answer of GET user.
	Docs2 bool
}

// only is the key that marks what not every hub has.
const only = "x-hub-only"

// Describe gives the description of one kind of hub in JSON. The error names a mark that means nothing, which is a mistake in the source.
func Describe(v Variant) ([]byte, error) {
	doc, err := v.document()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("encode the description of the API: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

func (v Variant) document() (map[string]any, error) {
	text, err := source()
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("read the description of the API: %w", err)
	}
	if err := v.prune(doc); err != nil {
		return nil, err
	}
	prefix := v.Prefix
	if prefix == "" {
		prefix = "/hub/"
	}
	doc["servers"] = []any{map[string]any{"url": strings.TrimSuffix(prefix, "/")}}
	if info, ok := doc["info"].(map[string]any); ok && v.Version != "" {
		info["version"] = v.Version
	}
	return doc, nil
}

// has says whether this hub has what is marked so.
func (v Variant) has(mark any) (bool, error) {
	switch mark {
	case nil:
		return true, nil
	case "5.5":
		return !v.Profile60, nil
	case "6.0":
		return v.Profile60, nil
	case "extensions":
		return v.Extensions, nil
	case "docs2":
		return v.Docs2, nil
	case "not docs2":
		return !v.Docs2, nil
	}
	return false, fmt.Errorf("the description of the API: %q is no mark for %s", mark, only)
}

// prune removes what this hub does not have from an object, and what refers to it: names of required properties, and paths without a method.
func (v Variant) prune(node map[string]any) error {
	for key, child := range node {
		kept, err := v.keep(child)
		switch {
		case err != nil:
			return err
		case kept == nil && child != nil:
			delete(node, key)
		default:
			node[key] = kept
		}
	}
	if props, ok := node["properties"].(map[string]any); ok && node["type"] == "object" {
		if list := known(node["required"], props); len(list) > 0 {
			node["required"] = list
		} else {
			delete(node, "required")
		}
	}
	if paths, ok := node["paths"].(map[string]any); ok {
		maps.DeleteFunc(paths, func(_ string, item any) bool {
			methods, ok := item.(map[string]any)
			return ok && !hasMethod(methods)
		})
	}
	return nil
}

// keep gives a node without what this hub does not have; nil if that is all of it.
func (v Variant) keep(node any) (any, error) {
	switch node := node.(type) {
	case map[string]any:
		has, err := v.has(node[only])
		if err != nil || !has {
			return nil, err
		}
		if node["$ref"] != nil {
			delete(node, only) // beside a reference there is room for nothing else
		}
		return node, v.prune(node)
	case []any:
		out := make([]any, 0, len(node))
		for _, child := range node {
			kept, err := v.keep(child)
			if err != nil {
				return nil, err
			}
			if kept != nil || child == nil {
				out = append(out, kept)
			}
		}
		if len(node) > 0 && len(out) == 0 {
			return nil, nil
		}
		return out, nil
	}
	return node, nil
}

// known is a list of required properties without those that are gone.
func known(required any, props map[string]any) []any {
	list, _ := required.([]any)
	return slices.DeleteFunc(slices.Clone(list), func(name any) bool {
		text, ok := name.(string)
		return !ok || props[text] == nil
	})
}

func hasMethod(item map[string]any) bool {
	for key := range item {
		if key != "parameters" {
			return true
		}
	}
	return false
}
