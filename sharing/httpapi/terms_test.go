package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/web"
)

// TestAGrantThatEnds: access ends by the clock at the very instant that the model names, and is not renewed by a grant that ends earlier (SH-21,
// SH-40).
func TestAGrantThatEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	end := web.FormatTime(start.Add(time.Hour))
	s := read[extendedShare](t, f.must("admin", http.MethodPost, "shares/sharer/", `{"user": "stranger", "expires_in": 3600}`))
	require.NotNil(t, s.ExpiresAt)
	assert.Equal(t, end, *s.ExpiresAt)
	require.Len(t, s.Grants, 1)
	assert.Equal(t, []string{"access:servers!server=sharer/"}, s.Grants[0].Scopes)
	assert.Nil(t, s.Grants[0].CodeID, "granted directly")
	assert.Equal(t, web.FormatTime(start), s.Grants[0].GrantedAt)
	assert.Equal(t, end, *s.Grants[0].ExpiresAt)
	assert.False(t, s.Grants[0].Session)

	s = read[extendedShare](t, f.must("admin", http.MethodPost, "shares/sharer/", `{"user": "stranger", "expires_in": "60", "session": false}`))
	assert.Equal(t, end, *s.ExpiresAt, "the later end is kept")
	s = read[extendedShare](t, f.must("admin", http.MethodPost, "shares/sharer/", `{"user": "stranger", "scopes": ["servers"], "expires_in": null}`))
	assert.Nil(t, s.ExpiresAt, "a part of it does not end")
	require.Len(t, s.Grants, 2)
	assert.Equal(t, end, *s.Grants[0].ExpiresAt, "never is the last")
	assert.Nil(t, s.Grants[1].ExpiresAt)

	f.advance(time.Hour - time.Microsecond)
	assert.Len(t, f.list("stranger", "users/stranger/shared").Items[0].Scopes, 2)
	f.advance(time.Microsecond)
	left := f.list("stranger", "users/stranger/shared").Items
	require.Len(t, left, 1)
	assert.Equal(t, []string{"servers!server=sharer/"}, left[0].Scopes)
}

// TestAGrantForASession ends when the server stops, and only then.
func TestAGrantForASession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := read[extendedShare](t, f.must("admin", http.MethodPost, "shares/sharer/", `{"group": "team", "session": true}`))
	assert.Nil(t, s.ExpiresAt, "not by the clock")
	require.Len(t, s.Grants, 1)
	assert.True(t, s.Grants[0].Session)
	f.must("admin", http.MethodPost, "shares/sharer/", `{"user": "shared-with", "session": null}`)
	f.advance(400 * 24 * time.Hour)
	require.Len(t, f.list("sharer", "shares/sharer/").Items, 2)
	require.NoError(t, f.hub.Stop(t.Context(), f.hub.Server("sharer", "")))
	left := f.list("sharer", "shares/sharer/").Items
	require.Len(t, left, 1)
	assert.Equal(t, "shared-with", left[0].User.Name)
}

// TestTheAccessThatACodeGives ends on the code's terms, counted from when it is accepted.
func TestTheAccessThatACodeGives(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code := f.createCode("sharer", "sharer/", `{"share_expires_in": 60.0, "share_session": true}`)
	require.NotNil(t, code.ShareExpiresIn)
	assert.Equal(t, int64(60), *code.ShareExpiresIn)
	assert.True(t, code.ShareSession)
	assert.Equal(t, code.ShareExpiresIn, read[codeItems](t, f.must("sharer", http.MethodGet, "share-codes/sharer/", "")).Items[0].ShareExpiresIn)

	f.advance(10 * time.Minute)
	f.accept(t, "shared-with", code.Code)
	share := read[extendedShare](t, f.must("shared-with", http.MethodGet, "users/shared-with/shared/sharer/", ""))
	require.Len(t, share.Grants, 1)
	require.NotNil(t, share.Grants[0].CodeID)
	assert.Equal(t, code.ID, *share.Grants[0].CodeID)
	assert.Equal(t, web.FormatTime(start.Add(10*time.Minute)), share.Grants[0].GrantedAt)
	assert.Equal(t, web.FormatTime(start.Add(11*time.Minute)), *share.ExpiresAt)
	assert.True(t, share.Grants[0].Session)
	f.advance(time.Minute)
	assert.Empty(t, f.list("sharer", "shares/sharer/").Items)
}

// TestRefusedTerms: types and ranges are those of SH-59, for grants and codes; a boolean is nothing but true, false or null.
func TestRefusedTerms(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for value, want := range map[string]string{
		`59`: "must be from 60 to 31536000", `31536001`: "must be from 60 to 31536000", `0`: "must be from 60 to 31536000", `-60`: "must be from 60 to 31536000",
		`1e300`: "must be from 60 to 31536000", `60.5`: "must be an integer", `"x"`: "must be an integer", `""`: "must be an integer", `true`: "must be an integer",
		`[60]`: "must be an integer", `{}`: "must be an integer",
	} {
		w := f.api("admin", http.MethodPost, "shares/sharer/", `{"user": "stranger", "expires_in": `+value+`}`)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Equal(t, "expires_in: "+want, message(t, w), value)
		w = f.api("admin", http.MethodPost, "shares/sharer/", `{"users": ["stranger"], "expires_in": `+value+`}`)
		assert.Equal(t, "expires_in: "+want, message(t, w), value)
		w = f.api("sharer", http.MethodPost, "share-codes/sharer/", `{"share_expires_in": `+value+`}`)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Equal(t, "share_expires_in: "+want, message(t, w), value)
	}
	for _, value := range []string{`0`, `1`, `"true"`, `""`, `[]`, `{}`} {
		w := f.api("admin", http.MethodPost, "shares/sharer/", `{"user": "stranger", "session": `+value+`}`)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Equal(t, "session: must be true or false", message(t, w), value)
		w = f.api("sharer", http.MethodPost, "share-codes/sharer/", `{"share_session": `+value+`}`)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Equal(t, "share_session: must be true or false", message(t, w), value)
	}
	w := f.api("sharer", http.MethodPost, "share-codes/sharer/", `{"expires_in": null}`)
	assert.Equal(t, "expires_in: must be an integer", message(t, w), "SH-59: a code always ends")
	assert.Empty(t, f.list("sharer", "shares/sharer").Items)
	assert.Empty(t, f.list("sharer", "share-codes/sharer").Items)
}

// TestAcceptPageSaysHowLong: one sentence in the card, after what the visitor may do, and nothing else that differs (SH-146, SH-147).
func TestAcceptPageSaysHowLong(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for body, want := range map[string]string{
		`{}`:                                                  "",
		`{"share_expires_in": 3600}`:                          "Your access ends 1 hour after you accept.",
		`{"share_expires_in": 60}`:                            "Your access ends 1 minute after you accept.",
		`{"share_expires_in": 5400}`:                          "Your access ends 1 hour and 30 minutes after you accept.",
		`{"share_expires_in": 86400}`:                         "Your access ends 1 day after you accept.",
		`{"share_expires_in": 183845}`:                        "Your access ends 2 days, 3 hours, 4 minutes and 5 seconds after you accept.",
		`{"share_expires_in": 31536000}`:                      "Your access ends 365 days after you accept.",
		`{"share_session": true}`:                             "Your access ends when the server stops.",
		`{"share_expires_in": 86460, "share_session": true}`:  "Your access ends 1 day and 1 minute after you accept, or when the server stops before that.",
		`{"note": "for the course", "max_uses": 5}`:           "",
		`{"users": ["shared-with"], "groups": ["team"]}`:      "",
		`{"domain": "example.org", "users": ["shared-with"]}`: "",
	} {
		code := f.createCode("admin", "sharer/", body)
		w, _ := f.open("shared-with", "code="+code.Code)
		require.Equal(t, http.StatusOK, w.Code, body)
		for _, hidden := range []string{"for the course", "team", "example.org", code.ID} {
			assert.NotContains(t, w.Body.String(), hidden, "what is for those who manage the code")
		}
		recorded := *w.Body
		sound(t, w)
		w.Body = &recorded
		sentences := all(node(parse(t, w), class("card-body")), tag("p"))
		if want == "" {
			assert.Empty(t, sentences, body)
			continue
		}
		require.Len(t, sentences, 1, body)
		assert.Equal(t, want, text(sentences[0]))
	}
}
