package spawner

// WithoutShell is a program on a system that has no shell.
func (p Program) WithoutShell() Program {
	p.shell = "/nowhere/sh"
	return p
}
