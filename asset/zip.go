package asset

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/tepin/tepin"
)

// Limits of zip archives that are read, as in docs/limits.md.
const (
	MaxArchive        = 1 << 30 // bytes, packed
	MaxArchiveContent = 2 << 30 // bytes, unpacked
	MaxArchiveEntries = 10_000
	maxArchiveName    = 2000     // bytes
	maxDirectory      = 16 << 20 // bytes of its directory
)

// Sizes and signatures of the records of a zip archive that are walked here.
const (
	zipEnd, zipEndSize     = 0x06054b50, 22
	zipEntry, zipEntrySize = 0x02014b50, 46
	zipMagic               = "PK\x03\x04"
)

func brokenZip(format string, args ...any) error {
	return tepin.Errorf(tepin.Unprocessable, "the zip archive cannot be read: "+format, args...)
}

// openZip reads the directory of an archive whose names are safe. Nothing of it is taken
// into memory before it is known that there is not too much of it: the directory has to
// end where the archive does, without a comment, and is walked before it is believed.
func openZip(r io.ReaderAt, size int64) ([]*zip.File, error) {
	if err := walkZip(r, size); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, brokenOr(err)
	}
	seen := map[string]bool{}
	var files []*zip.File
	for _, f := range z.File {
		if err := checkEntry(f); err != nil {
			return nil, err
		}
		key := foldName(strings.TrimSuffix(f.Name, "/"))
		if seen[key] {
			return nil, brokenZip("it has %s twice; upper and lower case do not tell names apart", shownName(f.Name))
		}
		seen[key] = true
		if !f.Mode().IsDir() {
			files = append(files, f)
		}
	}
	return files, nil
}

// walkZip counts the entries of an archive's directory, in bounded memory.
func walkZip(r io.ReaderAt, size int64) error {
	end := make([]byte, zipEndSize)
	if size < zipEndSize {
		return brokenZip("it is too short")
	}
	if _, err := r.ReadAt(end, size-zipEndSize); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	word := func(at int) int64 { return int64(binary.LittleEndian.Uint32(end[at:])) }
	short := func(at int) int { return int(binary.LittleEndian.Uint16(end[at:])) }
	if word(0) != zipEnd || short(20) != 0 {
		return brokenZip("it is cut, or has a comment at its end; pack it again")
	}
	count, length, offset := short(10), word(12), word(16)
	switch {
	case short(4) != 0 || short(6) != 0 || short(8) != count:
		return brokenZip("it is one of several parts; pack it as one file")
	case count == 0xffff || length == 0xffffffff || offset == 0xffffffff || count > MaxArchiveEntries:
		return tepin.Errorf(tepin.TooLarge, "the zip archive has more than %d entries, or is in the form for very large ones", MaxArchiveEntries)
	case length > maxDirectory:
		return tepin.Errorf(tepin.TooLarge, "the directory of the zip archive is larger than %s", sizeText(maxDirectory))
	case offset+length != size-zipEndSize:
		return brokenZip("its directory is not where it says; pack it again")
	}
	dir := bufio.NewReader(io.NewSectionReader(r, offset, length))
	head := make([]byte, zipEntrySize)
	for range count {
		if _, err := io.ReadFull(dir, head); err != nil {
			return brokenOr(err)
		}
		if binary.LittleEndian.Uint32(head) != zipEntry {
			return brokenZip("its directory has another number of entries than it says")
		}
		name, extra, comment := binary.LittleEndian.Uint16(head[28:]), binary.LittleEndian.Uint16(head[30:]), binary.LittleEndian.Uint16(head[32:])
		if name > maxArchiveName {
			return brokenZip("a name is longer than %d bytes", maxArchiveName)
		}
		if _, err := dir.Discard(int(name) + int(extra) + int(comment)); err != nil {
			return brokenOr(err)
		}
	}
	if _, err := dir.ReadByte(); !errors.Is(err, io.EOF) {
		return brokenZip("its directory has more entries than it says")
	}
	return nil
}

// brokenOr says that an archive is broken, unless what was met is our own failure.
func brokenOr(err error) error {
	for _, theirs := range []error{zip.ErrFormat, zip.ErrAlgorithm, zip.ErrChecksum, zip.ErrInsecurePath, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, theirs) {
			return &tepin.Error{Kind: tepin.Unprocessable, Message: "the zip archive is damaged, or packed in another way than by deflate", Cause: err}
		}
	}
	return err
}

// checkEntry refuses entries that are not plain files and folders with names below the
// archive's root (S33).
func checkEntry(f *zip.File) error {
	name := strings.TrimSuffix(f.Name, "/")
	switch mode := f.Mode(); {
	case f.Flags&1 != 0:
		return brokenZip("it is encrypted")
	case !utf8.ValidString(f.Name) || strings.ContainsFunc(f.Name, unicode.IsControl):
		return brokenZip("a name is not plain text in UTF-8")
	case !mode.IsRegular() && !mode.IsDir():
		return brokenZip("%s is a link or no plain file", shownName(f.Name))
	case strings.Contains(name, `\`), strings.HasPrefix(name, "/"), len(name) > 1 && name[1] == ':':
		return brokenZip("%s is no path inside it; separate folders by /", shownName(f.Name))
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return brokenZip("%s is no path inside it", shownName(f.Name))
		}
	}
	return nil
}

// foldName is what names are compared by: neither case nor normal form tells them apart.
func foldName(name string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(name)))
}

func shownName(name string) string { return fmt.Sprintf("%q", tepin.Shorten(name, 60)) }

// budget counts what is unpacked of an archive, whatever its entries say of themselves.
type budget struct{ left int64 }

// open unpacks an entry. Its reader fails beyond the budget, and where the entry is
// damaged.
func (b *budget) open(f *zip.File) (io.ReadCloser, error) {
	rc, err := f.Open()
	if err != nil {
		return nil, brokenOr(err)
	}
	return &unpacking{rc, b}, nil
}

type unpacking struct {
	io.ReadCloser
	b *budget
}

func (u *unpacking) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if u.b.left -= int64(n); u.b.left < 0 {
		return 0, tepin.Errorf(tepin.TooLarge, "the zip archive holds more than %s", sizeText(MaxArchiveContent))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged(err)
	}
	return n, err
}

// damaged is what the packed bytes of an entry are found to be, as far as that is not our
// own failure to read them.
func damaged(err error) error {
	if _, ours := errors.AsType[*blockError](err); ours {
		return err
	}
	return &tepin.Error{Kind: tepin.Unprocessable, Message: "the zip archive is damaged, or packed in another way than by deflate", Cause: err}
}

// blockSize is how much of a stored file is read at once by [blocks].
const blockSize = 256 << 10

// blocks reads a stored file in any order, block by block. It is not safe for concurrent
// use.
type blocks struct {
	open func(offset, length int64) (io.ReadCloser, error)
	size int64
	at   int64 // of the block in memory
	data []byte
}

// blockError is a failure to read what we have stored.
type blockError struct{ error }

func (e *blockError) Unwrap() error { return e.error }

// ReadAt implements [io.ReaderAt].
func (b *blocks) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) {
		at := offset + int64(n)
		if at < 0 || at >= b.size {
			return n, io.EOF
		}
		if at < b.at || at >= b.at+int64(len(b.data)) {
			if err := b.load(at - at%blockSize); err != nil {
				return n, &blockError{err}
			}
		}
		n += copy(p[n:], b.data[at-b.at:])
	}
	return n, nil
}

func (b *blocks) load(at int64) error {
	length := min(blockSize, b.size-at)
	r, err := b.open(at, length)
	if err != nil {
		return err
	}
	defer r.Close()
	if int64(cap(b.data)) < length {
		b.data = make([]byte, 0, blockSize)
	}
	b.data = b.data[:0]
	data := b.data[:length]
	if _, err := io.ReadFull(r, data); err != nil {
		return err
	}
	b.at, b.data = at, data
	return nil
}
