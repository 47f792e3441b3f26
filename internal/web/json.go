package web

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
)

// appendJSON writes v as encoding/json does, with '<', '>' and '&' as they are. Models are maps of texts, times and lists of texts, which it
// writes without the reflection that takes longer than all else about an answer; whatever is something else, or is not plain, it leaves to the
// general way.
func appendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case struct{}:
		return append(b, "{}"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case string:
		return appendText(b, v)
	case Time:
		if v.IsZero() {
			return append(b, "null"...), nil
		}
		return appendText(b, FormatTime(v.Time))
	case []string:
		if v == nil {
			return append(b, "null"...), nil
		}
		return appendList(b, v, appendText)
	case []map[string]any:
		if v == nil {
			return append(b, "null"...), nil
		}
		return appendList(b, v, appendObject)
	case map[string]any:
		return appendObject(b, v)
	}
	return appendAny(b, v)
}

func appendList[T any](b []byte, list []T, one func([]byte, T) ([]byte, error)) (_ []byte, err error) {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = one(b, v); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, object map[string]any) (_ []byte, err error) {
	if object == nil {
		return append(b, "null"...), nil
	}
	var few [24]string
	names := few[:0]
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendText(b, name); err != nil {
			return b, err
		}
		if b, err = appendJSON(append(b, ':'), object[name]); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func appendText(b []byte, text string) ([]byte, error) {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return appendAny(b, text)
		}
	}
	return append(append(append(b, '"'), text...), '"'), nil
}

// appendAny is the general way.
func appendAny(b []byte, v any) ([]byte, error) {
	buffer := bytes.NewBuffer(b)
	enc := json.NewEncoder(buffer)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}
