package disk

import (
	"crypto/sha256"
	"io"
	"sync"
)

// pieceSize is how many bytes are written and hashed at once; each Put holds two pieces.
const pieceSize = 128 << 10

// pieces are what copyHashed reads into.
var pieces = sync.Pool{New: func() any { return new([pieceSize]byte) }}

// copyHashed writes all of r to w and returns its size and SHA-256. A piece is hashed while
// it is written and the next one is read.
func copyHashed(w io.Writer, r io.Reader) (size int64, sum []byte, err error) {
	h := sha256.New()
	full, hashed := make(chan []byte, 1), make(chan struct{}, 1)
	defer close(full)
	go func() {
		for piece := range full {
			h.Write(piece)
			hashed <- struct{}{}
		}
	}()
	buffers := [2]*[pieceSize]byte{pieces.Get().(*[pieceSize]byte), pieces.Get().(*[pieceSize]byte)}
	defer func() {
		for _, b := range buffers {
			pieces.Put(b)
		}
	}()
	for turn := 0; ; turn++ {
		piece := buffers[turn%2][:]
		n, readErr := fill(piece, r)
		if turn > 0 {
			<-hashed // the piece before
		}
		full <- piece[:n]
		_, err := w.Write(piece[:n])
		size += int64(n)
		switch {
		case err == nil && readErr == nil:
			continue
		case err == nil && readErr != io.EOF:
			err = readErr
		}
		<-hashed // then nobody reads the buffers any more
		return size, h.Sum(nil), err
	}
}

// fill reads until p is full. Unlike [io.ReadFull] it returns the reader's own error: the
// end of what is complete is [io.EOF], also after some bytes.
func fill(p []byte, r io.Reader) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = r.Read(p[n:])
		n += more
	}
	return n, err
}
