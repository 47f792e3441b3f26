package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/hubshare/hubshare/oauth"
	oauthhttp "github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	sharinghttp "github.com/hubshare/hubshare/sharing/httpapi"
)

func newHash() hash.Hash { return sha256.New() }

// Ids are made of names only because nobody is ever renamed or deleted here; a hub has ids of its own.
func userID(name string) string   { return "user:" + name }
func serverID(name string) string { return "server:" + name }

func userRef(id string) oauth.OwnerRef { return oauth.OwnerRef{Kind: oauth.KindUser, ID: id} }

// people are the address book: everybody has one server, and there are no groups.
type people struct{ *hub }

var _ sharing.Directory = people{}

func (p people) ref(name string) (sharing.Ref, bool) {
	_, ok := p.People[name]
	return sharing.Ref{Kind: sharing.KindUser, ID: userID(name), Name: name}, ok
}

func (p people) server(name string) (sharing.Server, bool) {
	u, ok := p.ref(name)
	return sharing.Server{ID: serverID(name), Owner: u}, ok
}

func (people) Member(string, string) bool { return false }

func (people) GroupsOf(context.Context, string) ([]string, error) { return nil, nil }

func (p people) Find(_ context.Context, kind, name string) (sharing.Ref, error) {
	if kind == sharing.KindGroup {
		return sharing.Ref{}, sharing.ErrNoSuchGroup
	}
	if u, ok := p.ref(name); ok {
		return u, nil
	}
	return sharing.Ref{}, sharing.ErrNoSuchUser
}

func (p people) FindServer(_ context.Context, owner, name string) (sharing.Server, error) {
	if s, ok := p.server(owner); ok && name == "" {
		return s, nil
	}
	return sharing.Server{}, sharing.ErrNoSuchServer
}

func (p people) Refs(_ context.Context, ids []string) (map[string]sharing.Ref, error) {
	out := map[string]sharing.Ref{}
	for name := range p.People {
		if u, _ := p.ref(name); slices.Contains(ids, u.ID) {
			out[u.ID] = u
		}
	}
	return out, nil
}

func (p people) Servers(_ context.Context, ids []string) (map[string]sharing.Server, error) {
	out := map[string]sharing.Server{}
	for name := range p.People {
		if s, _ := p.server(name); slices.Contains(ids, s.ID) {
			out[s.ID] = s
		}
	}
	return out, nil
}

func (p people) byID(id string) (sharing.Ref, error) {
	for name := range p.People {
		if userID(name) == id {
			u, _ := p.ref(name)
			return u, nil
		}
	}
	return sharing.Ref{}, oauth.ErrNoOwner
}

func loginURL(next string) string { return "/hub/login?next=" + url.QueryEscape(next) }

// visitors are the same people as package oauth asks for them, with what they may do.
type visitors struct{ *hub }

var (
	_ oauth.Host       = visitors{}
	_ oauthhttp.Models = visitors{}
)

func (visitors) Member(string, string) bool { return false }

// Owner sums what somebody may do now: what everybody may, and what is shared with them.
func (v visitors) Owner(ctx context.Context, ref oauth.OwnerRef) (oauth.Owner, error) {
	u, err := people(v).byID(ref.ID)
	if err != nil {
		return oauth.Owner{}, err
	}
	shared, until, err := v.sharing.SharedScopes(ctx, u.ID)
	if err != nil {
		return oauth.Owner{}, err
	}
	o := oauth.Owner{Owner: scopes.Owner{Kind: u.Kind, Name: u.Name}, Until: until}
	o.Roles = []scopes.Scope{{Base: "self"}, {Base: "shares", Kind: "user"}}
	o.Held = v.registry.Held(o.Owner, o.Roles, shared)
	return o, nil
}

func (v visitors) OwnsServer(_ context.Context, user oauth.OwnerRef, server string) bool {
	u, err := people(v).byID(user.ID)
	return err == nil && server == u.Name+"/"
}

func (v visitors) Session(r *http.Request) (oauth.OwnerRef, string, bool) {
	name, ok := v.loggedIn(r)
	return userRef(userID(name)), sessionOf(r), ok
}

func (visitors) EnsureSession(w http.ResponseWriter, r *http.Request) string {
	return ensureSession(w, r)
}

func (visitors) LoginURL(next string) string { return loginURL(next) }

func (v visitors) User(_ context.Context, name string) (oauth.OwnerRef, error) {
	if _, ok := v.People[name]; !ok {
		return oauth.OwnerRef{}, oauth.ErrNoOwner
	}
	return userRef(userID(name)), nil
}

func (v visitors) Model(_ context.Context, ref oauth.OwnerRef, view oauthhttp.View) (map[string]any, error) {
	u, err := people(v).byID(ref.ID)
	if err != nil {
		return nil, err
	}
	model := map[string]any{"kind": u.Kind, "name": u.Name, "admin": false, "groups": []string{}, "roles": []string{"user"}}
	maps.DeleteFunc(model, func(key string, _ any) bool { return !slices.Contains(view.Fields, key) })
	return model, nil
}

// callers are the same people as package sharing/httpapi asks for them.
type callers struct{ *hub }

var _ sharinghttp.Host = callers{}

func (c callers) Identify(r *http.Request) (sharinghttp.Visitor, bool, error) {
	secret := bearer(r)
	if secret == "" {
		return c.IdentifyCookie(r)
	}
	id, err := c.provider.Authenticate(r.Context(), secret)
	if errors.Is(err, oauth.ErrNoToken) {
		return c.IdentifyCookie(r)
	}
	if err != nil {
		return sharinghttp.Visitor{}, false, err
	}
	who := sharing.Ref{Kind: id.Owner.Kind, ID: id.Owner.ID, Name: id.Name}
	return sharinghttp.Visitor{Caller: sharing.Caller{Ref: who, Scopes: id.Effective}}, true, nil
}

func (c callers) IdentifyCookie(r *http.Request) (v sharinghttp.Visitor, ok bool, err error) {
	v.Session = sessionOf(r)
	name, ok := c.loggedIn(r)
	if !ok {
		return v, false, nil
	}
	o, err := visitors(c).Owner(r.Context(), userRef(userID(name)))
	if err != nil {
		return v, false, err
	}
	v.Ref, _ = people(c).ref(name)
	v.Scopes, v.Cookie = o.Held, true
	return v, true, nil
}

func (callers) LoginURL(next string) string { return loginURL(next) }

func (callers) ServerURL(s sharing.Server) (path, full string, ready bool) {
	return "/user/" + url.PathEscape(s.Owner.Name) + "/", "", true
}
