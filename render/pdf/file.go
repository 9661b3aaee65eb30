package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
)

// ref is an object's number.
type ref int

func (r ref) String() string { return fmt.Sprintf("%d 0 R", int(r)) }

// file is the outer form of a PDF: numbered objects and the table that finds them.
type file struct {
	w       io.Writer
	written int64
	offsets []int64 // of object n at n-1; 0 = reserved, not yet written
	sum     hash.Hash
	zip     *zlib.Writer
	err     error // the first error of w
}

func (f *file) start(w io.Writer, version string) {
	f.w = w
	f.sum = sha256.New()
	f.zip = zlib.NewWriter(io.Discard)
	f.print("%PDF-", version, "\n%\xe2\xe3\xcf\xd3\n") // the second line says "binary"
}

func (f *file) Write(b []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.w.Write(b)
	f.written += int64(n)
	f.sum.Write(b[:n])
	f.err = err
	return n, err
}

// print writes its parts; an error stays in f.err.
func (f *file) print(parts ...string) {
	for _, p := range parts {
		io.WriteString(f, p)
	}
}

// reserve numbers an object that will be written later.
func (f *file) reserve() ref {
	f.offsets = append(f.offsets, 0)
	return ref(len(f.offsets))
}

// object writes a reserved object.
func (f *file) object(r ref, body string) {
	f.offsets[r-1] = f.written
	f.print(fmt.Sprintf("%d 0 obj\n", int(r)), body, "\nendobj\n")
}

// stream writes a reserved stream; dict is its dictionary without brackets and length.
func (f *file) stream(r ref, dict string, data []byte) {
	f.offsets[r-1] = f.written
	f.print(fmt.Sprintf("%d 0 obj\n<<%s/Length %d>>stream\n", int(r), dict, len(data)))
	f.Write(data)
	f.print("\nendstream\nendobj\n")
}

// deflated compresses and writes a reserved stream.
func (f *file) deflated(r ref, dict string, data []byte) {
	var b bytes.Buffer
	f.zip.Reset(&b)
	f.zip.Write(data) // a bytes.Buffer does not fail
	f.zip.Close()
	f.stream(r, dict+"/Filter/FlateDecode", b.Bytes())
}

// finish writes the cross-reference table and the trailer. The file's identifier is
// made of its contents, so that the same input gives the same bytes.
func (f *file) finish(catalog, info ref) error {
	start, id := f.written, f.sum.Sum(nil)[:16]
	f.print(fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(f.offsets)+1))
	for i, offset := range f.offsets {
		if offset == 0 {
			return fmt.Errorf("pdf: object %d was reserved and not written", i+1)
		}
		f.print(fmt.Sprintf("%010d 00000 n \n", offset))
	}
	f.print(fmt.Sprintf("trailer\n<</Size %d/Root %s/Info %s/ID[<%x><%x>]>>\nstartxref\n%d\n%%%%EOF\n",
		len(f.offsets)+1, catalog, info, id, id, start))
	return f.err
}
