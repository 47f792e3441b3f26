package spawner

import (
	"context"
	"net/url"
)

// Spawner starts servers. Implementations are safe for concurrent use.
type Spawner interface {
	// Start brings a server up far enough to have an address; whether it
	// answers already is for Probe to find out (HB-93). ctx bounds the start
	// alone: the process outlives it. On an error nothing is left running.
	Start(ctx context.Context, spec Spec) (Process, error)
}

// Spec says which server to start. Start keeps no reference to Env.
type Spec struct {
	User   string // owner's name
	Server string // "" = the owner's default server
	// Prefix is the escaped path below which the server answers: it starts
	// and ends with '/' (HB-2).
	Prefix string
	// Env is what a process would find in its environment (HB-103). A spawner
	// that picks the address itself sets JUPYTERHUB_SERVICE_URL in its copy.
	Env map[string]string
	// Progress receives events while Start runs, in order and from one
	// goroutine (HB-100); nil = nobody listens. It must not block.
	Progress func(Event)
}

// Event is one step of a start, as the progress stream shows it (HB-100).
type Event struct {
	Progress int    // 0…100
	Message  string // plain text
}

// Process is a started server. All methods are safe for concurrent use.
type Process interface {
	// URL is where the server answers: scheme, host and the prefix as path.
	// A proxy that forwards whole paths needs only scheme and host (HB-75).
	// The caller must not change it.
	URL() *url.URL
	// Stop ends the server: politely as long as ctx allows, then by force. It
	// returns when the server is gone, with an error if force was needed or
	// something failed to close. A ctx that is done already kills at once.
	// Stopping a server that has ended is no error.
	Stop(ctx context.Context) error
	// Done is closed when the server has ended, for whatever reason.
	Done() <-chan struct{}
	// Err tells why a server ended without being stopped: nil while it runs
	// and after Stop.
	Err() error
}
