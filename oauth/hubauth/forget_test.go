package hubauth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth/hubauth"
)

func TestForgetAsksTheHubAgainAboutWhomItConcerns(t *testing.T) { // SH-166
	t.Parallel()
	x := newWorld(t)
	server, err := hubauth.New(hubauth.Config{APIURL: x.URL + "/hub/api", APIToken: secret, ClientID: clientID, Prefix: prefix, Now: x.clock})
	require.NoError(t, err)
	h := server.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	tokens := []string{x.apiToken(t, x.alice), x.apiToken(t, x.bob), "nobodys-token"}
	asks := func() (n int) {
		t.Helper()
		before := x.questions()
		for _, token := range tokens {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, prefix+"x", nil)
			require.NoError(t, err)
			r.Header.Set("Authorization", "token "+token)
			h.ServeHTTP(unheard{}, r)
		}
		return x.questions() - before
	}
	assert.Equal(t, 3, asks())
	assert.Equal(t, 0, asks())
	server.Forget("alice")
	assert.Equal(t, 2, asks(), "and about whom it did not know")
	server.Forget("alice", "bob")
	assert.Equal(t, 3, asks())
	server.Forget()
	assert.Equal(t, 3, asks())
	assert.Equal(t, 0, asks())
}

// An answer that was on its way when everything was forgotten is not remembered: it may be from before the change.
func TestAnAnswerFromBeforeIsNotRemembered(t *testing.T) { // SH-166
	t.Parallel()
	x := newWorld(t)
	token := x.apiToken(t, x.alice)
	var server *hubauth.Auth
	asked := 0
	client := &http.Client{Transport: during(func(r *http.Request) (*http.Response, error) {
		if asked++; asked == 1 {
			server.Forget("alice")
		}
		return http.DefaultTransport.RoundTrip(r)
	})}
	server, err := hubauth.New(hubauth.Config{APIURL: x.URL + "/hub/api", APIToken: secret, ClientID: clientID, Prefix: prefix, Now: x.clock, HTTPClient: client})
	require.NoError(t, err)
	h := server.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, want := range []int{1, 2, 2} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, prefix+"x", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "token "+token)
		h.ServeHTTP(unheard{}, r)
		assert.Equal(t, want, asked)
	}
}

type during func(*http.Request) (*http.Response, error)

func (f during) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type unheard struct{}

func (unheard) Header() http.Header         { return http.Header{} }
func (unheard) Write(b []byte) (int, error) { return len(b), nil }
func (unheard) WriteHeader(int)             {}
