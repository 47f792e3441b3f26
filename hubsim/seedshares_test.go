package hubsim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

func TestASeedLeavesWhatSharingOneByOneLeaves(t *testing.T) { // HB-178
	t.Parallel()
	access, read := []string{"access:servers!server=ann/"}, []string{"access:servers", "read:servers"}
	people := hubsim.Seed{Users: []hubsim.User{{Name: "ann"}, {Name: "bob"}, {Name: "cyd"}},
		Groups: []hubsim.Group{{Name: "class", Users: []string{"cyd"}}}}
	shares := []hubsim.Share{
		{Owner: "ann", User: "bob"}, {Owner: "ann", User: "cyd"}, {Owner: "ann", Group: "class"}, {Owner: "ann", User: "bob"},
		{Owner: "ann", User: "bob", Scopes: read}, {Owner: "ann", User: "cyd", Scopes: access},
		{Owner: "bob", User: "cyd", Scopes: read}, {Owner: "bob", User: "ann", Scopes: read},
	}
	seed := people
	seed.Shares = shares
	state := func(fill func(*hubsim.Hub)) hubsim.Snapshot {
		hub := hubsim.New(t, hubsim.Config{Clock: hubsim.NewFakeClock(time0)})
		fill(hub)
		s, err := hub.Snapshot(t.Context())
		require.NoError(t, err)
		return s
	}
	seeded := state(func(hub *hubsim.Hub) {
		_, err := hub.Seed(t.Context(), seed)
		require.NoError(t, err)
	})
	shared := state(func(hub *hubsim.Hub) {
		_, err := hub.Seed(t.Context(), people)
		require.NoError(t, err)
		for _, s := range shares {
			require.NoError(t, hub.Share(t.Context(), s))
		}
	})
	assert.Len(t, seeded.Shares, 5)
	assert.Equal(t, shared.Shares, seeded.Shares)
}

func TestASeedStopsAtTheShareThatIsWrong(t *testing.T) { // HB-178
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	_, err := hub.Seed(t.Context(), hubsim.Seed{Users: []hubsim.User{{Name: "ann"}, {Name: "bob"}, {Name: "cyd"}}, Shares: []hubsim.Share{
		{Owner: "bob", User: "ann"}, {Owner: "ann", User: "bob"}, {Owner: "ann", User: "nobody"}, {Owner: "ann", User: "cyd"},
	}})
	require.ErrorContains(t, err, "Shares[2]")
	s, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	var users []string
	for _, share := range s.Shares {
		users = append(users, share.Owner+" to "+share.User)
	}
	assert.ElementsMatch(t, []string{"bob to ann", "ann to bob"}, users, "those before it stay, and none after it is made")
}
