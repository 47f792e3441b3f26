package scopes

import "slices"

// Description tells a person what a raw scope is for, on the consent and the accept page (SC-430).
type Description struct {
	Scope  Scope
	Text   string // a sentence
	Filter string // "only you", "server alice/", …; "" when unfiltered. Pages print "Applies to FILTER."
}

// Describe gives one line for each raw scope, in their order; nothing is expanded. user is who reads it: their own name
// becomes "only you". A base that the registry does not know is an error that wraps [ErrUnknownScope].
func (r *Registry) Describe(raw []Scope, user string) ([]Description, error) {
	out := make([]Description, 0, len(raw))
	for _, s := range raw {
		d, ok := r.defs[s.Base]
		if !ok {
			return nil, unknownScope(clip(s.String()), "")
		}
		out = append(out, Description{Scope: s, Text: d.Description, Filter: s.filterText(user)})
	}
	return out, nil
}

func (s Scope) filterText(user string) string {
	switch {
	case s.Unfiltered():
		return ""
	case s.Kind == KindUser && (s.Name == "" || s.Name == user):
		return "only you"
	case s.Name == "":
		// Upstream prints the kind and then nothing (HB-193).
		return "this " + s.Kind
	case s.Kind == KindGroup:
		return "users in group " + s.Name
	}
	return s.Kind + " " + s.Name
}

// Consent is what a person is asked when a client wants to act for them.
type Consent struct {
	Lines        []Description
	Submit       []Scope // what is granted if they agree
	IdentifyOnly bool    // the client learns who they are, and can do nothing for them
}

// Consent gives the lines of the consent page (SC-431): one for each allowed scope that is not required anyway, as identity and
// access to the client are. Where inherit is among them it is the only one, and the only one granted; where none is left, the
// line says so. user is who reads it. Errors as of [Registry.Describe].
func (r *Registry) Consent(allowed, required []Scope, user string) (Consent, error) {
	out := Consent{Submit: allowed}
	told := slices.DeleteFunc(slices.Clone(allowed), func(s Scope) bool { return slices.Contains(required, s) })
	if slices.Contains(allowed, Inherit) {
		told = []Scope{Inherit}
		out.Submit = told
	}
	if len(told) == 0 {
		out.IdentifyOnly = true
		out.Lines = []Description{{Text: r.defs[metaNone].Description}}
		return out, nil
	}
	var err error
	out.Lines, err = r.Describe(told, user)
	return out, err
}
