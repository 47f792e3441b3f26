package hubsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// FileError says where a configuration file is wrong, and how (HB-177).
type FileError struct {
	Path string // "users[1].name"; "" = the file as a whole
	Line int    // from 1
	Err  error
}

// Error is one line.
func (e *FileError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("%s (line %d): %v", e.Path, e.Line, e.Err)
}

// Unwrap gives what is wrong.
func (e *FileError) Unwrap() error { return e.Err }

// tree is one value of a JSON text that knows where it stands. Reading one as what it is not notes the first error in the reader that all share.
type tree struct {
	path   string
	line   int
	token  json.Token // of a scalar; nil = null, or a collection
	keys   []string   // of an object, in order
	fields map[string]*tree
	items  []*tree // of a list
	kind   string  // "an object", "a list", "a string", "a number", "true or false", "null"
	first  *error
}

func (t *tree) wrongf(format string, args ...any) {
	if *t.first == nil {
		*t.first = &FileError{Path: t.path, Line: t.line, Err: fmt.Errorf(format, args...)}
	}
}

// parser makes a tree from tokens.
type parser struct {
	text  []byte
	dec   *json.Decoder
	first *error
}

// maxDepth is how deep a configuration may nest.
const maxDepth = 32

// parseTree reads one JSON value; comments are allowed (HB-176). The same key twice in an object is refused.
func parseTree(text []byte) (*tree, error) {
	if !utf8.Valid(text) {
		return nil, &FileError{Line: 1, Err: errors.New("is not UTF-8")}
	}
	text, open := withoutComments(bytes.TrimPrefix(text, []byte("\ufeff")))
	if open > 0 {
		return nil, &FileError{Line: open, Err: errors.New("a comment begins that never ends")}
	}
	var first error
	p := &parser{text: text, dec: json.NewDecoder(bytes.NewReader(text)), first: &first}
	p.dec.UseNumber()
	t, err := p.value("", 0)
	if err != nil {
		return nil, p.broken(err)
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &FileError{Line: p.line(), Err: errors.New("something follows the end of the configuration")}
	}
	return t, nil
}

func (p *parser) broken(err error) error {
	var there *FileError
	if errors.As(err, &there) {
		return there
	}
	var syntax *json.SyntaxError
	line := p.line()
	if errors.As(err, &syntax) {
		line = lineAt(p.text, syntax.Offset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("ends too early")
	}
	return &FileError{Line: line, Err: fmt.Errorf("not JSON: %w", err)}
}

// line is where the parser is: where the token that it read last ends.
func (p *parser) line() int { return lineAt(p.text, p.dec.InputOffset()) }

func lineAt(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(offset, int64(len(text)))], []byte("\n"))
}

func (p *parser) value(path string, depth int) (*tree, error) {
	token, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	t := &tree{path: path, line: p.line(), first: p.first}
	if depth > maxDepth {
		return nil, &FileError{Path: path, Line: t.line, Err: errors.New("nests too deep")}
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			t.kind = "an object"
			return t, p.object(t, depth)
		}
		t.kind = "a list"
		return t, p.list(t, depth)
	case string:
		t.kind = "a string"
	case json.Number:
		t.kind = "a number"
	case bool:
		t.kind = "true or false"
	default:
		t.kind = "null"
	}
	t.token = token
	return t, nil
}

func (p *parser) object(t *tree, depth int) error {
	t.fields = map[string]*tree{}
	for p.dec.More() {
		token, err := p.dec.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string) // the decoder allows nothing else
		path := key
		if t.path != "" {
			path = t.path + "." + key
		}
		if t.fields[key] != nil {
			return &FileError{Path: path, Line: p.line(), Err: errors.New("is there twice")}
		}
		if t.fields[key], err = p.value(path, depth+1); err != nil {
			return err
		}
		t.keys = append(t.keys, key)
	}
	_, err := p.dec.Token()
	return err
}

func (p *parser) list(t *tree, depth int) error {
	t.items = []*tree{}
	for p.dec.More() {
		item, err := p.value(fmt.Sprintf("%s[%d]", t.path, len(t.items)), depth+1)
		if err != nil {
			return err
		}
		t.items = append(t.items, item)
	}
	_, err := p.dec.Token()
	return err
}

// withoutComments puts spaces in place of comments, so that lines stay; open is the line of a comment without an end, else 0.
func withoutComments(text []byte) (plain []byte, open int) {
	plain = bytes.Clone(text)
	for i := 0; i < len(plain); i++ {
		switch {
		case plain[i] == '"':
			for i++; i < len(plain) && plain[i] != '"' && plain[i] != '\n'; i++ {
				if plain[i] == '\\' {
					i++
				}
			}
		case bytes.HasPrefix(plain[i:], []byte("//")):
			for ; i < len(plain) && plain[i] != '\n'; i++ {
				plain[i] = ' '
			}
		case bytes.HasPrefix(plain[i:], []byte("/*")):
			end := bytes.Index(plain[i+2:], []byte("*/"))
			if end < 0 {
				return nil, lineAt(plain, int64(i))
			}
			for stop := i + 2 + end + 2; i < stop; i++ {
				if plain[i] != '\n' {
					plain[i] = ' '
				}
			}
			i--
		}
	}
	return plain, 0
}

// object reads an object: get is called for every key, and says false to those that it does not know.
func (t *tree) object(known []string, get func(key string, v *tree)) {
	if t.fields == nil {
		t.wrongf("must be an object, is %s", t.kind)
		return
	}
	for _, key := range t.keys {
		if !slices.Contains(known, key) {
			if near := nearest(key, known); near != "" {
				t.fields[key].wrongf("unknown key; did you mean %s?", near)
			} else {
				t.fields[key].wrongf("unknown key; known are %s", strings.Join(known, ", "))
			}
			return
		}
		get(key, t.fields[key])
	}
}

func (t *tree) text() string {
	s, ok := t.token.(string)
	if !ok {
		t.wrongf("must be a string, is %s", t.kind)
	}
	return s
}

func (t *tree) flag() bool {
	b, ok := t.token.(bool)
	if !ok {
		t.wrongf("must be true or false, is %s", t.kind)
	}
	return b
}

// number reads a whole number in a range.
func (t *tree) number(least, most int64) int64 {
	n, ok := t.token.(json.Number)
	if !ok {
		t.wrongf("must be a number, is %s", t.kind)
		return least
	}
	i, err := n.Int64()
	if err != nil || i < least || i > most {
		t.wrongf("must be a whole number from %d to %d", least, most)
		return least
	}
	return i
}

// fraction reads a number from 0 to 1.
func (t *tree) fraction() float64 {
	n, ok := t.token.(json.Number)
	if !ok {
		t.wrongf("must be a number, is %s", t.kind)
		return 0
	}
	f, err := n.Float64()
	if err != nil || f < 0 || f > 1 {
		t.wrongf("must be a number from 0 to 1")
		return 0
	}
	return f
}

// duration reads seconds, or a Go duration such as "1h30m".
func (t *tree) duration() time.Duration {
	var d time.Duration
	switch v := t.token.(type) {
	case json.Number:
		seconds, err := v.Float64()
		if err != nil || math.Abs(seconds) > math.MaxInt64/float64(time.Second)/2 {
			t.wrongf("is too long")
			return 0
		}
		d = time.Duration(seconds * float64(time.Second))
	case string:
		var err error
		if d, err = time.ParseDuration(v); err != nil {
			t.wrongf("must be seconds, or a duration such as \"1h30m\"")
			return 0
		}
	default:
		t.wrongf("must be seconds, or a duration such as \"1h30m\", and is %s", t.kind)
		return 0
	}
	if d < 0 {
		t.wrongf("must not be negative")
	}
	return d
}

func (t *tree) list(each func(item *tree)) {
	if t.items == nil {
		t.wrongf("must be a list, is %s", t.kind)
		return
	}
	for _, item := range t.items {
		each(item)
	}
}

// texts reads a list of strings; an empty one is not nil.
func (t *tree) texts() []string {
	out := []string{}
	t.list(func(item *tree) { out = append(out, item.text()) })
	return out
}

// pairs reads an object of strings.
func (t *tree) pairs() map[string]string {
	out := map[string]string{}
	t.object(t.keys, func(key string, v *tree) { out[key] = v.text() })
	return out
}

// plain reads whatever is there.
func (t *tree) plain() any {
	switch {
	case t.fields != nil:
		out := map[string]any{}
		for key, v := range t.fields {
			out[key] = v.plain()
		}
		return out
	case t.items != nil:
		out := []any{}
		for _, v := range t.items {
			out = append(out, v.plain())
		}
		return out
	}
	return t.token
}

// oneOf reads one of several words.
func oneOf[T any](t *tree, words map[string]T) T {
	word, ok := t.token.(string)
	v, known := words[word]
	if !ok || !known {
		list := make([]string, 0, len(words))
		for w := range words {
			list = append(list, w)
		}
		slices.Sort(list)
		t.wrongf("must be one of %s", strings.Join(list, ", "))
	}
	return v
}

// listOf reads a list of objects.
func listOf[T any](t *tree, read func(item *tree) T) []T {
	out := []T{}
	t.list(func(item *tree) { out = append(out, read(item)) })
	return out
}
