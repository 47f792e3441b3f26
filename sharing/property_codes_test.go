package sharing_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hubshare/hubshare/sharing"
)

// createCode is SH-20 and the checks of SH-102.
func (w *world) createCode(t *rapid.T) {
	by, n := w.drawCaller(t), w.drawServer(t)
	requested := w.drawScopes(t, n)
	lifetime := time.Duration(rapid.SampledFrom([]int{0, 59, 60, 600, 3600, 365 * 86400, 365*86400 + 1}).Draw(t, "lifetime")) * time.Second
	caller := w.as(t, by)
	code, secret, err := w.CreateCode(t.Context(), caller, sharing.CodeRequest{Server: n, Scopes: requested, Lifetime: lifetime})

	var want error
	var bases []string
	srv, exists := w.found(n)
	if want = w.gate(t, by, n); want == nil && lifetime != 0 && (lifetime < time.Minute || lifetime > 365*24*time.Hour) {
		want = sharing.ErrLifetime
	}
	if want == nil {
		bases, want = wantedBases(requested, n)
	}
	for _, base := range bases {
		if !w.holds(t, by, base, n) {
			want = sharing.ErrScopeNotHeld
		}
	}
	if want == nil && !exists {
		want = sharing.ErrNoSuchServer
	}
	if want == nil && (slices.Contains(w.gone, sharing.GoneError{Kind: sharing.KindServer, ID: srv.ID}) ||
		slices.Contains(w.gone, sharing.GoneError{Kind: sharing.KindUser, ID: srv.Owner.ID})) {
		want = sharing.ErrNoSuchServer // SH-45 e
	}
	if refused(t, want, err) {
		return
	}
	if lifetime == 0 {
		lifetime = 24 * time.Hour
	}
	hash, prefix, err := secret.Hash(w.Rand)
	require.NoError(t, err)
	row, _, err := w.want.CreateCode(t.Context(), w.now, sharing.CodeOrder{
		ActorID: by.ID, Place: sharing.Place{ServerID: srv.ID, OwnerID: srv.Owner.ID}, Bases: bases, Prefix: prefix, Hash: hash, ExpiresAt: w.now.Add(lifetime),
	})
	require.NoError(t, err)
	require.Equal(t, w.wantCodeLine(row), codeLine(code))
	w.codes = append(w.codes, secretCode{row.ID, srv.ID, secret})
}

// foreseeCode finds the live code of a secret as its visitor would (SH-142, SH-144).
func (w *world) foreseeCode(t *rapid.T, visitor sharing.Ref, s sharing.Secret) (sharing.StoredCode, error) {
	p, ok := s.Probe()
	require.True(t, ok)
	row, err := w.want.FindCode(t.Context(), w.now, p)
	if err == nil && row.OwnerID == visitor.ID {
		err = sharing.ErrOwnCode
	}
	return row, err
}

// exchange is SH-44 and SH-144.
func (w *world) exchange(t *rapid.T) {
	if len(w.codes) == 0 {
		t.Skip("no code yet")
	}
	by, known := w.drawUser(t), rapid.SampledFrom(w.codes).Draw(t, "code")
	row, want := w.foreseeCode(t, by, known.secret)
	found, err := w.FindCode(t.Context(), w.as(t, by), known.secret)
	if !refused(t, want, err) {
		require.Equal(t, w.wantCodeLine(row), codeLine(found))
	}
	p, _ := known.secret.Probe()
	share, _, wantErr := w.want.Exchange(t.Context(), w.now, p, by)
	if want == nil && wantErr != nil {
		want = sharing.ErrCodeNotFound // SH-45 e: the visitor was forgotten
	}
	got, err := w.Exchange(t.Context(), w.as(t, by), known.secret)
	if !refused(t, want, err) {
		require.Equal(t, w.wantShareLine(share), shareLine(got))
	}
}

// deleteCodes is SH-110 to SH-113.
func (w *world) deleteCodes(t *rapid.T) {
	by, n := w.drawCaller(t), w.drawServer(t)
	caller := w.as(t, by)
	how := rapid.SampledFrom([]string{"secret", "id", "all"}).Draw(t, "by")
	if how == "all" || len(w.codes) == 0 {
		want := w.gateAndFind(t, by, n, func(srv sharing.Server) error {
			_, _, err := w.want.DeleteCodes(t.Context(), w.now, by.ID, srv.ID)
			return err
		})
		refused(t, want, w.DeleteCodes(t.Context(), caller, n))
		return
	}
	known := rapid.SampledFrom(w.codes).Draw(t, "code")
	if i := slices.IndexFunc(w.servers, func(s sharing.Server) bool { return s.ID == known.server }); i >= 0 && rapid.Bool().Draw(t, "on its server") {
		s := w.current(w.servers[i])
		n = sharing.ServerName{Owner: s.Owner.Name, Name: s.Name}
	}
	want := w.gateAndFind(t, by, n, func(srv sharing.Server) (err error) {
		if how == "id" {
			_, err = w.want.DeleteCode(t.Context(), w.now, by.ID, srv.ID, known.id)
			return err
		}
		p, _ := known.secret.Probe()
		_, _, err = w.want.DeleteCodeBySecret(t.Context(), w.now, by.ID, srv.ID, p)
		return err
	})
	if how == "id" {
		refused(t, want, w.DeleteCodeByID(t.Context(), caller, n, fmt.Sprintf("sc_%d", known.id)))
		return
	}
	refused(t, want, w.DeleteCode(t.Context(), caller, n, known.secret))
}
