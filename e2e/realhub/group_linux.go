package realhub

import "syscall"

// endWithParent has the kernel ask the hub to end when this process is gone; the hub then ends the rest.
func endWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGTERM }
