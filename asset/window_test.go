package asset

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset/inspect"
)

// pieces is a file of any length that is zero but for a few places.
type pieces struct {
	size int64
	at   map[int64]string
	read atomic.Int64 // bytes that were asked for
	err  error
}

func (p *pieces) open(offset, length int64) (io.ReadCloser, error) {
	if p.err != nil {
		return nil, p.err
	}
	p.read.Add(length)
	b := make([]byte, length)
	for at, data := range p.at {
		for i := range len(data) {
			if n := at + int64(i) - offset; n >= 0 && n < length {
				b[n] = data[i]
			}
		}
	}
	return io.NopCloser(strings.NewReader(string(b))), nil
}

func (p *pieces) inspect(ctx context.Context) (inspect.Info, error) {
	return look[inspect.Info](ctx, childMedia, p.size, p.open)
}

// Of a gigabyte, little is read, wherever it says what it is.
func TestLookIntoLargeFiles(t *testing.T) {
	const size = 1 << 30
	tail := int64(size - 1000)
	entry := func(tag, value int) string {
		b := binary.LittleEndian.AppendUint16(nil, uint16(tag))
		b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint16(b, 4), 1)
		return string(binary.LittleEndian.AppendUint32(b, uint32(value)))
	}
	tiff := "\x02\x00" + entry(256, 9000) + entry(257, 8000) + "\x00\x00\x00\x00"
	psd := "8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x1f\x40\x00\x00\x23\x28\x00\x08\x00\x03"
	table := "xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000060 00000 n \n0536870912 00000 n \ntrailer<</Root 1 0 R>>\nstartxref\n1073740824\n%%EOF"
	for name, p := range map[string]*pieces{
		"tif": {size: size, at: map[int64]string{0: "II*\x00" + string(binary.LittleEndian.AppendUint32(nil, uint32(tail))), tail: tiff}},
		"psd": {size: size, at: map[int64]string{0: psd}},
		"pdf": {size: size, at: map[int64]string{0: "%PDF-1.4\n1 0 obj<</Pages 2 0 R>>endobj", 60: "2 0 obj<</Count 1/Kids[3 0 R]>>endobj", 1 << 29: "3 0 obj<</MediaBox[0 0 9000 8000]>>endobj", tail: table}},
	} {
		info, err := p.inspect(t.Context())
		if err != nil || info.Extension != name || info.Width != 9000 || info.Height != 8000 {
			t.Errorf("%s: %+v %v", name, info, err)
		}
		if n := p.read.Load(); n > 1<<20 {
			t.Errorf("%s: %d bytes were read", name, n)
		}
	}
}

// A child that asks for ever is ended, trouble with the file is told as such, and so is
// that nobody waits any more.
func TestLookFails(t *testing.T) {
	chain := make([]byte, 0, 40<<20) // a WebP of many empty chunks that lie far from each other
	chain = append(chain, "RIFF\x00\x00\x00\x00WEBP"...)
	p := &pieces{size: 1 << 30, at: map[int64]string{0: string(chain)}}
	for at := int64(12); at < 900<<20; at += 8 + 1<<20 {
		p.at[at] = "none\x00\x00\x10\x00"
	}
	if _, err := p.inspect(t.Context()); tepin.KindOf(err) != tepin.Unprocessable {
		t.Errorf("a WebP without a picture: %v", err)
	}
	broken := errors.New("the disk is gone")
	if _, err := (&pieces{size: 1 << 20, err: broken}).inspect(t.Context()); !errors.Is(err, broken) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	if _, err := (&pieces{size: 33 << 20, at: map[int64]string{0: "<svg>"}}).inspect(t.Context()); tepin.KindOf(err) != tepin.Unprocessable || !strings.Contains(err.Error(), "32 MB") {
		t.Errorf("a large SVG: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&pieces{size: 1 << 20}).inspect(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits: %v", err)
	}
	greedy := &view{size: 1 << 30, open: (&pieces{size: 1 << 30}).open, asked: make(chan int64, 1), done: make(chan struct{})}
	go func() {
		for i := range int64(windowBlocks + 1) {
			greedy.asked <- i * windowBlock
		}
	}()
	if err := greedy.give(io.Discard); err != error(errGreedy) {
		t.Errorf("a greedy child: %v", err)
	}
}
