package hubsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hubshare/hubshare/internal/web"
)

// jsonBody is the object in a request's body, by key.
type jsonBody map[string]json.RawMessage

// optionalObject reads a body that may be missing or empty.
func optionalObject(r *http.Request) (jsonBody, error) {
	body, err := web.DecodeObject(r, maxBody)
	return body, err
}

// requiredObject reads a body that has to be an object, be it an empty one (HB-140, HB-146).
func requiredObject(r *http.Request) (jsonBody, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, web.Errorf(http.StatusRequestEntityTooLarge, "")
		}
		return nil, web.Errorf(http.StatusBadRequest, "Invalid JSON in body of request")
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	body, err := web.DecodeObject(r, maxBody)
	if err == nil && !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		err = web.Errorf(http.StatusBadRequest, "JSON body must be an object")
	}
	return body, err
}

// Kinds of JSON values, called as clients of a JupyterHub know them from its messages.
const (
	kindString = "str"
	kindBool   = "bool"
	kindList   = "list"
	kindObject = "dict"
)

func kindOf(raw json.RawMessage) string {
	switch raw[0] { // never empty in what was decoded
	case '"':
		return kindString
	case 't', 'f':
		return kindBool
	case '[':
		return kindList
	case '{':
		return kindObject
	case 'n':
		return "NoneType"
	}
	if bytes.ContainsAny(raw, ".eE") {
		return "float"
	}
	return "int"
}

// What a user and a group may be described by in a request.
var (
	userKeys  = map[string]string{"name": kindString, "admin": kindBool, "groups": kindList, "roles": kindList, "auth_state": kindObject}
	groupKeys = map[string]string{"name": kindString, "users": kindList, "roles": kindList}
)

// check refuses keys that are not known and values of another kind.
func (b jsonBody) check(what string, known map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(b)) {
		kind, ok := known[key]
		if !ok {
			return web.Errorf(http.StatusBadRequest, "Invalid JSON keys: %s", shortened(key))
		}
		if got := kindOf(b[key]); got != kind {
			return web.Errorf(http.StatusBadRequest, "%s.%s must be <class '%s'>, not: <class '%s'>", what, key, kind, got)
		}
	}
	return nil
}

// shortened is what a message repeats of something that the client sent.
func shortened(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// text gives a string that check has seen; "" if there is none.
func (b jsonBody) text(key string) (s string, err error) {
	if raw, ok := b[key]; ok {
		err = json.Unmarshal(raw, &s)
	}
	return s, err
}

// yes gives a bool that check has seen; false if there is none.
func (b jsonBody) yes(key string) (v bool, err error) {
	if raw, ok := b[key]; ok {
		err = json.Unmarshal(raw, &v)
	}
	return v, err
}

// names gives a list of names; none if there is no such key. what is how messages call them.
func (b jsonBody) names(key, what string) ([]string, error) {
	raw, ok := b[key]
	if !ok {
		return nil, nil
	}
	var items []json.RawMessage
	if kindOf(raw) != kindList || json.Unmarshal(raw, &items) != nil {
		return nil, web.Errorf(http.StatusBadRequest, "%s must be a list of names", key)
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		if kind := kindOf(item); kind != kindString {
			return nil, web.Errorf(http.StatusBadRequest, "%s must be str, not <class '%s'>", what, kind)
		}
		var name string
		if err := json.Unmarshal(item, &name); err != nil {
			return nil, fmt.Errorf("read a name: %w", err)
		}
		out = append(out, name)
	}
	return out, nil
}

// userNames gives a list of user names as a login would make them.
func (b jsonBody) userNames(key string) ([]string, error) {
	names, err := b.names(key, "usernames")
	for i, name := range names {
		names[i] = normalName(name)
	}
	return names, err
}

// validGroupName holds new groups to names that a path and a filter can carry (SC-14).
func validGroupName(name string) bool {
	return name != "" && len(name) <= 255 && !strings.Contains(name, "/") && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

// writeList answers with one page of a list, in the form that the client asked for (HB-136). items is a list or, by the proxy, an object.
func writeList(w http.ResponseWriter, r *http.Request, page web.Page, items any, total int) {
	if !web.AcceptsPagination(r) {
		web.WriteTagged(w, r, items)
		return
	}
	web.WriteTagged(w, r, struct {
		Items      any            `json:"items"`
		Pagination web.Pagination `json:"_pagination"`
	}{items, page.Links(r, total, web.BrowserOrigin(r))})
}

// mayList says whether a caller may have a list at all, and refuses filters that do not fit what is listed (SC-96).
func (h *Hub) mayList(v visitor, base string, kinds ...string) error {
	if v.scopes.Unfiltered(base) {
		return nil
	}
	if !v.scopes.Holds(base) {
		return h.demand(v, base)
	}
	for _, kind := range v.scopes.Kinds(base) {
		if !slices.Contains(kinds, kind) {
			return web.Errorf(http.StatusForbidden, "")
		}
	}
	return nil
}
