package sharing_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// limited makes a code for alice's server, as somebody who may read all names.
func (f *fixture) limited(t *testing.T, r sharing.CodeRequest) (sharing.Code, sharing.Secret) {
	t.Helper()
	r.Server = home
	code, secret, err := f.CreateCode(t.Context(), f.as(t, "admin"), r)
	require.NoError(t, err)
	return code, secret
}

// accepts tells whether somebody may exchange a code; looking at it has to say the same.
func (f *fixture) accepts(t *testing.T, name string, secret sharing.Secret) error {
	t.Helper()
	_, looked := f.FindCode(t.Context(), f.as(t, name), secret)
	_, err := f.Exchange(t.Context(), f.as(t, name), secret)
	assert.Equal(t, looked, err)
	return err
}

// TestACodeForSome: users and groups by name, groups as they are now, and nobody else (what SH-202 finds missing).
func TestACodeForSome(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	dave := f.hub.AddUser("dave", "self")
	code, secret := f.limited(t, sharing.CodeRequest{For: []sharing.GranteeName{toGroup("team"), toUser("admin"), toGroup("team")}})
	assert.True(t, code.Bound)
	assert.Len(t, code.For, 2, "one named twice is named once")
	require.NoError(t, f.accepts(t, "admin", secret))
	require.NoError(t, f.accepts(t, "carol", secret))
	err := f.accepts(t, "dave", secret)
	require.ErrorIs(t, err, sharing.ErrNotForVisitor)
	assert.EqualError(t, err, "This share is for somebody else", "nobody is told for whom")
	list, err := f.ListCodesByServer(t.Context(), f.as(t, "alice"), home, sharing.Window{Limit: 1})
	require.NoError(t, err)
	assert.Equal(t, 2, list.Items[0].Exchanges, "a refusal is no exchange")

	team, err := f.hub.Find(t.Context(), "group", "team")
	require.NoError(t, err)
	f.hub.Join(team, dave)
	require.NoError(t, f.accepts(t, "dave", secret), "who has joined since")
	f.hub.Empty(team)
	require.ErrorIs(t, f.accepts(t, "bob", secret), sharing.ErrNotForVisitor, "who has left since")
	require.ErrorIs(t, f.accepts(t, "carol", secret), sharing.ErrNotForVisitor, "also who came by it before")
	f.hub.Rename(f.as(t, "admin").Ref, "root")
	require.NoError(t, f.accepts(t, "root", secret), "SH-9 a name is no key")
	f.hub.AddUser("admin", "self")
	require.ErrorIs(t, f.accepts(t, "admin", secret), sharing.ErrNotForVisitor)
	require.ErrorIs(t, f.accepts(t, "alice", secret), sharing.ErrOwnCode, "SH-144 whomever it is for")
}

// TestACodeForADomain: the name ends in the at sign and that very domain; nothing that merely looks like it will do.
func TestACodeForADomain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, given := range []string{"example.org", "Example.ORG", "@example.org"} {
		code, secret := f.limited(t, sharing.CodeRequest{Domain: given})
		assert.Equal(t, "example.org", code.Domain)
		assert.True(t, code.Bound)
		for name, want := range map[string]error{
			"ann@example.org":             nil,
			"ann@EXAMPLE.org":             nil,
			"a.b+c@x@example.org":         nil,
			"@example.org":                sharing.ErrNotForVisitor, // nobody's
			"example.org":                 sharing.ErrNotForVisitor,
			"ann@sub.example.org":         sharing.ErrNotForVisitor,
			"ann@notexample.org":          sharing.ErrNotForVisitor,
			"ann@example.org.evil":        sharing.ErrNotForVisitor,
			"ann@example.org@evil":        sharing.ErrNotForVisitor,
			"ann@example.org ":            sharing.ErrNotForVisitor,
			"ann@example.org\n":           sharing.ErrNotForVisitor,
			"ann@exampleXorg":             sharing.ErrNotForVisitor,
			"ann@ex\u00e4mple.org":        sharing.ErrNotForVisitor,
			"ann@example.\u03bfrg":        sharing.ErrNotForVisitor, // a Greek omicron
			"ann@exam\u017fple.org":       sharing.ErrNotForVisitor,
			"ann\uff20example.org":        sharing.ErrNotForVisitor, // a fullwidth at sign
			"ann@example.org\u200b":       sharing.ErrNotForVisitor,
			"ann":                         sharing.ErrNotForVisitor,
			"carol":                       sharing.ErrNotForVisitor,
			"j\u00f6rg@example.org":       nil,
			"ann@\u212aelvin.example.org": sharing.ErrNotForVisitor,
		} {
			f.hub.AddUser(name, "self")
			assert.ErrorIs(t, f.accepts(t, name, secret), want, "%q", name)
		}
	}
	_, kelvin := f.limited(t, sharing.CodeRequest{Domain: "kiss.example"})
	for _, name := range []string{"ann@\u212aiss.example", "ann@ki\u017fs.example"} {
		f.hub.AddUser(name, "self")
		require.ErrorIs(t, f.accepts(t, name, kelvin), sharing.ErrNotForVisitor, "letters whose lower case is a plain one")
	}
	f.hub.AddUser("ann@KISS.example", "self")
	require.NoError(t, f.accepts(t, "ann@KISS.example", kelvin))
	_, both := f.limited(t, sharing.CodeRequest{Domain: "example.org", For: []sharing.GranteeName{toUser("carol")}})
	require.NoError(t, f.accepts(t, "carol", both), "whoever is in one of them")
	require.NoError(t, f.accepts(t, "ann@example.org", both))
	require.ErrorIs(t, f.accepts(t, "bob", both), sharing.ErrNotForVisitor)
}

// TestWhatNoCodeCanBe: limits, bindings and notes out of range.
func TestWhatNoCodeCanBe(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	many := make([]sharing.GranteeName, sharing.MaxGrantees+1)
	for i := range many {
		many[i] = toUser("carol")
	}
	for name, c := range map[string]struct {
		request sharing.CodeRequest
		reason  error
		message string
	}{
		"fewer uses than none":   {sharing.CodeRequest{MaxUses: -1}, sharing.ErrInvalidCode, "max_uses: must be from 1 to 1000000"},
		"too many uses":          {sharing.CodeRequest{MaxUses: sharing.MaxUses + 1}, sharing.ErrInvalidCode, "max_uses: must be from 1 to 1000000"},
		"a note too long":        {sharing.CodeRequest{Note: strings.Repeat("ö", 201)}, sharing.ErrInvalidCode, "note: must be one line of at most 200 characters"},
		"a note of two lines":    {sharing.CodeRequest{Note: "a\nb"}, sharing.ErrInvalidCode, "note: must be one line of at most 200 characters"},
		"a note with a nul":      {sharing.CodeRequest{Note: "a\x00"}, sharing.ErrInvalidCode, "note: must be one line of at most 200 characters"},
		"a note that is no text": {sharing.CodeRequest{Note: "a\xff"}, sharing.ErrInvalidCode, "note: must be one line of at most 200 characters"},
		"a domain of nothing":    {sharing.CodeRequest{Domain: "@"}, sharing.ErrInvalidCode, "domain: must be like example.org"},
		"nobody at all":          {sharing.CodeRequest{For: []sharing.GranteeName{}}, sharing.ErrInvalidGrantee, "Specify from 1 to 200 users and groups"},
		"a note with a break":    {sharing.CodeRequest{Note: "a\u2028b"}, sharing.ErrInvalidCode, "note: must be one line of at most 200 characters"},
		"a note turned around":   {sharing.CodeRequest{Note: "a\u202eb"}, sharing.ErrInvalidCode, "note: must be one line of at most 200 characters"},
		"a domain with two ats":  {sharing.CodeRequest{Domain: "@@example.org"}, sharing.ErrInvalidCode, "domain: must be like example.org"},
		"a domain with a user":   {sharing.CodeRequest{Domain: "ann@example.org"}, sharing.ErrInvalidCode, "domain: must be like example.org"},
		"a domain with a dot":    {sharing.CodeRequest{Domain: "."}, sharing.ErrInvalidCode, "domain: must be like example.org"},
		"a domain with dots":     {sharing.CodeRequest{Domain: "a..b"}, sharing.ErrInvalidCode, "domain: must be like example.org"},
		"a domain with a hyphen": {sharing.CodeRequest{Domain: "-a.org"}, sharing.ErrInvalidCode, "domain: must be like example.org"},
		"a domain with a star":   {sharing.CodeRequest{Domain: "*.org"}, sharing.ErrInvalidCode, "domain: must be like example.org"},
		"a domain with a space":  {sharing.CodeRequest{Domain: "example.org "}, sharing.ErrInvalidCode, "domain: must be like example.org"},
		"a domain with a line":   {sharing.CodeRequest{Domain: "example.org\n"}, sharing.ErrInvalidCode, "domain: must be like example.org"},
		"a domain outside ASCII": {sharing.CodeRequest{Domain: "ex\u00e4mple.org"}, sharing.ErrInvalidCode, "domain: must be like example.org"},
		"a domain with kelvin":   {sharing.CodeRequest{Domain: "\u212aelvin.org"}, sharing.ErrInvalidCode, "domain: must be like example.org"},
		"a domain too long":      {sharing.CodeRequest{Domain: strings.Repeat("a", 254)}, sharing.ErrInvalidCode, "domain: must be like example.org"},
		"too many people":        {sharing.CodeRequest{For: many}, sharing.ErrInvalidGrantee, "Specify from 1 to 200 users and groups"},
		"a service":              {sharing.CodeRequest{For: []sharing.GranteeName{{Kind: "service", Name: "x"}}}, sharing.ErrInvalidGrantee, "Specify exactly one of `user` or `group`"},
		"nobody by name":         {sharing.CodeRequest{For: []sharing.GranteeName{toUser("")}}, sharing.ErrInvalidGrantee, "Specify exactly one of `user` or `group`"},
		"people who do not exist": {
			sharing.CodeRequest{For: []sharing.GranteeName{toUser("ghost"), toUser("carol"), toGroup("ghosts")}}, sharing.ErrNoSuchGrantee,
			"No such user: ghost\nNo such group: ghosts",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.request.Server = home
			_, _, err := f.CreateCode(t.Context(), f.as(t, "admin"), c.request)
			require.ErrorIs(t, err, c.reason)
			assert.EqualError(t, err, c.message)
		})
	}
	code, _ := f.limited(t, sharing.CodeRequest{MaxUses: sharing.MaxUses, Note: strings.Repeat("ö", 200), Domain: "xn--exmple-cua.org"})
	assert.Equal(t, strings.Repeat("ö", 200), code.Note)
	code, _ = f.limited(t, sharing.CodeRequest{Note: "\U0001f469\u200d\U0001f52c"})
	assert.NotEmpty(t, code.Note, "what joins an emoji is no break")
	code, _ = f.limited(t, sharing.CodeRequest{Domain: "localhost", For: []sharing.GranteeName{}})
	assert.True(t, code.Bound)
	code, _ = f.limited(t, sharing.CodeRequest{Domain: "localhost"})
	assert.Equal(t, "localhost", code.Domain)
}

// TestWhomACodeIsForMayHaveToBeReadable is SH-86: before anybody looks whether they exist, and after what a code's other checks say.
func TestWhomACodeIsForMayHaveToBeReadable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.as(t, "alice")
	for _, g := range []sharing.GranteeName{toUser("carol"), toUser("ghost"), toGroup("team"), toGroup("ghosts")} {
		_, _, err := f.CreateCode(t.Context(), alice, sharing.CodeRequest{Server: home, For: []sharing.GranteeName{g}})
		require.ErrorIs(t, err, sharing.ErrNameNotReadable)
		assert.EqualError(t, err, "Need scope 'read:"+g.Kind+"s:name' to share with "+g.Kind+"s by name", "the same, whether there is anybody")
	}
	_, _, err := f.CreateCode(t.Context(), alice, sharing.CodeRequest{
		Server: sharing.ServerName{Owner: "alice", Name: "nowhere"}, For: []sharing.GranteeName{toUser("carol")},
	})
	require.ErrorIs(t, err, sharing.ErrNoSuchServer)
	_, _, err = f.CreateCode(t.Context(), alice, sharing.CodeRequest{Server: home, Scopes: []string{"admin:servers"}, For: []sharing.GranteeName{toUser("carol")}})
	require.ErrorIs(t, err, sharing.ErrScopeNotHeld)
	_, _, err = f.CreateCode(t.Context(), alice, sharing.CodeRequest{Server: home, Domain: "example.org"})
	require.NoError(t, err, "a domain names nobody")
}

// TestACodeForNobodyAnyMore: a code whose people are all deleted is for nobody, and not for everybody.
func TestACodeForNobodyAnyMore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	dave := f.hub.AddUser("dave", "self")
	team, err := f.hub.Find(t.Context(), "group", "team")
	require.NoError(t, err)
	_, secret := f.limited(t, sharing.CodeRequest{For: []sharing.GranteeName{toUser("dave"), toGroup("team")}})
	for _, ref := range []sharing.Ref{dave, team} {
		f.hub.Remove(ref)
	}
	f.hub.Empty(team)
	require.NoError(t, f.UserRemoved(t.Context(), dave.ID))
	require.NoError(t, f.GroupRemoved(t.Context(), team.ID))
	list, err := f.ListCodesByServer(t.Context(), f.as(t, "alice"), home, sharing.Window{Limit: 10})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	assert.Empty(t, list.Items[0].For)
	assert.True(t, list.Items[0].Bound)
	require.ErrorIs(t, f.accepts(t, "carol", secret), sharing.ErrNotForVisitor)
	f.hub.AddUser("dave", "self")
	require.ErrorIs(t, f.accepts(t, "dave", secret), sharing.ErrNotForVisitor, "another of the same name")
}

// TestVisitorsDoNotSeeWhatIsNotForThem: whom else a code is for and its note are for those who manage it.
func TestVisitorsDoNotSeeWhatIsNotForThem(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	made, secret := f.limited(t, sharing.CodeRequest{
		For: []sharing.GranteeName{toUser("bob"), toGroup("team"), toUser("carol")}, Domain: "example.org", Note: "for the exam", MaxUses: 2,
	})
	found, err := f.FindCode(t.Context(), f.as(t, "bob"), secret)
	require.NoError(t, err)
	assert.Empty(t, found.For)
	assert.Empty(t, found.Domain)
	assert.Empty(t, found.Note)
	list, err := f.ListCodesByOwner(t.Context(), f.as(t, "alice"), "alice", sharing.Window{Limit: 10})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	shown := list.Items[0]
	assert.ElementsMatch(t, made.For, shown.For)
	made.For, shown.For = nil, nil
	assert.Equal(t, made, shown)
	assert.Equal(t, "for the exam", shown.Note)
	assert.NotContains(t, f.log.String(), "for the exam")
}
