package disk

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// What is hashed is what is written, of any length and however it comes; a reader that
// breaks off, in the words of a file that ends, is no end.
func TestCopyHashed(t *testing.T) {
	for _, n := range []int{0, 1, pieceSize - 1, pieceSize, pieceSize + 1, 5*pieceSize + 7} {
		content := bytes.Repeat([]byte("0123456789a"), n/11+1)[:n]
		want := sha256.Sum256(content)
		for name, r := range map[string]io.Reader{
			"at once": bytes.NewReader(content), "in halves": iotest.HalfReader(bytes.NewReader(content)), "error with data": iotest.DataErrReader(bytes.NewReader(content)),
		} {
			var out bytes.Buffer
			size, sum, err := copyHashed(&out, r)
			if err != nil || size != int64(n) || !bytes.Equal(sum, want[:]) || !bytes.Equal(out.Bytes(), content) {
				t.Errorf("%d %s: %d bytes, %x, %v", n, name, size, sum, err)
			}
		}
		for _, broken := range []error{io.ErrUnexpectedEOF, errors.New("hung up")} {
			if _, _, err := copyHashed(io.Discard, io.MultiReader(bytes.NewReader(content), iotest.ErrReader(broken))); !errors.Is(err, broken) {
				t.Errorf("%d bytes and %v: %v", n, broken, err)
			}
		}
	}
	if _, _, err := copyHashed(fullDisk{}, bytes.NewReader(make([]byte, 3*pieceSize))); !errors.Is(err, io.ErrShortWrite) {
		t.Error("a writer that fails:", err)
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
