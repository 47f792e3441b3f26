package apidoc_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/apidoc"
)

func describe(t testing.TB, v apidoc.Variant) (doc map[string]any, text string) {
	t.Helper()
	raw, err := apidoc.Describe(v)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &doc))
	return doc, string(raw)
}

func at(doc any, path ...string) any {
	for _, p := range path {
		m, _ := doc.(map[string]any)
		doc = m[p]
	}
	return doc
}

// HB-2, HB-6, HB-7: a description is that of one hub, and has nothing of others.
func TestADescriptionIsOfOneHub(t *testing.T) {
	t.Parallel()
	const one, own = "/api/users/{user}/server", "/api/shares"
	for name, c := range map[string]struct {
		v           apidoc.Variant
		has, hasNot [][]string
	}{
		"a stock hub": {apidoc.Variant{},
			[][]string{{"paths", one, "post"}, {"components", "schemas", "Me", "properties", "token_id"}},
			[][]string{{"paths", one, "put"}, {"paths", own}, {"components", "schemas", "Share", "properties", "grants"}, {"components", "schemas", "Server", "properties", "display_name"}}},
		"profile 6.0": {apidoc.Variant{Profile60: true},
			[][]string{{"paths", one, "put"}, {"components", "schemas", "Server", "properties", "display_name"}}, [][]string{{"paths", own}}},
		"a hub with extensions": {apidoc.Variant{Extensions: true},
			[][]string{{"paths", own, "get"}, {"components", "schemas", "Share", "properties", "grants"}}, [][]string{{"paths", one, "put"}}},
		"the documentation's hub": {apidoc.Variant{Docs2: true}, nil, [][]string{{"components", "schemas", "Me", "properties", "token_id"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, _ := describe(t, c.v)
			for _, path := range c.has {
				assert.NotNil(t, at(doc, path...), path)
			}
			for _, path := range c.hasNot {
				assert.Nil(t, at(doc, path...), path)
			}
		})
	}
	doc, _ := describe(t, apidoc.Variant{Prefix: "/@/space%20word/hub/", Version: "6.0.0b2"})
	assert.Equal(t, "6.0.0b2", at(doc, "info", "version"))
	assert.Equal(t, []any{map[string]any{"url": "/@/space%20word/hub"}}, doc["servers"])
}

// Whatever is required exists, every reference leads somewhere, and objects allow nothing that they do not name.
func TestEveryVariantIsWhole(t *testing.T) {
	t.Parallel()
	reference := regexp.MustCompile(`"\$ref":"#/([^"]+)"`)
	for _, v := range []apidoc.Variant{{}, {Profile60: true}, {Extensions: true}, {Profile60: true, Extensions: true}, {Docs2: true}} {
		doc, text := describe(t, v)
		used := map[string]bool{}
		for _, m := range reference.FindAllStringSubmatch(text, -1) {
			assert.NotNil(t, at(doc, strings.Split(m[1], "/")...), "%+v: %s", v, m[1])
			used[m[1]] = true
		}
		for _, kind := range []string{"schemas", "responses", "parameters", "headers"} {
			for name := range at(doc, "components", kind).(map[string]any) {
				assert.True(t, used["components/"+kind+"/"+name], "%+v: nothing refers to %s %s", v, kind, name)
			}
		}
		ids := map[any]bool{}
		for path, methods := range doc["paths"].(map[string]any) {
			for method, op := range methods.(map[string]any) {
				if method == "parameters" {
					continue
				}
				assert.False(t, ids[at(op, "operationId")], "%s %s: its id is another's", method, path)
				ids[at(op, "operationId")] = true
				assert.NotEmpty(t, at(op, "summary"), "%s %s", method, path)
				assert.NotEmpty(t, at(op, "responses"), "%s %s", method, path)
			}
		}
		for name, schema := range at(doc, "components", "schemas").(map[string]any) {
			props, ok := at(schema, "properties").(map[string]any)
			if !ok {
				continue
			}
			required, _ := at(schema, "required").([]any)
			for _, r := range required {
				assert.NotNil(t, props[r.(string)], "%s requires %s, which it does not have", name, r)
			}
		}
	}
}
