package sharing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// audit gives the rows that are kept.
func (f *fixture) audit(t *testing.T) []sharing.Change {
	t.Helper()
	rows, err := f.Store.Changes(t.Context(), 0, 1000)
	require.NoError(t, err)
	return rows
}

// TestAudit is SH-182: every mutation leaves one row that says who did what, on which server, to whom, through which code, and when; and one
// line in the log that says the same (SH-180).
func TestAudit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	alice, admin, bob, carol := f.as(t, "alice"), f.as(t, "admin"), f.as(t, "bob"), f.as(t, "carol")
	tool := holding(t, "shares", "access:servers", "read:users:name")
	srv := f.hub.Server("alice", "")
	user := func(name string, grantees ...string) sharing.Record {
		return sharing.Record{ActorKind: "user", Actor: name, Server: "alice/", Grantees: grantees}
	}
	with := func(r sharing.Record, bases ...string) sharing.Record { r.Bases = bases; return r }
	var secret, other sharing.Secret
	for _, c := range []struct {
		name   string
		do     func() error
		action string
		actor  string
		code   string
		record sharing.Record
		line   string
	}{
		{"a grant by a service", func() error {
			_, err := f.Grant(ctx, tool, sharing.GrantRequest{Server: home, Grantee: toUser("carol")})
			return err
		}, sharing.ActionGrant, tool.ID, "", sharing.Record{
			ActorKind: "service", Actor: "tool", Server: "alice/", Grantees: []string{"user:carol"}, Bases: []string{"access:servers"},
		}, `action=share.grant actor_kind=service actor=tool server=alice/ grantee=user:carol scopes="access:servers!server=alice/"`},
		{"a grant to several", func() error {
			_, err := f.GrantMany(ctx, admin, sharing.BulkRequest{
				Server: home, Grantees: []sharing.GranteeName{toUser("bob"), toGroup("team")}, Scopes: []string{"servers", "access:servers"},
			})
			return err
		}, sharing.ActionGrant, admin.ID, "", with(user("admin", "user:bob", "group:team"), "access:servers", "servers"),
			`action=share.grant actor_kind=user actor=admin server=alice/ grantee="user:bob group:team" scopes="access:servers!server=alice/ servers!server=alice/"`},
		{"a revocation of a part", func() error {
			_, err := f.Revoke(ctx, alice, sharing.RevokeRequest{Server: home, Grantee: toUser("bob"), Scopes: []string{"servers", "read:servers"}})
			return err
		}, sharing.ActionRevoke, alice.ID, "", with(user("alice", "user:bob"), "servers"),
			`action=share.revoke actor_kind=user actor=alice server=alice/ grantee=user:bob scopes="servers!server=alice/"`},
		{"a code", func() (err error) {
			_, secret, err = f.CreateCode(ctx, alice, sharing.CodeRequest{Server: home, Terms: sharing.Terms{Session: true}})
			return err
		}, sharing.ActionCreate, alice.ID, "sc_1", with(user("alice"), "access:servers"),
			`action=code.create actor_kind=user actor=alice code=sc_1 server=alice/ scopes="access:servers!server=alice/"`},
		{"an exchange", func() error { _, err := f.Exchange(ctx, bob, secret); return err },
			sharing.ActionExchange, bob.ID, "sc_1", with(user("bob", "user:bob"), "access:servers"),
			`action=code.exchange actor_kind=user actor=bob code=sc_1 server=alice/ grantee=user:bob scopes="access:servers!server=alice/"`},
		{"the stop of a server", func() error { return f.ServerStopped(ctx, srv) },
			sharing.ActionEndSession, "", "", sharing.Record{Server: "alice/"}, `action=share.end_session server=alice/ count=1`},
		{"a departure", func() error { return f.Leave(ctx, carol, toUser("carol"), home) },
			sharing.ActionLeave, carol.ID, "", with(user("carol", "user:carol"), "access:servers"),
			`action=share.leave actor_kind=user actor=carol server=alice/ grantee=user:carol scopes="access:servers!server=alice/"`},
		{"a deletion by secret", func() error { return f.DeleteCode(ctx, alice, sharing.DeleteRequest{Server: home}, secret) },
			sharing.ActionDelete, alice.ID, "sc_1", user("alice"), `action=code.delete actor_kind=user actor=alice code=sc_1 server=alice/`},
		{"another code", func() (err error) {
			_, other, err = f.CreateCode(ctx, alice, sharing.CodeRequest{Server: home})
			return err
		}, sharing.ActionCreate, alice.ID, "sc_2", with(user("alice"), "access:servers"), `code=sc_2`},
		{"its exchange", func() error { _, err := f.Exchange(ctx, carol, other); return err },
			sharing.ActionExchange, carol.ID, "sc_2", with(user("carol", "user:carol"), "access:servers"), `actor=carol code=sc_2`},
		{"a deletion by id with what it gave", func() error {
			return f.DeleteCodeByID(ctx, alice, sharing.DeleteRequest{Server: home, Cascade: true}, "sc_2")
		}, sharing.ActionDelete, alice.ID, "sc_2", sharing.Record{ActorKind: "user", Actor: "alice", Server: "alice/", Cascade: true},
			`action=code.delete actor_kind=user actor=alice code=sc_2 server=alice/ cascade=true`},
		{"a third code", func() error { return f.create(t, alice) },
			sharing.ActionCreate, alice.ID, "sc_3", with(user("alice"), "access:servers"), `code=sc_3`},
		{"a deletion of all", func() error { return f.DeleteCodes(ctx, alice, sharing.DeleteRequest{Server: home}) },
			sharing.ActionDelete, alice.ID, "", user("alice"), `action=code.delete actor_kind=user actor=alice server=alice/`},
		{"a revocation of all", func() error { return f.RevokeAll(ctx, alice, home) },
			sharing.ActionRevokeAll, alice.ID, "", user("alice"), `action=share.revoke_all actor_kind=user actor=alice server=alice/ count=2`},
	} {
		f.advance(time.Minute)
		before := f.audit(t)
		f.log.Reset()
		require.NoError(t, c.do(), c.name)
		rows := f.audit(t)[len(before):]
		require.Len(t, rows, 1, c.name)
		row := rows[0]
		assert.Equal(t, f.clock(), row.At, c.name)
		assert.Equal(t, c.action, row.Action, c.name)
		assert.Equal(t, c.actor, row.ActorID, c.name)
		assert.Equal(t, c.code, row.CodeID, c.name)
		assert.Equal(t, srv.ID, row.ServerID, c.name)
		assert.Equal(t, c.record, row.Record, c.name)
		assert.Equal(t, []sharing.Change{row}, f.told(), c.name)
		assert.Equal(t, 1, strings.Count(f.log.String(), "\n"), c.name)
		assert.Contains(t, f.log.String(), c.line, c.name)
		for _, s := range []sharing.Secret{secret, other} {
			if text := s.Reveal(); text != "" {
				assert.NotContains(t, f.log.String(), text[5:], "SH-181")
			}
		}
	}

	// Who is gone is still in the record.
	kept := f.audit(t)
	for _, who := range []string{"alice", "bob", "carol", "admin"} {
		ref, err := f.hub.Find(ctx, "user", who)
		require.NoError(t, err)
		f.hub.Remove(ref)
		require.NoError(t, f.UserRemoved(ctx, ref.ID))
	}
	require.NoError(t, f.ServerRemoved(ctx, srv.ID))
	assert.Equal(t, kept, f.audit(t)[:len(kept)])
}

// TestRefusalsLeaveNoRecord is SH-45 f: what did not happen is not in the record, nor in the log.
func TestRefusalsLeaveNoRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.Grant(t.Context(), f.as(t, "alice"), sharing.GrantRequest{Server: home, Grantee: toUser("bob")})
	require.Error(t, err)
	require.Error(t, f.present(t, f.as(t, "bob"), "a wrong code"))
	require.NoError(t, f.RevokeAll(t.Context(), f.as(t, "alice"), home), "of nothing")
	assert.Empty(t, f.audit(t))
	assert.Empty(t, f.log.String())
}

// TestHowLongTheAuditIsKept: a year if nothing is said, never less than the day that replicas may need to catch up.
func TestHowLongTheAuditIsKept(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, c := range map[string]struct{ set, kept time.Duration }{
		"nothing said":      {0, 365 * day},
		"thirty days":       {30 * day, 30 * day},
		"an hour":           {time.Hour, day},
		"less than none":    {-time.Hour, 365 * day},
		"ten times as long": {3650 * day, 3650 * day},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.AuditAge = c.set
			f.grant(t, "", "user", "carol")
			f.advance(time.Minute)
			f.grant(t, "", "user", "bob")
			f.advance(c.kept - time.Minute)
			p, err := f.PurgeExpired(t.Context())
			require.NoError(t, err)
			assert.Zero(t, p)
			f.advance(time.Microsecond)
			p, err = f.PurgeExpired(t.Context())
			require.NoError(t, err)
			assert.Equal(t, sharing.Purged{Changes: 1}, p)
			require.Len(t, f.audit(t), 1)
			assert.Equal(t, []string{"user:bob"}, f.audit(t)[0].Record.Grantees)
			assert.Len(t, f.shared(t, "carol"), 1, "access is no matter of the record")
		})
	}
}

// TestWhatIsGoneIsForgottenAfterADay: by then nobody is left who looked it up before (SH-45 e).
func TestWhatIsGoneIsForgottenAfterADay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.NoError(t, f.UserRemoved(t.Context(), "u-gone"))
	f.advance(24 * time.Hour)
	p, err := f.PurgeExpired(t.Context())
	require.NoError(t, err)
	assert.Zero(t, p)
	f.advance(time.Microsecond)
	p, err = f.PurgeExpired(t.Context())
	require.NoError(t, err)
	assert.Equal(t, sharing.Purged{Gone: 1}, p)
}
