package spawner

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"strings"
	"time"
)

// inherited are the variables of this process that a program gets (HB-102), and
// those that say whose process it is, since it runs as the same user.
var inherited = []string{
	"PATH", "PYTHONPATH", "VIRTUAL_ENV", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "JUPYTERHUB_SINGLEUSER_APP",
	"HOME", "USER", "SHELL", "TMPDIR",
}

// Inherited is the part of this process's environment that servers and services
// get (HB-102): what programs need to be found and to run, and no more.
func Inherited() map[string]string {
	out := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "CONDA_") {
			out[name] = value
		}
	}
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			out[name] = value
		}
	}
	return out
}

// FreeAddress picks from these ports. They lie below those that systems hand to whoever wants any, a client that dials
// included: a program that takes seconds to listen, as Python's do, would now and then find one of these gone, and the
// probe of its hub would meet a stranger there.
const firstPort, ports = 16384, 16384

// FreeAddress is a "127.0.0.1:PORT" on which nobody listens (HB-105). Another
// process may take it before the one that it is meant for.
func FreeAddress(ctx context.Context) (string, error) {
	var listen net.ListenConfig
	for range 100 {
		l, err := listen.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(ports)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0") // what there is, on a machine that keeps those ports
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// Command is a Spawner whose servers are programs, such as jupyterhub-singleuser
// (HB-102). Each is told by its environment where to listen. See [Program] for how
// they end.
type Command struct {
	// Args are the program and its arguments; none is added.
	Args []string
	// Env is set besides what a hub tells its servers, and wins over it.
	Env map[string]string
	// Dir is the working directory; "" = this process's.
	Dir string
	// Output receives the servers' lines as [Program].Output does, with the
	// server's own token hidden; nil = nobody.
	Output func(spec Spec, line string)
	// Patience is the time between interrupt and SIGTERM; 0 = 5 seconds.
	Patience time.Duration
}

// Start starts the program for a server on a free port.
func (s Command) Start(ctx context.Context, spec Spec) (Process, error) {
	if spec.Progress != nil {
		spec.Progress(Event{Progress: 50, Message: "Spawning server..."})
	}
	host, err := FreeAddress(ctx)
	if err != nil {
		return nil, err
	}
	address, err := url.Parse("http://" + host + spec.Prefix)
	if err != nil {
		return nil, fmt.Errorf("prefix of server %s/%s: %w", spec.User, spec.Server, err)
	}
	env := Inherited()
	maps.Copy(env, spec.Env)
	env[serviceURL] = address.String()
	maps.Copy(env, s.Env)
	p := Program{Args: s.Args, Env: env, Dir: s.Dir, Hide: []string{spec.Env["JUPYTERHUB_API_TOKEN"]}, Patience: s.Patience}
	if s.Output != nil {
		p.Output = func(line string) { s.Output(spec, line) }
	}
	child, err := p.Start(ctx)
	if err != nil {
		return nil, fmt.Errorf("server %s/%s: %w", spec.User, spec.Server, err)
	}
	return &commandProcess{child, address}, nil
}

// commandProcess is a program that serves at an address.
type commandProcess struct {
	*Child
	url *url.URL
}

func (p *commandProcess) URL() *url.URL { return p.url }
