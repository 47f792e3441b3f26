package client

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// CodeLimits are what a code can have on a hub that knows extensions. The zero value: none, as all codes of a JupyterHub.
type CodeLimits struct {
	MaxUses int // how often the code can be accepted, from 1 to 1,000,000; 0 = as often as one likes
	// For are users and groups whom alone the code is for, with those of Domain, 200 at most; nil = it is not bound to any. A request
	// with an empty list that is not nil is ErrInvalid, since such a code would be for everybody. Who is deleted disappears from here,
	// and the code stays closed to others.
	For    []Grantee
	Domain string // users whose name ends in "@" and this: "example.org"
	Note   string // for those who manage the code: one line of at most 200 characters
	Terms  Terms  // how long the access lasts that the code gives, from its acceptance on
}

func (l CodeLimits) isZero() bool {
	return l.MaxUses == 0 && l.For == nil && l.Domain == "" && l.Note == "" && l.Terms == Terms{}
}

// same tells whether both let the same people in, as often and for as long. The note lets nobody in.
func (l CodeLimits) same(other CodeLimits) bool {
	domain := strings.TrimPrefix(other.Domain, "@")
	return l.MaxUses == other.MaxUses && l.Terms == other.Terms && strings.EqualFold(l.Domain, domain) &&
		slices.Equal(eachOnce(l.For), eachOnce(other.For))
}

// limitsRequest is how limits are asked for.
type limitsRequest struct {
	MaxUses        int      `json:"max_uses,omitempty"`
	Users          []string `json:"users,omitempty"`
	Groups         []string `json:"groups,omitempty"`
	Domain         string   `json:"domain,omitempty"`
	Note           string   `json:"note,omitempty"`
	ShareExpiresIn int64    `json:"share_expires_in,omitempty"`
	ShareSession   bool     `json:"share_session,omitempty"`
}

func (l CodeLimits) request() (limitsRequest, error) {
	r := limitsRequest{MaxUses: l.MaxUses, Domain: l.Domain, Note: l.Note, ShareSession: l.Terms.Session}
	var err error
	if r.ShareExpiresIn, err = l.Terms.seconds(); err != nil {
		return limitsRequest{}, err
	}
	if l.For != nil {
		r.Users, r.Groups, err = split(l.For)
	}
	return r, err
}

// split gives the names of users and of groups, as requests list them: ErrInvalid for nobody.
func split(list []Grantee) (users, groups []string, err error) {
	if len(list) == 0 {
		return nil, nil, invalid("a list of nobody")
	}
	for _, g := range list {
		switch err := g.check(); {
		case err != nil:
			return nil, nil, err
		case g.Kind == KindGroup:
			groups = append(groups, g.Name)
		default:
			users = append(users, g.Name)
		}
	}
	return users, groups, nil
}

// eachOnce sorts grantees, so that they can be compared.
func eachOnce(list []Grantee) []Grantee {
	return slices.Compact(slices.SortedFunc(slices.Values(list), func(a, b Grantee) int {
		if c := strings.Compare(a.Kind, b.Kind); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	}))
}

// limitsModel is how limits are shown. Numbers that would read as "no limit" are none that a hub shows.
type limitsModel struct {
	MaxUses        *int      `json:"max_uses"`
	Users          *[]string `json:"users"`
	Groups         []string  `json:"groups"`
	Domain         string    `json:"domain"`
	Bound          bool      `json:"bound"`
	Note           string    `json:"note"`
	ShareExpiresIn *int64    `json:"share_expires_in"`
	ShareSession   bool      `json:"share_session"`
}

// known tells whether the hub shows limits. Other fields are null where there is no limit; this one is a list.
func (m limitsModel) known() bool { return m.Users != nil }

func (m limitsModel) limits() (CodeLimits, error) {
	l := CodeLimits{Domain: m.Domain, Note: m.Note, Terms: Terms{Session: m.ShareSession}}
	if m.MaxUses != nil {
		if l.MaxUses = *m.MaxUses; l.MaxUses < 1 {
			return CodeLimits{}, fmt.Errorf("%w: a code for %d uses", ErrAnswer, l.MaxUses)
		}
	}
	if s := m.ShareExpiresIn; s != nil {
		if *s < 1 || *s > math.MaxInt64/int64(time.Second) {
			return CodeLimits{}, fmt.Errorf("%w: a code for access of %d seconds", ErrAnswer, *s)
		}
		l.Terms.Lifetime = time.Duration(*s) * time.Second
	}
	if m.Users != nil {
		for _, name := range *m.Users {
			l.For = append(l.For, User(name))
		}
	}
	for _, name := range m.Groups {
		l.For = append(l.For, Group(name))
	}
	return l, nil
}
