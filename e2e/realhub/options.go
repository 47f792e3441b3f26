package realhub

import (
	"io"
)

// Options say what hub to run. Env must be set; all else has the defaults of a JupyterHub with the dummy authenticator, which lets in
// anybody with any password.
type Options struct {
	Env Env `json:"-"`

	// BaseURL is the path that everything lies under, with a slash at both ends; "" = "/".
	BaseURL string `json:"base_url"`
	// Users exist from the start and Admins are such with role admin. Others come to be at their first login, unless AllowedUsers is set.
	Users        []string            `json:"users"`
	Admins       []string            `json:"admins"`
	AllowedUsers []string            `json:"allowed_users"`
	Groups       map[string][]string `json:"groups"`
	Roles        []Role              `json:"roles"`
	Services     []Service           `json:"services"`
	// AdminToken is the API token of a service with role admin, "realhub-admin", if it is set.
	AdminToken string `json:"admin_token"`

	AllowNamedServers bool `json:"allow_named_servers"`
	// OAuthClientAllowedScopes and ServerTokenScopes are the spawner's settings of those names.
	OAuthClientAllowedScopes []string `json:"oauth_client_allowed_scopes"`
	ServerTokenScopes        []string `json:"server_token_scopes"`
	// Command is what users' servers run; empty = jupyterhub-singleuser with the arguments that root needs. It finds the variables
	// that a single-user server finds, and those of ServerEnv.
	Command   []string          `json:"command"`
	ServerEnv map[string]string `json:"server_env"`
	// Config is Python that ends the configuration, for what is not named here.
	Config string `json:"-"`

	// Output gets what the hub, its proxy and its servers print; nil = nobody. The end of it is in the errors of Start in any case.
	Output io.Writer `json:"-"`
	// Dir holds the database, cookie secret and homes of users; "" = a temporary one that Close removes.
	Dir string `json:"-"`
}

// Role is a role of the configuration.
type Role struct {
	Name     string   `json:"name"`
	Scopes   []string `json:"scopes"`
	Users    []string `json:"users,omitempty"`
	Groups   []string `json:"groups,omitempty"`
	Services []string `json:"services,omitempty"`
}

// Service is a service of the configuration, with JupyterHub's own names for its settings.
type Service struct {
	Name                     string            `json:"name"`
	URL                      string            `json:"url,omitempty"`
	APIToken                 string            `json:"api_token,omitempty"`
	OAuthClientID            string            `json:"oauth_client_id,omitempty"`
	OAuthRedirectURI         string            `json:"oauth_redirect_uri,omitempty"`
	OAuthNoConfirm           bool              `json:"oauth_no_confirm,omitempty"`
	OAuthClientAllowedScopes []string          `json:"oauth_client_allowed_scopes,omitempty"`
	Command                  []string          `json:"command,omitempty"` // makes it a managed one
	Environment              map[string]string `json:"environment,omitempty"`
}
