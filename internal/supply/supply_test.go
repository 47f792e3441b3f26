//go:build linux || darwin

package supply_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/supply"
)

func TestTheLockIsHeldByOneAtATime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := supply.Acquire(t.Context(), path, time.Hour, func() { t.Error("nobody holds it yet") })
	require.NoError(t, err)

	waits := make(chan struct{}, 8)
	got := make(chan error, 1)
	go func() {
		second, err := supply.Acquire(t.Context(), path, time.Hour, func() { waits <- struct{}{} })
		if err == nil {
			second()
		}
		got <- err
	}()
	<-waits
	select {
	case err := <-got:
		t.Fatalf("the second got the lock while the first held it: %v", err)
	default:
	}
	unlock()
	require.NoError(t, <-got)
	assert.Empty(t, waits, "waiting is announced once")
}

func TestWaitingForTheLockEndsWithTheContext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := supply.Acquire(t.Context(), path, time.Hour, func() {})
	require.NoError(t, err)
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = supply.Acquire(ctx, path, time.Hour, cancel)
	require.ErrorIs(t, err, context.Canceled)
}

func TestACommandEndsAtItsLimitAndItsChildrenToo(t *testing.T) {
	t.Parallel()
	start := time.Now()
	// The child holds standard output open: waiting for it would take a minute.
	_, err := supply.Command{Limit: 200 * time.Millisecond,
		Argv: []string{"/bin/sh", "-c", "echo begun; sleep 60 & wait"}}.Output(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "limit 200ms")
	assert.ErrorContains(t, err, "begun")
	assert.Less(t, time.Since(start), 4*time.Second, "the child was left running")
}

func TestACommandThatFailsIsQuotedFromItsEnd(t *testing.T) {
	t.Parallel()
	_, err := supply.Command{Limit: time.Minute,
		Argv: []string{"/bin/sh", "-c", "yes | head -c 100000; echo the reason >&2; exit 3"}}.Output(t.Context())
	require.ErrorContains(t, err, "the reason")
	require.ErrorContains(t, err, "exit status 3")
	assert.Less(t, len(err.Error()), 3000)
}
