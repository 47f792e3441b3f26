package hubsim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-179: the clock runs until it is set, stands then, and is moved from where it is.
func TestTheMovableClockRunsUntilItIsSet(t *testing.T) {
	t.Parallel()
	c := hubsim.NewMovableClock(time.Time{})
	require.False(t, c.Standing())
	before := time.Now()
	c.Advance(time.Hour)
	require.False(t, c.Now().Before(before.Add(time.Hour)))
	require.False(t, c.Standing(), "it runs on")
	c.Set(time0)
	require.Equal(t, time0, c.Now())
	require.True(t, c.Standing())
	c.Advance(90 * time.Second)
	require.Equal(t, time0.Add(90*time.Second), c.Now())
	c.Restart()
	require.False(t, c.Standing())
	require.WithinDuration(t, time.Now(), c.Now(), time.Hour)
}

func TestTheMovableClockCallsTimersWhenItIsMoved(t *testing.T) {
	t.Parallel()
	c := hubsim.NewMovableClock(time0)
	var ran []string
	c.AfterFunc(2*time.Hour, func() { ran = append(ran, "b") })
	c.AfterFunc(time.Hour, func() { ran = append(ran, "a") })
	stop := c.AfterFunc(time.Hour, func() { ran = append(ran, "never") })
	require.True(t, stop())
	require.False(t, stop())
	c.Advance(time.Hour)
	require.Equal(t, []string{"a"}, ran)
	c.Set(time0.Add(3 * time.Hour))
	require.Equal(t, []string{"a", "b"}, ran)
}

func TestTheMovableClockCallsTimersAsItRuns(t *testing.T) {
	t.Parallel()
	c := hubsim.NewMovableClock(time.Time{})
	rang := make(chan struct{})
	c.AfterFunc(time.Millisecond, func() { close(rang) })
	<-rang
}
