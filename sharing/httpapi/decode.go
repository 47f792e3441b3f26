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

// maxBody is the largest JSON body in bytes; the longest sensible one has a few dozen scopes, or names 200 users.
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

// has tells whether a member is there and not null.
func (f *fields) has(name string) bool {
	value, ok := f.object[name]
	return ok && string(value) != "null"
}

// refuse takes a member that must not be there.
func (f *fields) refuse(name, text string) {
	if _, present := f.take(name); present {
		f.problem(name, text)
	}
}

// flag reads true, false or null.
func (f *fields) flag(name string) (on bool) {
	if value, ok := f.take(name); ok && json.Unmarshal(value, &on) != nil {
		f.problem(name, "must be true or false")
	}
	return on
}

// count reads an integer from 1 to most, or null, which is 0.
func (f *fields) count(name string, most int64) int {
	value, ok := f.take(name)
	if !ok {
		return 0
	}
	return int(f.integer(name, value, 1, most))
}

// names reads the members users and groups, in this order.
func (f *fields) names() (names []sharing.GranteeName) {
	for _, kind := range []string{sharing.KindUser, sharing.KindGroup} {
		for _, name := range f.strings(kind + "s") {
			if name == "" {
				f.problem(kind+"s", "names must not be empty")
				break
			}
			names = append(names, sharing.GranteeName{Kind: kind, Name: name})
		}
	}
	return names
}

// lifetime reads a number of seconds: an integer, also written as an integral float or as a string, and not null (SH-20, SH-59).
func (f *fields) lifetime(name string) time.Duration {
	value, given := f.object[name]
	delete(f.object, name)
	if !given {
		return 0
	}
	seconds := f.integer(name, value, int64(sharing.MinCodeLifetime/time.Second), int64(sharing.MaxCodeLifetime/time.Second))
	return time.Duration(seconds) * time.Second
}

// integer reads a value from least to most; it is 0 if there is a problem.
func (f *fields) integer(name string, value json.RawMessage, least, most int64) int64 {
	n, ok := integer(value)
	if !ok {
		f.problem(name, "must be an integer")
		return 0
	}
	if n < least || n > most {
		f.problem(name, fmt.Sprintf("must be from %d to %d", least, most))
		return 0
	}
	return n
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

// terms reads how long access lasts: extensions that look absent when they are null.
func (f *fields) terms(lifetime, session string) sharing.Terms {
	if string(f.object[lifetime]) == "null" {
		delete(f.object, lifetime)
	}
	return sharing.Terms{Lifetime: f.lifetime(lifetime), Session: f.flag(session)}
}

// decodeGrant reads the body of a grant (SH-82): to one, or to several.
func (h *Handler) decodeGrant(r *http.Request, n sharing.ServerName) (one sharing.GrantRequest, several *sharing.BulkRequest, err error) {
	f, err := decodeFields(r)
	if err != nil {
		return one, nil, err
	}
	user, group := f.text("user"), f.text("group")
	one = sharing.GrantRequest{Server: n, Scopes: f.strings("scopes")}
	var names []sharing.GranteeName
	bulk := false
	if !h.cfg.StockOnly {
		one.Terms = f.terms("expires_in", "session")
		bulk = f.has("users") || f.has("groups")
		if user != "" || group != "" {
			f.refuse("users", "not beside `user` or `group`")
			f.refuse("groups", "not beside `user` or `group`")
		} else {
			names = f.names()
		}
	}
	if err := f.done(); err != nil {
		return one, nil, err
	}
	if bulk {
		return one, &sharing.BulkRequest{Server: n, Grantees: names, Scopes: one.Scopes, Terms: one.Terms}, nil
	}
	one.Grantee, err = oneGrantee(user, group)
	return one, nil, err
}

// decodeRevocation reads the body of a revocation (SH-90).
func decodeRevocation(r *http.Request, n sharing.ServerName) (sharing.RevokeRequest, error) {
	f, err := decodeFields(r)
	if err != nil {
		return sharing.RevokeRequest{}, err
	}
	user, group := f.text("user"), f.text("group")
	request := sharing.RevokeRequest{Server: n, Scopes: f.strings("scopes")}
	if err := f.done(); err != nil {
		return request, err
	}
	request.Grantee, err = oneGrantee(user, group)
	return request, err
}

// oneGrantee is whom the two fields name. An empty name counts as absent (SH-60).
func oneGrantee(user, group string) (sharing.GranteeName, error) {
	switch {
	case user != "" && group != "":
		return sharing.GranteeName{}, web.Errorf(http.StatusBadRequest, "Expected exactly one of `user` or `group`, not both.")
	case user != "":
		return sharing.GranteeName{Kind: sharing.KindUser, Name: user}, nil
	case group != "":
		return sharing.GranteeName{Kind: sharing.KindGroup, Name: group}, nil
	}
	return sharing.GranteeName{}, web.Errorf(http.StatusBadRequest, "Specify exactly one of `user` or `group`")
}

// decodeCode reads the body of a code's creation, which may be empty (SH-102).
func (h *Handler) decodeCode(r *http.Request, n sharing.ServerName) (sharing.CodeRequest, error) {
	f, err := decodeFields(r)
	if err != nil {
		return sharing.CodeRequest{}, err
	}
	request := sharing.CodeRequest{Server: n, Scopes: f.strings("scopes"), Lifetime: f.lifetime("expires_in")}
	if !h.cfg.StockOnly {
		f.limits(&request)
	}
	return request, f.done()
}

// limits reads what a code may have beyond a JupyterHub's. A binding that is there but names nobody is refused: the code would be for
// everybody, which is the opposite of what a client means that sends one.
func (f *fields) limits(request *sharing.CodeRequest) {
	request.MaxUses = f.count("max_uses", sharing.MaxUses)
	request.Terms = f.terms("share_expires_in", "share_session")
	request.Note = f.text("note")
	before := len(f.problems)
	some, domain := f.has("users") || f.has("groups"), f.has("domain")
	request.For, request.Domain = f.names(), f.text("domain")
	switch {
	case len(f.problems) > before: // which says it already
	case domain && strings.TrimPrefix(request.Domain, "@") == "":
		f.problem("domain", "must be like example.org")
	case some && !domain && len(request.For) == 0:
		f.problem("users, groups", "name somebody, or leave them out")
	}
}
