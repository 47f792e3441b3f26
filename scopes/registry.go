package scopes

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Profile is the JupyterHub release whose scopes a [Registry] knows (SC-1).
type Profile int

// The two profiles. P60 adds the scope start:servers below servers, and nothing else.
const (
	P55 Profile = iota // JupyterHub 5.5, the default
	P60                // JupyterHub 6.0
)

// String gives "5.5" or "6.0".
func (p Profile) String() string {
	if p == P60 {
		return "6.0"
	}
	return "5.5"
}

// Registry holds what names mean on one hub: the built-in scopes of a profile, custom scopes, role definitions.
// It is immutable: the methods that add to it return another one. Safe for concurrent use.
type Registry struct {
	profile Profile
	defs    map[string]Definition
	roles   map[string]Role

	known    mask // the built-in bases of the profile
	self     mask // what the metascope self stands for (SC-46)
	builtins [64]implied
	custom   map[string]*implied
}

// Definition describes a scope: a built-in one when read from a registry, or a custom one to [Registry.Define] (SC-330, SC-331).
type Definition struct {
	Name        string
	Description string   // shown to people who are asked for it; required
	Subscopes   []string // direct ones; a custom scope may name only custom scopes defined in the same call
}

// New gives the registry of a profile with its built-in scopes and roles. It panics on a Profile that is not one.
func New(p Profile) *Registry {
	if p != P55 && p != P60 {
		panic(fmt.Sprintf("scopes: no profile %d", int(p)))
	}
	return builtIn[p]()
}

// builtIn are the registries that all others begin with. Since they are immutable, one of each is enough for a program.
var builtIn = [...]func() *Registry{
	P55: sync.OnceValue(func() *Registry { return newRegistry(P55) }),
	P60: sync.OnceValue(func() *Registry { return newRegistry(P60) }),
}

func newRegistry(p Profile) *Registry {
	r := &Registry{profile: p, defs: map[string]Definition{}, roles: map[string]Role{}}
	known := func(b builtin) bool { return p == P60 || !b.since60 }
	for _, b := range builtins {
		if known(b) {
			r.defs[b.name] = Definition{Name: b.name, Description: b.description, Subscopes: b.subscopes}
		}
	}
	for name, d := range r.defs {
		d.Subscopes = slices.DeleteFunc(slices.Clone(d.Subscopes), func(s string) bool { _, ok := r.defs[s]; return !ok })
		r.defs[name] = d
	}
	for _, role := range builtinRoles {
		r.roles[role.Name] = role
	}
	r.close()
	return r
}

// close computes what every scope implies (SC-40). Definitions are free of cycles by then.
func (r *Registry) close() {
	r.custom = map[string]*implied{}
	for name := range r.defs {
		all := r.below(name)
		bit := bitOf(name)
		if bit == 0 {
			r.custom[name] = &implied{custom: all}
			continue
		}
		r.known |= bit
		r.builtins[bit.index()] = implied{bases: maskOf(all...), onServer: maskOf(slices.DeleteFunc(all, readsUser)...)}
	}
	for _, name := range selfScopes {
		r.self |= r.builtins[bitOf(name).index()].bases
	}
}

// readsUser tells what is dropped on a server, which has no name, groups or activity of a user to read (SC-41).
func readsUser(base string) bool { return strings.HasPrefix(base, "read:user") }

// below lists a scope and everything below it.
func (r *Registry) below(name string) []string {
	all := []string{name}
	seen := map[string]bool{name: true}
	for i := 0; i < len(all); i++ {
		for _, sub := range r.defs[all[i]].Subscopes {
			if !seen[sub] {
				seen[sub] = true
				all = append(all, sub)
			}
		}
	}
	return all
}

// clone gives a copy that shares everything; what differs is replaced in it, never changed.
func (r *Registry) clone() *Registry {
	c := *r
	return &c
}

// Profile is the profile that the registry was made for.
func (r *Registry) Profile() Profile { return r.profile }

// Lookup gives the definition of a base. Its slice must not be changed.
func (r *Registry) Lookup(base string) (Definition, bool) {
	d, ok := r.defs[base]
	return d, ok
}

// Names lists every known base, sorted.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.defs)) }

// MaxDefinitions is the greatest number of custom scopes of a registry, and of subscopes of one.
const MaxDefinitions = 256

// customName: at least three characters after the prefix (SC-330). \z, since a trailing newline is no part of a name.
var customName = regexp.MustCompile(`^custom:[a-z0-9][a-z0-9_\-*:]+[a-z0-9_*]\z`)

// Define adds custom scopes, all or none (SC-330 … SC-333). Defining the same scope again identically is fine.
// Errors wrap [ErrDefinition] and name the scope: a bad name, no description, a subscope that is not defined in this
// very call, a redefinition, a cycle, more than [MaxDefinitions].
func (r *Registry) Define(custom []Definition) (*Registry, error) {
	out := r.clone()
	out.defs = maps.Clone(r.defs)
	inCall := map[string]bool{}
	more := 0
	for _, d := range custom {
		if _, known := r.custom[d.Name]; !known && !inCall[d.Name] {
			more++
		}
		inCall[d.Name] = true
	}
	if len(r.custom)+more > MaxDefinitions {
		return nil, definition("", "%d custom scopes are too many, at most %d are allowed", len(r.custom)+more, MaxDefinitions)
	}
	for _, d := range custom {
		if old, ok := out.defs[d.Name]; ok && (old.Description != d.Description || !slices.Equal(old.Subscopes, d.Subscopes)) {
			return nil, definition(d.Name, "Cannot redefine scope '%s'", clip(d.Name))
		}
		switch {
		case len(d.Name)+len("!")+MaxFilter > MaxLength:
			return nil, definition(d.Name, "Custom scope name of %d bytes is too long, at most %d are allowed", len(d.Name), MaxLength-MaxFilter-len("!"))
		case !customName.MatchString(d.Name):
			return nil, definition(d.Name, "Invalid custom scope name '%s': it must begin with 'custom:', then at least three of a-z 0-9 _ - * :, "+
				"the first of them a letter or digit, the last a letter, digit, _ or *", clip(d.Name))
		case len(d.Subscopes) > MaxDefinitions:
			return nil, definition(d.Name, "Custom scope '%s' has %d subscopes, at most %d are allowed", d.Name, len(d.Subscopes), MaxDefinitions)
		case d.Description == "":
			return nil, definition(d.Name, "Custom scope '%s' needs a description", d.Name)
		}
		for _, sub := range d.Subscopes {
			switch _, known := r.defs[sub]; {
			case inCall[sub]:
			case known:
				return nil, definition(d.Name, "non-custom subscope '%s' in custom scope '%s' is not allowed, nor one defined earlier", clip(sub), d.Name)
			default:
				return nil, definition(d.Name, "subscope '%s' of custom scope '%s' not found", clip(sub), d.Name)
			}
		}
		d.Subscopes = slices.Clone(d.Subscopes)
		out.defs[d.Name] = d
	}
	if name := cycle(custom); name != "" {
		return nil, definition(name, "custom scope '%s' contains itself", name)
	}
	out.close()
	return out, nil
}

// cycle names a definition that reaches itself, or "".
func cycle(defs []Definition) string {
	subs := map[string][]string{}
	for _, d := range defs {
		subs[d.Name] = d.Subscopes
	}
	const open, done = 1, 2
	state := map[string]int{}
	var visit func(string) string
	visit = func(n string) string {
		switch state[n] {
		case open:
			return n
		case done:
			return ""
		}
		state[n] = open
		for _, s := range subs[n] {
			if found := visit(s); found != "" {
				return found
			}
		}
		state[n] = done
		return ""
	}
	for _, d := range defs {
		if found := visit(d.Name); found != "" {
			return found
		}
	}
	return ""
}

// Validate says whether a raw scope exists, as roles, tokens, OAuth requests and shares are checked (SC-20 … SC-24).
// It looks at names only: "users!user=" passes here and is refused by [Parse]. who appears in the message: "token",
// "share", "role NAME", or "" for OAuth. Errors: [ErrUnknownScope], [ErrUnknownFilter], [ErrTooLong].
func (r *Registry) Validate(raw, who string) error {
	base, filter, _ := strings.Cut(raw, "!")
	if err := tooLong(raw, filter); err != nil {
		return err
	}
	if base == "all" {
		return &Error{Scope: raw, Who: who, err: ErrUnknownScope, text: "Draft scope 'all' is now called 'inherit'"}
	}
	if _, ok := r.defs[base]; !ok {
		return unknownScope(raw, who)
	}
	if filter == "" || isShorthand(filter) {
		return nil
	}
	if kind, _, ok := strings.Cut(filter, "="); ok {
		switch kind {
		case KindUser, KindServer, KindGroup, KindService:
			return nil
		}
	}
	return unknownFilter(raw, filter, who)
}

// ParseValid is [Registry.Validate] and [Parse] for a whole list: what an edge calls on scopes that a client sent.
func (r *Registry) ParseValid(raw []string, who string) ([]Scope, error) {
	list, err := ParseAll(raw)
	if errors.Is(err, ErrTooMany) || errors.Is(err, ErrTooLong) {
		return nil, err
	}
	for _, s := range raw {
		if err := r.Validate(s, who); err != nil {
			return nil, err
		}
	}
	return list, err
}
