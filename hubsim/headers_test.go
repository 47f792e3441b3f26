package hubsim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// SH-62, OA-41, OA-S7, HB-126, HB-183: pages that carry codes, proofs or tokens are kept by nobody, framed by nobody, and tell nobody their address.
func TestPagesWithSecretsKeepThem(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	code, err := hub.NewShareCode("sharer", "")
	require.NoError(t, err)
	guest := known(t, hub, "shared-with")
	invitation := guest.get(hub.AcceptURL(code))
	consent := guest.submit(invitation, nil)
	lab := guest.submit(consent, nil)
	for name, p := range map[string]page{
		"accept": invitation, "authorize": consent, "refused code": guest.get("accept-share?code=x"), "login": stranger(t, hub).get("login"),
		"home": guest.get("home"), "token": guest.get("token"), "server": lab,
	} {
		assert.Contains(t, p.header.Get("Cache-Control"), "no-store", name)
		assert.Contains(t, p.header.Get("Content-Security-Policy"), "frame-ancestors 'none'", name)
	}
	for name, p := range map[string]page{"accept": invitation, "authorize": consent} {
		assert.Equal(t, "strict-origin", p.header.Get("Referrer-Policy"), name)
	}
	for _, p := range []page{invitation, consent} {
		assert.Empty(t, p.header.Get("Access-Control-Allow-Origin"))
	}
}
