//go:build unix

package spawner_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hubshare/hubshare/hubsim/spawner"
)

// The programs that the tests run are this one, in a part.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "play" {
		os.Exit(play(os.Args[2], os.Args[3:]))
	}
	goleak.VerifyTestMain(m)
}

// play is what a started program does. Those that stay tell the test by a
// connection that they are there, and by its end that they are gone.
func play(part string, args []string) int {
	switch part {
	case "speaker":
		dir, _ := os.Getwd()
		env := os.Environ()
		slices.Sort(env)
		fmt.Println("in", filepath.Base(dir), "with", strings.Join(env, " "), "told", strings.Join(args, " "))
		fmt.Fprintln(os.Stderr, "a complaint")
		return 3
	case "chatterbox":
		for i := range 1000 {
			fmt.Println("line", i, strings.Repeat("x", 300))
		}
		fmt.Print(strings.Repeat("y", 5000))
		return 0
	case "guest":
		return stay(args[0], "guest")
	case "deaf":
		signal.Ignore(syscall.SIGINT, syscall.SIGTERM)
		return stay(args[0], part)
	case "stubborn":
		signal.Ignore(syscall.SIGINT)
		return stay(args[0], part)
	case "family": // one that needs its child as a shell or npm does, and does not pass on what it is told
		signal.Ignore(syscall.SIGINT, syscall.SIGTERM)
		child := exec.Command(os.Args[0], "play", "guest", args[0])
		if child.Start() != nil {
			return 1
		}
		return stay(args[0], part)
	case "leaver": // one that leaves its child behind
		child := exec.Command(os.Args[0], "play", "deaf", args[0])
		child.Stdout = os.Stdout // and with it the pipe
		conn, err := net.Dial("tcp", args[0])
		if err != nil || child.Start() != nil {
			return 1
		}
		fmt.Fprintln(conn, part)
		_, _ = io.Copy(io.Discard, conn) // until the test hangs up
		fmt.Println("left")
		return 0
	case "parent":
		if _, err := program("family", args[0]).Start(context.Background()); err != nil {
			return 1
		}
		return stay(args[0], part)
	case "bare":
		if _, err := program("deaf", args[0]).WithoutShell().Start(context.Background()); err != nil {
			return 1
		}
		return stay(args[0], part)
	}
	return 1
}

func stay(address, name string) int {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 1
	}
	asked := make(chan os.Signal, 1)
	if name == "guest" {
		signal.Notify(asked, syscall.SIGINT)
	} else if name == "stubborn" {
		signal.Notify(asked, syscall.SIGTERM)
	}
	fmt.Fprintln(conn, name)
	<-asked
	fmt.Fprintln(conn, "goodbye")
	return 0
}

// hall is where programs check in.
type hall struct {
	t *testing.T
	net.Listener
}

func newHall(t *testing.T) hall {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	require.NoError(t, l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute)))
	return hall{t, l}
}

// arrivals waits for n programs and gives what is left to hear from each by name.
func (h hall) arrivals(n int) map[string]guest {
	h.t.Helper()
	out := map[string]guest{}
	for range n {
		conn, err := h.Accept()
		require.NoError(h.t, err)
		h.t.Cleanup(func() { _ = conn.Close() })
		require.NoError(h.t, conn.SetDeadline(time.Now().Add(time.Minute)))
		r := bufio.NewReader(conn)
		name, err := r.ReadString('\n')
		require.NoError(h.t, err)
		out[strings.TrimSpace(name)] = guest{r, conn}
	}
	return out
}

// guest is a program that has checked in.
type guest struct {
	io.Reader
	io.Closer
}

// rest is what a program still says until it is gone.
func rest(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil { // killed with something unread
		require.ErrorIs(t, err, syscall.ECONNRESET)
	}
	return string(text)
}

func program(part string, args ...string) spawner.Program {
	return spawner.Program{Args: append([]string{os.Args[0], "play", part}, args...)}
}

func launch(t *testing.T, p spawner.Program) *spawner.Child {
	t.Helper()
	c, err := p.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() {
		killed, cancel := context.WithCancel(context.Background())
		cancel()
		_ = c.Stop(killed)
	})
	return c
}

func ended(t *testing.T, c *spawner.Child) {
	t.Helper()
	select {
	case <-c.Done():
	case <-time.After(time.Minute):
		require.Fail(t, "the program still runs")
	}
}

// HB-102: the environment is what was given and nothing besides.
func TestProgramGetsItsEnvironmentAndNoMore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var lines []string
	p := program("speaker", "a b", "c")
	p.Env, p.Dir = map[string]string{"B": "2", "A": "s3cret"}, dir
	p.Output, p.Hide = func(line string) { lines = append(lines, line) }, []string{"s3cret", ""}
	c := launch(t, p)
	ended(t, c)
	want := []string{"in " + filepath.Base(dir) + " with A=REDACTED B=2 told a b c", "a complaint"}
	assert.Equal(t, want, lines)
	assert.Equal(t, strings.Join(want, "\n")+"\n", c.Tail())
	var status *exec.ExitError
	require.ErrorAs(t, c.Err(), &status)
	assert.Equal(t, 3, status.ExitCode())
	assert.NotContains(t, fmt.Sprintf("%v %+v %s", p, p, p), "s3cret")
	require.NoError(t, c.Stop(t.Context()), "stopping what has ended is no error")
	require.Error(t, c.Err(), "and changes nothing")
}

func TestOutputThatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	n, longest := 0, 0
	p := program("chatterbox")
	p.Output = func(line string) { n, longest = n+1, max(longest, len(line)) }
	c := launch(t, p)
	ended(t, c)
	assert.Equal(t, 1002, n, "every line, the long one in two")
	assert.Equal(t, 4096, longest)
	assert.LessOrEqual(t, len(c.Tail()), 16<<10)
	assert.LessOrEqual(t, strings.Count(c.Tail(), "\n"), 100)
	assert.True(t, strings.HasSuffix(c.Tail(), "yyy\n"), "the last is kept")
	assert.ErrorContains(t, c.Err(), "ended by itself: exit status 0")
}

func TestProgramThatCannotStartLeavesNothing(t *testing.T) {
	t.Parallel()
	_, err := spawner.Program{}.Start(t.Context())
	require.ErrorContains(t, err, "no name")
	_, err = spawner.Program{Args: []string{"no-such-program-anywhere"}}.Start(t.Context())
	require.ErrorIs(t, err, exec.ErrNotFound)
	_, err = spawner.Program{Args: []string{filepath.Join(t.TempDir(), "none")}}.Start(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist)
	p := program("speaker")
	p.Dir = filepath.Join(t.TempDir(), "none")
	_, err = p.Start(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = program("speaker").Start(gone)
	require.ErrorIs(t, err, context.Canceled)
}

// HB-106: an interrupt first.
func TestPoliteProgramIsAskedToEnd(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := launch(t, program("guest", h.Addr().String()))
	guest := h.arrivals(1)["guest"]
	require.Positive(t, c.PID())
	require.NoError(t, c.Err(), "it runs")
	require.NoError(t, c.Stop(t.Context()))
	ended(t, c)
	require.NoError(t, c.Err(), "it was asked to end")
	assert.Equal(t, "goodbye\n", rest(t, guest))
}

// HB-106: SIGTERM next.
func TestStubbornProgramIsAskedAgain(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	p := program("stubborn", h.Addr().String())
	p.Patience = time.Millisecond
	c := launch(t, p)
	guest := h.arrivals(1)["stubborn"]
	require.NoError(t, c.Stop(t.Context()))
	assert.Equal(t, "goodbye\n", rest(t, guest))
}

// HB-106: SIGKILL last, by whichever of several stops runs out of time first.
func TestDeafProgramIsKilled(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	p := program("deaf", h.Addr().String())
	p.Patience = time.Millisecond
	c := launch(t, p)
	guest := h.arrivals(1)["deaf"]
	ctx, cancel := context.WithCancel(t.Context())
	var stops sync.WaitGroup
	for range 4 {
		stops.Go(func() {
			if err := c.Stop(ctx); err != nil { // nil: it was dead already when this one looked
				assert.ErrorIs(t, err, context.Canceled)
			}
		})
	}
	cancel()
	stops.Wait()
	ended(t, c)
	assert.Empty(t, rest(t, guest))
	assert.NoError(t, c.Err())
}

func TestStopReachesWhatTheProgramStarted(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	p := program("family", h.Addr().String())
	p.Patience = time.Millisecond
	c := launch(t, p)
	guests := h.arrivals(2)
	c.Signal(syscall.SIGINT) // to the whole group
	assert.Equal(t, "goodbye\n", rest(t, guests["guest"]), "the child was asked as well")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Stop(ctx), context.Canceled)
	assert.Empty(t, rest(t, guests["family"]))
}

func TestProgramThatEndsTakesAlongWhatItStarted(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := launch(t, program("leaver", h.Addr().String()))
	guests := h.arrivals(2)
	require.NoError(t, guests["leaver"].Close())
	ended(t, c)
	require.Equal(t, "left\n", c.Tail())
	assert.Empty(t, rest(t, guests["deaf"]))
}

// Nothing survives this process, even if it has no time to say goodbye.
func TestNothingSurvivesTheKillOfItsParent(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	parent := exec.Command(os.Args[0], "play", "parent", h.Addr().String())
	require.NoError(t, parent.Start())
	guests := h.arrivals(3)
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	for _, name := range []string{"parent", "family", "guest"} {
		require.Contains(t, guests, name)
		assert.Empty(t, rest(t, guests[name]), "%s is gone without a word", name)
	}
}

// Where there is no shell, the group is the program's own.
func TestProgramWithoutAShellIsStoppedWithWhatItStarted(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := launch(t, program("family", h.Addr().String()).WithoutShell())
	guests := h.arrivals(2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Stop(ctx), context.Canceled)
	for name, guest := range guests {
		assert.Empty(t, rest(t, guest), name)
	}
}

// HB-102, HB-103: a server that is a program is told where to listen, and gets the little that programs need.
func TestCommandTellsAServerWhereToListen(t *testing.T) {
	t.Parallel()
	var got []string
	s := spawner.Command{
		Args: []string{os.Args[0], "play", "speaker"}, Env: map[string]string{"EXTRA": "mine", "JUPYTERHUB_USER": "other"},
		Output: func(spec spawner.Spec, line string) { got = append(got, spec.User+" says "+line) },
	}
	var events []spawner.Event
	env := map[string]string{"JUPYTERHUB_API_TOKEN": "0123456789", "JUPYTERHUB_USER": "ann"}
	p, err := s.Start(t.Context(), spawner.Spec{User: "ann", Prefix: "/user/ann/", Env: env, Progress: func(e spawner.Event) { events = append(events, e) }})
	require.NoError(t, err)
	<-p.Done()
	require.Error(t, p.Err())
	require.Len(t, got, 2)
	assert.Contains(t, got[0], "ann says in ")
	assert.Contains(t, got[0], " JUPYTERHUB_SERVICE_URL="+p.URL().String()+" ")
	assert.Contains(t, got[0], " JUPYTERHUB_API_TOKEN=REDACTED ")
	assert.Contains(t, got[0], " EXTRA=mine ")
	assert.Contains(t, got[0], " JUPYTERHUB_USER=other ", "what is configured wins")
	assert.Contains(t, got[0], " PATH="+os.Getenv("PATH")+" ")
	assert.Len(t, events, 1)
	assert.Equal(t, "/user/ann/", p.URL().Path)

	_, err = s.Start(t.Context(), spawner.Spec{Prefix: "/%zz/"})
	require.ErrorContains(t, err, "prefix")
	s.Args = []string{"no-such-program-anywhere"}
	_, err = s.Start(t.Context(), spawner.Spec{User: "ann", Prefix: "/user/ann/"})
	require.ErrorIs(t, err, exec.ErrNotFound)
}
