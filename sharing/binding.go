package sharing

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// domainForm is what may follow the "@" of a user name: labels of letters, digits and hyphens, with dots between them.
var domainForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

const maxDomain = 253

// validate checks what needs nobody's directory, puts Domain into its one form, and gives the names in For, each once.
func (r *CodeRequest) validate() ([]GranteeName, error) {
	if r.Lifetime < MinCodeLifetime || r.Lifetime > MaxCodeLifetime {
		return nil, badLifetime("expires_in")
	}
	if err := r.Terms.validate("share_expires_in"); err != nil {
		return nil, err
	}
	if r.MaxUses < 0 || r.MaxUses > MaxUses {
		return nil, refuse(ErrInvalidCode, "max_uses: must be from 1 to %d", MaxUses)
	}
	if utf8.RuneCountInString(r.Note) > MaxNote || !utf8.ValidString(r.Note) || strings.ContainsFunc(r.Note, breaksLine) {
		return nil, refuse(ErrInvalidCode, "note: must be one line of at most %d characters", MaxNote)
	}
	if r.Domain != "" {
		plain := !strings.ContainsFunc(r.Domain, func(c rune) bool { return c >= utf8.RuneSelf }) // before some of them become plain letters
		r.Domain = strings.ToLower(strings.TrimPrefix(r.Domain, "@"))
		if !plain || len(r.Domain) > maxDomain || !domainForm.MatchString(r.Domain) {
			return nil, refuse(ErrInvalidCode, "domain: must be like example.org")
		}
	}
	if r.For == nil || len(r.For) == 0 && r.Domain != "" {
		return nil, nil
	}
	return distinct(r.For) // a list of nobody must not make a code for everybody
}

// breaksLine tells characters that are no part of a line of text: controls, separators of lines, and those that turn its direction. Joiners, which some
// scripts and emoji need, are.
func breaksLine(c rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return !unicode.IsGraphic(c) && c != nonJoiner && c != joiner
}

// binding is what a store keeps of whom a code is for; nil = everybody.
func binding(refs []Ref, domain string) *Binding {
	if len(refs) == 0 && domain == "" {
		return nil
	}
	b := &Binding{Domain: domain}
	for _, ref := range refs {
		if ref.Kind == KindGroup {
			b.Groups = append(b.Groups, ref.ID)
		} else {
			b.Users = append(b.Users, ref.ID)
		}
	}
	return b
}

// invited tells whether a code is for a visitor. Groups are those that they are in now.
func (s *Service) invited(ctx context.Context, by Caller, b *Binding) (bool, error) {
	if b == nil || slices.Contains(b.Users, by.ID) || inDomain(by.Name, b.Domain) {
		return true, nil
	}
	if len(b.Groups) == 0 {
		return false, nil
	}
	groups, err := s.Directory.GroupsOf(ctx, by.ID)
	if err != nil {
		return false, fmt.Errorf("groups of %s: %w", by.Name, err)
	}
	return slices.ContainsFunc(groups, func(id string) bool { return slices.Contains(b.Groups, id) }), nil
}

// inDomain tells whether a name is somebody's at that very domain; subdomains are others'.
func inDomain(name, domain string) bool {
	at := strings.LastIndexByte(name, '@')
	// Letters outside of ASCII have lower cases inside of it, so the name has to be as plain as the domain.
	return domain != "" && at > 0 && !strings.ContainsFunc(name[at:], func(c rune) bool { return c >= utf8.RuneSelf }) &&
		strings.EqualFold(name[at+1:], domain)
}
