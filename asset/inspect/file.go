package inspect

import (
	"encoding/binary"
	"errors"
	"io"
)

var (
	errEnd     = errors.New("the file ends too early")
	errDamaged = errors.New("the file is damaged")
)

// file is what is read, in pieces.
type file struct{ *io.SectionReader }

// maxPiece bounds what one call of [file.at] returns.
const maxPiece = 4 << 20

// at reads n bytes from off.
func (f file) at(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || n > maxPiece || off > f.Size()-int64(n) {
		return nil, errEnd
	}
	b := make([]byte, n)
	if n == 0 {
		return b, nil
	}
	if _, err := f.ReadAt(b, off); err != nil && !(err == io.EOF) {
		return nil, err
	}
	return b, nil
}

// upTo reads n bytes from off, fewer where the file ends.
func (f file) upTo(off int64, n int) ([]byte, error) {
	if off < 0 || off > f.Size() {
		return nil, errEnd
	}
	return f.at(off, int(min(int64(n), f.Size()-off)))
}

// cut is n bytes of b from off; nil if it has not so many.
func cut(b []byte, off, n int) []byte {
	if off < 0 || n < 0 || off > len(b) || n > len(b)-off {
		return nil
	}
	return b[off : off+n : off+n]
}

func be16(b []byte) int { return int(binary.BigEndian.Uint16(b)) }

func be32(b []byte) int64 { return int64(binary.BigEndian.Uint32(b)) }

func le32(b []byte) int64 { return int64(binary.LittleEndian.Uint32(b)) }
