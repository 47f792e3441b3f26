package hubsim

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

// Limits are a hub's times and limits. In a configuration file they stand at the top, under the names by which a JupyterHub knows them (HB-178, HB-189); those
// that guard a process have fields in [SingleUser]. A zero field is the default; what may be none or at once is so when it is negative (in a file: 0).
type Limits struct {
	// CookieMaxAge is how long a login is good for, whatever its cookie's Expires says; 0 = 14 days (cookie_max_age_days).
	CookieMaxAge time.Duration
	// OAuthTokenExpiresIn is the life of a token that a server or service gets for its visitor, whole seconds; 0 = 14 days (oauth_token_expires_in).
	OAuthTokenExpiresIn time.Duration
	// OAuthCodeExpiresIn is the life of an authorization code; 0 = 5 minutes (oauth_code_expires_in).
	OAuthCodeExpiresIn time.Duration
	// TokenExpiresInMax is the longest life of an API token that somebody asks for, whole seconds; 0 = unlimited (token_expires_in_max_seconds).
	TokenExpiresInMax time.Duration
	// SlowSpawnTimeout and SlowStopTimeout are how long a call that starts or stops a server waits for it before it answers 202; 0 = 10 s, negative = not at
	// all (slow_spawn_timeout, slow_stop_timeout).
	SlowSpawnTimeout, SlowStopTimeout time.Duration
	// SpawnPageWait is how long the spawn page waits for a start to fail before it leads to spawn-pending; 0 = 1 s, negative = not at all (spawn_page_wait,
	// which a JupyterHub does not let one choose).
	SpawnPageWait time.Duration
	// PollInterval is how often the hub looks whether servers still run; 0 = 30 s, negative = never by itself (poll_interval).
	PollInterval time.Duration
	// LastActivityInterval is how often the hub collects who went through its proxy; 0 = at once (HB-190), where a stock hub takes 300 s (last_activity_interval).
	LastActivityInterval time.Duration
	// ActivityResolution is the shortest time between two recorded activities; 0 = 30 s, negative = every one is recorded (activity_resolution).
	ActivityResolution time.Duration
	// PageDefault and PageMax are how long a page of a list is when nothing is said, and at most; 0 = 50 and 200 (api_page_default_limit, api_page_max_limit).
	PageDefault, PageMax int
	// ConcurrentSpawns is how many servers may be starting at once; 0 = 100, negative = any number (concurrent_spawn_limit).
	ConcurrentSpawns int
	// SpawnRetryLeast and SpawnRetryMost bound the Retry-After of whoever comes when too many start; whole seconds; 0 = 30 s and 60 s (spawn_throttle_retry_range).
	SpawnRetryLeast, SpawnRetryMost time.Duration
	// ActiveServers is how many servers may run or start at once; 0 = any number (active_server_limit).
	ActiveServers int
	// NamedServersPerUser is how many named servers, running or not, one user may have; 0 = any number (named_server_limit_per_user).
	NamedServersPerUser int
	// UserRedirects is after how many redirects to and fro a server counts as unreachable; 0 = 4 (user_redirect_limit).
	UserRedirects int
	// ImplicitSpawn is how long the page of a server that is not running waits before its script follows the launch link; 0 = never
	// (HB-59, implicit_spawn_seconds).
	ImplicitSpawn time.Duration
}

// limit is one of the [Limits]: its key in files, its name in Go, and what it may be.
type limit struct {
	key, field string
	// Either span or count points to the field. A span is seconds in files, or unit.
	span  func(*Limits) *time.Duration
	count func(*Limits) *int
	unit  time.Duration // of a bare number; 0 = a second
	whole bool          // whole seconds
	off   bool          // negative is of use, and what 0 in a file means
}

var limits = []limit{
	{key: "cookie_max_age_days", field: "CookieMaxAge", span: func(l *Limits) *time.Duration { return &l.CookieMaxAge }, unit: 24 * time.Hour},
	{key: "oauth_token_expires_in", field: "OAuthTokenExpiresIn", span: func(l *Limits) *time.Duration { return &l.OAuthTokenExpiresIn }, whole: true},
	{key: "oauth_code_expires_in", field: "OAuthCodeExpiresIn", span: func(l *Limits) *time.Duration { return &l.OAuthCodeExpiresIn }},
	{key: "token_expires_in_max_seconds", field: "TokenExpiresInMax", span: func(l *Limits) *time.Duration { return &l.TokenExpiresInMax }, whole: true},
	{key: "slow_spawn_timeout", field: "SlowSpawnTimeout", span: func(l *Limits) *time.Duration { return &l.SlowSpawnTimeout }, off: true},
	{key: "slow_stop_timeout", field: "SlowStopTimeout", span: func(l *Limits) *time.Duration { return &l.SlowStopTimeout }, off: true},
	{key: "spawn_page_wait", field: "SpawnPageWait", span: func(l *Limits) *time.Duration { return &l.SpawnPageWait }, off: true},
	{key: "poll_interval", field: "PollInterval", span: func(l *Limits) *time.Duration { return &l.PollInterval }, off: true},
	{key: "last_activity_interval", field: "LastActivityInterval", span: func(l *Limits) *time.Duration { return &l.LastActivityInterval }},
	{key: "activity_resolution", field: "ActivityResolution", span: func(l *Limits) *time.Duration { return &l.ActivityResolution }, off: true},
	{key: "api_page_default_limit", field: "PageDefault", count: func(l *Limits) *int { return &l.PageDefault }},
	{key: "api_page_max_limit", field: "PageMax", count: func(l *Limits) *int { return &l.PageMax }},
	{key: "concurrent_spawn_limit", field: "ConcurrentSpawns", count: func(l *Limits) *int { return &l.ConcurrentSpawns }, off: true},
	{key: "spawn_throttle_retry_range", field: "SpawnRetryLeast", span: func(l *Limits) *time.Duration { return &l.SpawnRetryLeast }, whole: true},
	{key: "spawn_throttle_retry_range", field: "SpawnRetryMost", span: func(l *Limits) *time.Duration { return &l.SpawnRetryMost }, whole: true},
	{key: "active_server_limit", field: "ActiveServers", count: func(l *Limits) *int { return &l.ActiveServers }},
	{key: "named_server_limit_per_user", field: "NamedServersPerUser", count: func(l *Limits) *int { return &l.NamedServersPerUser }},
	{key: "user_redirect_limit", field: "UserRedirects", count: func(l *Limits) *int { return &l.UserRedirects }},
	{key: "implicit_spawn_seconds", field: "ImplicitSpawn", span: func(l *Limits) *time.Duration { return &l.ImplicitSpawn }},
}

// limitKeys are the keys of limits in a configuration file.
func limitKeys() (keys []string) {
	for _, l := range limits {
		keys = append(keys, l.key)
	}
	return slices.Compact(keys)
}

// limitKey is the key of a field of Limits, "Limits.CookieMaxAge", which stands at the top of a file.
func limitKey(field string) (key string, ok bool) {
	name, ok := strings.CutPrefix(field, "Limits.")
	i := slices.IndexFunc(limits, func(x limit) bool { return x.field == name })
	if !ok || i < 0 {
		return "", false
	}
	return limits[i].key, true
}

// maxLimit bounds counts: more is no limit.
const maxLimit = 1_000_000

// read takes one limit from a configuration file; false if no limit has that key.
func (l *Limits) read(key string, v *tree) bool {
	i := slices.IndexFunc(limits, func(x limit) bool { return x.key == key })
	switch {
	case i < 0:
		return false
	case key == "spawn_throttle_retry_range":
		if len(v.items) != 2 {
			v.wrongf("must be a list of two durations, the least and the most")
			return true
		}
		l.SpawnRetryLeast, l.SpawnRetryMost = v.items[0].duration(), v.items[1].duration()
	case limits[i].count != nil:
		n := int(v.number(0, maxLimit))
		if n == 0 && limits[i].off {
			n = -1
		}
		*limits[i].count(l) = n
	default:
		d := v.span(max(limits[i].unit, time.Second))
		if d == 0 && limits[i].off {
			d = -1
		}
		*limits[i].span(l) = d
	}
	return true
}

// span reads a bare number of a unit, or a duration.
func (t *tree) span(unit time.Duration) time.Duration {
	d := t.duration()
	if _, text := t.token.(string); text {
		return d
	}
	factor := unit / time.Second
	if d > math.MaxInt64/factor {
		t.wrongf("is too long")
		return 0
	}
	return d * factor
}

func (l Limits) check() error {
	for _, x := range limits {
		var negative bool
		if x.count != nil {
			n := *x.count(&l)
			if negative = n < 0; n > maxLimit {
				return wrongFieldf("Limits."+x.field, "must be at most %d", maxLimit)
			}
		} else {
			d := *x.span(&l)
			if negative = d < 0; x.whole && d%time.Second != 0 {
				return wrongFieldf("Limits."+x.field, "must be whole seconds")
			}
		}
		if negative && !x.off {
			return wrongFieldf("Limits."+x.field, "must not be negative")
		}
	}
	least, most := l.retryRange()
	if least > most {
		return wrongFieldf("Limits.SpawnRetryLeast", "must not be more than the most, %s", most)
	}
	return nil
}

func (l Limits) retryRange() (least, most time.Duration) {
	return orDefault(l.SpawnRetryLeast, 30*time.Second), orDefault(l.SpawnRetryMost, 60*time.Second)
}

// orDefault is a limit with its default in place; a negative one is 0.
func orDefault[T int | time.Duration](v, otherwise T) T {
	switch {
	case v < 0:
		return 0
	case v == 0:
		return otherwise
	}
	return v
}

func (l Limits) cookieMaxAge() time.Duration { return orDefault(l.CookieMaxAge, 14*24*time.Hour) }

func (l Limits) activityResolution() time.Duration {
	return orDefault(l.ActivityResolution, 30*time.Second)
}

func (l Limits) pages() web.PageLimits {
	return web.PageLimits{Default: l.PageDefault, Max: l.PageMax}
}

// within gives a context that ends when d has passed since a request came, by the machine's clock or by the hub's, whichever comes first: what is waited for is real, so that
// a hub whose clock stands does not wait for ever, and a test that moves the clock does not wait at all (HB-168).
func (h *Hub) within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	from := h.cfg.Clock.Now()
	if e, ok := ctx.Value(entryKey{}).(*entry); ok {
		from = e.Time
	}
	return h.withinFrom(ctx, from, d)
}

// withinFrom counts from an instant of the hub's clock.
func (h *Hub) withinFrom(ctx context.Context, from time.Time, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, d)
	left := from.Add(d).Sub(h.cfg.Clock.Now())
	if d <= 0 {
		return ctx, cancel
	}
	ctx, cause := context.WithCancelCause(ctx)
	if left <= 0 { // the clock was moved meanwhile
		cause(context.DeadlineExceeded)
		return ctx, cancel
	}
	stop := h.cfg.Clock.AfterFunc(left, func() { cause(context.DeadlineExceeded) })
	return ctx, func() {
		stop()
		cause(context.Canceled)
		cancel()
	}
}
