package asset

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/sandbox"
)

// A child that looks into a file anywhere, as most headers need it, has no file: it asks
// for blocks of it on its standard output and gets them on its standard input. So a file
// of any length costs only what is looked at, wherever its bytes lie.
//
// The child is told the length of the file (8 bytes, big-endian), then asks 'R', offset
// (8 bytes), and gets a length (4 bytes) and so many bytes; at last it writes 'A' and its
// answer.
const (
	windowBlock  = 64 << 10 // bytes that are given at once, fewer at the end of the file
	windowBlocks = 1024     // that one child is given
	windowKept   = 256      // that the child remembers
)

// errGreedy ends a child that asks for more than a header can be.
var errGreedy = &tepin.Error{Kind: tepin.Unprocessable, Message: "too much of the file would have to be read to tell what it is; save it again in a plainer form"}

// window is the child's view of the file.
type window struct {
	in    io.Reader
	out   io.Writer
	size  int64
	kept  map[int64][]byte
	order []int64 // of kept, the oldest first
}

func openWindow(in io.Reader, out io.Writer) (*io.SectionReader, error) {
	var size [8]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return nil, err
	}
	w := &window{in: in, out: out, size: int64(binary.BigEndian.Uint64(size[:])), kept: map[int64][]byte{}}
	return io.NewSectionReader(w, 0, w.size), nil
}

// ReadAt implements [io.ReaderAt].
func (w *window) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		if off+int64(n) >= w.size {
			return n, io.EOF
		}
		at := off + int64(n)
		block, err := w.block(at / windowBlock)
		if err != nil {
			return n, err
		}
		inside := at % windowBlock
		if inside >= int64(len(block)) {
			return n, io.ErrUnexpectedEOF
		}
		n += copy(p[n:], block[inside:])
	}
	return n, nil
}

func (w *window) block(number int64) ([]byte, error) {
	if b, ok := w.kept[number]; ok {
		return b, nil
	}
	if _, err := w.out.Write(binary.BigEndian.AppendUint64([]byte{'R'}, uint64(number*windowBlock))); err != nil {
		return nil, err
	}
	var length [4]byte
	if _, err := io.ReadFull(w.in, length[:]); err != nil {
		return nil, err
	}
	b := make([]byte, min(binary.BigEndian.Uint32(length[:]), windowBlock))
	if _, err := io.ReadFull(w.in, b); err != nil {
		return nil, err
	}
	if len(w.order) == windowKept {
		delete(w.kept, w.order[0])
		w.order = w.order[1:]
	}
	w.kept[number] = b
	w.order = append(w.order, number)
	return b, nil
}

// view is the server's side: it gives a child blocks of the file.
type view struct {
	size  int64
	open  func(offset, length int64) (io.ReadCloser, error)
	asked chan int64
	done  chan struct{} // the child asks no more
	err   error         // why a block could not be given; read it after the child's end
}

// give writes the blocks that are asked for to the child.
func (v *view) give(w io.Writer) error {
	if _, err := w.Write(binary.BigEndian.AppendUint64(nil, uint64(v.size))); err != nil {
		return err
	}
	buf := make([]byte, 4+windowBlock)
	for given := 0; ; given++ {
		select {
		case <-v.done:
			return nil
		case off := <-v.asked:
			if given == windowBlocks {
				v.err = errGreedy
				return v.err
			}
			n, err := v.read(buf[4:], off)
			if err != nil {
				v.err = err
				return err
			}
			binary.BigEndian.PutUint32(buf, uint32(n))
			if _, err := w.Write(buf[:4+n]); err != nil {
				return err
			}
		}
	}
}

func (v *view) read(buf []byte, off int64) (int, error) {
	n := min(int64(len(buf)), v.size-off)
	if off < 0 || n <= 0 {
		return 0, errGreedy // a child that was taken over may ask anything
	}
	r, err := v.open(off, n)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return io.ReadFull(r, buf[:n])
}

// take reads what the child asks for, and its answer at last.
func (v *view) take(r io.Reader, answer any) error {
	defer close(v.done)
	var b [9]byte
	for {
		if _, err := io.ReadFull(r, b[:1]); err != nil {
			return err
		}
		if b[0] != 'R' {
			return json.NewDecoder(r).Decode(answer)
		}
		if _, err := io.ReadFull(r, b[1:]); err != nil {
			return err
		}
		select {
		case v.asked <- int64(binary.BigEndian.Uint64(b[1:])):
		default:
			return errors.New("asset: a child asks for a second block before it has the first")
		}
	}
}

// look has the named child look into a file of the given size, and returns its answer.
func look[T any](ctx context.Context, child string, size int64, open func(offset, length int64) (io.ReadCloser, error)) (T, error) {
	var answer T
	v := &view{size: size, open: open, asked: make(chan int64, 1), done: make(chan struct{})}
	err := sandbox.Run(ctx, child, v.give, func(r io.Reader) error { return v.take(r, &answer) }, probeLimits)
	if v.err != nil && ctx.Err() == nil {
		err = v.err
	}
	return answer, err
}
