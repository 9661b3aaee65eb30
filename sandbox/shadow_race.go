//go:build race

package sandbox

// shadow is the memory that instrumentation maps beside the program's own: the race
// detector's is most of the address space.
const shadow = 1 << 46
