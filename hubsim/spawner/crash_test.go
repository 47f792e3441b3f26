package spawner

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// From outside nothing can make a listener fail, so this one looks inside.
func TestServerThatEndsByItselfSaysWhy(t *testing.T) {
	t.Parallel()
	closed := false
	s := InProcess{Handler: func(Spec) (http.Handler, io.Closer, error) {
		return http.NotFoundHandler(), closer(func() { closed = true }), nil
	}}
	p, err := s.Start(t.Context(), Spec{User: "ann", Prefix: "/user/ann/"})
	require.NoError(t, err)
	require.NoError(t, p.(*inProcess).http.Close())
	<-p.Done()
	require.ErrorIs(t, p.Err(), http.ErrServerClosed)
	assert.True(t, closed)
	assert.NoError(t, p.Stop(t.Context()))
}

type closer func()

func (f closer) Close() error { f(); return nil }
