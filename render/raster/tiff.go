package raster

import (
	"errors"
	"io"
)

// A TIFF's directory may lie anywhere, most often behind the pixels, and its values
// before or after it.
const (
	tiffHead = 64 << 10 // bytes of the file's beginning that stay at hand
	tiffTail = 4 << 20  // bytes before the place that reading has come to
)

var errPassed = errors.New("the directory refers too far back")

// tiffStream lets [tiff.DecodeConfig] look about in a file that can only be read
// forwards, of any length, in bounded memory.
type tiffStream struct {
	io.Reader
	head, tail []byte
	end        int64 // how far reading has come; tail ends there
}

// ReadAt reads what has not been passed by too far.
func (s *tiffStream) ReadAt(p []byte, off int64) (int, error) {
	for s.end < off+int64(len(p)) {
		if err := s.advance(); err != nil {
			return 0, err
		}
	}
	if off+int64(len(p)) <= int64(len(s.head)) {
		return copy(p, s.head[off:]), nil
	}
	at := off - (s.end - int64(len(s.tail)))
	if at < 0 {
		return 0, errPassed
	}
	return copy(p, s.tail[at:]), nil
}

func (s *tiffStream) advance() error {
	if len(s.tail) > 2*tiffTail {
		s.tail = append(s.tail[:0], s.tail[len(s.tail)-tiffTail:]...)
	}
	at := len(s.tail)
	s.tail = append(s.tail, make([]byte, tiffHead)...)
	n, err := io.ReadAtLeast(s.Reader, s.tail[at:], 1)
	s.tail = s.tail[:at+n]
	s.end += int64(n)
	if room := tiffHead - len(s.head); room > 0 {
		s.head = append(s.head, s.tail[at:at+min(n, room)]...)
	}
	return err
}
