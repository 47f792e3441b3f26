package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// DecodeObject reads the body as a JSON object of at most limit bytes, whatever
// Content-Type and Content-Length say (SH-57, HB-135). No body and every falsy
// JSON value (null, false, 0, "", [], {}) give an empty map. The error is an
// *Error: 400 for what is not JSON (white space alone, a byte-order mark and
// invalid UTF-8 included) or not an object, 413 for what is too large.
func DecodeObject(r *http.Request, limit int64) (map[string]json.RawMessage, error) {
	object := map[string]json.RawMessage{}
	if r.Body == nil {
		return object, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || int64(len(body)) > limit {
		return nil, &Error{Status: http.StatusRequestEntityTooLarge}
	}
	invalid := Errorf(http.StatusBadRequest, "Invalid JSON in body of request")
	if err != nil {
		return nil, invalid
	}
	if len(body) == 0 {
		return object, nil
	}
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, invalid
	}
	body = bytes.TrimSpace(body)
	if body[0] != '{' {
		if falsy(body) {
			return object, nil
		}
		return nil, Errorf(http.StatusBadRequest, "JSON body must be an object")
	}
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, invalid
	}
	return object, nil
}

// falsy judges valid JSON that is not an object.
func falsy(body []byte) bool {
	switch body[0] {
	case 'n', 'f':
		return true
	case '"':
		return len(body) == 2
	case '[':
		return len(bytes.TrimSpace(body[1:len(body)-1])) == 0
	case 't':
		return false
	}
	// A number is zero when no digit before its exponent is another.
	mantissa, _, _ := strings.Cut(strings.ToLower(string(body)), "e")
	return !strings.ContainsAny(mantissa, "123456789")
}
