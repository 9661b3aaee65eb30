//go:build !linux

package sandbox_test

import "io"

func attack(io.Reader, io.Writer) error { return nil }
