package sandbox

import "golang.org/x/sys/unix"

// call is a system call that a filter lets through: always, or where all conditions
// of one of the alternatives hold.
type call struct {
	nr   uintptr
	when []alternative
}

type alternative []condition

// condition is arg & mask == value, of the call's arg-th argument from 0.
type condition struct {
	arg         uint32
	mask, value uint64
}

// Where struct seccomp_data has what a filter looks at (linux/seccomp.h).
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16 // 8 bytes each
)

// What a filter answers.
const (
	retAllow  = unix.SECCOMP_RET_ALLOW
	retKill   = unix.SECCOMP_RET_KILL_PROCESS
	retRefuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	retAbsent = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

// filter is what a child may ask of the kernel. Whatever it does not name gets EPERM,
// and so does an allowed call whose conditions do not hold.
type filter struct {
	allowed []call
	killed  []uintptr // no work of ours comes near these: whoever does has been taken over
	absent  []uintptr // ENOSYS: the C library tries its older call then
}

// assemble translates f into classic BPF for calls of the given architecture.
func (f filter) assemble(arch uint32) []unix.SockFilter {
	p := program{}
	p.load(offArch)
	p.unless(arch, retKill)
	p.load(offNumber)
	if arch == unix.AUDIT_ARCH_X86_64 {
		// Calls of the x32 kind have this bit, on the same architecture.
		p.add(unix.BPF_JMP|unix.BPF_JSET|unix.BPF_K, 0x4000_0000, 0, 1)
		p.ret(retKill)
	}
	for _, c := range f.allowed {
		p.call(c)
	}
	for _, nr := range f.absent {
		p.when(nr, retAbsent)
	}
	for _, nr := range f.killed {
		p.when(nr, retKill)
	}
	p.ret(retRefuse)
	return p.code
}

// program is BPF code that is being put together.
type program struct{ code []unix.SockFilter }

func (p *program) add(code uint16, k uint32, jt, jf uint8) {
	p.code = append(p.code, unix.SockFilter{Code: code, K: k, Jt: jt, Jf: jf})
}

func (p *program) load(offset uint32) { p.add(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, offset, 0, 0) }

func (p *program) ret(action uint32) { p.add(unix.BPF_RET|unix.BPF_K, action, 0, 0) }

// unless answers action where the loaded word is not k.
func (p *program) unless(k, action uint32) {
	p.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, k, 1, 0)
	p.ret(action)
}

// when answers action where the loaded word is nr.
func (p *program) when(nr uintptr, action uint32) {
	p.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, uint32(nr), 0, 1)
	p.ret(action)
}

// call answers c, and goes on where the loaded number is another's.
func (p *program) call(c call) {
	if len(c.when) == 0 {
		p.when(c.nr, retAllow)
		return
	}
	body := program{}
	for _, a := range c.when {
		body.alternative(a)
	}
	body.ret(retRefuse)
	p.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, uint32(c.nr), 0, short(len(body.code)))
	p.code = append(p.code, body.code...)
}

// alternative allows the call where all conditions hold, and goes on where they do not.
func (p *program) alternative(a alternative) {
	const each = 6 // instructions of a condition
	for i, c := range a {
		rest := each*(len(a)-1-i) + 1 // to the end, from behind this condition; 1 for the answer
		for w, word := range []uint32{offArgs + 8*c.arg, offArgs + 8*c.arg + 4} {
			p.load(word) // both architectures are little-endian
			p.add(unix.BPF_ALU|unix.BPF_AND|unix.BPF_K, uint32(c.mask>>(32*w)), 0, 0)
			p.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, uint32(c.value>>(32*w)), 0, short(rest+3*(1-w)))
		}
	}
	p.ret(retAllow)
}

// short is a jump's distance.
func short(n int) uint8 {
	if n > 255 {
		panic("sandbox: a rule of the filter is too long for a jump")
	}
	return uint8(n)
}
