package sharing_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hubshare/hubshare/sharing"
)

// createCode is SH-20 and the checks of SH-102.
func (w *world) createCode(t *rapid.T) {
	by, n := w.drawCaller(t), w.drawServer(t)
	r := sharing.CodeRequest{
		Server: n, Scopes: w.drawScopes(t, n), Terms: w.drawTerms(t),
		Lifetime: time.Duration(rapid.SampledFrom([]int{0, 59, 60, 600, 3600, 365 * 86400, 365*86400 + 1}).Draw(t, "lifetime")) * time.Second,
		MaxUses:  rapid.SampledFrom([]int{0, 0, 1, 2, -1}).Draw(t, "uses"),
		Domain:   rapid.SampledFrom([]string{"", "", "", "@Example.org", "no domain"}).Draw(t, "domain"),
		Note:     rapid.SampledFrom([]string{"", "", "a note", "two\nlines"}).Draw(t, "note"),
	}
	for range rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "for how many") {
		r.For = append(r.For, w.drawGrantee(t))
	}
	caller := w.as(t, by)
	o, srv, want := w.foreseeCreation(t, by, r)
	code, secret, err := w.CreateCode(t.Context(), caller, r)
	if refused(t, want, err) {
		return
	}
	o.Hash, o.Prefix, err = secret.Hash(w.Rand)
	require.NoError(t, err)
	row, _, err := w.want.CreateCode(t.Context(), w.now, w.act(by, srv), o)
	require.NoError(t, err)
	require.Equal(t, w.wantCodeLine(row), codeLine(code))
	w.codes = append(w.codes, secretCode{row.ID, srv.ID, secret})
	w.ends = append(w.ends, row.ExpiresAt)
}

// foreseeCreation gives what has to reach the store but for the secret, or the refusal.
func (w *world) foreseeCreation(t *rapid.T, by sharing.Ref, r sharing.CodeRequest) (o sharing.CodeOrder, srv sharing.Server, want error) {
	if err := w.gate(t, by, r.Server); err != nil {
		return o, srv, err
	}
	switch {
	case r.Lifetime != 0 && (r.Lifetime < time.Minute || r.Lifetime > 365*24*time.Hour), r.Terms.Lifetime == 59*time.Second:
		return o, srv, sharing.ErrLifetime
	case r.MaxUses < 0, r.Domain == "no domain", strings.Contains(r.Note, "\n"):
		return o, srv, sharing.ErrInvalidCode
	case r.Lifetime == 0:
		r.Lifetime = 24 * time.Hour
	}
	bases, err := wantedBases(r.Scopes, r.Server)
	if err != nil {
		return o, srv, err
	}
	for _, base := range bases {
		if !w.holds(t, by, base, r.Server) {
			return o, srv, sharing.ErrScopeNotHeld
		}
	}
	srv, exists := w.found(r.Server)
	if !exists {
		return o, srv, sharing.ErrNoSuchServer
	}
	whom, err := w.foreseeGrantees(by, r.For)
	if err != nil {
		return o, srv, err
	}
	o = sharing.CodeOrder{
		Place: sharing.Place{ServerID: srv.ID, OwnerID: srv.Owner.ID}, Bases: bases, Hash: "tried", ExpiresAt: w.now.Add(r.Lifetime),
		CodeLimits: sharing.CodeLimits{MaxUses: r.MaxUses, Note: r.Note, Terms: r.Terms},
	}
	if len(whom) > 0 || r.Domain != "" {
		o.Bound = &sharing.Binding{}
		if r.Domain != "" {
			o.Bound.Domain = "example.org"
		}
	}
	for _, g := range whom {
		list := &o.Bound.Users
		if g.Kind == sharing.KindGroup {
			list = &o.Bound.Groups
		}
		if !slices.Contains(*list, g.ID) {
			*list = append(*list, g.ID)
		}
	}
	if _, _, err := w.want.Clone().CreateCode(t.Context(), w.now, sharing.Act{}, o); err != nil {
		require.ErrorIs(t, err, sharing.ErrGone)
		return o, srv, sharing.ErrNoSuchServer // SH-45 e
	}
	return o, srv, nil
}

// foreseeCode finds the live code of a secret as its visitor would (SH-142, SH-144), used up or not.
func (w *world) foreseeCode(t *rapid.T, visitor sharing.Ref, s sharing.Secret) (sharing.StoredCode, error) {
	p, ok := s.Probe()
	require.True(t, ok)
	row, err := w.want.FindCode(t.Context(), w.now, p)
	switch {
	case err != nil:
		return row, err
	case row.OwnerID == visitor.ID:
		return row, sharing.ErrOwnCode
	case row.Bound == nil, slices.Contains(row.Bound.Users, visitor.ID):
		return row, nil
	case row.Bound.Domain != "" && visitor.Name == "ann@example.org": // of all names the only one at the only domain
		return row, nil
	case slices.ContainsFunc(w.groupsOf(visitor.ID), func(id string) bool { return slices.Contains(row.Bound.Groups, id) }):
		return row, nil
	}
	return row, sharing.ErrNotForVisitor
}

// exchange is SH-44 and SH-144.
func (w *world) exchange(t *rapid.T) {
	if len(w.codes) == 0 {
		t.Skip("no code yet")
	}
	by, known := w.drawUser(t), rapid.SampledFrom(w.codes).Draw(t, "code")
	if rapid.Bool().Draw(t, "the newest") {
		known = w.codes[len(w.codes)-1]
	}
	row, want := w.foreseeCode(t, by, known.secret)
	p, _ := known.secret.Probe()
	// A used up code is found by those whom it would let in again.
	looked := want
	if want == nil && row.MaxUses > 0 && row.Exchanges >= row.MaxUses {
		_, _, looked = w.want.Clone().Exchange(t.Context(), w.now, sharing.Act{}, p, by)
	}
	found, err := w.FindCode(t.Context(), w.as(t, by), known.secret)
	if !refused(t, looked, err) {
		require.Equal(t, w.wantCodeLine(row), codeLine(found))
		require.Empty(t, found.Note+found.Domain)
		require.Empty(t, found.For)
	}
	var share sharing.StoredShare
	if want == nil {
		share, _, want = w.want.Exchange(t.Context(), w.now, w.act(by, w.serverOf(known), toUser(by.Name)), p, by)
		if errors.Is(want, sharing.ErrGone) {
			want = sharing.ErrCodeNotFound // SH-45 e: the visitor was forgotten
		}
		w.noteEnd(known.server, by.ID, row.Terms.Lifetime)
	}
	got, err := w.Exchange(t.Context(), w.as(t, by), known.secret)
	if !refused(t, want, err) {
		require.Equal(t, w.wantShareLine(share), shareLine(got))
	}
}

// deleteCodes is SH-110 to SH-113, with or without what the codes gave.
func (w *world) deleteCodes(t *rapid.T) {
	by, n := w.drawCaller(t), w.drawServer(t)
	caller := w.as(t, by)
	cascade := rapid.Bool().Draw(t, "cascade")
	how := rapid.SampledFrom([]string{"secret", "id", "id", "all"}).Draw(t, "by")
	if how == "all" || len(w.codes) == 0 {
		want := w.gateAndFind(t, by, n, func(srv sharing.Server) error {
			_, _, err := w.want.DeleteCodes(t.Context(), w.now, w.act(by, srv), srv.ID, cascade)
			return err
		})
		refused(t, want, w.DeleteCodes(t.Context(), caller, sharing.DeleteRequest{Server: n, Cascade: cascade}))
		return
	}
	known := rapid.SampledFrom(w.codes).Draw(t, "code")
	if i := slices.IndexFunc(w.servers, func(s sharing.Server) bool { return s.ID == known.server }); i >= 0 && rapid.IntRange(0, 3).Draw(t, "elsewhere") > 0 {
		s := w.current(w.servers[i])
		n = sharing.ServerName{Owner: s.Owner.Name, Name: s.Name}
	}
	want := w.gateAndFind(t, by, n, func(srv sharing.Server) (err error) {
		if how == "id" {
			_, _, err = w.want.DeleteCode(t.Context(), w.now, w.act(by, srv), srv.ID, known.id, cascade)
			return err
		}
		p, _ := known.secret.Probe()
		_, _, err = w.want.DeleteCodeBySecret(t.Context(), w.now, w.act(by, srv), srv.ID, p, cascade)
		return err
	})
	r := sharing.DeleteRequest{Server: n, Cascade: cascade}
	if how == "id" {
		refused(t, want, w.DeleteCodeByID(t.Context(), caller, r, fmt.Sprintf("sc_%d", known.id)))
		return
	}
	refused(t, want, w.DeleteCode(t.Context(), caller, r, known.secret))
}
