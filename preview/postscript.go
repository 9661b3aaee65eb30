package preview

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"strconv"

	"github.com/tepin/tepin"
)

// source is a stored file that a preview is made of.
type source struct {
	env tepin.EnvironmentID
	ref tepin.BlobRef
}

// headBytes is how much of a PostScript file is read to find its size.
const headBytes = 64 << 10

// begin looks at how a file begins: of PostScript it returns the head, and which part
// of the file the program is. Another file is taken whole.
func (s *Service) begin(ctx context.Context, m source, k kind) (head []byte, skip, length int64, err error) {
	if k != postScript {
		return nil, 0, -1, nil
	}
	if head, err = s.read(ctx, m, 0, 30); err != nil {
		return nil, 0, 0, err
	}
	skip, length = psPart(head, m.ref.Size)
	head, err = s.read(ctx, m, skip, headBytes)
	if err == nil && !bytes.HasPrefix(head, []byte("%!PS")) {
		err = tepin.Errorf(tepin.Unprocessable, "no preview can be made of this file: it is damaged")
	}
	return head, skip, length, err
}

// read returns up to n bytes of a file.
func (s *Service) read(ctx context.Context, m source, offset, n int64) ([]byte, error) {
	r, err := s.asset.Open(ctx, m.env, m.ref, offset, n)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, n))
}

// sendPart writes a part of a file to a program. That it takes no more is not an error.
func (s *Service) sendPart(ctx context.Context, w io.Writer, m source, offset, length int64) error {
	r, err := s.asset.Open(ctx, m.env, m.ref, offset, length)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(w, r)
	return err
}

// psPart returns where in a file of so many bytes the PostScript lies: an EPS of DOS
// has a table of its parts before it (EPSF 3.0 §5).
func psPart(head []byte, size int64) (skip, length int64) {
	if len(head) < 12 || binary.BigEndian.Uint32(head) != 0xC5D0D3C6 {
		return 0, -1
	}
	skip, length = int64(binary.LittleEndian.Uint32(head[4:])), int64(binary.LittleEndian.Uint32(head[8:]))
	if skip > size || length > size-skip {
		return 0, -1
	}
	return skip, length
}

// psResolution returns how many dots an inch make the longer side of a PostScript
// file's picture as long as side says, and what tells its page: the bounding box, or,
// where there is none, a sheet of paper.
func psResolution(head []byte, side int) (dots float64, page []string) {
	const paper = 842 // points, A4
	box, ok := boundingBox(head)
	if !ok {
		return bounded(72 * float64(side) / paper), []string{"-sPAPERSIZE=a4"}
	}
	return bounded(72 * float64(side) / max(box[2]-box[0], box[3]-box[1])), []string{"-dEPSCrop"}
}

// bounded keeps a resolution within what a program works with.
func bounded(dots float64) float64 { return min(max(dots, 0.5), 20_000) }

// boundingBox reads the comment that tells where a PostScript file draws, in points:
// left, bottom, right, top. The precise one counts where there are two.
func boundingBox(head []byte) (box [4]float64, ok bool) {
	for _, name := range []string{"%%HiResBoundingBox:", "%%BoundingBox:"} {
		_, rest, found := bytes.Cut(head, []byte(name))
		if !found {
			continue
		}
		if i := bytes.IndexAny(rest, "\r\n"); i >= 0 {
			rest = rest[:i]
		}
		fields := bytes.Fields(rest[:min(len(rest), 200)])
		if len(fields) < 4 {
			continue
		}
		ok = true
		for i := range box {
			v, err := strconv.ParseFloat(string(fields[i]), 64)
			ok = ok && err == nil && math.Abs(v) < 1e6
			box[i] = v
		}
		if ok && box[2] > box[0] && box[3] > box[1] {
			return box, true
		}
	}
	return box, false
}
