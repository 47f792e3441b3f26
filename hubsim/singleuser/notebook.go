package singleuser

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

var errNotNotebook = errors.New("file is not a notebook")

// cell is one cell of a notebook, ready to be shown.
type cell struct {
	Index    int           // among all cells, from 0
	Number   int           // among code cells, from 1; 0 for markdown
	Source   string        // of a code cell, with its magic line
	Script   *string       // what a %%javascript cell runs; nil = cannot run here
	Rendered template.HTML // of a markdown cell
}

// text is a source in nbformat 4: a string, or a list of pieces.
type text string

// UnmarshalJSON joins the pieces as they are: each carries its own line end.
func (t *text) UnmarshalJSON(data []byte) error {
	var pieces []string
	if err := json.Unmarshal(data, &pieces); err == nil {
		*t = text(strings.Join(pieces, ""))
		return nil
	}
	return json.Unmarshal(data, (*string)(t))
}

// markdown leaves out raw HTML and addresses that would run a script, as
// goldmark does unless told otherwise.
var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM))

// parseNotebook reads nbformat 4. Recorded outputs are left out: they belong to
// somebody else's run.
func parseNotebook(data []byte) ([]cell, error) {
	var file struct {
		Format int `json:"nbformat"`
		Cells  []struct {
			Type   string `json:"cell_type"`
			Source text   `json:"source"`
		} `json:"cells"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, errors.Join(errNotNotebook, err)
	}
	if file.Format != 4 {
		return nil, fmt.Errorf("%w: format %d", errNotNotebook, file.Format)
	}
	cells := make([]cell, len(file.Cells))
	number := 0
	for i, c := range file.Cells {
		out := cell{Index: i, Source: string(c.Source)}
		switch c.Type {
		case "code":
			number++
			out.Number = number
			out.Script = script(out.Source)
		case "markdown":
			var html bytes.Buffer
			if err := markdown.Convert([]byte(out.Source), &html); err != nil {
				return nil, fmt.Errorf("render cell %d: %w", i, err)
			}
			out.Rendered = template.HTML(html.String()) // raw HTML was left out by markdown
		default: // raw cells are shown as they are
			out.Rendered = template.HTML("<pre>" + template.HTMLEscapeString(out.Source) + "</pre>")
		}
		cells[i] = out
	}
	return cells, nil
}

// script is all that follows the magic line, to the byte; nil for a cell of
// another kind.
func script(source string) *string {
	magic, rest, _ := strings.Cut(source, "\n")
	switch strings.TrimSpace(magic) {
	case "%%javascript", "%%js":
		return &rest
	}
	return nil
}
