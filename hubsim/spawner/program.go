package spawner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	// patience is the default of Program.Patience.
	patience = 5 * time.Second
	// lastWords is how long output is waited for whose writer left the process
	// group, and so outlived the program.
	lastWords = time.Second
)

// Program is a program to run in a process group of its own (HB-102).
//
// Nothing of it outlives its end, however that comes. When the program exits,
// what it started and left in its group is killed. When this process is gone, be
// it by SIGKILL, a shell that leads the group notices at once, since a pipe that
// only this process holds open is closed then, and kills the group; on Linux the
// kernel kills the program itself besides, which is all there is on a system
// without /bin/sh. Only a descendant that left the group, as daemons do, escapes.
// Where there are no process groups (Windows), the program alone is stopped.
type Program struct {
	// Args are the program and its arguments. A name without a slash is looked
	// for in this process's PATH, a relative path is taken from Dir.
	Args []string
	// Env is the whole environment; see [Inherited] for what to pass on.
	Env map[string]string
	// Dir is the working directory; "" = this process's.
	Dir string
	// Output receives every line that the program writes to its standard output
	// and error, in order and from one goroutine, without line end, in pieces of
	// 4 KiB if it is longer. A slow one makes the program wait. nil = nobody.
	Output func(line string)
	// Hide are secrets that read REDACTED in what Output and Tail get.
	Hide []string
	// Patience is the time between asking the program to end by an interrupt
	// and by SIGTERM (HB-106), real time; 0 = 5 seconds.
	Patience time.Duration

	shell string // "" = /bin/sh; tests have one that is not there
}

// Format prints the arguments and neither environment nor secrets, for every verb.
func (p Program) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "spawner.Program%q", p.Args) }

// Child is a program that was started. All methods are safe for concurrent use.
type Child struct {
	name     string
	patience time.Duration
	done     chan struct{}
	output   output

	mu       sync.Mutex
	process  *os.Process
	group    group
	ended    bool // it must not be signalled any more: its number may be another's
	stopping bool
	err      error
}

// Start starts the program; that it answers already is not said by that. ctx
// bounds the start alone. An error wraps what the system said, such as
// [os.ErrNotExist], and leaves nothing running.
func (p Program) Start(ctx context.Context) (*Child, error) {
	if len(p.Args) == 0 || p.Args[0] == "" {
		return nil, errors.New("start a program: it has no name")
	}
	c := &Child{name: filepath.Base(p.Args[0]), patience: p.Patience, done: make(chan struct{}), output: output{each: p.Output, hide: hider(p.Hide)}}
	if c.patience <= 0 {
		c.patience = patience
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, context.Cause(ctx))
	}
	started := make(chan error, 1)
	go c.run(p, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	return c, nil
}

// run owns the program from its start to its end, and ends with it.
func (c *Child) run(p Program, started chan<- error) {
	// The kernel's promise to kill a child with its parent is about the thread
	// that started it: it must not end before the child, nor serve others that
	// might end it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out, in, err := os.Pipe()
	if err != nil {
		started <- err
		return
	}
	defer func() { _ = out.Close() }()
	cmd := exec.Command(p.Args[0], p.Args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.Dir, environ(p.Env), in, in
	err = c.launch(cmd, cmp.Or(p.shell, "/bin/sh"))
	_ = in.Close() // the program has its own copy
	if err != nil {
		started <- err
		return
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.output.read(out)
	}()
	started <- nil
	err = cmd.Wait()
	c.mu.Lock()
	c.ended = true
	if !c.stopping {
		c.err = fmt.Errorf("%s ended by itself: %w", c.name, whyEnded(err))
	}
	c.group.end()
	c.mu.Unlock()
	_ = out.SetReadDeadline(time.Now().Add(lastWords)) // where there are no deadlines there are no groups either
	<-read
	close(c.done)
}

func (c *Child) launch(cmd *exec.Cmd, shell string) error {
	g, err := newGroup(shell)
	if err != nil {
		return fmt.Errorf("make a process group: %w", err)
	}
	cmd.SysProcAttr = g.attributes()
	if err := cmd.Start(); err != nil {
		g.end()
		return err
	}
	c.process, c.group = cmd.Process, g.of(cmd.Process)
	return nil
}

var errExitZero = errors.New("exit status 0")

func whyEnded(err error) error {
	if err == nil {
		return errExitZero
	}
	return err
}

func environ(env map[string]string) []string {
	out := make([]string, 0, len(env)) // not nil, which would mean this process's own
	for _, k := range slices.Sorted(maps.Keys(env)) {
		out = append(out, k+"="+env[k])
	}
	return out
}

// PID is the number of the process.
func (c *Child) PID() int { return c.process.Pid }

// Done is closed when the program has ended and its output has been read.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err tells how a program ended that was not stopped: nil while it runs and after
// Stop. An exit status other than zero, or a signal, is an *[exec.ExitError].
func (c *Child) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Tail is the last that the program wrote: at most 100 lines and 16 KiB.
func (c *Child) Tail() string { return c.output.last() }

// Signal sends a signal to the program's group, if it still runs.
func (c *Child) Signal(sig syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.group.signal(sig)
	}
}

// Stop asks the program to end by an interrupt, after Patience by SIGTERM, and
// when ctx is done by SIGKILL (HB-106): a ctx that is done already kills at once.
// It returns when the program is gone, with an error if it had to be killed.
// Stopping a program that has ended is no error.
func (c *Child) Stop(ctx context.Context) error {
	select {
	case <-c.done:
		return nil
	default:
	}
	if c.firstToStop() && ctx.Err() == nil {
		c.Signal(syscall.SIGINT)
	}
	urge := time.NewTimer(c.patience)
	defer urge.Stop()
	for {
		select {
		case <-c.done:
			return nil
		case <-urge.C:
			c.Signal(syscall.SIGTERM)
		case <-ctx.Done():
			c.Signal(syscall.SIGKILL)
			<-c.done
			return fmt.Errorf("stop %s by force: %w", c.name, context.Cause(ctx))
		}
	}
}

func (c *Child) firstToStop() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.stopping && !c.ended
	c.stopping = c.stopping || first
	return first
}
