package pages_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/pages"
)

func TestTokenFormOffersLifetimesUpToTheLimit(t *testing.T) { // HB-60
	t.Parallel()
	const day = 24 * time.Hour
	hour, oneDay, week := [2]string{"3600", "1 Hour"}, [2]string{"86400", "1 Day"}, [2]string{"604800", "1 Week"}
	for name, c := range map[string]struct {
		limit time.Duration
		want  [][2]string // the last is selected
	}{
		"no limit":          {0, [][2]string{hour, oneDay, week, {"2592000", "1 Month"}, {"31536000", "1 Year"}, {"", "Never"}}},
		"36 hours":          {36 * time.Hour, [][2]string{hour, oneDay, {"", "Max (36 hours)"}}},
		"10 days":           {10 * day, [][2]string{hour, oneDay, week, {"", "Max (10 days)"}}},
		"exactly a choice":  {day, [][2]string{hour, oneDay}},
		"below all choices": {90 * time.Second, [][2]string{{"", "Max (90 seconds)"}}},
		"one minute":        {time.Minute, [][2]string{{"", "Max (1 minute)"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPages(t, pages.Config{})
			doc := parse(t, record(func(w http.ResponseWriter) { p.Token(w, pages.TokenPage{Shell: ann, MaxAge: c.limit}) }))
			options := all(byID(t, doc, "token-expiration-seconds"), tag("option"))
			var got [][2]string
			for i, o := range options {
				got = append(got, [2]string{attr(o, "value"), text(o)})
				assert.Equal(t, i == len(options)-1, has(o, "selected"), "the last one is selected")
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestTokenPageHasItsForm(t *testing.T) { // HB-60, HB-61
	t.Parallel()
	p := newPages(t, pages.Config{})
	rec := record(func(w http.ResponseWriter) { p.Token(w, pages.TokenPage{Shell: ann}) })
	assert.Equal(t, http.StatusOK, rec.Code)
	assert.Equal(t, "strict-origin", rec.Header().Get("Referrer-Policy"), "OA-S7")
	doc := parse(t, rec)
	assert.Len(t, links(t, doc), 4)
	form := byID(t, doc, "request-token-form")
	labels := map[string]string{}
	for _, l := range all(form, tag("label")) {
		labels[attr(l, "for")] = text(l)
	}
	assert.Equal(t, map[string]string{"token-note": "Note", "token-expiration-seconds": "Token expires in", "token-scopes": "Permissions"}, labels)
	submit := one(t, form, "button", tag("button"))
	assert.Equal(t, []string{"submit", "Request new API token"}, []string{attr(submit, "type"), text(submit)})
	area := byID(t, doc, "token-area")
	assert.True(t, class("hidden")(area))
	assert.Contains(t, text(area), "Your new API Token")
	assert.Empty(t, text(byID(t, area, "token-result")))
	assert.Equal(t, "/hub/api/users/ann/tokens", attr(byID(t, doc, "token-page"), "data-url"))
	assert.False(t, hasID(doc, "api-tokens-section"), "only when there are tokens (HB-62)")
	assert.False(t, hasID(doc, "oauth-clients-section"))
}

func TestTokenTables(t *testing.T) { // HB-62, HB-63, HB-5
	t.Parallel()
	p := newPages(t, pages.Config{})
	now := time.Date(2026, 11, 21, 12, 0, 0, 1000, time.UTC)
	doc := parse(t, record(func(w http.ResponseWriter) {
		p.Token(w, pages.TokenPage{Shell: ann, Now: now,
			Tokens: []pages.Token{
				{ID: "a1", Note: "Server at /user/ann/", Scopes: []string{"users:activity!user=ann", "access:servers!server=ann/"}, Created: now},
				{ID: "a2", Note: "mine", Created: now, LastUsed: now, Expires: now.Add(time.Hour)},
			},
			Applications: []pages.Application{{TokenID: "a3", Description: "JupyterHub service whoami", Scopes: []string{"read:users:name!user=ann"}, Created: now}}})
	}))
	section := byID(t, doc, "api-tokens-section")
	assert.Equal(t, "API Tokens", text(one(t, section, "h2", tag("h2"))))
	rows := all(byID(t, section, "api-tokens-table"), class("token-row"))
	require.Len(t, rows, 2)
	assert.Equal(t, "a1", attr(rows[0], "data-token-id"))
	assert.Equal(t, "Server at /user/ann/", text(one(t, rows[0], "note", class("note-col"))))
	var scopes, times []string
	for _, s := range all(one(t, rows[0], "scopes", class("scope-col")), class("token-scope")) {
		scopes = append(scopes, text(s))
		assert.Equal(t, "pre", s.Data)
	}
	assert.Equal(t, []string{"users:activity!user=ann", "access:servers!server=ann/"}, scopes)
	for _, row := range rows {
		for _, c := range all(row, class("time-col")) {
			times = append(times, text(c))
		}
		assert.Equal(t, "revoke", text(one(t, row, "button", class("revoke-token-btn"))))
	}
	const iso = "2026-11-21T12:00:00.000001Z"
	assert.Equal(t, []string{"Never", iso, "Never", iso, iso, "2026-11-21T13:00:00.000001Z"}, times)

	apps := byID(t, doc, "oauth-clients-section")
	assert.Equal(t, "Authorized Applications", text(one(t, apps, "h2", tag("h2"))))
	row := one(t, byID(t, apps, "oauth-tokens-table"), "row", class("token-row"))
	assert.Equal(t, "a3", attr(row, "data-token-id"))
	assert.Contains(t, text(row), "JupyterHub service whoami")
	assert.Equal(t, "1795262400000", attr(byID(t, doc, "token-page"), "data-now"))
}
