package services_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/realhub"
)

// One hub for each release: a start takes seconds, and the steps of this visit follow on each other anyway.
func TestAGoServiceBehindARealHub(t *testing.T) {
	t.Parallel()
	for _, release := range []realhub.Release{realhub.V55, realhub.V61} {
		t.Run(string(release), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, release)
			version, err := o.auth.CheckVersion(t.Context())
			require.NoError(t, err)
			assert.Equal(t, release.Version(), version)
			o.byToken()
			ann := o.byBrowser()
			o.remembers(ann)
			o.logsOut(ann)
		})
	}
}

// OA-135: a token lets in whoever holds the access scope, which the group has.
func (o *office) byToken() {
	t := o.t
	ann, bob := o.tokenOf("ann"), o.tokenOf("bob")
	status, text := o.ask(http.MethodGet, prefix+"x", ann, "")
	require.Equal(t, http.StatusOK, status, "%s", text)
	require.Equal(t, "user ann [team] at /services/whoami/x", string(text))
	status, text = o.ask(http.MethodGet, prefix+"x", bob, "")
	assert.Equal(t, http.StatusForbidden, status, "bob is not of the group: %s", text)
	status, text = o.ask(http.MethodGet, prefix+"x", serviceToken, "")
	assert.Equal(t, http.StatusForbidden, status, "nor is the service: %s", text)
	status, _ = o.ask(http.MethodGet, prefix+"x", "wrong", "")
	assert.Equal(t, http.StatusFound, status, "who brings nobody's token is nobody")
	status, text = o.ask(http.MethodPost, prefix+"x", "wrong", "")
	assert.Equal(t, http.StatusForbidden, status, "and is not sent to log in with a form in hand: %s", text)
}

// OA-136: a browser is led to the hub and back to where it wanted to go, with PKCE.
func (o *office) byBrowser() *visitor {
	t := o.t
	ann := o.visitor()
	consent := ann.enters(prefix+"a%20b?q=1", "ann")
	require.Equal(t, "/hub/api/oauth2/authorize", consent.url.Path)
	asked := consent.url.Query()
	assert.Equal(t, "service-whoami", asked.Get("client_id"))
	assert.Equal(t, "S256", asked.Get("code_challenge_method"))
	assert.Len(t, asked.Get("code_challenge"), 43)
	inside := ann.submit(consent, nil)
	require.Equal(t, http.StatusOK, inside.status, inside.text)
	require.Equal(t, prefix+"a%20b?q=1", inside.url.RequestURI())
	require.Equal(t, "user ann [team] at /services/whoami/a%20b?q=1", inside.text)

	bob := o.visitor().enters(prefix, "bob")
	assert.Equal(t, http.StatusForbidden, bob.status, "the hub itself refuses who may not enter")
	assert.Equal(t, "/hub/api/oauth2/authorize", bob.url.Path)
	return ann
}

// OA-134: the hub is not asked twice, and asked again once the service was told to forget.
func (o *office) remembers(ann *visitor) {
	t := o.t
	require.Equal(t, http.StatusOK, ann.get(prefix).status)
	before := o.asked.Load()
	for range 3 {
		require.Equal(t, http.StatusOK, ann.get(prefix).status)
	}
	require.Equal(t, before, o.asked.Load(), "what the hub said is remembered")

	o.rest(http.MethodDelete, "groups/team/users", `{"users": ["ann"]}`)
	require.Equal(t, http.StatusOK, ann.get(prefix).status, "and believed, though it is no longer so")
	o.auth.Forget("ann")
	require.Equal(t, http.StatusForbidden, ann.get(prefix).status)
	require.Greater(t, o.asked.Load(), before)
	o.rest(http.MethodPost, "groups/team/users", `{"users": ["ann"]}`)
	o.auth.Forget("ann")
	require.Equal(t, http.StatusOK, ann.get(prefix).status)
}

// Logging out of the service, and then of the hub, leaves a browser as it was before.
func (o *office) logsOut(ann *visitor) {
	t := o.t
	before := ann.get(prefix + "logout")
	require.Less(t, before.status, 400, before.text)
	again := ann.get(prefix)
	require.Contains(t, led(again, ann), "/hub/api/oauth2/authorize", "the service knows nobody any more, the hub still does")
	ann.get("hub/logout")
	out := ann.get(prefix + "logout")
	require.Less(t, out.status, 400, out.text)
	require.Equal(t, "/hub/login", ann.get(prefix).url.Path)
}

// led are the paths that a browser came by.
func led(p page, v *visitor) []string {
	out := []string{p.url.Path}
	for _, u := range v.led {
		out = append(out, u.Path)
	}
	return out
}
