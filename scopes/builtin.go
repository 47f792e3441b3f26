package scopes

// builtin describes one scope that every hub knows (SC-100 … SC-147).
type builtin struct {
	name        string
	subscopes   []string
	description string
	since60     bool // unknown in P55 (SC-1)
}

// builtins is the table of section 3. Names and structure are the wire's, the sentences of HB-192 too; other sentences are ours.
var builtins = []builtin{
	{name: metaNone, description: "Identify the owner of the requesting entity."},
	{name: metaSelf, description: "Your own resources"},
	{name: metaInherit, description: "Anything you have access to"},
	{name: "admin-ui", description: "Open the admin page."},
	{name: "admin:users", subscopes: []string{"admin:auth_state", "users", "read:roles:users", "delete:users"}, description: "Create, edit and delete users and their authentication state."},
	{name: "admin:auth_state", description: "Read a user's authentication state."},
	{name: "users", subscopes: []string{"read:users", "list:users", "users:activity"}, description: "Read and edit user models, without their servers, tokens and authentication state."},
	{name: "delete:users", description: "Delete users."},
	{name: "list:users", subscopes: []string{"read:users:name"}, description: "List users."},
	{name: "read:users", subscopes: []string{"read:users:name", "read:users:groups", "read:users:activity"}, description: "Read user models, without their servers, tokens and authentication state."},
	{name: "read:users:name", description: "Read names of users."},
	{name: "read:users:groups", description: "Read which groups users are members of."},
	{name: "read:users:activity", description: "Read when users were last active."},
	{name: "read:roles", subscopes: []string{"read:roles:users", "read:roles:services", "read:roles:groups"}, description: "Read who holds which role."},
	{name: "read:roles:users", description: "Read which roles users hold."},
	{name: "read:roles:services", description: "Read which roles services hold."},
	{name: "read:roles:groups", description: "Read which roles groups hold."},
	{name: "users:activity", subscopes: []string{"read:users:activity"}, description: "Report when users were last active."},
	{name: "admin:servers", subscopes: []string{"admin:server_state", "servers"}, description: "Read, start, stop, create and delete user servers and their state."},
	{name: "admin:server_state", description: "Read and write the state of user servers."},
	{name: "servers", subscopes: []string{"read:servers", "start:servers", "delete:servers"}, description: "Start and stop user servers."},
	{name: "read:servers", subscopes: []string{"read:users:name"}, description: "Read users’ names and their server models (excluding the server state)."},
	{name: "start:servers", description: "Start and edit users' servers.", since60: true},
	{name: "delete:servers", description: "Stop and delete users' servers."},
	{name: "tokens", subscopes: []string{"read:tokens"}, description: "Read, write, create and delete user tokens."},
	{name: "read:tokens", description: "Read user tokens."},
	{name: "admin:groups", subscopes: []string{"groups", "read:roles:groups", "delete:groups"}, description: "Create, edit and delete groups."},
	{name: "groups", subscopes: []string{"read:groups", "list:groups"}, description: "Read groups and edit who is in them."},
	{name: "list:groups", subscopes: []string{"read:groups:name"}, description: "List groups."},
	{name: "read:groups", subscopes: []string{"read:groups:name"}, description: "Read group models."},
	{name: "read:groups:name", description: "Read names of groups."},
	{name: "delete:groups", description: "Delete groups."},
	{name: "admin:services", subscopes: []string{"list:services", "read:services", "read:roles:services"}, description: "Create and delete services, and read their models."},
	{name: "list:services", subscopes: []string{"read:services:name"}, description: "List services."},
	{name: "read:services", subscopes: []string{"read:services:name"}, description: "Read service models."},
	{name: "read:services:name", description: "Read names of services."},
	{name: "read:hub", description: "Read details of the hub."},
	{name: "access:servers", description: "Access user servers via API or browser."},
	{name: "access:services", description: "Access services via API or browser."},
	{name: "users:shares", subscopes: []string{"read:users:shares"}, description: "Read and revoke a user's access to shared servers."},
	{name: "read:users:shares", description: "Read servers shared with a user."},
	{name: "groups:shares", subscopes: []string{"read:groups:shares"}, description: "Read and revoke a group's access to shared servers."},
	{name: "read:groups:shares", description: "Read servers shared with a group."},
	{name: "read:shares", description: "Read information about shared access to servers."},
	{name: "shares", subscopes: []string{"access:servers", "read:shares", "users:shares", "groups:shares"}, description: "Manage access to shared servers."},
	{name: "proxy", description: "Read and edit the routing table of the proxy."},
	{name: "shutdown", description: "Shut the hub down."},
	{name: "read:metrics", description: "Read the hub's metrics."},
}

// selfScopes is what self stands for, before expansion and each filtered to the user (SC-46).
var selfScopes = []string{"read:users", "users:shares", "read:shares", "users:activity", "servers", "tokens", "access:servers"}

// builtinRoles are the four roles that always exist (SC-301).
var builtinRoles = []Role{
	{Name: "user", Description: "Standard user privileges", Scopes: []string{metaSelf}},
	{Name: "admin", Description: "Elevated privileges (can do anything)", Scopes: []string{
		"admin-ui", "admin:users", "admin:servers", "admin:services", "tokens", "admin:groups", "list:services",
		"read:services", "read:hub", "proxy", "shutdown", "access:services", "access:servers", "read:roles", "read:metrics", "shares",
	}},
	{Name: "server", Description: "Post activity only", Scopes: []string{"users:activity!user", "access:servers!server"}},
	{Name: "token", Description: "Token with same permissions as its owner", Scopes: []string{metaInherit}},
}
