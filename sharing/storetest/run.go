package storetest

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// Run runs the whole suite. open gives a new, empty store each time it is called, and arranges with t for its end. Subtests run in
// parallel, each on a store of its own.
func Run(t *testing.T, open func(t *testing.T) sharing.Store) {
	t.Helper()
	for _, part := range [][]check{
		grants, revocations, ends, terms, bulk, seeds, codes, limits, withdrawals, lists, cascades, changes, records, tallies, races,
	} {
		for _, c := range part {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(fixture{t: t, open: open, store: open(t), random: rand.NewChaCha8([32]byte{1})})
			})
		}
	}
}

// check is one sentence about a store.
type check struct {
	name string
	run  func(f fixture)
}

// start is the time of every check's first operation.
var start = time.Date(2026, 11, 21, 18, 0, 0, 123456000, time.UTC)

// Whom and what the checks are about.
var (
	lab   = sharing.Place{ServerID: "s-alice-lab", OwnerID: "u-alice"}
	home  = sharing.Place{ServerID: "s-alice", OwnerID: "u-alice"}
	other = sharing.Place{ServerID: "s-dave", OwnerID: "u-dave"}

	bob   = sharing.Grantee{Kind: sharing.KindUser, ID: "u-bob"}
	carol = sharing.Grantee{Kind: sharing.KindUser, ID: "u-carol"}
	team  = sharing.Grantee{Kind: sharing.KindGroup, ID: "g-team"}
)

const (
	access = "access:servers"
	read   = "read:servers"
	shares = "shares"
)

// everything is a window that no check's list outgrows.
var everything = sharing.Window{Limit: 1000}

// by is what a user does on alice's lab, in names that the store keeps and does not read.
func by(userID string, grantees ...string) sharing.Act {
	return sharing.Act{Actor: sharing.Ref{Kind: sharing.KindUser, ID: userID, Name: "name of " + userID}, Server: "alice/lab", Grantees: grantees}
}

// until is the end of a grant by the clock.
func until(t time.Time) sharing.Ends { return sharing.Ends{ExpiresAt: t} }

// fixture is a store with short words for what the checks do to it. Each word fails the test when the store fails.
type fixture struct {
	t      *testing.T
	open   func(t *testing.T) sharing.Store // another store
	store  sharing.Store
	random *rand.ChaCha8
}

func (f fixture) grant(at sharing.Place, to sharing.Grantee, bases ...string) sharing.StoredShare {
	f.t.Helper()
	share, c := f.give(start, "u-alice", at, to, sharing.Ends{}, bases...)
	assert.NotZero(f.t, c.Seq, "a grant of something new is a change")
	return share
}

// give is a grant to one, with all that can be said about it.
func (f fixture) give(
	now time.Time, actor string, at sharing.Place, to sharing.Grantee, e sharing.Ends, bases ...string,
) (sharing.StoredShare, sharing.Change) {
	f.t.Helper()
	all, c, err := f.store.Grant(f.t.Context(), now, by(actor), sharing.GrantOrder{Place: at, Grantees: []sharing.Grantee{to}, Bases: bases, Ends: e})
	require.NoError(f.t, err)
	require.Len(f.t, all, 1)
	return all[0], c
}

// seed is a seed of something new.
func (f fixture) seed(now time.Time, list ...sharing.SeedOrder) sharing.Change {
	f.t.Helper()
	c, err := f.store.Seed(f.t.Context(), now, list)
	require.NoError(f.t, err)
	assert.NotZero(f.t, c.Seq, "a seed of something new is a change")
	return c
}

// everyShare gives the shares of all whom seeds are about, in the order of their ids, which count from 1: stores may leave out numbers.
func (f fixture) everyShare(now time.Time) []sharing.StoredShare {
	f.t.Helper()
	grantees := []sharing.Grantee{bob, carol, team}
	for i := range 300 {
		grantees = append(grantees, numbered(i))
	}
	all := f.shares(now, sharing.Filter{Grantees: grantees})
	for i := range all {
		all[i].ID = int64(i + 1)
	}
	return all
}

// numbered is one of many users, place one of many servers.
func numbered(i int) sharing.Grantee {
	return sharing.Grantee{Kind: sharing.KindUser, ID: "u-" + strconv.Itoa(i)}
}

func place(i int) sharing.Place {
	return sharing.Place{ServerID: "s-" + strconv.Itoa(i), OwnerID: "u-owner-" + strconv.Itoa(i)}
}

func (f fixture) revoke(o sharing.RevokeOrder) (*sharing.StoredShare, sharing.Change) {
	f.t.Helper()
	left, c, err := f.store.Revoke(f.t.Context(), start, by("u-alice"), o)
	require.NoError(f.t, err)
	return left, c
}

func (f fixture) share(now time.Time, at sharing.Place, of sharing.Grantee) sharing.StoredShare {
	f.t.Helper()
	share, err := f.store.Share(f.t.Context(), now, at.ServerID, of)
	require.NoError(f.t, err)
	return share
}

func (f fixture) noShare(now time.Time, at sharing.Place, of sharing.Grantee) {
	f.t.Helper()
	_, err := f.store.Share(f.t.Context(), now, at.ServerID, of)
	assert.ErrorIs(f.t, err, sharing.ErrNoSuchShare)
}

func (f fixture) shares(now time.Time, filter sharing.Filter) []sharing.StoredShare {
	f.t.Helper()
	page, err := f.store.Shares(f.t.Context(), now, filter, everything)
	require.NoError(f.t, err)
	assert.Equal(f.t, page.Total, len(page.Items), "the total of a list that fits its window")
	return page.Items
}

func (f fixture) codes(now time.Time, filter sharing.Filter) []sharing.StoredCode {
	f.t.Helper()
	page, err := f.store.Codes(f.t.Context(), now, filter, everything)
	require.NoError(f.t, err)
	assert.Equal(f.t, page.Total, len(page.Items), "the total of a list that fits its window")
	return page.Items
}

// code makes a code that lives an hour.
func (f fixture) code(at sharing.Place, bases ...string) (sharing.StoredCode, sharing.Probe) {
	f.t.Helper()
	return f.limited(sharing.CodeLimits{}, at, bases...)
}

// limited makes such a code with limits.
func (f fixture) limited(l sharing.CodeLimits, at sharing.Place, bases ...string) (sharing.StoredCode, sharing.Probe) {
	f.t.Helper()
	code, probe, err := f.newCode(l, at, bases...)
	require.NoError(f.t, err)
	return code, probe
}

func (f fixture) newCode(l sharing.CodeLimits, at sharing.Place, bases ...string) (sharing.StoredCode, sharing.Probe, error) {
	f.t.Helper()
	secret, err := sharing.NewSecret(f.random)
	require.NoError(f.t, err)
	hash, prefix, err := secret.Hash(f.random)
	require.NoError(f.t, err)
	probe, ok := secret.Probe()
	require.True(f.t, ok)
	code, c, err := f.store.CreateCode(f.t.Context(), start, by("u-alice"), sharing.CodeOrder{
		Place: at, Bases: bases, Prefix: prefix, Hash: hash, ExpiresAt: start.Add(time.Hour), CodeLimits: l,
	})
	if err == nil {
		assert.NotZero(f.t, c.Seq, "a new code is a change")
		assert.Equal(f.t, sharing.CodeID(code.ID), c.CodeID)
	}
	return code, probe, err
}

func (f fixture) exchange(p sharing.Probe, visitor string) (sharing.StoredShare, error) {
	f.t.Helper()
	share, c, err := f.exchangeAt(start, p, visitor)
	if err == nil {
		assert.NotZero(f.t, c.Seq, "an exchange is a change")
	} else {
		assert.Zero(f.t, c, "what failed changed nothing")
	}
	return share, err
}

func (f fixture) exchangeAt(now time.Time, p sharing.Probe, visitor string) (sharing.StoredShare, sharing.Change, error) {
	f.t.Helper()
	return f.store.Exchange(f.t.Context(), now, by(visitor), p, by(visitor).Actor)
}

func (f fixture) exchanged(p sharing.Probe, visitor string) sharing.StoredShare {
	f.t.Helper()
	share, err := f.exchange(p, visitor)
	require.NoError(f.t, err)
	return share
}

func (f fixture) forget(kind, id string) sharing.Change {
	f.t.Helper()
	c, err := f.store.Forget(f.t.Context(), start, kind, id)
	require.NoError(f.t, err)
	return c
}

// scopesOf gives what a user may do, as "server base" lines in order.
func (f fixture) scopesOf(now time.Time, user string, groups ...string) (lines []string, until time.Time) {
	f.t.Helper()
	list, until, err := f.store.ScopesOf(f.t.Context(), now, user, groups)
	require.NoError(f.t, err)
	for _, s := range list {
		assert.NotEmpty(f.t, s.OwnerID)
		assert.True(f.t, slices.IsSorted(s.Bases), "bases are sorted: %v", s.Bases)
		for _, base := range s.Bases {
			lines = append(lines, s.ServerID+" "+base)
		}
	}
	slices.Sort(lines)
	return lines, until
}
