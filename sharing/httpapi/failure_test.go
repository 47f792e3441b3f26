package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
	"github.com/hubshare/hubshare/sharing/internal/testhub"
)

var errInside = errors.New("disk 7 of host db-3 is full")

// brokenHost fails in one way or another.
type brokenHost struct {
	*testhub.Hub
	identify error
	path     string // what ServerURL says; "" = as it should
}

func (h brokenHost) Identify(r *http.Request) (httpapi.Visitor, bool, error) {
	v, ok, err := h.Hub.Identify(r)
	return v, ok, errors.Join(err, h.identify)
}

func (h brokenHost) IdentifyCookie(r *http.Request) (httpapi.Visitor, bool, error) {
	v, ok, err := h.Hub.IdentifyCookie(r)
	return v, ok, errors.Join(err, h.identify)
}

func (h brokenHost) ServerURL(s sharing.Server) (path, full string, ready bool) {
	path, full, ready = h.Hub.ServerURL(s)
	if h.path != "" {
		path = h.path
	}
	return path, full, ready
}

// TestInternalFailuresSayNothing: what went wrong is for the log; a client learns that something did (SH-53).
func TestInternalFailuresSayNothing(t *testing.T) {
	t.Parallel()
	var broken brokenHost
	f := newFixture(t, func(c *httpapi.Config) {
		broken = brokenHost{Hub: c.Host.(*testhub.Hub), identify: errInside}
		c.Host = broken
	})
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodGet, "/hub/api/shares/sharer/?code=supersecret", nil),
		httptest.NewRequest(http.MethodPost, "/hub/api/share-codes/sharer/", nil),
		httptest.NewRequest(http.MethodGet, "/hub/accept-share?code=supersecret", nil),
		httptest.NewRequest(http.MethodPost, "/hub/accept-share?code=supersecret&next=%2Fx%3Fcode%3Dsupersecret", nil),
	} {
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, r)
		assert.Equal(t, http.StatusInternalServerError, w.Code)
		assert.Contains(t, w.Body.String(), "Internal Server Error")
		assert.NotContains(t, w.Body.String(), "disk")
	}
	assert.Contains(t, f.log.String(), errInside.Error())
	assert.Contains(t, f.log.String(), "level=ERROR")
	assert.NotContains(t, f.log.String(), "supersecret", "SH-181")
}

// TestAHostThatLinksElsewhere: the accept page links to this host only, whatever its host says.
func TestAHostThatLinksElsewhere(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"https://evil.example/", "//evil.example/", "javascript:alert(1)", "user/sharer/", `/\evil.example/`} {
		f := newFixture(t, func(c *httpapi.Config) { c.Host = brokenHost{Hub: c.Host.(*testhub.Hub), path: path} })
		f.handler = f.inner // the host's own address is in the API's answers, and it is not as described
		code, _ := f.code("sharer", "sharer/", "")
		r := httptest.NewRequest(http.MethodGet, "/hub/accept-share?code="+code, nil)
		cookie("shared-with")(r)
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, r)
		assert.Equal(t, http.StatusInternalServerError, w.Code, path)
		assert.NotContains(t, w.Body.String(), "evil")
	}
}

// TestAClientThatLeft makes no noise in the log.
func TestAClientThatLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *httpapi.Config) {
		c.Host = brokenHost{Hub: c.Host.(*testhub.Hub), identify: context.Canceled}
	})
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/hub/api/shares/sharer/", nil))
	require.Equal(t, http.StatusInternalServerError, w.Code)
	assert.NotContains(t, f.log.String(), "level=ERROR")
}
