package hubsim

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/hubshare/hubshare/internal/apidoc"
)

// Finding is a call by the code under test that no hub would have taken (HB-175).
type Finding struct {
	Request Request `json:"request"`
	What    string  `json:"what"`   // UnknownPath, UnknownField or Unauthorised
	Detail  string  `json:"detail"` // in one line
}

// Kinds of a [Finding].
const (
	UnknownPath  = "unknown path"  // the API has no such path
	UnknownField = "unknown field" // the API knows no field of that name, and took no notice of it or refused it
	Unauthorised = "unauthorised"  // the caller may not do that, or is nobody known
)

// String is the finding in one line.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s %s: %s", f.What, f.Request.Method, f.Request.URL, f.Detail)
}

// maxFindings is how many are kept.
const maxFindings = 100

// Findings gives what the code under test did that no hub would take, oldest first: calls of API paths that do not exist, fields that the API does not know, and calls
// without the rights to. Each is a warning in the log; with [Config.Strict] a hub made by [New] has its test fail by them. Not among them are: what met a fault, what the
// hub's own stand-in servers ask, and asking GET user whose a credential is. The first 100 are kept.
func (h *Hub) Findings() []Finding {
	h.requests.mu.Lock()
	defer h.requests.mu.Unlock()
	return slices.Clone(h.requests.findings)
}

// ForgetFindings forgets those so far: for a test that has provoked them.
func (h *Hub) ForgetFindings() {
	h.requests.mu.Lock()
	defer h.requests.mu.Unlock()
	h.requests.findings = nil
}

// judge looks whether a request that has been answered is one that a hub would take.
func (h *Hub) judge(r *http.Request, e *entry) {
	rest, api := strings.CutPrefix(e.Path, h.site.HubPrefix()+"api/")
	if !api || e.Internal || e.Fault != 0 || !e.hub || rest == "oauth2/authorize" || e.Status < 400 && e.body == nil {
		return
	}
	if e.unknownPath {
		h.find(r, e, UnknownPath, "a hub's API has no such path")
		return
	}
	if hiddenFrom := strings.HasPrefix(e.Message, "No access to resources"); (e.Status == http.StatusForbidden || hiddenFrom) && rest != "user" {
		h.find(r, e, Unauthorised, e.Why)
		return
	}
	for _, name := range h.unknownFields(r, e) {
		h.find(r, e, UnknownField, fmt.Sprintf("the API knows no field %q here", name))
	}
}

func (h *Hub) find(r *http.Request, e *entry, what, detail string) {
	f := Finding{e.Request, what, detail}
	h.log.WarnContext(r.Context(), "a hub would not take this", "what", what, "method", e.Method, "path", e.URL, "detail", detail)
	h.requests.mu.Lock()
	defer h.requests.mu.Unlock()
	if len(h.requests.findings) < maxFindings {
		h.requests.findings = append(h.requests.findings, f)
	}
}

// apiFields are what the descriptions of APIs say of bodies, by variant: they are large, and the same for every hub of a kind.
var apiFields sync.Map

// unknownFields are the names at the top of a JSON body that the API does not know there.
func (h *Hub) unknownFields(r *http.Request, e *entry) (unknown []string) {
	if e.body == nil || e.body.form || e.body.cut {
		return nil
	}
	var body map[string]json.RawMessage
	if json.Unmarshal(e.body.kept, &body) != nil || len(body) == 0 {
		return nil // no object: the API itself has said so
	}
	v := h.cfg.variant()
	fields, ok := apiFields.Load(v)
	if !ok {
		read, err := apidoc.FieldsOf(v)
		if err != nil {
			h.log.ErrorContext(r.Context(), "the description of the API cannot be read", "error", err)
			return nil
		}
		fields, _ = apiFields.LoadOrStore(v, read)
	}
	known, closed := fields.(*apidoc.Fields).Known(r)
	if !closed {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

func (h *Hub) controlFindings(context.Context, []byte, url.Values) (any, error) {
	list := h.Findings()
	if list == nil {
		list = []Finding{}
	}
	return map[string][]Finding{"findings": list}, nil
}

func (h *Hub) controlForgetFindings(context.Context, []byte, url.Values) (any, error) {
	h.ForgetFindings()
	return done, nil
}
