package sandbox

// PID is the child's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }
