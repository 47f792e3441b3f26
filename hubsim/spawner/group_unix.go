//go:build unix

package spawner

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// watch is what the leader of a group does: it waits for the end of its standard
// input, the other end of which this process alone holds, and kills its group.
// Signals that are for the program do not concern it.
const watch = `trap '' INT TERM HUP QUIT; read -r _; kill -KILL 0`

// group is a process group. With a leader, its number stays taken until the
// leader is waited for, however early the program ends.
type group struct {
	id     int
	leader *exec.Cmd // nil where there is no shell
	life   *os.File  // the leader watches it
}

func newGroup(shell string) (group, error) {
	watched, life, err := os.Pipe()
	if err != nil {
		return group{}, err
	}
	leader := exec.Command(shell, "-c", watch)
	leader.Env = []string{}
	leader.Stdin = watched
	leader.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = leader.Start()
	_ = watched.Close()
	if err != nil {
		_ = life.Close()
		if errors.Is(err, fs.ErrNotExist) {
			return group{}, nil
		}
		return group{}, err
	}
	return group{id: leader.Process.Pid, leader: leader, life: life}, nil
}

// attributes put a program into the group, as its leader if there is none yet.
func (g group) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pgid: g.id}
	dieWithParent(a)
	return a
}

// of is the group once its program runs.
func (g group) of(p *os.Process) group {
	if g.leader == nil {
		g.id = p.Pid
	}
	return g
}

func (g group) signal(sig syscall.Signal) {
	if g.id > 0 {
		_ = syscall.Kill(-g.id, sig) // nobody is left in it
	}
}

// end kills what is left in the group, the leader included.
func (g group) end() {
	g.signal(syscall.SIGKILL)
	if g.leader != nil {
		_ = g.leader.Wait() // killed, as was meant
		_ = g.life.Close()
	}
}
