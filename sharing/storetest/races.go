package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// crowd is how many goroutines do things at once.
const crowd = 64

// atOnce runs fn in a crowd and waits for all of it; fn must not end the test.
func atOnce(fn func(i int)) {
	var gate, all sync.WaitGroup
	gate.Add(1)
	for i := range crowd {
		all.Go(func() {
			gate.Wait()
			fn(i)
		})
	}
	gate.Done()
	all.Wait()
}

// try exchanges without ending the test, so that a goroutine may call it.
func (f fixture) try(p sharing.Probe, visitor string) error {
	_, _, err := f.store.Exchange(f.t.Context(), start, sharing.Act{}, p, sharing.Ref{Kind: sharing.KindUser, ID: visitor})
	return err
}

// races are the outcomes that SH-45 requires.
var races = []check{
	{"SH-45 a exchanges of one code by one user at once make one share and count each", func(f fixture) {
		_, p := f.code(lab, access)
		atOnce(func(int) { assert.NoError(f.t, f.try(p, bob.ID)) })
		assert.Len(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}), 1)
		assert.Equal(f.t, crowd, f.codes(start, sharing.Filter{ServerID: lab.ServerID})[0].Exchanges)
	}},
	{"SH-45 b exchanges of one code by many users at once make a share for each", func(f fixture) {
		_, p := f.code(lab, access)
		atOnce(func(i int) { assert.NoError(f.t, f.try(p, fmt.Sprintf("u-%d", i))) })
		assert.Len(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}), crowd)
		assert.Equal(f.t, crowd, f.codes(start, sharing.Filter{ServerID: lab.ServerID})[0].Exchanges)
	}},
	{"SH-45 c grants of different scopes at once make one share with all of them", func(f fixture) {
		atOnce(func(i int) {
			_, _, err := f.store.Grant(f.t.Context(), start, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{team}, Bases: []string{fmt.Sprintf("custom:%02d", i)}})
			assert.NoError(f.t, err)
		})
		all := f.shares(start, sharing.Filter{ServerID: lab.ServerID})
		require.Len(f.t, all, 1)
		require.Len(f.t, all[0].Bases, crowd)
		assert.Equal(f.t, "custom:00", all[0].Bases[0])
	}},
	{"SH-45 d after a code is deleted no exchange succeeds, and those before are whole", func(f fixture) {
		code, p := f.code(lab, access)
		f.code(lab, access)
		var done sync.WaitGroup
		var mu sync.Mutex
		deleted, succeeded := false, 0
		done.Go(func() {
			_, _, err := f.store.DeleteCode(f.t.Context(), start, sharing.Act{}, lab.ServerID, code.ID, false)
			assert.NoError(f.t, err)
			mu.Lock()
			deleted = true
			mu.Unlock()
		})
		atOnce(func(i int) {
			mu.Lock()
			late := deleted
			mu.Unlock()
			err := f.try(p, fmt.Sprintf("u-%d", i))
			switch {
			case err == nil:
				assert.False(f.t, late, "an exchange that began after the deletion was answered")
				mu.Lock()
				succeeded++
				mu.Unlock()
			default:
				assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
			}
		})
		done.Wait()
		assert.ErrorIs(f.t, f.try(p, "u-late"), sharing.ErrCodeNotFound)
		assert.Len(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}), succeeded)
	}},
	{"SH-45 e forgetting a server while it is shared leaves no orphan", func(f fixture) {
		_, p := f.code(lab, access)
		atOnce(func(i int) {
			var err error
			switch {
			case i == crowd/2:
				_, err = f.store.Forget(f.t.Context(), start, sharing.KindServer, lab.ServerID)
				assert.NoError(f.t, err)
				return
			case i%3 == 0:
				err = f.try(p, fmt.Sprintf("u-%d", i))
			case i%3 == 1:
				_, _, err = f.store.CreateCode(f.t.Context(), start, sharing.Act{}, sharing.CodeOrder{
					Place: lab, Bases: []string{access}, Prefix: "pref", Hash: fmt.Sprint(i), ExpiresAt: start.AddDate(0, 0, 1),
				})
			default:
				_, _, err = f.store.Grant(f.t.Context(), start, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{team}, Bases: []string{access}})
			}
			if err != nil && !errors.Is(err, sharing.ErrGone) {
				assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
			}
		})
		assert.Empty(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}))
		assert.Empty(f.t, f.codes(start, sharing.Filter{ServerID: lab.ServerID}))
	}},
	{"SH-45 e forgetting a grantee while they are granted things leaves no orphan", func(f fixture) {
		atOnce(func(i int) {
			if i == crowd/2 {
				_, err := f.store.Forget(f.t.Context(), start, sharing.KindUser, bob.ID)
				assert.NoError(f.t, err)
				return
			}
			_, _, err := f.store.Grant(f.t.Context(), start, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{bob}, Bases: []string{fmt.Sprintf("custom:%02d", i)}})
			if err != nil {
				assert.ErrorIs(f.t, err, sharing.ErrGone)
			}
		})
		f.noShare(start, lab, bob)
	}},
	{"SH-45 f a caller who gives up leaves the store whole and usable", func(f fixture) {
		_, p := f.code(lab, access)
		atOnce(func(i int) {
			ctx, cancel := context.WithCancel(f.t.Context())
			var both sync.WaitGroup
			both.Go(cancel)
			_, _, err := f.store.Exchange(ctx, start, sharing.Act{}, p, sharing.Ref{Kind: sharing.KindUser, ID: fmt.Sprintf("u-%d", i)})
			if err != nil {
				assert.NotErrorIs(f.t, err, sharing.ErrCodeNotFound)
			}
			both.Wait()
		})
		f.exchanged(p, "u-patient")
		made := f.shares(start, sharing.Filter{ServerID: lab.ServerID})
		assert.Len(f.t, made, f.codes(start, sharing.Filter{ServerID: lab.ServerID})[0].Exchanges)
		all, err := f.store.Changes(f.t.Context(), 0, 1000)
		require.NoError(f.t, err)
		assert.Len(f.t, all, len(made)+1, "one for each exchange, and one for the code")
	}},
	{"SH-45 what is granted and revoked at once has its changes numbered without a double", func(f fixture) {
		atOnce(func(i int) {
			var err error
			if i%2 == 0 {
				_, _, err = f.store.Grant(f.t.Context(), start, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{bob}, Bases: []string{access, read}})
			} else {
				_, _, err = f.store.Revoke(f.t.Context(), start, sharing.Act{}, sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, Bases: []string{access}})
			}
			assert.NoError(f.t, err)
		})
		all, err := f.store.Changes(f.t.Context(), 0, 1000)
		require.NoError(f.t, err)
		granted := false
		for i, c := range all {
			assert.True(f.t, i == 0 || all[i-1].Seq < c.Seq)
			// Each change turned the scope on or off, so they take turns.
			assert.Equal(f.t, granted, c.Action == sharing.ActionRevoke)
			granted = c.Action == sharing.ActionGrant
		}
	}},
}
