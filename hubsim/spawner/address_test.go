package spawner_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/spawner"
)

// A port is free and stays so until its program has started, since no system gives it to somebody who asks for any (HB-105).
func TestAFreeAddressIsNobodysToBeGiven(t *testing.T) {
	t.Parallel()
	for range 20 {
		address, err := spawner.FreeAddress(t.Context())
		require.NoError(t, err)
		host, port, err := net.SplitHostPort(address)
		require.NoError(t, err)
		assert.Equal(t, "127.0.0.1", host)
		number, err := strconv.Atoi(port)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, number, 16384)
		assert.Less(t, number, 32768, "Linux gives those from 32768 to anybody, others those from 49152")
	}
}
