//go:build !race

package sandbox

// shadow is the memory that instrumentation maps beside the program's own.
const shadow = 0
