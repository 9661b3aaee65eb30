package seal

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

func key(t testing.TB, b byte) *Key {
	t.Helper()
	k, err := NewKey(bytes.Repeat([]byte{b}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealOpen(t *testing.T) {
	k := key(t, 1)
	for _, plain := range []string{"", "x", strings.Repeat("secret ", 10_000)} {
		sealed, err := k.Seal("signing key", []string{"instance", "kid"}, []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		if len(plain) > 8 && bytes.Contains(sealed, []byte(plain[:8])) {
			t.Error("the plain text shows")
		}
		got, err := k.Open("signing key", []string{"instance", "kid"}, sealed)
		if err != nil || string(got) != plain {
			t.Errorf("got %q, %v", got, err)
		}
	}
	a, _ := k.Seal("p", nil, []byte("same"))
	b, _ := k.Seal("p", nil, []byte("same"))
	if bytes.Equal(a, b) {
		t.Error("the same value sealed twice is the same")
	}
}

// A sealed value opens in its own place only.
func TestOpenElsewhere(t *testing.T) {
	k := key(t, 1)
	sealed, err := k.Seal("p", []string{"ab", "c"}, []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key     *Key
		purpose string
		context []string
	}{
		"another key":           {key(t, 2), "p", []string{"ab", "c"}},
		"another purpose":       {k, "q", []string{"ab", "c"}},
		"another context":       {k, "p", []string{"ab", "d"}},
		"a shifted context":     {k, "p", []string{"a", "bc"}},
		"a joined context":      {k, "p", []string{"abc"}},
		"a longer context":      {k, "p", []string{"ab", "c", ""}},
		"no context":            {k, "p", nil},
		"the check's own label": {k, "key check", []string{"ab", "c"}},
	} {
		if _, err := c.key.Open(c.purpose, c.context, sealed); err == nil {
			t.Errorf("%s opens it", name)
		}
	}
	for i := range sealed {
		altered := bytes.Clone(sealed)
		altered[i] ^= 1
		if _, err := k.Open("p", []string{"ab", "c"}, altered); err == nil {
			t.Errorf("byte %d altered, and it opens", i)
		}
	}
	for n := range sealed {
		if _, err := k.Open("p", []string{"ab", "c"}, sealed[:n]); err == nil {
			t.Errorf("cut to %d bytes, and it opens", n)
		}
	}
}

// What is derived must stay as it is for ever: databases hold it.
func TestDerivedValues(t *testing.T) {
	k := key(t, 7)
	if got, want := k.ID(), key(t, 7).ID(); got != want || len(got) != 16 || got == key(t, 8).ID() {
		t.Errorf("id %s, %s", got, want)
	}
	if bytes.Equal(k.Check(), key(t, 8).Check()) || len(k.Check()) != 32 {
		t.Error("the check value does not tell keys apart")
	}
	if got := hex.EncodeToString(k.Derive("audit", 16)); got != goldenAudit {
		t.Errorf("derived %s, want %s", got, goldenAudit)
	}
	sealed, err := hex.DecodeString(goldenSealed)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := k.Open("golden", []string{"a", "b"}, sealed); err != nil || string(plain) != "of the first version" {
		t.Errorf("a value sealed by the first version: %q, %v", plain, err)
	}
}

func TestMasterKeySize(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33, 64} {
		if _, err := NewKey(make([]byte, n)); tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	master := bytes.Repeat([]byte{1}, KeySize)
	k, err := NewKey(master)
	if err != nil {
		t.Fatal(err)
	}
	id := k.ID()
	clear(master)
	if k.ID() != id {
		t.Error("the key follows its caller's slice")
	}
}

func FuzzOpen(f *testing.F) {
	k := key(f, 1)
	sealed, err := k.Seal("p", nil, []byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := k.Open("p", nil, b); err == nil && !bytes.Equal(b, sealed) {
			t.Errorf("%x opens", b)
		}
	})
}

// Made by the first version.
const (
	goldenAudit  = "228476aaa3813539f4e790f4d5f8c6f6"
	goldenSealed = "01499349afb0efeefe9d7e79320b54593cd44051e2f4645a32786415a1da4df8233dde980e8133a836651a0b228f2a66fa"
)
