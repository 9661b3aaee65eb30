package tepin_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

func TestNewID(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[tepin.TaskID]bool{}
	last := ""
	for range 10_000 {
		id := tepin.NewID[tepin.TaskID]()
		if seen[id] || !form.MatchString(string(id)) || !tepin.IsID(string(id)) {
			t.Fatalf("%q", id)
		}
		seen[id] = true
		if prefix := string(id[:13]); prefix < last { // the milliseconds
			t.Fatalf("%s after %s: ids do not sort by time", prefix, last)
		} else {
			last = prefix
		}
	}
	for _, no := range []string{"", "x", strings.ToUpper("01a20062-345f-7b35-879f-21c6f253baaf"), "01a20062-345f-7b35-879f-21c6f253baaf\n", "01a20062-345f-7b35-879f-21c6f253baag"} {
		if tepin.IsID(no) {
			t.Errorf("%q is taken for an id", no)
		}
	}
}

// Each character is as likely as every other, within what 62,000 draws tell.
func TestRandomBase62(t *testing.T) {
	count := map[rune]int{}
	for _, r := range tepin.RandomBase62(62_000) {
		count[r]++
	}
	if len(count) != 62 {
		t.Errorf("%d different characters", len(count))
	}
	for r, n := range count {
		if n < 800 || n > 1200 {
			t.Errorf("%q came %d times of about 1,000", r, n)
		}
	}
	if id := tepin.NewClientID(); !regexp.MustCompile(`^int_[0-9A-Za-z]{22}$`).MatchString(string(id)) {
		t.Errorf("%q", id)
	}
}

func TestIsTechnicalName(t *testing.T) {
	for name, want := range map[string]bool{
		"demo": true, "cp-abc-123": true, "a": true, strings.Repeat("a", 63): true,
		"": false, "-a": false, "a-": false, "A": false, "a_b": false, "a.b": false, "ä": false, strings.Repeat("a", 64): false,
		"settings": false, "01a20062-345f-7b35-879f-21c6f253baaf": false, "a/b": false,
	} {
		if got := tepin.IsTechnicalName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
