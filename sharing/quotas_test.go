package sharing_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// from is a caller at a network address.
func from(address string, by sharing.Caller) sharing.Caller {
	by.Address = address
	return by
}

// tooOften expects a refusal by a quota and gives how long to wait.
func tooOften(t *testing.T, err error) time.Duration {
	t.Helper()
	var refused *sharing.Error
	require.ErrorIs(t, err, sharing.ErrQuota)
	require.ErrorAs(t, err, &refused)
	assert.Positive(t, refused.RetryAfter)
	assert.Zero(t, refused.RetryAfter%time.Second, "as the header has it")
	assert.Equal(t, "Too many requests; try again in "+refused.RetryAfter.String(), refused.Message)
	return refused.RetryAfter
}

func (f *fixture) create(t *testing.T, by sharing.Caller) error {
	t.Helper()
	_, _, err := f.CreateCode(t.Context(), by, sharing.CodeRequest{Server: home})
	return err
}

func (f *fixture) present(t *testing.T, by sharing.Caller, text string) error {
	t.Helper()
	_, err := f.Exchange(t.Context(), by, sharing.Presented(text))
	return err
}

// unlimitedBut sets one of the quotas.
func (f *fixture) unlimitedBut(set func(q *sharing.Quotas)) {
	f.Quotas = sharing.NoQuotas()
	set(&f.Quotas)
}

// TestCreationsAreLimited: by caller, for codes and grants together, and again once the clock has moved as far as the refusal said.
func TestCreationsAreLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.unlimitedBut(func(q *sharing.Quotas) { q.Creations = sharing.Quota{N: 3} })
	alice, admin := f.as(t, "alice"), f.as(t, "admin")
	require.NoError(t, f.create(t, admin))
	f.grant(t, "", "user", "carol")
	f.grant(t, "", "user", "carol") // nothing new, and asked all the same
	f.told()
	wait := tooOften(t, f.create(t, admin))
	_, err := f.Grant(t.Context(), admin, sharing.GrantRequest{Server: home, Grantee: toUser("bob")})
	tooOften(t, err)
	assert.Empty(t, f.told(), "a refusal changes nothing")
	require.NoError(t, f.create(t, alice), "others are not concerned")
	require.NoError(t, f.RevokeAll(t.Context(), admin, home), "taking away is never too much")

	f.advance(wait - time.Second)
	tooOften(t, f.create(t, admin))
	f.advance(time.Second)
	require.NoError(t, f.create(t, admin), "after %s", wait)
	f.advance(24 * time.Hour)
	for range 3 {
		require.NoError(t, f.create(t, admin), "all of it again")
	}
	tooOften(t, f.create(t, admin))
}

// TestARefusalIsNoCreation: what the other checks refuse is not counted.
func TestARefusalIsNoCreation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.unlimitedBut(func(q *sharing.Quotas) { q.Creations = sharing.Quota{N: 1} })
	for range 5 {
		_, err := f.Grant(t.Context(), f.as(t, "admin"), sharing.GrantRequest{Server: home, Grantee: toUser("ghost")})
		require.ErrorIs(t, err, sharing.ErrNoSuchGrantee)
		_, _, err = f.CreateCode(t.Context(), f.as(t, "admin"), sharing.CodeRequest{Server: home, Scopes: []string{"nope"}})
		require.ErrorIs(t, err, sharing.ErrInvalidScope)
	}
	require.NoError(t, f.create(t, f.as(t, "admin")))
}

// TestEachGranteeIsACreation: a grant to several takes as many, all or none.
func TestEachGranteeIsACreation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.unlimitedBut(func(q *sharing.Quotas) { q.Creations = sharing.Quota{N: 5} })
	many := func(names ...sharing.GranteeName) error {
		_, err := f.GrantMany(t.Context(), f.as(t, "admin"), sharing.BulkRequest{Server: home, Grantees: names})
		return err
	}
	require.NoError(t, many(toUser("bob"), toUser("carol"), toGroup("team")))
	f.told()
	tooOften(t, many(toUser("bob"), toUser("alice"), toUser("carol")))
	assert.Empty(t, f.told())
	require.NoError(t, many(toUser("bob"), toUser("alice")), "two are left")
	tooOften(t, many(toUser("bob")))

	f.unlimitedBut(func(q *sharing.Quotas) { q.Creations = sharing.Quota{N: 2} })
	f.hub.AddUser("boss", "self", "shares", "list:users", "servers")
	_, err := f.GrantMany(t.Context(), f.as(t, "boss"), sharing.BulkRequest{
		Server: home, Grantees: []sharing.GranteeName{toUser("bob"), toUser("alice"), toUser("carol")},
	})
	assert.Equal(t, time.Hour, tooOften(t, err), "more than the whole quota at once")
}

// TestCreationsAreLimitedByAddress: whoever asks from there.
func TestCreationsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.unlimitedBut(func(q *sharing.Quotas) { q.AddressCreations = sharing.Quota{N: 2, Per: time.Minute} })
	alice, admin := f.as(t, "alice"), f.as(t, "admin")
	require.NoError(t, f.create(t, from("192.0.2.1", alice)))
	require.NoError(t, f.create(t, from("192.0.2.1", admin)))
	wait := tooOften(t, f.create(t, from("192.0.2.1", alice)))
	assert.LessOrEqual(t, wait, time.Minute)
	require.NoError(t, f.create(t, from("192.0.2.2", alice)))
	for range 5 {
		require.NoError(t, f.create(t, alice), "an address that is not known is not counted")
	}
	f.advance(wait)
	require.NoError(t, f.create(t, from("192.0.2.1", alice)))
}

// TestFailuresAreLimited: codes that are none. Whoever has presented too many cannot accept real ones either, until they may again.
func TestFailuresAreLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.unlimitedBut(func(q *sharing.Quotas) { q.Failures = sharing.Quota{N: 3} })
	_, secret := f.code(t)
	bob := f.as(t, "bob")
	for range 20 {
		_, err := f.FindCode(t.Context(), bob, secret)
		require.NoError(t, err, "looking at a real one costs nothing")
	}
	require.ErrorIs(t, f.present(t, bob, "wrong"), sharing.ErrCodeNotFound)
	require.ErrorIs(t, f.present(t, bob, ""), sharing.ErrCodeNotFound, "also what cannot be a code")
	_, err := f.FindCode(t.Context(), bob, sharing.Presented("wrong again"))
	require.ErrorIs(t, err, sharing.ErrCodeNotFound)
	wait := tooOften(t, f.present(t, bob, "wrong"))
	tooOften(t, f.present(t, bob, secret.Reveal()))
	_, err = f.FindCode(t.Context(), bob, secret)
	tooOften(t, err)
	_, err = f.Exchange(t.Context(), f.as(t, "carol"), secret)
	require.NoError(t, err, "others are not concerned")
	list, err := f.ListCodesByServer(t.Context(), f.as(t, "alice"), home, sharing.Window{Limit: 1})
	require.NoError(t, err)
	assert.Equal(t, 1, list.Items[0].Exchanges)

	f.advance(wait - time.Second)
	tooOften(t, f.present(t, bob, secret.Reveal()))
	f.advance(time.Second)
	_, err = f.Exchange(t.Context(), bob, secret)
	require.NoError(t, err, "after %s", wait)
}

// TestFailuresAreLimitedByAddress: many visitors from one address share a quota.
func TestFailuresAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.unlimitedBut(func(q *sharing.Quotas) { q.AddressFailures = sharing.Quota{N: 2, Per: time.Minute} })
	_, secret := f.code(t)
	for _, who := range []string{"bob", "carol"} {
		require.ErrorIs(t, f.present(t, from("2001:db8::", f.as(t, who)), "wrong"), sharing.ErrCodeNotFound)
	}
	wait := tooOften(t, f.present(t, from("2001:db8::", f.as(t, "admin")), secret.Reveal()))
	require.NoError(t, f.present(t, from("2001:db8:1::", f.as(t, "admin")), secret.Reveal()))
	require.ErrorIs(t, f.present(t, f.as(t, "bob"), "wrong"), sharing.ErrCodeNotFound, "without an address")
	f.advance(wait)
	require.NoError(t, f.present(t, from("2001:db8::", f.as(t, "bob")), secret.Reveal()))
}

// TestReplicasAllowNoMoreThanOne: each counts by itself and all of them in the store, so that going around does not help.
func TestReplicasAllowNoMoreThanOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	quotas := sharing.NoQuotas()
	quotas.Creations, quotas.Failures = sharing.Quota{N: 4}, sharing.Quota{N: 4}
	var replicas []*sharing.Service
	for range 2 {
		replicas = append(replicas, &sharing.Service{
			Store: f.Store, Directory: f.hub, Registry: f.Registry, Now: f.clock, Quotas: quotas,
		})
	}
	admin, bob := f.as(t, "admin"), f.as(t, "bob")
	_, secret := f.code(t)
	create := func(i int) error {
		_, _, err := replicas[i%2].CreateCode(t.Context(), admin, sharing.CodeRequest{Server: home})
		return err
	}
	present := func(i int, s sharing.Secret) error {
		_, err := replicas[i%2].Exchange(t.Context(), bob, s)
		return err
	}
	for i := range 4 {
		require.NoError(t, create(i))
		require.ErrorIs(t, present(i, sharing.Presented("wrong")), sharing.ErrCodeNotFound)
	}
	var wait time.Duration
	for i := range 2 {
		wait = max(wait, tooOften(t, create(i)))
		// A replica learns with its next failure that the others have had enough; the answer to that is still what it is.
		if err := present(i, sharing.Presented("wrong")); !errors.Is(err, sharing.ErrQuota) {
			require.ErrorIs(t, err, sharing.ErrCodeNotFound)
		}
		wait = max(wait, tooOften(t, present(i, secret)))
	}
	f.advance(wait)
	for i := range 2 {
		require.NoError(t, create(i))
		require.NoError(t, present(i, secret))
	}
	for _, other := range []string{"alice", "carol"} {
		_, err := replicas[0].FindCode(t.Context(), f.as(t, other), sharing.Presented("wrong"))
		require.ErrorIs(t, err, sharing.ErrCodeNotFound, "others are not concerned")
	}
}

// TestDefaultQuotas: what the zero value stands for, and that none at all can be had.
func TestDefaultQuotas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	bob, admin := from("192.0.2.1", f.as(t, "bob")), from("192.0.2.1", f.as(t, "admin"))
	for range 60 {
		require.ErrorIs(t, f.present(t, bob, "wrong"), sharing.ErrCodeNotFound)
	}
	tooOften(t, f.present(t, bob, "wrong"))
	for i := range 99 { // 5,940 more from this address
		other := bob
		other.ID = fmt.Sprint("somebody ", i)
		for range 60 {
			require.ErrorIs(t, f.present(t, other, "wrong"), sharing.ErrCodeNotFound)
		}
	}
	tooOften(t, f.present(t, admin, "wrong"))
	for range 1000 {
		_, err := f.Grant(t.Context(), admin, sharing.GrantRequest{Server: home, Grantee: toUser("carol")})
		require.NoError(t, err)
	}
	tooOften(t, f.create(t, admin))

	g := newFixture(t)
	g.Quotas = sharing.NoQuotas()
	g.Store = tallyless{g.Store}
	for range 100 {
		require.ErrorIs(t, g.present(t, bob, "wrong"), sharing.ErrCodeNotFound)
	}
	require.NoError(t, g.create(t, from("192.0.2.1", g.as(t, "admin"))), "without quotas nothing is counted")
}

// tallyless is a store that cannot count.
type tallyless struct{ sharing.Store }

func (tallyless) Tally(context.Context, time.Time, int, []sharing.Tally) ([]int, error) {
	return nil, errBroken
}

// TestWhatCannotBeCounted: nothing is created uncounted, and a visitor's failure is told as it is, with a word in the log.
func TestWhatCannotBeCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, secret := f.code(t)
	f.Store = tallyless{f.Store}
	err := f.create(t, f.as(t, "alice"))
	require.ErrorIs(t, err, errBroken)
	assert.Empty(t, sharing.Reason(err))
	require.ErrorIs(t, f.present(t, f.as(t, "bob"), "wrong"), sharing.ErrCodeNotFound)
	assert.Contains(t, f.log.String(), "a failed attempt was not counted")
	require.NoError(t, f.present(t, f.as(t, "bob"), secret.Reveal()))
}

// TestACrowdOfFailures: many at once cannot fail more often than one after the other, also across replicas by more than one each.
func TestACrowdOfFailures(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.unlimitedBut(func(q *sharing.Quotas) { q.Failures = sharing.Quota{N: 10} })
	bob := f.as(t, "bob")
	var all sync.WaitGroup
	var failed, refused atomic.Int64
	for range crowd {
		all.Go(func() {
			_, err := f.Exchange(t.Context(), bob, sharing.Presented("wrong"))
			switch {
			case errors.Is(err, sharing.ErrCodeNotFound):
				failed.Add(1)
			case errors.Is(err, sharing.ErrQuota):
				refused.Add(1)
			default:
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 10, failed.Load())
	assert.EqualValues(t, crowd-10, refused.Load())
}
