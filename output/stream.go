package output

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A render child answers in parcels: files as they are made, each with its head, its
// bytes and its end, and at last the summary. Nothing of a file waits in memory.
type parcel byte

// The kinds of parcels.
const (
	parcelHead    parcel = 'h' // JSON of a file
	parcelData    parcel = 'd'
	parcelEnd     parcel = 'e'
	parcelSummary parcel = 's' // JSON of a summary
)

// Sizes of parcels, in bytes.
const (
	maxParcel = 1 << 20 // of data
	maxHead   = 64 << 20
)

// file is the head of one that a render makes.
type file struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Video       *video `json:"video,omitempty"` // the bytes are pictures for a video, of red, green, blue and nothing
}

// video is what its maker has to know.
type video struct {
	Width  int `json:"width"`
	Height int `json:"height"`
	FPS    int `json:"fps"`
}

// summary is what a render tells at its end.
type summary struct {
	Report     []recordReport `json:"report"`
	Successful int            `json:"successful"` // records
	Units      int64          `json:"units"`      // that count as renders: files, or started seconds of animations
}

// sender writes parcels.
type sender struct {
	w    *bufio.Writer
	open bool
	err  error
}

func newSender(w io.Writer) *sender { return &sender{w: bufio.NewWriterSize(w, 64<<10)} }

func (s *sender) parcel(kind parcel, data []byte) {
	var head [5]byte
	head[0] = byte(kind)
	binary.BigEndian.PutUint32(head[1:], uint32(len(data)))
	for _, part := range [2][]byte{head[:], data} {
		if s.err == nil {
			_, s.err = s.w.Write(part)
		}
	}
}

func (s *sender) json(kind parcel, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.parcel(kind, raw)
	return s.err
}

// begin starts a file, whose bytes are written then.
func (s *sender) begin(f file) error {
	s.open = true
	return s.json(parcelHead, f)
}

// Write sends bytes of the file that is begun.
func (s *sender) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0 && s.err == nil; {
		n := min(len(rest), maxParcel)
		s.parcel(parcelData, rest[:n])
		rest = rest[n:]
	}
	return len(p), s.err
}

// end ends the file.
func (s *sender) end() error {
	s.open = false
	s.parcel(parcelEnd, nil)
	return s.err
}

// finish sends the summary.
func (s *sender) finish(sum summary) error {
	if err := s.json(parcelSummary, sum); err != nil {
		return err
	}
	return s.w.Flush()
}

// receiver reads parcels.
type receiver struct{ r *bufio.Reader }

var errParcel = errors.New("output: a render child does not keep to the form of its answers")

func newReceiver(r io.Reader) receiver { return receiver{bufio.NewReaderSize(r, 64<<10)} }

// parcel reads the head of one.
func (in receiver) parcel() (kind parcel, size int, err error) {
	var head [5]byte
	if _, err := io.ReadFull(in.r, head[:]); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF // the summary is missing
		}
		return 0, 0, err
	}
	return parcel(head[0]), int(binary.BigEndian.Uint32(head[1:])), nil
}

// next reads what comes: a file, or the summary.
func (in receiver) next() (*file, *summary, error) {
	kind, size, err := in.parcel()
	if err != nil {
		return nil, nil, err
	}
	if size > maxHead {
		return nil, nil, errParcel
	}
	switch kind {
	case parcelHead:
		f := &file{}
		return f, nil, in.json(size, f)
	case parcelSummary:
		s := &summary{}
		return nil, s, in.json(size, s)
	}
	return nil, nil, errParcel
}

func (in receiver) json(size int, v any) error {
	raw := make([]byte, size)
	if _, err := io.ReadFull(in.r, raw); err != nil {
		return unexpected(err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%w: %w", errParcel, err)
	}
	return nil
}

// body is the bytes of the file whose head was read. It is to be read to its end.
func (in receiver) body() io.Reader { return &body{from: in} }

type body struct {
	from receiver
	left int // of the parcel
	err  error
}

func (b *body) Read(p []byte) (int, error) {
	if b.left == 0 && b.err == nil {
		b.left, b.err = b.parcel()
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.from.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, unexpected(err)
}

// parcel reads the head of the next parcel with data.
func (b *body) parcel() (int, error) {
	for {
		kind, size, err := b.from.parcel()
		switch {
		case err != nil:
			return 0, err
		case kind == parcelEnd && size == 0:
			return 0, io.EOF
		case kind != parcelData || size > maxParcel:
			return 0, errParcel
		case size > 0:
			return size, nil
		}
	}
}

// unexpected is the end of an answer where it must not end: a child that dies half-way
// leaves no half file.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
