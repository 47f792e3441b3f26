package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCascade deletes codes with the access that they gave; what came by other ways stays, and without the word nothing of it goes (SH-110,
// SH-113).
func TestCascade(t *testing.T) {
	t.Parallel()
	for query, left := range map[string][]string{
		"?id=sc_1":                             {"user:shared-with", "user:stranger", "group:team"},
		"?id=sc_1&cascade=false":               {"user:shared-with", "user:stranger", "group:team"},
		"?id=sc_1&cascade=0":                   {"user:shared-with", "user:stranger", "group:team"},
		"?cascade=0":                           {"user:shared-with", "user:stranger", "group:team"},
		"?id=sc_1&cascade=true":                {"user:stranger", "group:team"},
		"?cascade=1&id=sc_1":                   {"user:stranger", "group:team"},
		"?id=sc_1&cascade=false&cascade=+true": {"user:stranger", "group:team"},
		"?id=sc_2&cascade=1":                   {"user:shared-with", "group:team"},
		"?code=FIRST&id=sc_2&cascade=true":     {"user:stranger", "group:team"},
		"?cascade=true":                        {"group:team"},
	} {
		f := newFixture(t)
		first, _ := f.code("sharer", "sharer/", "")
		second, _ := f.code("sharer", "sharer/", `{"scopes": ["servers"]}`)
		f.accept(t, "shared-with", first)
		f.accept(t, "stranger", second)
		f.must("admin", http.MethodPost, "shares/sharer/", `{"group": "team"}`)
		before := len(f.list("sharer", "share-codes/sharer/").Items)
		if query[1:5] == "code" {
			query = "?code=" + first + query[len("?code=FIRST"):]
		}
		w := f.api("sharer", http.MethodDelete, "share-codes/sharer/"+query, "")
		require.Equal(t, http.StatusNoContent, w.Code, query)
		assert.Empty(t, w.Body.String())
		assert.Equal(t, left, read[shareItems](t, f.must("sharer", http.MethodGet, "shares/sharer/", "")).grantees(), query)
		assert.Less(t, len(f.list("sharer", "share-codes/sharer/").Items), before)
	}
}

// TestCascadeKeepsWhatCameOtherwise: of a share that came by a code and directly, the direct part stays; and the access that a code gave can be
// taken when the code has gone already.
func TestCascadeKeepsWhatCameOtherwise(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code := f.createCode("sharer", "sharer/", `{"scopes": ["access:servers", "servers"], "expires_in": 60}`)
	f.accept(t, "shared-with", code.Code)
	f.must("admin", http.MethodPost, "shares/sharer/", `{"user": "shared-with"}`)
	share := read[shareItems](t, f.must("sharer", http.MethodGet, "shares/sharer/", "")).Items[0]
	require.Len(t, share.Grants, 2)
	assert.Nil(t, share.Grants[0].CodeID, "the direct one first")
	assert.Equal(t, code.ID, *share.Grants[1].CodeID)
	f.must("sharer", http.MethodDelete, "share-codes/sharer/?id="+code.ID, "")
	f.must("sharer", http.MethodDelete, "share-codes/sharer/?cascade=true&id="+code.ID, "")
	share = read[shareItems](t, f.must("sharer", http.MethodGet, "shares/sharer/", "")).Items[0]
	require.Len(t, share.Grants, 1)
	assert.Equal(t, []string{"access:servers!server=sharer/"}, share.Scopes)
	w := f.api("sharer", http.MethodDelete, "share-codes/sharer/?cascade=true&id="+code.ID, "")
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Equal(t, "No code found matching id="+code.ID, message(t, w), "SH-110: nothing of it is left")
}

// TestRefusedCascades: what is not plainly yes or no deletes nothing (SH-111), and the order of checks is that of SH-110.
func TestRefusedCascades(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.code("sharer", "sharer/", "")
	const yesOrNo = "cascade: must be true or false"
	for query, want := range map[string]string{
		"?cascade": yesOrNo, "?cascade=": yesOrNo, "?cascade=TRUE": yesOrNo, "?cascade=yes": yesOrNo, "?cascade=2": yesOrNo, "?cascade=true,false": yesOrNo,
		"?id=sc_1&cascade=no": yesOrNo, "?cascade=true&cascade=": yesOrNo, "?id=&cascade=x": yesOrNo, "?cascade=%zz": "Invalid query",
		"?id=&cascade=true": "code and id must not be empty", "?code=&cascade=false": "code and id must not be empty",
	} {
		w := f.api("sharer", http.MethodDelete, "share-codes/sharer/"+query, "")
		assert.Equal(t, http.StatusBadRequest, w.Code, query)
		assert.Equal(t, want, message(t, w), query)
	}
	for query, want := range map[string]string{"?id=sc_9&cascade=true": "No code found matching id=sc_9", "?id=x&cascade=1": "No code found matching id=x", "?code=x&cascade=1": "No matching code found"} {
		w := f.api("sharer", http.MethodDelete, "share-codes/sharer/"+query, "")
		assert.Equal(t, http.StatusNotFound, w.Code, query)
		assert.Equal(t, want, message(t, w), query)
	}
	w := f.api("stranger", http.MethodDelete, "share-codes/sharer/?cascade=x", "")
	assert.Equal(t, http.StatusNotFound, w.Code, "SH-54: the gate comes before the query")
	w = f.api("admin", http.MethodDelete, "share-codes/stranger/?id=sc_1&cascade=true", "")
	assert.Equal(t, http.StatusNotFound, w.Code, "a code of another server")
	assert.Len(t, f.list("sharer", "share-codes/sharer/").Items, 1)
}

// TestSharesByCode lists who has something by one code, also when the code has gone (SH-81).
func TestSharesByCode(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.createCode("sharer", "sharer/", "")
	second := f.createCode("sharer", "sharer/", `{"share_expires_in": 60}`)
	f.accept(t, "shared-with", first.Code)
	f.accept(t, "shared-with", second.Code)
	f.accept(t, "stranger", second.Code)
	f.must("admin", http.MethodPost, "shares/sharer/", `{"group": "team"}`)
	by := func(query string) []string {
		return read[shareItems](t, f.must("sharer", http.MethodGet, "shares/sharer/?"+query, "")).grantees()
	}
	assert.Equal(t, []string{"user:shared-with"}, by("code_id=sc_1"))
	assert.Equal(t, []string{"user:shared-with", "user:stranger"}, by("code_id=sc_2"))
	assert.Equal(t, []string{"user:shared-with"}, by("code_id=sc_2&code_id=sc_1"), "the last of several counts, as elsewhere (SH-67)")
	assert.Empty(t, by("code_id=sc_9"))
	assert.Len(t, by("limit=3"), 3)
	page := f.list("sharer", "shares/sharer/?code_id=sc_2&limit=1")
	assert.Equal(t, 2, page.Pagination.Total)
	assert.Equal(t, "http://example.com/hub/api/shares/sharer/?code_id=sc_2&limit=1&offset=1", page.Pagination.Next.URL, "SH-68")
	assert.Empty(t, read[shareItems](t, f.must("stranger", http.MethodGet, "shares/stranger/?code_id=sc_1", "")).Items, "the code of another server")
	f.must("sharer", http.MethodDelete, "share-codes/sharer/?id=sc_2", "")
	assert.Len(t, by("code_id=sc_2"), 2)
	f.advance(time.Minute)
	assert.Empty(t, by("code_id=sc_2"))

	for _, id := range []string{"", "1", "sc_", "sc_0", "sc_000", "sc_-1", "sc_1x", "SC_1", "sc_1 sc_2", "sc_99999999999999999999", first.Code} {
		w := f.do(http.MethodGet, "/hub/api/shares/sharer/", "", header("Authorization", "token sharer-token"), func(r *http.Request) {
			q := r.URL.Query()
			q.Set("code_id", id)
			r.URL.RawQuery = q.Encode()
		})
		assert.Equal(t, http.StatusBadRequest, w.Code, id)
		assert.Equal(t, "code_id: must be like sc_1", message(t, w), id)
	}
	w := f.api("stranger", http.MethodGet, "shares/sharer/?code_id=x", "")
	assert.Equal(t, http.StatusNotFound, w.Code, "SH-54: the gate comes before the query")
	w = f.api("sharer", http.MethodGet, "shares/sharer/?code_id=x&limit=x", "")
	assert.Equal(t, "Invalid argument type, offset and limit must be integers", message(t, w), "SH-67 as ever")
}

// TestOnesOwn lists what the calling user shares across their servers, as the list under their name does (SH-56, SH-80, SH-100).
func TestOnesOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.hub.AddServer("sharer", "lab")
	f.hub.AddService("robot", "read:shares", "shares")
	f.hub.AddUser("nobody-else", "self")
	f.hub.AddToken("reader-token", "sharer", "read:shares!user=sharer")
	f.hub.AddToken("one-server-token", "sharer", "read:shares!server=sharer/")
	for _, path := range []string{"sharer/", "sharer/lab"} {
		f.createCode("sharer", path, "")
		f.must("admin", http.MethodPost, "shares/"+path, `{"user": "stranger"}`)
	}
	f.createCode("stranger", "stranger/", "")
	f.must("admin", http.MethodPost, "shares/stranger/", `{"user": "sharer"}`)
	for _, list := range []string{"shares", "share-codes"} {
		for _, who := range []string{"sharer", "reader"} {
			w := f.must(who, http.MethodGet, list, "")
			assert.Equal(t, f.must("sharer", http.MethodGet, list+"/sharer", "").Body.String(), w.Body.String(), who)
		}
		assert.Len(t, f.list("sharer", list).Items, 2)
		page := f.list("sharer", list+"?limit=1")
		assert.Equal(t, "http://example.com/hub/api/"+list+"?limit=1&offset=1", page.Pagination.Next.URL, "SH-68")
		assert.Empty(t, f.list("admin", list).Items, "who may read everybody's has none of their own")

		for who, want := range map[string]struct {
			status  int
			message string
		}{
			"":              {403, "Missing or invalid credentials."},
			"deadbeef":      {403, "Missing or invalid credentials."},
			"robot":         {403, "Only users have servers"},
			"sharer-narrow": {403, "Action is not authorized with current scopes; requires any of [read:shares]"},
			"one-server":    {404, "No access to resources or resources not found"},
		} {
			w := f.api(who, http.MethodGet, list+"?limit=x", "")
			assert.Equal(t, want.status, w.Code, who)
			assert.Equal(t, want.message, message(t, w), who)
		}
		for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodPut} {
			w := f.api("sharer", method, list, "")
			assert.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
		}
		w := f.do(http.MethodGet, "/hub/api/"+list, "", cookie("sharer"), header("Sec-Fetch-Mode", "cors"))
		assert.Equal(t, "'_xsrf' argument missing from GET", message(t, w), "SH-52")
		w = f.do(http.MethodGet, "/hub/api/"+list, "", cookie("sharer"))
		assert.Equal(t, http.StatusOK, w.Code)
		w = f.do(http.MethodGet, "/hub/api/"+list+"?owner=stranger", "", cookie("sharer"))
		assert.Equal(t, f.must("sharer", http.MethodGet, list+"/sharer", "").Body.String(), w.Body.String(), "nobody else's by any argument")
	}
}
