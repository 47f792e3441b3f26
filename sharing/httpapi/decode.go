package httpapi

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/sharing"
)

// maxBody is the largest JSON body in bytes; the longest sensible one has a few dozen scopes.
const maxBody = 64 << 10

// fields reads the members of a body, gathering what is wrong with them: one line for each problem, naming the field (SH-58).
type fields struct {
	object   map[string]json.RawMessage
	problems []string
}

func decodeFields(r *http.Request) (*fields, error) {
	object, err := web.DecodeObject(r, maxBody)
	if err != nil {
		return nil, err
	}
	return &fields{object: object}, nil
}

// take removes a member, so that what remains in the end is unknown. Absent and null look the same.
func (f *fields) take(name string) (value json.RawMessage, present bool) {
	value, ok := f.object[name]
	delete(f.object, name)
	return value, ok && string(value) != "null"
}

func (f *fields) problem(name, text string) { f.problems = append(f.problems, name+": "+text) }

// text reads a string or null, without turning anything else into one (SH-59).
func (f *fields) text(name string) (s string) {
	if value, ok := f.take(name); ok && json.Unmarshal(value, &s) != nil {
		f.problem(name, "must be a string")
	}
	return s
}

// strings reads an array of strings or null.
func (f *fields) strings(name string) []string {
	value, ok := f.take(name)
	if !ok {
		return nil
	}
	var list []*string
	err := json.Unmarshal(value, &list)
	if err != nil || slices.Contains(list, nil) {
		f.problem(name, "must be an array of strings")
		return nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = *s
	}
	return out
}

// lifetime reads a number of seconds: an integer, also written as an integral float or as a string, and not null (SH-20, SH-59).
func (f *fields) lifetime(name string) time.Duration {
	value, given := f.object[name]
	delete(f.object, name)
	if !given {
		return 0
	}
	seconds, ok := integer(value)
	if !ok {
		f.problem(name, "must be an integer")
		return 0
	}
	const least, most = int64(sharing.MinCodeLifetime / time.Second), int64(sharing.MaxCodeLifetime / time.Second)
	if seconds < least || seconds > most {
		f.problem(name, fmt.Sprintf("must be from %d to %d", least, most))
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// integer reads a JSON value as an integer. What is beyond the range of int64 is cut to its ends.
func integer(value json.RawMessage) (n int64, ok bool) {
	text := string(value)
	if text[0] == '"' {
		if json.Unmarshal(value, &text) != nil {
			return 0, false
		}
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		return n, err == nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	// true, null, arrays and objects are no numbers to ParseFloat; JSON knows neither NaN nor infinities.
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || x != math.Trunc(x) {
		return 0, false
	}
	return int64(min(max(x, -1<<53), 1<<53)), true
}

// done gives the 400 for everything that was wrong; what nobody took is unknown.
func (f *fields) done() error {
	unknown := make([]string, 0, len(f.object))
	for name := range f.object {
		unknown = append(unknown, name)
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		f.problem(name, "unknown field")
	}
	if len(f.problems) == 0 {
		return nil
	}
	return web.Errorf(http.StatusBadRequest, "%s", strings.Join(f.problems, "\n"))
}

// decodeGrant reads the body of a grant or a revocation (SH-82, SH-90). An empty name counts as absent (SH-60).
func decodeGrant(r *http.Request, n sharing.ServerName) (sharing.GrantRequest, error) {
	f, err := decodeFields(r)
	if err != nil {
		return sharing.GrantRequest{}, err
	}
	user, group := f.text("user"), f.text("group")
	request := sharing.GrantRequest{Server: n, Scopes: f.strings("scopes")}
	if err := f.done(); err != nil {
		return sharing.GrantRequest{}, err
	}
	switch {
	case user != "" && group != "":
		return sharing.GrantRequest{}, web.Errorf(http.StatusBadRequest, "Expected exactly one of `user` or `group`, not both.")
	case user != "":
		request.Grantee = sharing.GranteeName{Kind: sharing.KindUser, Name: user}
	case group != "":
		request.Grantee = sharing.GranteeName{Kind: sharing.KindGroup, Name: group}
	default:
		return sharing.GrantRequest{}, web.Errorf(http.StatusBadRequest, "Specify exactly one of `user` or `group`")
	}
	return request, nil
}

// decodeCode reads the body of a code's creation, which may be empty (SH-102).
func decodeCode(r *http.Request, n sharing.ServerName) (sharing.CodeRequest, error) {
	f, err := decodeFields(r)
	if err != nil {
		return sharing.CodeRequest{}, err
	}
	request := sharing.CodeRequest{Server: n, Scopes: f.strings("scopes"), Lifetime: f.lifetime("expires_in")}
	return request, f.done()
}
