package hubsim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-164: a hub in memory begins, answers and lists its people without its database, which is opened when something is shared or a token is made: to open it takes
// longer than all the rest.
func TestAHubInMemoryStartsWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	hubsim.New(t, hubsim.Config{}) // the first of a program makes the tables
	hub := hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "ann", Admin: true}}, Groups: []hubsim.Group{{Name: "class", Users: []string{"ann", "bob"}}}})
	status, text, _ := ask(t, hub, "", "GET", "", "")
	require.Equal(t, 200, status, text)
	require.NoError(t, hub.AddUser(t.Context(), hubsim.User{Name: "cyd"}))
	assert.Zero(t, hub.Statements())
	status, text, _ = ask(t, hub, tokenFor(t, hub, "ann"), "GET", "/users", "")
	require.Equal(t, 200, status)
	assert.Contains(t, text, `"cyd"`)
	assert.NotZero(t, hub.Statements())
}
