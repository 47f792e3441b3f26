//go:build !unix

package spawner

import (
	"os"
	"syscall"
)

// group is the program alone, where there are no process groups.
type group struct{ process *os.Process }

func newGroup(string) (group, error) { return group{}, nil }

func (group) attributes() *syscall.SysProcAttr { return nil }

func (group) of(p *os.Process) group { return group{p} }

// signal kills, whatever is asked: nothing else can be sent.
func (g group) signal(syscall.Signal) {
	if g.process != nil {
		_ = g.process.Kill() // it has ended
	}
}

func (group) end() {}
