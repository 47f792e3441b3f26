//go:build linux || darwin

package supply

import (
	"os/exec"
	"syscall"
)

// endWithChildren puts cmd into a process group of its own and makes the end of
// its context end the group. The polite signal lets apt-get leave its database
// in order; cmd.WaitDelay bounds how long that may take.
func endWithChildren(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}
