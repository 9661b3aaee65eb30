//go:build !linux || !(amd64 || arm64)

package sandbox

// hasFilter: no filter of system calls is written for this architecture.
const hasFilter = false

func filtered() error { return nil }
