package sharing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Quota is how often something may be done: N times within Per. The zero Quota stands for its default; N below 0 = as often as one likes.
type Quota struct {
	N   int
	Per time.Duration // at least a second; 0 = an hour
}

// Unlimited is the Quota that refuses nothing.
var Unlimited = Quota{N: -1}

// Quotas limit what one caller, and one network address, may do before [ErrQuota]. They are generous: who meets them is a script. Each process
// counts by itself, without asking the store, and every count goes to the store besides, so that many replicas together allow no more than
// one. An address stands for many people behind one router, so its quotas are higher; callers without an address have only their own.
type Quotas struct {
	// Creations are codes made and grantees given something, by whoever does it: 1,000 an hour by default.
	Creations Quota
	// AddressCreations are the same by address: 10,000 an hour.
	AddressCreations Quota
	// Failures are codes presented that are none: 60 an hour. Codes have 256 bits, so this does not keep them from being guessed, but
	// from being tried at the others' cost. Who has used it up cannot accept real ones either until RetryAfter.
	Failures Quota
	// AddressFailures are the same by address: 6,000 an hour, since a lecture behind one router may follow a link that has expired.
	AddressFailures Quota
}

// NoQuotas refuse nothing, like a JupyterHub.
func NoQuotas() Quotas {
	return Quotas{Creations: Unlimited, AddressCreations: Unlimited, Failures: Unlimited, AddressFailures: Unlimited}
}

// What the zero Quotas stand for, by the hour.
const (
	defaultCreations        = 1_000
	defaultAddressCreations = 10_000
	defaultFailures         = 60
	defaultAddressFailures  = 6_000
)

func (q Quota) or(n int) Quota {
	if q.N == 0 {
		q.N = n
	}
	if q.Per <= 0 {
		q.Per = time.Hour
	}
	return q
}

// maxMeters bounds the memory for who asked lately. Beyond it the least pressing are forgotten; the store still knows.
const maxMeters = 20_000

// meters are the counts of this process. The zero value is ready.
type meters struct {
	mu    sync.Mutex
	byKey map[string]*meter
}

// meter is the count of one key here, and until when the store has said that all replicas together have had enough.
type meter struct {
	*rate.Limiter
	full time.Time
}

// limit is one key with the quota that it is under.
type limit struct {
	key   string
	quota Quota
}

// limits gives those of a caller for one kind of act, "create" or "fail".
func (s *Service) limits(by Caller, kind string, own, address Quota) []limit {
	var all []limit
	if own.N > 0 {
		all = append(all, limit{tallyKey(kind, "caller", by.ID), own})
	}
	if address.N > 0 && by.Address != "" {
		all = append(all, limit{tallyKey(kind, "address", by.Address), address})
	}
	return all
}

// tallyKey names a count without telling whose it is: addresses of people are not kept.
func tallyKey(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // a hash takes everything
	}
	return parts[0] + ":" + hex.EncodeToString(h.Sum(nil)[:16])
}

func (s *Service) creations(by Caller) []limit {
	return s.limits(by, "create", s.Quotas.Creations.or(defaultCreations), s.Quotas.AddressCreations.or(defaultAddressCreations))
}

func (s *Service) failures(by Caller) []limit {
	return s.limits(by, "fail", s.Quotas.Failures.or(defaultFailures), s.Quotas.AddressFailures.or(defaultAddressFailures))
}

// spend takes n of each of these limits, here and in the store: ErrQuota.
func (s *Service) spend(ctx context.Context, now time.Time, limits []limit, n int) error {
	if _, err := s.meters.take(now, limits, n); err != nil {
		return err
	}
	return s.tally(ctx, now, limits, n)
}

// tally counts in the store, and shuts a limit here that is used up by all replicas together: ErrQuota.
func (s *Service) tally(ctx context.Context, now time.Time, limits []limit, n int) error {
	if len(limits) == 0 {
		return nil
	}
	counts := make([]Tally, len(limits))
	for i, l := range limits {
		counts[i] = Tally{Key: l.key, Per: l.quota.Per}
	}
	sums, err := s.Store.Tally(ctx, now, n, counts)
	if err != nil {
		return fmt.Errorf("count against a quota: %w", err)
	}
	var refused error
	for i, l := range limits {
		if sums[i] < l.quota.N {
			continue
		}
		// Shut with the last one already, so that whoever is refused next is told the time when it really opens.
		end := periodEnd(now, l.quota.Per)
		s.meters.shut(now, l, end)
		if sums[i] > l.quota.N {
			refused = tooOften(end.Sub(now))
		}
	}
	return refused
}

// failed counts a code that was none. The answer is "not found" all the same; the next one may be ErrQuota.
func (s *Service) failed(ctx context.Context, now time.Time, by Caller) {
	// A visitor who leaves does not get the failure for free.
	err := s.tally(context.WithoutCancel(ctx), now, s.failures(by), 1)
	if err != nil && !errors.Is(err, ErrQuota) && s.Logger != nil {
		s.Logger.LogAttrs(ctx, slog.LevelWarn, "a failed attempt was not counted", slog.Any("error", err))
	}
}

// periodEnd is when the period ends that a time is in, counted as [Tally] says.
func periodEnd(now time.Time, per time.Duration) time.Time {
	micros := now.UnixMicro()
	return time.UnixMicro(micros - micros%per.Microseconds() + per.Microseconds()).UTC()
}

// take takes n of all limits or of none: ErrQuota. What it gives undoes that.
func (m *meters) take(now time.Time, limits []limit, n int) (giveBack func(), err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var taken []*rate.Reservation
	undo := func() {
		for _, r := range taken {
			r.CancelAt(now)
		}
	}
	// The longest wait of all, or who comes back would be refused for another.
	var wait time.Duration
	for _, l := range limits {
		at := m.meter(now, l)
		r := at.ReserveN(now, n)
		if !r.OK() { // more than the whole quota at once
			wait = max(wait, l.quota.Per)
			continue
		}
		taken = append(taken, r)
		wait = max(wait, r.DelayFrom(now), at.full.Sub(now))
	}
	if wait > 0 {
		undo()
		return nil, tooOften(wait)
	}
	return undo, nil
}

func (m *meters) shut(now time.Time, l limit, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.meter(now, l).full = until
}

// meter gives the one of a limit. The caller has the lock.
func (m *meters) meter(now time.Time, l limit) *meter {
	if at, ok := m.byKey[l.key]; ok {
		return at
	}
	if m.byKey == nil {
		m.byKey = map[string]*meter{}
	}
	if len(m.byKey) >= maxMeters {
		m.forget(now)
	}
	at := &meter{Limiter: rate.NewLimiter(rate.Limit(float64(l.quota.N)/l.quota.Per.Seconds()), l.quota.N)}
	m.byKey[l.key] = at
	return at
}

// forget makes room: first by those that have their whole quota left, then by any half.
func (m *meters) forget(now time.Time) {
	for key, at := range m.byKey {
		if !now.Before(at.full) && at.TokensAt(now) >= float64(at.Burst()) {
			delete(m.byKey, key)
		}
	}
	for key := range m.byKey {
		if len(m.byKey) <= maxMeters/2 {
			break
		}
		delete(m.byKey, key)
	}
}

func tooOften(wait time.Duration) *Error {
	// In whole seconds, as Retry-After is, and not in none.
	wait = max((wait + time.Second - 1).Truncate(time.Second), time.Second)
	e := refuse(ErrQuota, "Too many requests; try again in %s", wait)
	e.RetryAfter = wait
	return e
}
