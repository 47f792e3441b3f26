package spawner_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/spawner"
)

// HB-181: attaching starts nothing and stopping ends nothing; the prefix stays as it was sent.
func TestAnAttachedServerIsOnlyAnAddress(t *testing.T) {
	t.Parallel()
	at, err := url.Parse("http://127.0.0.1:9")
	require.NoError(t, err)
	p, err := spawner.Attached{At: at}.Start(t.Context(), spawner.Spec{User: "a@b", Prefix: "/space%20word/user/a@b/"})
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:9/space%20word/user/a@b/", p.URL().String())
	select {
	case <-p.Done():
		t.Fatal("it has ended")
	default:
	}
	require.NoError(t, p.Stop(t.Context()))
	require.NoError(t, p.Stop(t.Context()), "twice does nothing")
	<-p.Done()
	require.NoError(t, p.Err())

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = spawner.Attached{At: at}.Start(gone, spawner.Spec{Prefix: "/"})
	require.ErrorIs(t, err, context.Canceled)
}
