package scopes

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
	case s.Kind == "":
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

// DescribeNothing is the line for a client that asks for nothing beyond knowing who the user is (SC-431).
func (r *Registry) DescribeNothing() Description {
	return Description{Text: r.defs[metaNone].Description}
}
