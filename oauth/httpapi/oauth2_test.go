package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/hubshare/hubshare/oauth/internal/testhost"
)

// A client that knows nothing of us: the usual package, over a real connection, with S256.
func TestThePlainGoClientLogsIn(t *testing.T) { // OA-50, OA-54, OA-56, OA-F8
	t.Parallel()
	for name, style := range map[string]oauth2.AuthStyle{"credentials in the body": oauth2.AuthStyleInParams, "finding out how": oauth2.AuthStyleAutoDetect} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			server := httptest.NewServer(h)
			t.Cleanup(server.Close)
			cfg := oauth2.Config{
				ClientID: clientID, ClientSecret: secret, RedirectURL: "/user/alice/oauth_callback", Scopes: []string{"shares!server"},
				Endpoint: oauth2.Endpoint{AuthURL: server.URL + "/base/hub/" + authorize, TokenURL: server.URL + "/base/hub/" + tokenPath, AuthStyle: style},
			}
			ctx := context.WithValue(t.Context(), oauth2.HTTPClient, server.Client())
			verifier := oauth2.GenerateVerifier()
			back := visit(t, cfg.AuthCodeURL("the state", oauth2.S256ChallengeOption(verifier)))
			assert.Equal(t, "the state", back.Query().Get("state"))

			code := back.Query().Get("code")
			_, err := cfg.Exchange(ctx, code)
			var refused *oauth2.RetrieveError
			require.ErrorAs(t, err, &refused, "without the verifier")
			assert.Equal(t, "invalid_request", refused.ErrorCode)

			begin := time.Now()
			tok, err := cfg.Exchange(ctx, code, oauth2.VerifierOption(verifier))
			require.NoError(t, err)
			assert.Equal(t, "Bearer", tok.Type())
			assert.Empty(t, tok.RefreshToken)
			assert.WithinDuration(t, begin.Add(1209600*time.Second), tok.Expiry, time.Hour)
			assert.Equal(t, "access:servers!server=alice/ read:users:groups!user read:users:name!user shares!server", tok.Extra("scope"))

			resp, err := cfg.Client(ctx, tok).Get(server.URL + "/base/hub/api/user")
			require.NoError(t, err)
			defer func() { _ = resp.Body.Close() }()
			var who struct{ Name string }
			require.NoError(t, json.NewDecoder(resp.Body).Decode(&who))
			assert.Equal(t, "alice", who.Name)

			_, err = cfg.Exchange(ctx, code, oauth2.VerifierOption(verifier))
			require.True(t, errors.As(err, &refused), "a second time")
		})
	}
}

// visit is alice's browser: it follows nothing and gives where it is sent.
func visit(t *testing.T, address string) *url.URL {
	t.Helper()
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	r.AddCookie(&http.Cookie{Name: testhost.LoginCookie, Value: "alice"})
	resp, err := browser.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusFound, resp.StatusCode)
	back, err := resp.Location()
	require.NoError(t, err)
	return back
}

func FuzzTokenForm(f *testing.F) {
	h := newHub(f)
	good := url.Values{"grant_type": {"authorization_code"}, "client_id": {clientID}, "client_secret": {secret}, "code": {"x"}}.Encode()
	for _, seed := range []string{good, good + "&code_verifier=" + strings.Repeat("v", 43), "code=%zz", "&&&", "=", "grant_type=a&grant_type=b", good + ";", "\x00"} {
		f.Add(seed, formKind, "")
	}
	f.Add(good, "multipart/form-data; boundary=x", "code=x")
	f.Fuzz(func(t *testing.T, body, kind, query string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/base/hub/"+tokenPath, strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.GreaterOrEqual(t, w.Code, 400)
		assert.Less(t, w.Code, 500)
		var m map[string]string
		assert.NoError(t, json.Unmarshal(w.Body.Bytes(), &m))
		assert.NotEmpty(t, m["error"])
		assert.NotContains(t, w.Body.String(), "access_token")
	})
}
