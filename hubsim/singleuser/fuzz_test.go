package singleuser

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// These look inside: from outside a visitor must log in for each input.

func FuzzMarkdownNeverBringsMarkupOfItsOwn(f *testing.F) {
	f.Add("# Title\n\n<script>alert(1)</script> [x](javascript:alert(1)) ![y](data:text/html,z)")
	f.Add("<img src=x onerror=alert(1)>\n\n| a | b |\n|---|---|\n| <b> | `c` |\n\n- [ ] task ~~gone~~ www.example.org")
	f.Add("[a]: <javascript:alert(1)>\n[a] <vbscript:x> <java\tscript:alert(1)> [b](&#106;avascript:alert(1))")
	f.Fuzz(func(t *testing.T, source string) {
		data, err := json.Marshal(map[string]any{"nbformat": 4, "cells": []map[string]any{{"cell_type": "markdown", "source": source}}})
		require.NoError(t, err)
		cells, err := parseNotebook(data)
		require.NoError(t, err)
		require.Len(t, cells, 1)
		doc, err := html.Parse(strings.NewReader(string(cells[0].Rendered)))
		require.NoError(t, err)
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			assert.NotContains(t, []string{"script", "style", "iframe", "object", "form", "button", "svg", "base", "meta", "link"}, n.Data)
			for _, a := range n.Attr {
				assert.False(t, strings.HasPrefix(a.Key, "on"), a.Key)
				scheme, _, found := strings.Cut(strings.ToLower(strings.TrimSpace(a.Val)), ":")
				if found && (a.Key == "href" || a.Key == "src") {
					assert.NotContains(t, []string{"javascript", "vbscript"}, scheme)
				}
			}
		}
	})
}

func FuzzNotebook(f *testing.F) {
	f.Add([]byte(`{"nbformat":4,"cells":[{"cell_type":"code","source":["%%javascript\n","x"]},{"cell_type":"raw","source":"<b>"}]}`))
	f.Add([]byte(`{"nbformat":4,"cells":[{"cell_type":"code","source":null}]}`))
	f.Add([]byte(`{"nbformat":4,"cells":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		cells, err := parseNotebook(data)
		if err != nil {
			assert.ErrorIs(t, err, errNotNotebook, "no other fault than the file's")
			return
		}
		number := 0
		for i, c := range cells {
			assert.Equal(t, i, c.Index)
			if c.Number > 0 {
				number++
				assert.Equal(t, number, c.Number)
			}
			if c.Script != nil {
				assert.True(t, strings.HasSuffix(c.Source, *c.Script), "it runs what it shows")
			}
		}
	})
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"", "/", "a/b.ipynb", "a%20b", "..", "a/../b", "%2e%2e/b", "a%2Fb", "a//b", "%zz", "%ff", "a/./b", "a/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, escaped string) {
		name, err := fileName(escaped)
		if err != nil {
			assert.ErrorIs(t, err, fs.ErrInvalid)
			return
		}
		assert.True(t, fs.ValidPath(name), name)
		if name != "." {
			again, err := fileName(escapePath(name))
			assert.NoError(t, err)
			assert.Equal(t, name, again, "links lead back to the file")
		}
	})
}
