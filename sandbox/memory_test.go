//go:build !race

package sandbox_test

import (
	"testing"

	"github.com/tepin/tepin"
)

// The race detector's own memory hides the limit, so this is tested without it.
func TestMemory(t *testing.T) {
	if _, err := run(t, "memory", "", small); tepin.KindOf(err) != tepin.Unprocessable {
		t.Errorf("got %v, want an unprocessable", err)
	}
}
