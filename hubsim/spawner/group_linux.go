package spawner

import "syscall"

// dieWithParent has the kernel kill the program when the thread that starts it
// ends. It says nothing about what the program starts.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
