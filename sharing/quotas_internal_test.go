package sharing

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMetersAreBounded: however many callers come, memory has its bound; those who matter most are kept. It is in this package because
// the bound cannot be seen from outside, where the store counts as well.
func TestMetersAreBounded(t *testing.T) {
	t.Parallel()
	var m meters
	now := time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)
	spent := limit{"spent", Quota{N: 1, Per: time.Hour}}
	_, err := m.take(now, []limit{spent}, 1)
	require.NoError(t, err)
	shut := limit{"shut", Quota{N: 5, Per: time.Hour}}
	m.shut(now, shut, now.Add(time.Hour))
	for i := range 3 * maxMeters {
		giveBack, err := m.take(now, []limit{{fmt.Sprint(i), Quota{N: 5, Per: time.Hour}}}, 1)
		require.NoError(t, err)
		giveBack()
		require.LessOrEqual(t, len(m.byKey), maxMeters)
	}
	for _, l := range []limit{spent, shut} {
		_, err = m.take(now, []limit{l}, 1)
		assert.ErrorIs(t, err, ErrQuota, "%s is not forgotten for those who have all of theirs left", l.key)
	}
	for i := range 3 * maxMeters { // nobody has all left
		_, err := m.take(now, []limit{{fmt.Sprint("busy ", i), Quota{N: 5, Per: time.Hour}}}, 1)
		require.NoError(t, err)
		require.LessOrEqual(t, len(m.byKey), maxMeters)
	}
}
